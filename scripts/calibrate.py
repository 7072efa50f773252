"""Find the one efficiency that makes a computed limit equal the published one at a single mass.

    python scripts/calibrate.py na64mu-zprime --mass 0.1
    python scripts/calibrate.py na62-aprime-mumu --mass 0.3 --edge lower

Prints the value that stands under `[calibrations.efficiency]` in the search file. One mass and one edge only, so that every other
number still tests the computed dependence on mass and coupling. By the first method of the search, exact CLs.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.optimize import brentq

from limits.scan import run_scan
from limits.search import load

LOWEST, HIGHEST = 1e-3, 1.0
"""Between which an efficiency is looked for."""


def main() -> None:
    """Command line: compute and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("search")
    parser.add_argument("--mass", type=float, required=True, help="GeV")
    parser.add_argument("--edge", choices=("observed", "lower", "upper"), default="observed")
    arguments = parser.parse_args()
    search = load(arguments.search)
    published = next(c.value for c in search.comparisons if (c.mass_gev, c.edge) == (arguments.mass, arguments.edge))

    def residual(log_efficiency: float) -> float:
        """ln(computed/published); a search that excludes nothing is too inefficient."""
        changed = search.with_values({"efficiency": float(np.exp(log_efficiency))})
        point = run_scan(changed, masses=[arguments.mass]).points[0]
        edges = point.excluded[0] if point.excluded else (None, None)
        found = edges[1] if arguments.edge == "upper" else edges[0]
        nothing = -np.inf if arguments.edge == "upper" else np.inf
        return float(np.clip(np.log(found / published) if found else nothing, -9, 9))

    efficiency = np.exp(brentq(residual, np.log(LOWEST), np.log(HIGHEST), xtol=1e-4))
    print(f"efficiency = {efficiency:.4g} ({arguments.edge} at {arguments.mass:g} GeV)")


if __name__ == "__main__":
    main()
