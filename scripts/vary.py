"""How much each setting of a search moves its region, held against published curves; the tables in the READMEs of the searches.

    python scripts/vary.py faser-aprime --published DIR

Curves are not shipped: DIR is a folder that holds them. Every setting is tried on its own; nothing is fitted here.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from limits.comparison import Residual, read_curve, residuals
from limits.grid import masses_of
from limits.scan import run_scan
from limits.search import load

EVERY = 5
"""Of the masses of a hunt for a peak one in so many is compared."""

Setting = tuple[str, str, dict[str, float]]

MASSES = {"faser-aprime": (0.012, 0.078, 12), "na62-aprime-mumu": (0.22, 0.5, 25), "na64mu-zprime": (0.001, 2.0, 25)}
"""Range in GeV and number of masses that are compared."""

SETTINGS: dict[str, list[Setting]] = {
    "faser-aprime": [
        *((f"{name} CLs, efficiency {e:g}", method, {"efficiency": e}) for name, method in
          (("exact", "cls-exact"), ("asymptotic", "cls")) for e in (0.5, 0.7, 1.0)),
        ("exact, 0.5, detector on the beam axis", "cls-exact", {"axis_offset": 0}),
        ("exact, 0.5, decays over 4 m", "cls-exact", {"decay_volume_length": 4}),
        ("exact, 0.5, without form factor", "cls-exact", {"bremsstrahlung_form_factor": 0}),
    ],
    "na62-aprime-mumu": [
        ("form factor, exact CLs, efficiency 0.22", "cls-exact", {"efficiency": 0.22}),
        ("the same, asymptotic CLs, efficiency 0.14", "cls", {"efficiency": 0.14}),
        *((f"pointlike proton, exact CLs, efficiency {e:g}", "cls-exact", {"efficiency": e, "bremsstrahlung_form_factor": 0})
          for e in (0.35, 0.5)),
        ("pointlike, 0.35, with mixing of ρ, ω, φ", "cls-exact",
         {"efficiency": 0.35, "bremsstrahlung_form_factor": 0, "vector_meson_mixing": 1}),
        ("pointlike, 0.65, bremsstrahlung only", "cls-exact",
         {"efficiency": 0.65, "bremsstrahlung_form_factor": 0, "eta_multiplicity": 1e-6, "omega_multiplicity": 1e-6}),
        ("form factor, 0.22, tracks above 5 GeV", "cls-exact",
         {"efficiency": 0.22, "track_threshold": 5, "energy_threshold": 10}),
    ],
    "bes3-alp": [
        *((f"photons above {e:g} GeV, efficiency {r:g} of the simulated one", "bayes-profile",
           {"photon_energy_minimum_gev": e, "relative_efficiency": r}) for r in (0.79, 1.0) for e in (0.025, 0.1, 0.2, 0.3)),
    ],
    "babar-zprime-4mu": [
        ("nominal", "bayes-profile", {}),
        ("no radiation from the beams", "bayes-profile", {"radiation": 0, "background_radiation": 1}),
        ("1/α = 127.9 in the cross-section", "bayes-profile", {"alpha_inverse": 127.9}),
        ("efficiency × 0.7", "bayes-profile", {"relative_efficiency": 0.7}),
    ],
    "na64mu-zprime": [
        ("exact CLs, efficiency 0.0788", "cls-exact", {"efficiency": 0.0788}),
        ("asymptotic CLs, efficiency 0.0492", "cls", {"efficiency": 0.0492}),
    ],
}  # fmt: skip


def cell(found: Residual) -> str:
    """Median and central 68 % of the ratio."""
    if found.median is None:
        return "–"
    return f"{found.median:.2f} ({found.low68:.2f} – {found.high68:.2f})"


def main() -> None:
    """Command line: compute and print a Markdown table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("search", choices=sorted(SETTINGS))
    parser.add_argument("--published", type=Path, required=True, metavar="DIR")
    arguments = parser.parse_args()
    search = load(arguments.search)
    curves = [
        (facts, curve) for facts in search.curves if (curve := read_curve(facts, arguments.published)) is not None
    ]
    given = MASSES.get(search.name)
    masses = list(masses_of(search))[::EVERY] if given is None else np.geomspace(*given).tolist()
    for i, (label, method, values) in enumerate(SETTINGS[search.name]):
        scan = run_scan(search.with_values(values), masses=masses, method=method)
        found = [
            residual
            for facts, curve in curves
            for residual in residuals(scan.of_rate() if facts.of == "rate" else scan, curve, (), facts.masses_gev)
        ]
        if i == 0:
            spans = [
                "" if f.masses_gev is None else " {:g}–{:g} GeV".format(*f.masses_gev)
                for f, c in curves
                for _ in residuals(scan, c)
            ]
            head = [
                "setting",
                *(f"{r.edge}, {r.source.split()[0]}{span}" for r, span in zip(found, spans, strict=True)),
            ]
            print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
        print("| " + " | ".join([label, *map(cell, found)]) + " |", flush=True)


if __name__ == "__main__":
    main()
