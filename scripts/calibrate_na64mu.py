"""Find the one efficiency that makes the computed NA64μ limit equal the published one at a single mass.

    python scripts/calibrate_na64mu.py

Prints the value that stands under `[calibrations.efficiency]` in the search file. One mass only, in the middle of the range, so
that every other mass still tests the computed mass dependence. Exact CLs, the method whose limit does not depend on a formula that
fails without events; for asymptotic CLs the constant would be 1.6 times smaller.
"""

from __future__ import annotations

from limits.scan import run_scan
from limits.search import load

MASS_GEV = 0.1


def main() -> None:
    """Command line: compute and print."""
    search = load("na64mu-zprime")
    published = next(c.value for c in search.comparisons if c.mass_gev == MASS_GEV)
    computed = run_scan(search, masses=[MASS_GEV], method="cls-exact").points[0].observed_limit
    if computed is None:
        raise SystemExit("nothing is excluded at the calibration mass")
    # The limit on the coupling falls like the inverse square root of the efficiency.
    print(f"efficiency = {(computed / published) ** 2 * search.value('efficiency'):.4f} (at {MASS_GEV} GeV)")


if __name__ == "__main__":
    main()
