"""The same peak in RooFit, its default back end, and its limit by RooStats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.bump import ASIMOV_BINS, HIGH, LOW, MASS, SIGMA, TAILS, Array, from_yields
from benchmarks.harness import load


def quiet() -> Any:
    """ROOT without its messages."""
    ROOT = load("ROOT")
    ROOT.gROOT.SetBatch(True)
    ROOT.gErrorIgnoreLevel = ROOT.kError
    ROOT.RooMsgService.instance().setGlobalKillBelow(ROOT.RooFit.ERROR)
    ROOT.Math.MinimizerOptions.SetDefaultPrintLevel(-1)
    ROOT.RooStats.AsymptoticCalculator.SetPrintLevel(-1)
    return ROOT


@dataclass(frozen=True)
class Model:
    """One model, made once; floating: yields of signal and background, three slopes."""

    ROOT: Any
    workspace: Any
    pdf: Any
    mass: Any
    signal: Any
    background: Any
    slopes: tuple[Any, ...]

    @classmethod
    def build(cls, least: float = -2000.0) -> Model:
        """`least`: lower bound of the signal; at 0, RooStats takes q̃."""
        ROOT = quiet()
        mass = ROOT.RooRealVar("x", "x", LOW, HIGH)
        fixed = [ROOT.RooRealVar(f"p{i}", f"p{i}", v) for i, v in enumerate((MASS, SIGMA, SIGMA, *TAILS))]
        peak = ROOT.RooCrystalBall("peak", "peak", mass, *fixed)
        shape = tuple(ROOT.RooRealVar(f"a{k}", f"a{k}", 0, -1, 1) for k in (1, 2, 3))
        smooth = ROOT.RooChebychev("smooth", "smooth", mass, ROOT.RooArgList(*shape))
        signal = ROOT.RooRealVar("signal", "signal", 0, least, 5000)
        background = ROOT.RooRealVar("background", "background", 20000, 0, 1e5)
        shapes, yields = ROOT.RooArgList(peak, smooth), ROOT.RooArgList(signal, background)
        workspace = ROOT.RooWorkspace("workspace")  # a ModelConfig wants one
        workspace.Import(ROOT.RooAddPdf("model", "model", shapes, yields))
        ROOT.SetOwnership(workspace, False)
        mass, signal, background, *slopes = (workspace.var(v) for v in ("x", "signal", "background", "a1", "a2", "a3"))
        return cls(ROOT, workspace, workspace.pdf("model"), mass, signal, background, tuple(slopes))

    def data(self, x: Array) -> Any:
        """A new data set, and the same start every time."""
        self.signal.setVal(max(0.0, self.signal.getMin()))
        self.background.setVal(len(x))
        for slope in self.slopes:
            slope.setVal(0)
        return self.ROOT.RooDataSet.from_numpy({"x": x}, [self.mass])

    def fit(self, x: Array) -> Array:
        """θ and σ."""
        self.pdf.fitTo(self.data(x), Extended=True, PrintLevel=-1)
        values = [p.getVal() for p in (self.signal, self.background, *self.slopes)]
        return np.append(from_yields(values[0], values[1], values[2:]), self.signal.getError())

    def limit(self, x: Array, low: float, high: float, points: int) -> float:
        """Asymptotic CLs with q̃ at so many points."""
        ROOT = self.ROOT
        data = self.data(x)
        self.mass.setBins(ASIMOV_BINS)
        nuisances = ROOT.RooArgSet(self.background, *self.slopes)
        with_signal = configured(ROOT, self.workspace, self.pdf, self.mass, self.signal, nuisances)
        return inverted(ROOT, with_signal, self.signal, data, (low, high, points))


def configured(ROOT: Any, workspace: Any, pdf: Any, observable: Any, strength: Any, nuisances: Any) -> Any:
    """The ModelConfig with signal."""
    found = ROOT.RooStats.ModelConfig("with_signal", workspace)
    found.SetPdf(pdf)
    found.SetObservables(ROOT.RooArgSet(observable))
    found.SetParametersOfInterest(ROOT.RooArgSet(strength))
    found.SetNuisanceParameters(nuisances)
    return found


def calculator(ROOT: Any, with_signal: Any, strength: Any, data: Any, tested: float) -> tuple[Any, Any]:
    """Asymptotic, with q̃; and what it does not own but needs as long as it lives."""
    without = with_signal.Clone("without")
    strength.setVal(0)
    without.SetSnapshot(ROOT.RooArgSet(strength))
    strength.setVal(tested)
    with_signal.SetSnapshot(ROOT.RooArgSet(strength))
    found = ROOT.RooStats.AsymptoticCalculator(data, without, with_signal)
    found.SetOneSided(True)
    found.SetQTilde(True)
    return found, without


def inverted(ROOT: Any, with_signal: Any, strength: Any, data: Any, scan: tuple[float, float, int]) -> float:
    """HypoTestInverter on it: CLs at a few points, a spline between them, as straight lines would be up to 0.4 % too high."""
    low, high, points = scan
    found, _without = calculator(ROOT, with_signal, strength, data, high)
    inverter = ROOT.RooStats.HypoTestInverter(found)
    inverter.SetConfidenceLevel(0.95)
    inverter.UseCLs(True)
    inverter.SetVerbose(0)
    inverter.SetFixedScan(points, low, high)
    result = inverter.GetInterval()
    ROOT.SetOwnership(result, True)
    result.SetInterpolationOption(ROOT.RooStats.HypoTestInverterResult.kSpline)
    return float(result.UpperLimit())
