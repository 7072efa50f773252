"""Scans: the shape of their results, masses and ranges, and that a point does not depend on how it is reached."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limits.assemble import build
from limits.errors import InputError, LimitsError
from limits.grid import masses_of
from limits.inference.limit import p_values, upper_limit
from limits.parallel import executor
from limits.scan import run_scan, stored
from limits.search import load
from limits.signals import Hypothesis
from limits.store import Work


def test_edges_are_where_cls_is_one_minus_level() -> None:
    search = load("faser-aprime")
    point = run_scan(search, masses=[0.04]).points[0]
    assert len(point.excluded) == 1
    for edge in point.excluded[0]:
        assert edge is not None
        likelihood = build(search, Hypothesis("aprime", 0.04, edge))
        assert p_values(likelihood, "cls-exact").cls == pytest.approx(0.10, rel=1e-4)
        assert upper_limit(likelihood, "cls-exact", 0.9).observed_limit == pytest.approx(1, rel=1e-4)


def test_limit_does_not_depend_on_the_reference_coupling() -> None:
    """The vanilla Z′ has branching fractions that do not depend on g; with dark matter they do, a little."""
    search = load("na64mu-zprime").with_values({"alpha_d": 1e-7})
    point = run_scan(search, masses=[0.5]).points[0]
    assert point.observed_limit is not None
    likelihood = build(search, Hypothesis("lmu-ltau-dark", 0.5, point.observed_limit))
    assert upper_limit(likelihood, "cls-exact", 0.9).observed_limit == pytest.approx(1, rel=1e-5)


def test_json_has_no_nan_and_the_promised_keys() -> None:
    scan = run_scan(load("faser-aprime"), masses=[0.03, 0.099], couplings=(1e-6, 1e-3, 13))
    text = json.dumps(scan.to_json(), allow_nan=False)
    back = json.loads(text)
    assert {"search", "hypothesis", "coupling", "points", "method", "level", "expected_kind", "label"} <= set(back)
    assert {"symbol", "unit"} <= set(back["coupling"])
    assert back["points"][1]["status"] == "insensitive"
    assert back["points"][1]["excluded"] == []
    assert len(back["points"][0]["expected_limit"]) == 5


def test_default_masses_are_inside_their_range() -> None:
    search = load("na64mu-zprime")
    masses = masses_of(search)
    assert (masses[0], masses[-1]) == (0.001, 2.0)
    assert np.all(np.diff(masses) > 0)
    assert masses_of(search, mass_range=(0.1, 0.4, 3, True)) == pytest.approx((0.1, 0.2, 0.4))
    assert masses_of(search, mass_range=(0.1, 0.4, 4, False)) == pytest.approx((0.1, 0.2, 0.3, 0.4))


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"masses": [5.0]}, "0.001 to 2 GeV"),
        ({"masses": []}, "no mass"),
        ({"masses": [float("nan")]}, "nan"),
        ({"method": "wrong"}, "unknown method 'wrong'; known: bayes, bayes-profile, cls, cls-enumerated"),
        ({"level": 1.5}, "between 0 and 1"),
        ({"couplings": (1e-3, 1e-5, 10)}, "LO < HI"),
        ({"couplings": (1e-5, 1e-3, 1)}, "N = 1"),
        ({"hypothesis": "b-l"}, "unknown hypothesis 'b-l'; known: lmu-ltau, lmu-ltau-dark, muonphilic-scalar"),
    ],
)
def test_bad_arguments(arguments: dict[str, object], complaint: str) -> None:
    with pytest.raises(LimitsError) as caught:
        run_scan(load("na64mu-zprime"), **arguments)  # type: ignore[arg-type]
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("mass_range", [(0.0, 1.0, 5, True), (1.0, 0.5, 5, False), (0.1, 1.0, 1, True)])
def test_bad_mass_range(mass_range: tuple[float, float, int, bool]) -> None:
    with pytest.raises(InputError, match="mass range"):
        masses_of(load("na64mu-zprime"), mass_range=mass_range)


def test_an_executor_changes_nothing() -> None:
    search = load("na64mu-zprime")
    masses = [0.01, 0.1, 1.0]
    with executor("processes", 2) as team:
        elsewhere = run_scan(search, masses=masses, work=Work(team))
    assert elsewhere.points == run_scan(search, masses=masses).points


@pytest.mark.slow
def test_a_scan_goes_on_where_it_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the masses that close in on the end of a region, which depend on what was found before."""
    search, kept = load("faser-aprime"), Work(folder=tmp_path / "k")
    grid: dict[str, Any] = {"couplings": (1e-6, 1e-3, 7)}
    whole = run_scan(search, **grid)
    calls: list[str] = []
    original = stored._do

    def counted(point: Any, unit: str) -> Any:
        if len(calls) == 14:
            raise KeyboardInterrupt
        calls.append(unit)
        return original(point, unit)

    monkeypatch.setattr(stored, "_do", counted)
    seen: list[str] = []
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run_scan(search, **grid, work=kept)
        seen += calls
        calls.clear()
    advanced: list[int] = []
    assert run_scan(search, **grid, work=kept, advance=lambda: advanced.append(1)).points == whole.points
    seen += calls
    assert len(seen) == len(set(seen)) == len(whole.points) == len(advanced)
    calls.clear()
    assert run_scan(search, **grid, work=kept).points == whole.points
    assert calls == []


@pytest.mark.parametrize(
    ("change", "keys"),
    [
        ({"method": "cls"}, "method"),
        ({"level": 0.9}, "level"),
        ({"masses": [0.1, 0.2]}, "masses"),
        ({"couplings": (1e-5, 1e-3, 9)}, "couplings"),
        ({"hypothesis": "lmu-ltau"}, "hypothesis"),
        ({"search": {"alpha_d": 0.2}}, "numbers"),
    ],
)
def test_the_folder_of_another_scan(tmp_path: Path, change: dict[str, Any], keys: str) -> None:
    search = load("na64mu-zprime")
    how: dict[str, Any] = {"masses": [0.1], "level": 0.95, "work": Work(folder=tmp_path / "k")}
    run_scan(search, **how)
    search = search.with_values(change.pop("search", {}))
    with pytest.raises(InputError, match=rf"scan\.json: belongs to another scan: {keys} differ; use an empty folder"):
        run_scan(search, **(how | change))


def test_a_changed_table_is_another_scan(tmp_path: Path) -> None:
    shutil.copytree(Path(load("microboone-trident").path).parent, tmp_path / "microboone-trident")
    path = tmp_path / "microboone-trident" / "search.toml"
    kept = Work(folder=tmp_path / "k")
    run_scan(load(str(path)), masses=[0.05], work=kept)
    table = next(path.parent.glob("*.csv"))
    table.write_text(table.read_text() + "# changed\n")
    with pytest.raises(InputError, match="tables differ"):
        run_scan(load(str(path)), masses=[0.05], work=kept)
