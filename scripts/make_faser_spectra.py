"""Generate the forward π⁰ and η spectra of the FASER dark-photon search with Sibyll 2.3d.

Needs chromo, which is not a run-time dependency:

    python scripts/make_faser_spectra.py --events 1000000 --seed 20230814

Proton–proton collisions at √s = 13.6 TeV. The two hemispheres are equivalent and folded together to double the
statistics; the table holds ONE hemisphere: the cross-section of mesons that fly towards one detector. η are counted
before they decay; π⁰ are kept stable and include those from decays of η and of other short-lived hadrons, but not from
K⁰_S, Λ and longer-lived ones, which chromo keeps.
"""

from __future__ import annotations

import argparse
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MESONS = {111: "pi0", 221: "eta"}
SQRT_S_TEV = 13.6
MILLIBARN = 1e9  # pb

# Chosen against the unbinned events (A′ of 10–80 MeV within 10 cm at 476 m, E > 500 GeV): drawing log10 p and log10 θ
# evenly inside a bin moves the yield by less than 1 % at small mixing and by 2–3 % at large mixing. An A′ carries at
# most the momentum of its parent, so p < 447 GeV cannot contribute (and leaves room to lower the energy cut by 10 %);
# no parent beyond 1 mrad contributed at all, those below 1 µrad less than 1e-4. Very small angles are few and harmless:
# wide bins there.
LOG10_THETA = np.array([-6.0, -5.4, -5.0, -4.8, -4.6, *np.linspace(-4.5, -3.0, 16)]).round(2)
LOG10_P = np.linspace(2.65, 3.85, 25).round(2)

HEADER = """\
# Forward pi0 and eta in proton-proton collisions at sqrt(s) = 13.6 TeV, one hemisphere
# generator: {generator} through chromo {chromo}; script: scripts/make_faser_spectra.py --events {events} --seed {seed}
# events: {events}; inelastic cross-section (of the generator): {inelastic:.6g} pb
# pid: PDG code, 111 = pi0 (kept stable; eta and other prompt feed-down included), 221 = eta (before decay)
# log10_theta_low, log10_theta_high: edges of the bin in the polar angle theta in rad; one row per bin
# n00, n01, ...: counts in bins of log10(p in GeV), the first from log10_p_low on, each log10_p_step wide; both hemispheres added
# pb_per_count: cross-section of ONE hemisphere (towards one detector) per count, in pb
"""


def generate(events: int, seed: int) -> tuple[dict[int, NDArray[np.int64]], float, str]:
    """Counts per meson and (θ, p) bin over both hemispheres, inelastic cross-section in pb, name of the generator."""
    from chromo.constants import TeV
    from chromo.kinematics import CenterOfMass
    from chromo.models import Sibyll23d

    generator = Sibyll23d(CenterOfMass(SQRT_S_TEV * TeV, "proton", "proton"), seed=seed)
    generator.set_stable(111)
    found: dict[int, list[NDArray[np.float64]]] = {pid: [] for pid in MESONS}
    for event in generator(events):
        # The full record, decayed particles included, so that an eta is counted although it decays.
        fast = np.abs(event.pz) > 0.9 * 10.0 ** LOG10_P[0]
        pid, along = event.pid[fast], np.abs(event.pz[fast])
        # Exactly along the beam would have no logarithm; such a meson falls below the first bin, as it should.
        across = np.maximum(np.hypot(event.px[fast], event.py[fast]), 1e-12)
        logarithms = np.log10([np.arctan2(across, along), np.hypot(across, along)])
        for code, kept in found.items():
            kept.append(logarithms[:, pid == code])
    counts = {}
    for code, kept in found.items():
        log_theta, log_p = np.concatenate(kept, axis=1)
        counts[code] = np.histogram2d(log_theta, log_p, [LOG10_THETA, LOG10_P])[0].astype(np.int64)
    return counts, float(generator.cross_section().inelastic) * MILLIBARN, generator.label


def table_text(counts: dict[int, NDArray[np.int64]], events: int, seed: int, inelastic: float, generator: str) -> str:
    """The CSV table with its header."""
    weight = inelastic / (2 * events)
    header = HEADER.format(generator=generator, chromo=version("chromo"), events=events, seed=seed, inelastic=inelastic)
    bins = ",".join(f"n{i:02d}" for i in range(len(LOG10_P) - 1))
    rows = [f"pid,log10_theta_low,log10_theta_high,log10_p_low,log10_p_step,pb_per_count,{bins}"]
    step = LOG10_P[1] - LOG10_P[0]
    for pid, table in counts.items():
        for low, high, row in zip(LOG10_THETA[:-1], LOG10_THETA[1:], table, strict=True):
            numbers = ",".join(str(n) for n in row)
            rows.append(f"{pid},{low:g},{high:g},{LOG10_P[0]:g},{step:.3g},{weight:.6g},{numbers}")
    return header + "\n".join(rows) + "\n"


def main() -> None:
    """Command line: generate, write, say what was written."""
    default = Path(__file__).parents[1] / "limits" / "searches" / "faser-aprime" / "spectra.csv"
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=200_000, help="number of collisions (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=20230814, help="seed of the generator (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=default, help="table to write (default: that of the search)")
    arguments = parser.parse_args()
    if arguments.events < 1:
        parser.error("--events must be at least 1")
    counts, inelastic, generator = generate(arguments.events, arguments.seed)
    text = table_text(counts, arguments.events, arguments.seed, inelastic, generator)
    arguments.output.write_text(text, encoding="utf-8")
    total = {MESONS[pid]: int(table.sum()) for pid, table in counts.items()}
    print(f"{arguments.output}: {len(text)} bytes, counts {total}")


if __name__ == "__main__":
    main()
