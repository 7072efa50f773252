"""Landscapes: which searches are in a plane, what theory adds, what is lost when one fails, and the picture."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limits import plot
from limits.errors import InputError, UnknownName
from limits.landscape import Landscape, jobs, landscape, read_curve
from limits.landscape.theory import bands
from limits.plot.placing import inside, place
from limits.scan import PointResult, Scan


def scan(name: str, points: list[tuple[float, Any]], exclusion: str = "region", label: str = "predicted") -> Scan:
    none = (None,) * 5
    found = [
        PointResult(m, None, none, excluded, (), None, "ok" if excluded else "insensitive") for m, excluded in points
    ]
    coupling = {"symbol": "ε", "unit": "1", "quantity": "kinetic mixing"}
    return Scan(name, "aprime", coupling, exclusion, "cls", 0.9, "a-priori", label, None, (), {}, tuple(found))


ISLAND = scan("island", [(m, ((1e-6, 1e-4 * (0.1 / m)),)) for m in (0.01, 0.02, 0.05, 0.1)])
OPEN = scan("open", [(m, ((1e-5, None),)) for m in (0.05, 0.1, 0.2)])
LIMIT = scan("limit", [(m, ((1e-3 * m**0.2, None),)) for m in (0.01, 0.1, 1.0)], "upper-limit", "recast")
FUTURE = scan("future", [(m, ((3e-7, 3e-4),)) for m in (0.01, 0.1, 0.5)], label="projection")


def plane(*scans: Scan, **more: Any) -> Landscape:
    names = tuple(one.search for one in scans)
    reach = ((1e-8, 1e-3),) * len(scans)
    return Landscape(
        "aprime", scans, names, reach, more.get("bands", ()), more.get("curves", ()), (), more.get("notes", ())
    )


# --- which searches ---


def test_members_of_a_combination_are_left_out_unless_asked_for() -> None:
    assert {job.search.name for job in jobs("aprime", members=True)} >= {
        "na62-aprime",
        "na62-aprime-ee",
        "faser-aprime",
    }
    without = {job.search.name: job for job in jobs("aprime")}
    assert "na62-aprime" in without
    assert not {"na62-aprime-ee", "na62-aprime-mumu"} & set(without)
    assert [job.search.name for job in without["na62-aprime"].instead] == ["na62-aprime-ee", "na62-aprime-mumu"]


def test_recasts_are_there_when_asked_for() -> None:
    assert [job.search.name for job in jobs("b-l")] == ["faser-aprime"]
    more = {job.search.name for job in jobs("b-l", recasts=True)}
    assert {"faser-aprime", "na62-aprime", "darkquest-aprime"} <= more
    # FASER's search for electron pairs cannot see what decays to photons: it is no part of that plane.
    assert "faser-aprime" not in {job.search.name for job in jobs("alp-photon", recasts=True)}


def test_masses_are_those_of_the_span_that_a_search_covers() -> None:
    chosen = {job.search.name: job.masses for job in jobs("aprime", span=(0.02, 0.5, 3))}
    assert chosen["faser-aprime"] == pytest.approx((0.02, 0.1 * 0.2**0.5, 0.1))
    assert chosen["na62-aprime"] == pytest.approx((0.02, 0.1, 0.5))
    assert "faser-aprime" not in {job.search.name for job in jobs("aprime", span=(0.2, 0.5, 3))}
    assert jobs("dark-trident", span=(0.001, 0.02, 2))[0].masses == (0.01, 0.02)
    chosen = {job.search.name: job.masses for job in jobs("lmu-ltau")}
    assert len(chosen["na64mu-zprime"]) == 25
    # Of a hunt for a peak masses at which it was made: none in a gap.
    assert len(chosen["belle2-4mu"]) == 60
    assert not [mass for mass in chosen["belle2-4mu"] if 3.067 < mass < 3.127]


def test_what_cannot_be_shown_is_said() -> None:
    with pytest.raises(UnknownName, match=r"unknown plane 'wimp'; known: .*aprime"):
        jobs("wimp")
    with pytest.raises(InputError, match="lmu-ltau: no search covers masses from 15 to 19 GeV"):
        jobs("lmu-ltau", span=(15.0, 19.0, 3))


def test_calibrated_numbers_are_used_where_there_are_any() -> None:
    found = landscape("lmu-ltau", jobs("lmu-ltau", calibrated=True, span=(0.1, 1.0, 2)))
    labels = {one.search: one.label for one in found.scans}
    assert labels == {"na64mu-zprime": "calibrated", "belle2-4mu": "predicted", "babar-zprime-4mu": "predicted"}
    assert [note for note in found.notes if note.startswith("expected limits of simulated spectra")]


# --- what is found ---


def test_a_landscape_has_the_scans_and_the_band() -> None:
    steps: list[int] = []
    chosen = jobs("lmu-ltau", span=(0.01, 0.2, 3))  # below the threshold of a muon pair there is one search
    found = landscape("lmu-ltau", chosen, advance=lambda: steps.append(1), level=0.95)
    assert (found.status, found.titles, len(steps), found.scans[0].level) == ("ok", ("NA64mu",), 3, 0.95)
    (band,) = found.bands
    assert (band.masses[0], band.masses[-1]) == pytest.approx((0.01, 0.2))
    back = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert set(back) == {"plane", "status", "scans", "bands", "curves", "failures", "notes"}


def test_a_search_that_fails_costs_its_own_region_only(monkeypatch: pytest.MonkeyPatch) -> None:
    import limits.landscape as module

    done = module.run_scan

    def broken(search: Any, *args: Any, **options: Any) -> Scan:
        if search.name == "na62-aprime":
            raise InputError("no such table")
        return done(search, *args, **{**options, "couplings": (1e-7, 1e-4, 9)})

    monkeypatch.setattr(module, "run_scan", broken)
    work = [job for job in jobs("aprime", span=(0.02, 0.03, 2)) if job.search.name in ("na62-aprime", "faser-aprime")]
    found = landscape("aprime", work)
    assert found.status == "partial"
    assert [(failure.search, failure.reason) for failure in found.failures] == [("na62-aprime", "no such table")]
    assert [one.search for one in found.scans] == ["faser-aprime", "na62-aprime-ee"]
    with pytest.raises(InputError, match="na62-aprime: no such table"):
        landscape("aprime", [replace(work[1], instead=())])


def test_band_of_the_magnetic_moment() -> None:
    """A light vector boson gives Δa = g²/8π², a heavy one g² m_μ²/12π² m²: (249 ± 96)e-11 between the edges."""
    (band,) = bands("lmu-ltau", 1e-6, 50.0)
    assert band.high is not None
    for edge, shift in ((band.low, 153e-11), (band.high, 345e-11)):
        assert edge[0] == pytest.approx((8 * np.pi**2 * shift) ** 0.5, rel=1e-3)
        assert edge[-1] == pytest.approx((12 * np.pi**2 * shift) ** 0.5 * 50.0 / 0.1056584, rel=1e-3)


def test_thermal_targets() -> None:
    """At m_χ = 10 MeV, twice the 4.2e-26 cm³/s of one self-conjugate particle (arXiv:1204.3622; a recollection).

    σv = 16πα y/m_χ² · (9/5)² for m = 3 m_χ and electrons only; 1 GeV⁻² c = 1.1673e-17 cm³/s.
    """
    found = {band.label: band for band in bands("aprime", 0.03, 0.3)}
    low = {name: band.low[0] for name, band in found.items()}
    assert low["thermal relic, pseudo-Dirac"] < low["thermal relic, Majorana"] < low["thermal relic, complex scalar"]
    y = 0.1 * low["thermal relic, pseudo-Dirac"] ** 2 / 81
    assert 16 * np.pi / 137.036 * y / 1e-4 * (9 / 5) ** 2 * 1.1673e-17 == pytest.approx(2 * 4.2e-26, rel=0.15)
    assert all("decays to dark matter" in band.note for band in found.values())
    assert list(bands("b-l", 0.03, 0.3)) == []


# --- curves ---


@pytest.mark.parametrize(
    ("text", "label", "closed", "band"),
    [
        ("mass,g\n0.01,1e-5\n0.1,1e-6\n", "curve", False, False),
        ("# a comment\n0.01 1e-5\n0.1 1e-6\n0.1 1e-5\n0.01 1e-5\n", "curve", True, False),
        ("0.01,1e-6,1e-5\n0.1,1e-6,2e-5\n", "mine: 2", False, True),
    ],
)
def test_curves_of_the_user(text: str, label: str, closed: bool, band: bool, tmp_path: Path) -> None:
    path = tmp_path / "curve.csv"
    path.write_text(text)
    found = read_curve(str(path) if label == "curve" else f"{path}:{label.replace(': ', ' ')}")
    assert (found.closed, found.high is not None) == (closed, band)
    assert found.label == label.replace(": ", " ")
    assert found.masses[:2] == (0.01, 0.1)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "at least two lines"),
        ("0.01,1e-5\n", "at least two lines"),
        ("m,g\n0.01,1e-5\n0.1,none\n", "line 3: 2 numbers above 0"),
        ("0.01,1e-5\n0.1,1e-5,1e-4\n", "line 2: 2 numbers above 0"),
        ("0.01\n0.02\n", "line 1: two or three numbers"),
        ("0.01,-1\n0.02,1\n", "line 1: two or three numbers"),
        ("0.01,1e-5,1e-6\n0.02,1e-6,1e-5\n", "the lower coupling be the first"),
        ("0.02,1e-6,1e-5\n0.01,1e-6,1e-5\n", "masses of a band must increase"),
    ],
)
def test_bad_curves(text: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "curve.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=complaint):
        read_curve(str(path))
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_curve(str(tmp_path / "none.csv:label"))


# --- the picture ---


def test_every_search_has_its_name_and_is_in_the_legend(tmp_path: Path) -> None:
    path = tmp_path / "area.csv"
    path.write_text("0.2 1e-5\n0.4 1e-5\n0.4 1e-4\n0.2 1e-5\n")
    found = plane(
        ISLAND, OPEN, LIMIT, FUTURE, bands=tuple(bands("lmu-ltau", 0.01, 1.0)), curves=(read_curve(f"{path}:$ours"),)
    )
    figure, (ax,) = plot.new_axes(size=(8, 7))
    assert plot.landscape(ax, found) is ax
    texts = [text for text in ax.texts if text.get_text()]
    assert {text.get_text() for text in texts} == {"island", "open", "limit", "future (projection)", r"\$ours"}
    boxes = [text.get_window_extent() for text in texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    labels = ax.get_legend_handles_labels()[1]
    assert "limit: recast, cls, 90 %" in labels
    assert "future: projection, cls, 90 %" in labels
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert ax.get_title("left") == "aprime  ·  excluded at 90 %"
    assert len({patch.get_hatch() for patch in ax.patches if patch.get_hatch()}) == 3
    assert len({patch.get_edgecolor() for patch in ax.patches if patch.get_hatch()}) == 3
    plot.save(figure, tmp_path / "plane.png")


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_save(suffix: str, tmp_path: Path) -> None:
    assert plot.save_landscape(plane(ISLAND, notes=("m_χ = m/3",)), tmp_path / f"plane{suffix}").stat().st_size > 1000
    with pytest.raises(InputError, match="no such picture format"):
        plot.save_landscape(plane(ISLAND), tmp_path / "plane.jpg")


def test_nothing_excluded_is_a_picture_too(tmp_path: Path) -> None:
    plot.save_landscape(plane(scan("blind", [(0.1, ())])), tmp_path / "plane.png")


# --- names ---


def test_inside_a_polygon() -> None:
    """An L: two thirds of its box (in cells), and not its notch."""
    corners = np.array([(0, 0), (1, 0), (1, 0.5), (0.5, 0.5), (0.5, 1), (0, 1)], dtype=float)
    centres = (np.arange(10) + 0.5) / 10
    found = inside(corners, centres, centres)
    assert found.sum() == 75
    assert not found[7, 7]


def test_names_are_put_inside_if_they_fit_and_beside_if_not() -> None:
    large, small = np.zeros((100, 100), dtype=bool), np.zeros((100, 100), dtype=bool)
    large[10:90, 5:60], small[40:44, 80:84] = True, True
    first, second = place([large, small], [(20, 6), (20, 6)])
    assert first.at is None
    assert large[int(100 * first.y), int(100 * first.x)]
    assert second.at is not None
    row, column = int(100 * second.at[1]), int(100 * second.at[0])
    assert small[row, column]
    assert not (large | small)[int(100 * second.y), int(100 * second.x)]
