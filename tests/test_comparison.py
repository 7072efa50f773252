"""Curves read from files and held against scans whose difference from them is known."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from limits.comparison import read_curve, residuals
from limits.errors import InputError
from limits.reproduce import reproduce, steps
from limits.scan import PointResult, Scan
from limits.search import Curve, load

MASSES = np.geomspace(0.01, 0.1, 12)


def scan(masses: np.ndarray, lower: np.ndarray, upper: np.ndarray | None, label: str = "predicted") -> Scan:
    highs = [None] * len(masses) if upper is None else upper
    points = [
        PointResult(m, low, (None,) * 5, ((low, high),), (), None, "ok")
        for m, low, high in zip(masses, lower, highs, strict=True)
    ]
    kind = "region" if upper is not None else "upper-limit"
    words = {"symbol": "ε", "unit": "1", "quantity": "mixing"}
    return Scan("s", "aprime", words, kind, "cls", 0.9, "", label, None, (), {}, tuple(points))


def curve(folder: Path, kind: str, text: str) -> Curve:
    (folder / "curve.txt").write_text(text)
    return Curve(file="curve.txt", format=kind, source="made here")  # type: ignore[arg-type]


def test_edges_and_polygon_are_the_same_curve(tmp_path: Path) -> None:
    lower, upper = 1e-5 * MASSES**0.5, 1e-3 * MASSES**-0.5
    edges = "# m low high\n" + "\n".join(f"{m} {a} {b}" for m, a, b in zip(MASSES, lower, upper, strict=True))
    around = [*zip(MASSES, upper, strict=True), *zip(MASSES[::-1], lower[::-1], strict=True)]
    polygon = "\n".join(f"{m} {c}" for m, c in around)
    for kind, text in (("edges", edges), ("polygon", polygon)):
        read = read_curve(curve(tmp_path, kind, text), tmp_path)
        assert read is not None
        low, high = residuals(scan(MASSES, 1.2 * lower, 0.9 * upper), read)
        assert (low.edge, high.edge) == ("lower", "upper")
        assert [low.median, low.lowest, low.highest] == pytest.approx([1.2] * 3, rel=1e-9)
        assert high.median == pytest.approx(0.9, rel=1e-9)
        lost = np.log(1.2) - np.log(0.9)
        assert low.area == pytest.approx(lost / np.mean(np.log(upper / lower)), rel=1e-2)
        assert (low.tip_published, low.tip_computed) == pytest.approx((0.1, 0.1))


def test_a_denser_part_of_the_scan_counts_no_more(tmp_path: Path) -> None:
    read = read_curve(curve(tmp_path, "edges", "0.01 1 10\n0.1 1 10\n"), tmp_path)
    assert read is not None
    factor = np.where(MASSES > 0.09, 2.0, 1.0)
    dense = np.sort(np.concatenate([MASSES, np.linspace(0.09, 0.1, 40)]))
    several = residuals(scan(dense, np.interp(dense, MASSES, factor), np.full(len(dense), 10.0)), read)[0]
    few = residuals(scan(MASSES, factor, np.full(12, 10.0)), read)[0]
    assert (several.n, several.median) == (few.n, pytest.approx(few.median, rel=1e-6))


def test_masses_of_a_calibration_do_not_count(tmp_path: Path) -> None:
    read = read_curve(curve(tmp_path, "edges", "0.01 1 10\n0.1 1 10\n"), tmp_path)
    assert read is not None
    every = residuals(scan(MASSES, np.ones(12), np.full(12, 10.0)), read)[0]
    fewer = residuals(scan(MASSES, np.ones(12), np.full(12, 10.0)), read, skip=(0.03,))[0]
    assert 0 < every.n - fewer.n <= 3


def test_portal_curve_is_read_as_a_coupling(tmp_path: Path) -> None:
    """y = ε² α_D (m_χ/m)⁴ with α_D = 0.1, m = 3 m_χ, g = e ε."""
    read = read_curve(curve(tmp_path, "bc2-y", '"mass","coupling"\n0.01,1e-9\n0.1,1e-7\n'), tmp_path)
    assert read is not None
    assert read.upper is None
    assert read.mass == pytest.approx([0.03, 0.3])
    assert read.lower[0] == pytest.approx(0.302822 * np.sqrt(1e-9 * 81 / 0.1), rel=1e-5)


def test_no_overlap_is_no_ratio(tmp_path: Path) -> None:
    read = read_curve(curve(tmp_path, "edges", "1 1 10\n2 1 10\n"), tmp_path)
    assert read is not None
    assert [(r.n, r.median) for r in residuals(scan(MASSES, np.ones(12), np.full(12, 10.0)), read)] == [(0, None)] * 2


def test_a_curve_that_is_not_there(tmp_path: Path) -> None:
    assert read_curve(Curve(file="absent.txt", format="edges", source="x"), tmp_path) is None


@pytest.mark.parametrize("text", ["", "1 2\n3 4\n", "1 2 x\n", "1 2 -3\n1 2 3\n", "1 2 nan\n1 2 3\n"])
def test_a_curve_that_cannot_be_read(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_curve(curve(tmp_path, "edges", text), tmp_path)
    assert "curve.txt" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_search_file_of_somebody_else_is_reproduced(tmp_path: Path) -> None:
    folder = shutil.copytree(load("microboone-trident").path.parent, tmp_path / "own")
    file = folder / "search.toml"
    file.write_text(
        file.read_text(encoding="utf-8").replace('name = "microboone-trident"', 'name = "own"'), encoding="utf-8"
    )
    found = reproduce([str(file)])
    assert steps([str(file)]) > 0
    assert {group.row.search for group in found.groups()} == {"own"}
    assert "own-bins.png" in {path.name for path in found.write(tmp_path / "results")}
