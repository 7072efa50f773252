"""Reads a shipped workspace with cabinetry, fits it there and here, and compares minima and parameters.

    python scripts/examples/cabinetry_fit.py [SEARCH]

Needs `pip install cabinetry`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cabinetry  # type: ignore[import-untyped, import-not-found, unused-ignore]

from limits import load_workspace

WORKSPACES = Path(__file__).resolve().parents[2] / "workspaces"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("search", nargs="?", default="microboone-trident")
    path = WORKSPACES / parser.parse_args().search / "workspace.json"

    model, data = cabinetry.model_utils.model_and_data(cabinetry.workspace.load(path))
    theirs = cabinetry.fit.fit(model, data)
    ours = load_workspace(json.loads(path.read_text()))
    fit = ours.fit(ours.observed)
    # cabinetry gives −2 ln L.
    print(f"−ln L: cabinetry {theirs.best_twice_nll / 2:.6f}, here {fit.nll:.6f}")
    known = {p.name: (value, error) for p, value, error in zip(ours.parameters, fit.theta, fit.errors, strict=True)}
    print(f"{'':40s} {'cabinetry':>22s} {'here':>22s}")
    largest = 0.0
    for label, value, error in zip(theirs.labels, theirs.bestfit, theirs.uncertainty, strict=True):
        mine, mine_error = known.get(label, (float("nan"), float("nan")))
        print(f"{label:40s} {value:11.5f} ± {error:8.5f} {mine:11.5f} ± {mine_error:8.5f}")
        if label in known and error > 0:
            largest = max(largest, abs(value - mine) / error)
    print(f"largest difference: {largest:.1e} standard deviations of {len(set(theirs.labels) & set(known))} parameters")


if __name__ == "__main__":
    main()
