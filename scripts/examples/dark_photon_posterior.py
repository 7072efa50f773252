"""Posterior of a dark photon in (ln m, ln ε), flat in both, given FASER and NA62: emcee on `limits.log_likelihood`.

    python scripts/examples/dark_photon_posterior.py posterior.png [--steps 1000]

Needs `pip install emcee matplotlib`. Nothing was seen, so the posterior is the prior with the excluded region cut out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import emcee  # type: ignore[import-untyped, import-not-found, unused-ignore]
import numpy as np

from limits import load_search, log_likelihood
from limits.plot import new_axes

MASSES, COUPLINGS = (0.02, 0.1), (3e-7, 1e-3)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("--steps", type=int, default=1000)
    options = parser.parse_args()

    searches = [load_search("faser-aprime"), load_search("na62-aprime-ee")]
    # −∞ is what a sampler wants to hear outside of the prior.
    f = log_likelihood(searches, "aprime", masses=MASSES, couplings=COUPLINGS, error=0.05, outside=-np.inf)
    print(f.definition)
    print("\n".join(f.warnings) or f"error of ln L: {f.error:.2g} of max(1, |ln L|)")

    rng = np.random.default_rng(1)
    low, high = np.log([MASSES, COUPLINGS]).T
    walkers = rng.uniform(low, high, size=(32, 2))
    sampler = emcee.EnsembleSampler(32, 2, lambda at: f(*np.exp(at).T), vectorize=True)
    sampler.random_state = np.random.RandomState(1).get_state()
    sampler.run_mcmc(walkers, options.steps)
    points = np.exp(sampler.get_chain(discard=options.steps // 5, flat=True))

    print(f"{len(points)} points, acceptance {sampler.acceptance_fraction.mean():.2f}")
    for name, values in zip(("m [GeV]", "ε"), points.T, strict=True):
        print("{}: 5 %, 50 %, 95 %: {:.3g}, {:.3g}, {:.3g}".format(name, *np.quantile(values, (0.05, 0.5, 0.95))))
    inside = np.mean(f(points[:, 0], points[:, 1]) < -2.3)
    print(f"points with ln L < −2.3: {inside:.1%}")

    figure, (ax,) = new_axes()
    ax.plot(*points[::5].T, ".", ms=1, alpha=0.3)
    m, g = np.geomspace(*MASSES, 120), np.geomspace(*COUPLINGS, 200)
    ax.contour(m, g, f(m[None, :], g[:, None]), levels=[-2.3], colors="k")
    ax.set(xscale="log", yscale="log", xlabel="m [GeV]", ylabel="ε")
    figure.savefig(options.picture)


if __name__ == "__main__":
    main()
