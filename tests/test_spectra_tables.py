"""The shipped meson spectra: what every table must say, what the generators must agree on, that the script makes them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from limits.search.tables import read_table

REPOSITORY = Path(__file__).resolve().parents[1]
SPECTRA = REPOSITORY / "limits" / "spectra"
TABLES = sorted(SPECTRA.rglob("*.csv"))
NAMES = [f"{path.parent.name}/{path.stem}" for path in TABLES]
EVERY_TABLE = pytest.mark.parametrize("path", TABLES, ids=NAMES)

LARGEST_FILE = 40_000
EDGES = ["pid", "log10_theta_low", "log10_theta_high", "log10_p_low", "log10_p_step", "per_count", "multiplicity"]
NUMBER = r"[0-9.]+(?:e[+-]?[0-9]+)?"

# A run of a quarter of a minute, at most.
FEW = {"sibyll-2.3d": 10_000, "pythia-6.428": 4_000, "pythia-8.317": 2_000}


def header(path: Path) -> str:
    return "\n".join(line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#"))


def found(pattern: str, path: Path) -> str:
    match = re.search(pattern, header(path))
    assert match, f"{path}: no {pattern}"
    return match[1]


def cross_section(path: Path) -> float:
    """Unit: pb."""
    return float(found(rf"cross-section \(of the generator\): ({NUMBER}) pb", path))


def means(path: Path) -> dict[int, float]:
    """PDG code → mean number per event over all of phase space."""
    codes = {name: int(code) for code, name in re.findall(r"(\d+) = ([^,]+)", found(r"# pid: PDG code, (.*)", path))}
    listed = found(r"over all phase space: (.*)", path).split(", ")
    return {codes[name]: float(number) for name, number in (item.rsplit(" ", 1) for item in listed)}


def counts(path: Path) -> dict[tuple[float, ...], NDArray[np.float64]]:
    """(PDG code, edges in θ) → counts per bin of p."""
    table = read_table(path)
    bins = np.array([column for name, column in table.items() if name not in EDGES]).T
    keys = zip(*(table[name].tolist() for name in EDGES[:3]), strict=True)
    return dict(zip(keys, bins, strict=True))


def summed(path: Path, code: int) -> float:
    """Mean number of mesons of one kind per event in all bins of the table, in one hemisphere."""
    return float(
        sum(row.sum() for key, row in counts(path).items() if key[0] == code) * read_table(path)["per_count"][0]
    )


def test_every_system_has_two_generators() -> None:
    found_names = {
        system: {p.stem for p in TABLES if p.parent.name == system} for system in {p.parent.name for p in TABLES}
    }
    assert found_names == {
        "pp-13600": {"sibyll-2.3d", "pythia-8.317"},
        "pp-13600-bottom": {"pythia-8.317", "pythia-6.428"},
        "p-400": {"sibyll-2.3d", "pythia-8.317"},
        "p-120": {"sibyll-2.3d", "pythia-8.317"},
    }


@EVERY_TABLE
def test_small(path: Path) -> None:
    assert path.stat().st_size < LARGEST_FILE


@EVERY_TABLE
def test_header_names_generator_seed_and_events(path: Path) -> None:
    assert path.stem.split("-")[1] in found(r"# generator: ([^;]+);", path)
    command = found(r"script: (.*)", path)
    assert f"scripts/make_spectra.py {path.parent.name} {path.stem} --events " in command
    assert re.search(r"--events (\d+) --seed \d+$", command)
    assert found(r"# events: (\d+);", path) == found(r"--events (\d+)", path)
    assert cross_section(path) > 0.0
    assert command in (SPECTRA / "README.md").read_text(encoding="utf-8")


@EVERY_TABLE
def test_counts_are_whole_and_not_all_zero(path: Path) -> None:
    table = read_table(path)
    names = [name for name in table if name not in EDGES]
    assert list(table) == EDGES + [f"n{i:02d}" for i in range(len(names))]
    bins = np.array([table[name] for name in names])
    assert np.all(bins >= 0)
    np.testing.assert_array_equal(bins, bins.round())
    assert np.all(bins.any(axis=0))
    assert bins[-1].any()


@EVERY_TABLE
def test_one_count_is_one_meson_per_event_and_hemisphere(path: Path) -> None:
    hemispheres = 2 if path.parent.name.startswith("pp-") else 1
    events = int(found(r"# events: (\d+);", path))
    np.testing.assert_allclose(read_table(path)["per_count"], 1 / (hemispheres * events), rtol=1e-5)
    for code, mean in means(path).items():
        assert 0.0 < summed(path, code) < mean / hemispheres


@EVERY_TABLE
def test_bins_follow_each_other(path: Path) -> None:
    table = read_table(path)
    for name in ("log10_p_low", "log10_p_step", "per_count"):
        assert len(set(table[name])) == 1
    for code in means(path):
        mine = table["pid"] == code
        low, high = table["log10_theta_low"][mine], table["log10_theta_high"][mine]
        assert np.all(low < high)
        assert np.all(high[:-1] <= low[1:])
    assert set(table["pid"]) == set(means(path))


@EVERY_TABLE
def test_isospin(path: Path) -> None:
    """B⁰ are as many as B⁺; half of the neutral kaons are K_L; ω and ρ⁰ differ by what resonances and the proton's u and d add."""
    number = means(path)
    pairs = [(511, 521, 1.0, 0.03), (321, 130, 2.0, 0.1), (113, 223, 1.0, 0.2)]
    for first, second, ratio, tolerance in pairs:
        if first in number and second in number:
            assert number[first] / number[second] == pytest.approx(ratio, rel=tolerance)


def test_cross_sections() -> None:
    """Inelastic: 79.5 ± 1.8 mb at 13 TeV (TOTEM, arXiv:1712.06153), about 32 mb at both fixed targets (PDG).

    Both from memory; unit: pb.
    """
    for path in TABLES:
        measured = {"pp-13600": 79.5e9, "p-400": 32.5e9, "p-120": 31.5e9}.get(path.parent.name)
        if measured is not None:
            assert cross_section(path) == pytest.approx(measured, rel=0.05)


def test_b_plus_against_lhcb() -> None:
    """86.6 µb for B± with 2.0 < y < 4.5 and pT < 40 GeV at 13 TeV (LHCb, arXiv:1710.04921, from memory).

    Both generators leave out bottom from gluons that split in a shower, and leading order knows the rate to a factor.
    """
    for path in (SPECTRA / "pp-13600-bottom").glob("*.csv"):
        number = float(found(rf"B\+ and B-, added, in .*: ({NUMBER}) pb", path))
        assert 0.5 < number / 86.6e6 < 1.5
        # The whole of phase space holds more than two such regions, one in each hemisphere.
        assert number < 0.5 * means(path)[521] * cross_section(path)


@pytest.mark.parametrize("system", ["pp-13600", "pp-13600-bottom", "p-400", "p-120"])
def test_generators_agree(system: str) -> None:
    """Pions, η, kaons and B within 40 % in the range of the table; not η′ and φ, whose rates the models do not predict."""
    first, second = sorted((SPECTRA / system).glob("*.csv"))
    for code in {111, 221, 321, 130, 511, 521, 531} & set(means(first)):
        assert 0.7 < summed(first, code) / summed(second, code) < 1.4


@pytest.mark.slow
@EVERY_TABLE
def test_script_makes_the_table(path: Path, tmp_path: Path) -> None:
    """Another seed gives the same spectra within statistics, the same seed the same table."""
    pytest.importorskip("chromo" if path.stem != "pythia-8.317" else "pythia8mc")
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    run(path, FEW[path.stem], seed=7, output=first)
    assert chi_square_excess(counts(path), events(path), counts(first), events(first)) < 4.0
    run(path, 200, seed=8, output=first)
    run(path, 200, seed=8, output=second)
    assert first.read_bytes() == second.read_bytes()


def events(path: Path) -> int:
    return int(found(r"# events: (\d+);", path))


def run(path: Path, number: int, seed: int, output: Path) -> None:
    script = REPOSITORY / "scripts" / "make_spectra.py"
    command = [sys.executable, str(script), path.parent.name, path.stem, "--events", str(number), "--seed", str(seed)]
    subprocess.run([*command, "--output", str(output)], check=True, capture_output=True, timeout=300)


def chi_square_excess(
    large: dict[tuple[float, ...], NDArray[np.float64]],
    n_large: int,
    small: dict[tuple[float, ...], NDArray[np.float64]],
    n_small: int,
) -> float:
    """How many standard deviations χ² of two Poisson samples is above its mean; bins of few expected counts are added."""
    seen, expected = [], []
    for code in sorted({key[0] for key in large}):
        pairs = [padded(large[key], small.get(key)) for key in large if key[0] == code]
        long, short = (np.concatenate(side) for side in zip(*pairs, strict=True))
        many = long * n_small / n_large >= 8.0
        expected += [*long[many], long[~many].sum()]
        seen += [*short[many], short[~many].sum()]
    n, k = np.array(expected), np.array(seen)
    squares = (k * np.sqrt(n_large / n_small) - n * np.sqrt(n_small / n_large)) ** 2 / np.maximum(n + k, 1.0)
    return float((squares.sum() - len(squares)) / np.sqrt(2 * len(squares)))


def padded(
    long: NDArray[np.float64], short: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same number of bins for both; trailing empty ones are left out of a table."""
    size = max(len(long), 0 if short is None else len(short))
    other = np.zeros(size) if short is None else np.pad(short, (0, size - len(short)))
    return np.pad(long, (0, size - len(long))), other


@EVERY_TABLE
def test_multiplicity_is_that_of_the_header(path: Path) -> None:
    line = next(text for text in path.read_text().splitlines() if text.startswith("# mean number per"))
    shown = [float(part.rsplit(" ", 1)[1]) for part in line.split(": ", 1)[1].split(", ")]
    table = read_table(path)
    stored = [float(table["multiplicity"][table["pid"] == pid][0]) for pid in dict.fromkeys(table["pid"].tolist())]
    assert stored == shown
