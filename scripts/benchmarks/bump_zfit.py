"""The same peak in zfit, and its limit by hepstats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.bump import (
    ALPHA_HIGH,
    ALPHA_LOW,
    ASIMOV_BINS,
    HIGH,
    LOW,
    MASS,
    N_HIGH,
    N_LOW,
    SIGMA,
    Array,
    from_yields,
)
from benchmarks.harness import load


@dataclass(frozen=True)
class Model:
    """One model, made once; floating: yields of signal and background, three slopes."""

    zfit: Any
    pdf: Any
    obs: Any
    signal: Any
    background: Any
    slopes: tuple[Any, ...]
    minimizer: Any

    @classmethod
    def build(cls) -> Model:
        """Once; compiled for each new data set, which is how zfit works."""
        tensorflow = load("tensorflow")
        tensorflow.config.threading.set_intra_op_parallelism_threads(1)
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
        zfit = load("zfit")
        obs = zfit.Space("x", limits=(LOW, HIGH))
        signal = zfit.Parameter("signal", 0.0, -2000, 5000)
        background = zfit.Parameter("background", 20000.0, 0, 1e5)
        slopes = tuple(zfit.Parameter(f"a{k}", 0.0, -1, 1) for k in (1, 2, 3))
        peak = zfit.pdf.DoubleCB(
            mu=MASS, sigma=SIGMA, alphal=ALPHA_LOW, nl=N_LOW, alphar=ALPHA_HIGH, nr=N_HIGH, obs=obs, extended=signal
        )
        smooth = zfit.pdf.Chebyshev(obs, list(slopes), extended=background)
        return cls(zfit, zfit.pdf.SumPDF([peak, smooth]), obs, signal, background, slopes, zfit.minimize.Minuit())

    def loss(self, x: Array) -> Any:
        """A new loss for new data, at the same start every time."""
        self.signal.set_value(0.0)
        self.background.set_value(float(len(x)))
        for slope in self.slopes:
            slope.set_value(0.0)
        data = self.zfit.Data.from_numpy(obs=self.obs, array=x[:, None])
        return self.zfit.loss.ExtendedUnbinnedNLL(model=self.pdf, data=data)

    def fit(self, x: Array) -> Array:
        """Migrad; θ."""
        self.minimizer.minimize(self.loss(x))
        return self.theta()

    def theta(self) -> Array:
        """θ at the values that the parameters have, and nothing for σ."""
        values = [float(p.value()) for p in (self.signal, self.background, *self.slopes)]
        return np.append(from_yields(values[0], values[1], values[2:]), np.nan)

    def limit(self, x: Array, points: Array) -> float:
        """hepstats: asymptotic CLs with q̃; fit, Asimov data, a fit at each point."""
        hypotests, calculators = load("hepstats.hypotests"), load("hepstats.hypotests.calculators")
        parameters = load("hepstats.hypotests.parameters")
        calculator = calculators.AsymptoticCalculator(self.loss(x), self.minimizer, asimov_bins=ASIMOV_BINS)
        found = hypotests.UpperLimit(
            calculator, parameters.POIarray(self.signal, points), parameters.POI(self.signal, 0), qtilde=True
        ).upperlimit(alpha=0.05, CLs=True, printlevel=0)
        # hepstats 0.10.1 with NumPy ≥ 2.4 gives None: float() of an array of length one is refused there, and it swallows that.
        return float("nan") if found["observed"] is None else float(found["observed"])
