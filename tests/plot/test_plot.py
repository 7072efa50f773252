"""Pictures: that they are made, say what they show, and are written whole."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limits import plot
from limits.errors import InputError, MissingExtra
from limits.likelihood.counting import Background, counting
from limits.scan import Peak, PointResult, Scan
from limits.search import Comparison

MAGIC = {".png": b"\x89PNG\r\n", ".pdf": b"%PDF-", ".svg": b"<?xml"}


def point(mass: float, limit: float | None = None, excluded: Any = (), expected: Any = None) -> PointResult:
    band = (None,) * 5 if limit is None else tuple(limit * factor for factor in (0.5, 0.7, 1.0, 1.4, 2.0))
    status = "ok" if limit or excluded else "insensitive"
    return PointResult(
        mass, limit and 1.1 * limit, band, excluded, excluded if expected is None else expected, None, status
    )


def scan(points: list[PointResult], exclusion: str = "upper-limit") -> Scan:
    coupling = {"symbol": "g_Z'", "unit": "1", "quantity": "coupling g_Z'"}
    return Scan(
        search="some-search",
        hypothesis="lmu-ltau",
        coupling=coupling,
        exclusion=exclusion,
        method="cls",
        level=0.9,
        expected_kind="a-posteriori",
        label="predicted",
        calibrated_to=None,
        assumptions=(),
        set_values={},
        points=tuple(points),
    )


MASSES = [float(m) for m in np.geomspace(0.01, 1.0, 9)]
LIMITS = scan([point(m, None if i == 4 else 1e-4 * (1 + 10 * m)) for i, m in enumerate(MASSES)])
ISLAND = scan(
    [point(m, excluded=((1e-6, 1e-3 / (1 + 30 * m)),) if m < 0.4 else ()) for m in MASSES],
    "region",
)


def published(edge: Any, mass: float | None, value: float, source: str = "a paper") -> Comparison:
    return Comparison(quantity="limit", edge=edge, mass_gev=mass, value=value, digits=3, source=source)


def test_limit_band() -> None:
    _, (ax,) = plot.new_axes()
    points = [published("observed", 0.1, 2e-4), published("expected", 0.1, 1.5e-4, "another")]
    assert plot.limit_band(ax, LIMITS, comparisons=points) is ax
    assert ax.get_xscale() == ax.get_yscale() == "log"
    assert "Z'" in ax.get_xlabel()
    assert "GeV" in ax.get_xlabel()
    assert ax.get_ylabel() == "coupling $g_{Z'}$"
    assert "some-search" in ax.get_title("left")
    assert "90 %" in ax.get_title("left")
    assert LIMITS.hypothesis in ax.get_title("left")
    _, labels = ax.get_legend_handles_labels()
    assert labels == ["±2σ expected", "±1σ expected", "median expected", "observed", "a paper", "another"]
    observed = next(line for line in ax.lines if line.get_label() == "observed")
    assert np.isnan(np.asarray(observed.get_ydata(), dtype=float)).tolist() == [i == 4 for i in range(9)]


def test_what_was_set_by_hand_stands_in_the_title() -> None:
    _, (ax,) = plot.new_axes()
    plot.limit_band(ax, replace(LIMITS, set_values={"alpha_d": 1.0, "efficiency": 0.05}))
    assert ax.get_title("left").splitlines()[1:] == ["set: alpha_d = 1, efficiency = 0.05"]


def test_events_that_are_assumed_are_not_called_observed() -> None:
    for masses in (LIMITS.points, LIMITS.points[:3]):
        _, (ax,) = plot.new_axes()
        plot.limit_band(ax, replace(LIMITS, points=masses, assumptions=("observed", "efficiency")))
        _, labels = ax.get_legend_handles_labels()
        assert labels[-1] == "events assumed, not observed"


def test_few_masses_are_not_joined() -> None:
    _, (ax,) = plot.new_axes()
    plot.limit_band(ax, scan([point(0.01, 1e-8), point(0.05, 1e-7)]), label="title")
    assert ax.get_title("left") == "title"
    for line in ax.lines:
        mass = np.asarray(line.get_xdata(), dtype=float)
        assert mass.max() / mass.min() < 1.3
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0.01", "0.05"]


@pytest.mark.parametrize(
    "points",
    [
        [],
        [point(0.1)],
        [point(0.1, excluded=((1e-5, 1e-4),))],
        [point(m, excluded=((1e-6, None),)) for m in MASSES],
        [point(m, excluded=((None, 1e-5), (1e-4, None)), expected=()) for m in MASSES],
        [point(m, excluded=((1e-6, 1e-5), (1e-4, 1e-3)) if i % 4 else ()) for i, m in enumerate(MASSES)],
        list(ISLAND.points),
    ],
    ids=["nothing", "insensitive", "one mass", "open above", "a hole", "four islands", "island"],
)
def test_exclusion(points: list[PointResult], tmp_path: Path) -> None:
    figure, (ax,) = plot.new_axes()
    edges = [published("lower", 0.02, 2e-6), published("upper", 0.02, 5e-4), published("tip", None, 0.5, "a tip")]
    assert plot.exclusion(ax, scan(points, "region"), comparisons=edges) is ax
    plot.save(figure, tmp_path / "region.png")


def test_islands_are_separate_and_closed() -> None:
    _, (ax,) = plot.new_axes()
    plot.exclusion(ax, ISLAND)
    assert len(ax.collections) == 1
    closing = [
        line for line in ax.lines if len(set(np.asarray(line.get_xdata()).tolist())) == 1 and len(line.get_xdata()) == 2
    ]  # type: ignore[arg-type]
    assert len(closing) == 2  # observed and expected, at the high-mass end only
    assert any("excluded at 90 %" in text.get_text() for text in ax.texts)


def test_residuals() -> None:
    _, axes = plot.new_axes(ratio=True)
    ax = plot.residuals(axes[1], [0.1, 0.2], [1.02, 0.97], "predicted")
    plot.residuals(ax, [0.1, 0.2], [0.2, np.nan], "calibrated")
    assert ax.get_legend_handles_labels()[1] == ["predicted", "calibrated"]
    low, high = ax.get_ylim()
    assert low < 0.2
    assert high > 1.1
    assert "1" in [tick.get_text() for tick in ax.get_yticklabels()]


@pytest.mark.parametrize(("observed", "background"), [(0, 0.0), (3, 1.5), (40, 35.0)])
def test_fitted_bins(observed: float, background: float, tmp_path: Path) -> None:
    built = counting(observed, 2.0, Background(background, 0.2 if background else 0.0, "gaussian"), name="region")
    figure, axes = plot.new_axes(ratio=True)
    assert plot.fitted_bins(axes[0], built, built.fit(built.observed, 1.0), pulls=axes[1]) is axes[0]
    assert axes[1].get_xlabel() == "bin of region"
    assert axes[0].get_legend_handles_labels()[1][-1] == "data"
    plot.save(figure, tmp_path / "bins.png")


@pytest.mark.parametrize("suffix", MAGIC)
@pytest.mark.parametrize("which", [LIMITS, ISLAND], ids=["limits", "island"])
def test_save_scan(which: Scan, suffix: str, tmp_path: Path) -> None:
    comparisons = [published("observed", 0.1, 2e-4), published("lower", 0.1, 1e-6)]
    path = plot.save_scan(which, tmp_path / "deep" / f"scan{suffix}", comparisons)
    assert path.read_bytes().startswith(MAGIC[suffix])
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_ratio_is_interpolated_and_never_extrapolated() -> None:
    from limits.plot.points import ratios

    power = scan([point(m, m**2) for m in MASSES])
    wanted = [published("observed", m, 1.1 * m**2) for m in (0.001, 0.01, 0.037, 2.0)]
    masses, values = ratios(power, wanted)
    assert masses.tolist() == [0.01, 0.037]
    assert values == pytest.approx(1.0)
    assert len(ratios(ISLAND, wanted)[0]) == 0


@pytest.mark.parametrize("name", ["scan.jpg", "scan"])
def test_unknown_suffix(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"known: \.pdf, \.png, \.svg"):
        plot.save_scan(LIMITS, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_picture_leaves_nothing(tmp_path: Path) -> None:
    figure, (ax,) = plot.new_axes()
    ax.set_title("$\\unknownmacro$")
    with pytest.raises(ValueError, match="unknownmacro"):
        plot.save(figure, tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_units_are_shown() -> None:
    _, (ax,) = plot.new_axes()
    other = replace(LIMITS, coupling={"symbol": "g", "unit": "1/GeV", "quantity": "coupling"}, hypothesis="wimp")
    plot.limit_band(ax, other)
    assert ax.get_ylabel() == "coupling g [1/GeV]"
    assert ax.get_xlabel() == "mass [GeV]"


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtra, match=r"pip install 'darksector-limits\[plot\]'"):
        plot.save_scan(LIMITS, tmp_path / "a.png")


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import limits.plot", "matplotlib"),
        (
            "from limits import plot; plot.save(plot.new_axes()[0], __import__('pathlib').Path('a.png'))",
            "matplotlib.pyplot",
        ),
    ],
)
def test_imports(code: str, absent: str, tmp_path: Path) -> None:
    program = f"import sys; {code}; print({absent!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# --- hunts for a peak ---


def hunt(masses: list[float]) -> Scan:
    """One with a gap, limits on rate and coupling, and a largest excess at the third mass."""
    points = []
    for i, mass in enumerate(masses):
        limit, band = 1e-3 * (1 + 0.1 * i), tuple(1e-3 * (1 + 0.2 * k) for k in range(5))
        peak = Peak(5.0 - i, 3.0, "crystal-ball", limit**2, tuple(x**2 for x in band))
        found = replace(point(mass, limit), expected_limit=band, significance=3.2 if i == 2 else 0.5, peak=peak)
        points.append(found)
    rate = {"quantity": "B(J/ψ→γa)", "symbol": "B", "unit": "1"}
    return replace(scan(points), rate=rate, data="simulated sample", global_significance={"z": 1.1})


GAPPED = [1.0, 1.01, 1.02, 1.03, 1.3, 1.31, 1.32, 1.33]


def test_no_line_across_a_gap_of_a_hunt() -> None:
    _, (axes,) = plot.new_axes()
    plot.limit_band(axes, hunt(GAPPED))
    seen = next(line for line in axes.get_lines() if line.get_label() == "simulated sample")
    x, y = seen.get_data()
    assert len(x) == len(GAPPED) + 1
    assert np.flatnonzero(np.isnan(y)).tolist() == [4]
    assert 1.03 < x[4] < 1.3
    assert np.delete(y, 4) == pytest.approx([p.observed_limit for p in hunt(GAPPED).points])


def test_the_largest_excess_is_named() -> None:
    _, (axes,) = plot.new_axes()
    plot.local_significance(axes, hunt(GAPPED))
    assert [text.get_text() for text in axes.texts] == ["1.02 GeV: 3.2σ local, global 1.1σ"]


def test_fitted_events_have_errors() -> None:
    _, (axes,) = plot.new_axes()
    plot.fitted_events(axes, hunt(GAPPED))
    line = next(line for line in axes.get_lines() if line.get_label() == "fitted signal events")
    assert np.delete(line.get_ydata(), 4) == pytest.approx([5.0 - i for i in range(8)])


def test_a_hunt_is_three_pictures_in_one(tmp_path: Path) -> None:
    file = plot.save_scan(hunt(GAPPED), tmp_path / "hunt.svg", [published("lowest", None, 1e-3)])
    text = file.read_text()
    assert text.startswith("<?xml")
    assert text.count('id="axes_') == 4  # and p-values on the right of the significance


def test_without_toys_there_is_no_band() -> None:
    none = hunt(GAPPED)
    points = tuple(replace(p, expected_limit=(None, None, 1e-3, None, None)) for p in none.points)
    _, (axes,) = plot.new_axes()
    plot.limit_band(axes, replace(none, points=points))
    assert not [text for text in axes.get_legend_handles_labels()[1] if "σ" in text]
