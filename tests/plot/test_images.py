"""Pictures against those that were looked at, in grey, and twice the same.

`LIMITS_BASELINE=write pytest -n 0 tests/plot/test_images.py` writes the pictures to compare with anew: look at them before they are kept.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limits import plot
from limits.inference.coverage import Coverage, Covered
from limits.inference.request import Request
from limits.kernel.linear.shapes import CrystalBall
from limits.likelihood.counting import Background, Systematic, counting
from limits.likelihood.histfactory import load
from limits.likelihood.spectrum import bump
from limits.plot.canvas import styled
from limits.plot.compared import quotients
from limits.plot.covered import coverage_of_methods
from limits.plot.scans import scan_figure
from limits.plot.single import KINDS, Asked, figure_of
from limits.scan import Peak, PointResult, Scan

matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is not installed")

BASELINE = Path(__file__).parent / "baseline"
PIXELS = 240
"""Along the longer side."""

LARGEST = 25_000
TOLERANCE = 2.0
"""Root mean square difference of pixels from 0 to 255: hinting and rounding, but no curve that moved."""

Builder = Callable[[], Any]


def scan(points: list[PointResult], **other: Any) -> Scan:
    coupling = {"symbol": "g_Z'", "unit": "1", "quantity": "coupling g_Z'"}
    made = Scan(
        "some-search", "lmu-ltau", coupling, "upper-limit", "cls", 0.9, "", "predicted", None, (), {}, tuple(points)
    )
    return replace(made, **other)


def limits() -> Scan:
    masses = np.geomspace(0.01, 1, 15)
    values = 1e-4 * (1 + 10 * masses) * (1 + 0.2 * np.sin(9 * masses))
    rows = [
        PointResult(
            float(m),
            float(1.1 * v * (1 + 0.2 * np.cos(30 * m))),
            tuple(v * np.array([0.5, 0.7, 1, 1.4, 2])),
            (),
            (),
            None,
            "ok",
        )
        for m, v in zip(masses, values, strict=True)
    ]
    return scan(rows)


def islands(shift: float = 1.0) -> Scan:
    """One that closes at high mass, and a second one."""
    rows = []
    for m in np.geomspace(0.01, 1, 25).tolist():
        low, high = 1e-6 * shift / m**0.2, 2e-6 * shift / m
        seen: tuple[Any, ...] = ((low, high),) if high > 1.2 * low else ()
        wanted: tuple[Any, ...] = ((1.3 * low, high / 1.3),) if high > 2 * low else ()
        if 0.3 < m < 0.8:
            seen += ((2e-4 * shift, 8e-4 * shift * m),)
        rows.append(PointResult(m, None, (None,) * 5, seen, wanted, None, "ok"))
    return scan(rows, exclusion="region")


def hunt() -> Scan:
    rows = []
    for i, m in enumerate(np.r_[np.linspace(1, 1.6, 60), np.linspace(2, 3, 90)].tolist()):
        wave = 1 + 0.3 * np.sin(0.7 * i)
        band = tuple(1e-3 * m**2 * np.array([0.6, 0.8, 1.0, 1.3, 1.7]))
        limit = 1e-3 * m**2 * wave
        peak = Peak(5 * wave, 3.0, "crystal-ball", limit**2, tuple(x**2 for x in band))
        z = max(0.0, 4 * (wave - 1)) + (2.5 if i == 100 else 0.0)
        warned = ("spurious signal: half of the toys",) if 30 < i < 40 else ()
        rows.append(PointResult(m, limit, band, (), (), z, "ok", warned, "", peak))
    rate = {"quantity": "B(J/ψ→γa)", "symbol": "B", "unit": "1"}
    overall = {"z": 1.4, "toys": {"z": 1.2}}
    return scan(rows, rate=rate, data="simulated sample", global_significance=overall, method="bayes-profile")


def workspace() -> Any:
    modifiers = [
        {"name": "mu", "type": "normfactor", "data": None},
        {"name": "efficiency", "type": "normsys", "data": {"hi": 1.1, "lo": 0.9}},
    ]
    background = [
        {"name": "shape", "type": "histosys", "data": {"hi_data": [66.0, 51.0, 38.0], "lo_data": [55.0, 49.0, 43.0]}},
        {"name": "free", "type": "normfactor", "data": None},
        {"name": "statistics", "type": "shapesys", "data": [4.0, 3.0, 5.0]},
    ]
    samples = [
        {"name": "signal", "data": [5.0, 20.0, 6.0], "modifiers": modifiers},
        {"name": "background", "data": [60.0, 50.0, 40.0], "modifiers": background},
    ]
    document = {
        "channels": [{"name": "region", "samples": samples}],
        "observations": [{"name": "region", "data": [63.0, 74.0, 49.0]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
        "version": "1.0.0",
    }
    return load(document)


def spectrum() -> Any:
    """A falling background and a peak of 120 events."""
    rng = np.random.default_rng(3)
    events = np.r_[1 + rng.beta(1, 1.6, 4000), rng.normal(1.5, 0.02, 120)]
    shape = CrystalBall((1.0, 2.0), 1.5, 0.02, 1.5, 5.0, 1.5, 5.0)
    return bump(events, shape, 3, signal_events=100.0)


def asked(kind: str) -> Any:
    if kind == "fit-spectrum":
        request = Request(spectrum(), 0.95, 1.0)
        return figure_of("fit", Asked(request, "cls", "a spectrum", "simulated", observable="mass [GeV]"))
    small = counting(14.0, 3.0, Background(8.0, 0.2, "gaussian"), [Systematic("efficiency", 1.1)])
    likelihood = small if kind in ("posterior", "toys") else workspace()
    method = {"posterior": "bayes", "toys": "cls-toys"}.get(kind, "cls")
    return figure_of(kind, Asked(Request(likelihood, 0.95, 1.0, 200, 1), method, "workspace.json", "predicted"))


@dataclass(frozen=True)
class Curve:
    label: str
    masses: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...] | None = None
    closed: bool = False


@dataclass(frozen=True)
class Plane:
    scans: tuple[Scan, ...]
    titles: tuple[str, ...]
    bands: tuple[Curve, ...]
    curves: tuple[Curve, ...] = ()
    plane: str = "lmu-ltau"
    notes: tuple[str, ...] = ()

    @property
    def reach(self) -> tuple[tuple[float, float], ...]:
        return ((1e-8, 1e-2),) * len(self.scans)


def landscape() -> Any:
    masses = tuple(np.geomspace(0.01, 1, 9).tolist())
    bands = (
        Curve("thermal relic, scalar", masses, tuple(1e-4 * m for m in masses)),
        Curve("thermal relic, Majorana", masses, tuple(5e-5 * m for m in masses)),
        Curve("a band", masses, tuple(2e-3 * m**0.3 for m in masses), tuple(4e-3 * m**0.3 for m in masses)),
    )
    projected = replace(islands(0.1), search="a-projection", label="projection")
    figure, (ax,) = plot.new_axes(size=(8.0, 7.0))
    plot.landscape(
        ax, Plane((islands(), replace(islands(8.0), search="another"), projected), ("ONE", "TWO", "THREE"), bands)
    )
    return figure


@dataclass(frozen=True)
class Published:
    mass: Any
    lower: Any
    upper: Any
    source: str = "arXiv:0000.00000, Fig. 1"


@dataclass(frozen=True)
class Ratio:
    edge: str
    mass: Any
    ratio: Any


@dataclass(frozen=True)
class Pair:
    kind: str
    curve: Published
    ratios: tuple[Ratio, ...]


def compared() -> Any:
    mass = np.geomspace(0.01, 1, 20)
    low, high = 1.2e-6 / mass**0.2, np.maximum(1.7e-6 / mass, 1.3e-6 / mass**0.2)
    edges = Ratio("lower", mass, 1 + 0.2 * np.sin(mass)), Ratio("upper", mass, 0.8 + 0.1 * np.cos(mass))
    figure, axes = plot.new_axes(ratio=True, size=(7.0, 6.4))
    plot.compared(axes[0], islands(), [Pair("observed", Published(mass, low, high), ())])
    quotients(axes[1], [(f"observed, {one.edge} edge", one) for one in edges], joined=True)
    return figure


def coverage() -> Any:
    strengths = (0.0, 1.0, 3.0, 5.0)
    found = [
        Coverage(
            name,
            0.9,
            "",
            tuple(Covered(s, level + 0.02 * np.sin(s), 0.0, 0.0, 0.0, 0.004) for s in strengths),
            (),
            1000,
        )
        for name, level in (("cls", 0.95), ("profile", 0.91), ("bayes", 0.93))
    ]
    figure, (ax,) = plot.new_axes()
    coverage_of_methods(ax, found)
    return figure


PICTURES: dict[str, Builder] = {
    "limits": lambda: scan_figure(limits()),
    "islands": lambda: scan_figure(islands()),
    "hunt": lambda: scan_figure(hunt()),
    "landscape": landscape,
    "compared": compared,
    "coverage": coverage,
    "fit-spectrum": lambda: asked("fit-spectrum"),
    **{kind: (lambda kind=kind: asked(kind)) for kind in KINDS},
}


@contextmanager
def defaults() -> Iterator[None]:
    """Neither what a user has in matplotlibrc, nor fonts that are not everywhere."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams["font.family"] = ["DejaVu Sans"]
        yield


@pytest.fixture(scope="module", params=PICTURES)
def picture(request: pytest.FixtureRequest) -> Iterator[tuple[str, Any]]:
    with defaults():
        yield str(request.param), PICTURES[str(request.param)]()


def small(figure: Any) -> int:
    return round(PIXELS / max(figure.get_size_inches()))


def pinned(repository: Path) -> str:
    """The version of matplotlib with which the pictures were made."""
    found = re.search(r"^matplotlib==(\S+)$", (repository / "constraints.txt").read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


def test_looks_as_it_did(picture: tuple[str, Any], repository: Path, tmp_path: Path) -> None:
    from matplotlib.testing.compare import compare_images

    if matplotlib.__version__ != pinned(repository):
        pytest.skip(
            f"made with matplotlib {pinned(repository)}, this is {matplotlib.__version__}: text may lie elsewhere"
        )
    name, figure = picture
    known = BASELINE / f"{name}.png"
    if os.environ.get("LIMITS_BASELINE") == "write":
        plot.save(figure, known, dpi=small(figure))
    made = plot.save(figure, tmp_path / f"{name}.png", dpi=small(figure))
    assert known.stat().st_size < LARGEST
    assert compare_images(str(known), str(made), TOLERANCE) is None


def test_a_changed_picture_is_noticed(tmp_path: Path) -> None:
    """The comparison can fail: a limit 20 % higher is another picture."""
    from matplotlib.testing.compare import compare_images

    with defaults():
        first = plot.save(scan_figure(limits()), tmp_path / "a.png", dpi=40)
        rows = tuple(replace(p, observed_limit=1.2 * (p.observed_limit or 0)) for p in limits().points)
        other = plot.save(scan_figure(replace(limits(), points=rows)), tmp_path / "b.png", dpi=40)
    assert compare_images(str(first), str(other), TOLERANCE) is not None


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_the_same_bytes_each_time(suffix: str, tmp_path: Path) -> None:
    files = [plot.save(asked("fit"), tmp_path / f"{i}{suffix}", dpi=40) for i in range(2)]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert b"atplotlib v" not in files[0].read_bytes()


# --- in grey ---


def luminance(colour: Any) -> float:
    """Of a colour on white, from 0 to 1."""
    r, g, b, a = matplotlib.colors.to_rgba(colour)
    return float(1 - a * (1 - (0.2126 * r + 0.7152 * g + 0.0722 * b)))


def grey(artist: Any) -> tuple[str, float, str]:
    """What is seen of a legend's entry without colour: kind, luminance, and dashes, marker or hatch."""
    line = (
        next(iter(artist.lines), None) if hasattr(artist, "lines") and not hasattr(artist, "get_linestyle") else artist
    )
    if hasattr(line, "get_marker"):
        dashes = line._unscaled_dash_pattern  # no public way to the numbers
        width = "" if line.get_linestyle() == "None" else f"{dashes} {line.get_linewidth() > 1.9}"
        return (
            "line",
            luminance(line.get_color()),
            f"{width} {line.get_marker()} {line.get_fillstyle()} {line.get_mfc() == 'none'}",
        )
    patch = artist.patches[0] if hasattr(artist, "patches") else artist
    face = np.atleast_2d(patch.get_facecolor())[0]
    edge = patch.get_linestyle() if len(face) == 0 or face[3] == 0 else ""
    seen = luminance(face) if len(face) else 1.0
    return "area", seen, f"{patch.get_hatch()} {edge}"


def test_no_two_entries_are_alike_in_grey(picture: tuple[str, Any]) -> None:
    for ax in picture[1].axes:
        for (one, name), (other, another) in combinations(zip(*ax.get_legend_handles_labels(), strict=True), 2):
            a, b = grey(one), grey(other)
            assert a[0] != b[0] or a[2] != b[2] or abs(a[1] - b[1]) > 0.12, (picture[0], name, another, a, b)


# --- styles ---


@pytest.mark.parametrize("name", ["ALICE", "ATLAS", "CMS", "LHCb2"])
@pytest.mark.filterwarnings("ignore")  # of what it imports
def test_styles(name: str, tmp_path: Path) -> None:
    pytest.importorskip("mplhep", reason="mplhep is not installed")
    with styled(name):
        inside = plot.save(scan_figure(limits()), tmp_path / "a.png", dpi=40).read_bytes()
    outside = plot.save(scan_figure(limits()), tmp_path / "b.png", dpi=40).read_bytes()
    assert inside != outside


def test_an_unknown_style() -> None:
    from limits.errors import UnknownName

    with pytest.raises(UnknownName, match="ATLAS"), styled("atlas"):
        pass
