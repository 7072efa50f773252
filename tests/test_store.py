"""Results in a folder: whatever happens to it, what is read is what was written, and what is lost is done again."""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from limits.errors import InputError
from limits.parallel import executor
from limits.store import Contents, Folder, FolderError, Memory, Rescue, Unfinished, Work, fill, merge
from limits.store.index import NAME
from limits.store.payload import decode, encode

UNITS = tuple(f"unit {i}" for i in range(6))


def contents(**facts: Any) -> Contents:
    return Contents.of("scan", {"search": "a", "numbers": {"b": 1.5}, **facts}, UNITS)


def answer(common: float, unit: str) -> dict[str, Any]:
    return {"unit": unit, "value": common * 0.1, "none": None}


def filled(path: Path) -> dict[str, Any]:
    """A folder with every unit; what is in it."""
    with closing(Folder.open(path, contents())) as folder:
        for unit in UNITS:
            folder.save(unit, answer(3, unit))
        return {unit: folder.load(unit) for unit in UNITS}


def found(path: Path) -> dict[str, Any]:
    with closing(Folder.open(path, contents())) as folder:
        return {unit: folder.load(unit) for unit in UNITS}


# --- payloads ---


@given(st.recursive(st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(), st.lists))
def test_json_comes_back_to_the_last_bit(value: Any) -> None:
    content, suffix = encode({"x": value})
    assert suffix == "json"
    assert decode(content, suffix) == {"x": value}


@given(npst.arrays(st.sampled_from([np.float32, np.float64]), npst.array_shapes(min_side=0, max_dims=3)))
def test_arrays_come_back_to_the_last_bit(array: Any) -> None:
    content, suffix = encode({"z": array, "allow_pickle": np.zeros(1)})
    assert suffix == "npz"
    assert content == encode({"z": array, "allow_pickle": np.zeros(1)})[0], "equal results have equal bytes"
    back = decode(content, suffix)
    assert back is not None
    assert back["z"].dtype == array.dtype
    assert back["z"].tobytes() == array.tobytes()


def test_no_code_is_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", z=np.array([{"a": 1}], dtype=object))
    assert decode((tmp_path / "a.npz").read_bytes(), "npz") is None


def test_nan_is_no_json() -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode({"x": float("nan")})


# --- keys ---


def test_a_key_depends_on_every_fact_and_the_unit() -> None:
    ours = contents()
    others = [contents(numbers={"b": 1.5 + 1e-15}), contents(more=1), Contents.of("hunt", ours.facts, UNITS)]
    keys = {one.key(unit) for one in (ours, *others) for unit in UNITS}
    assert len(keys) == 4 * len(UNITS)
    assert contents().key("unit 0") == ours.key("unit 0")
    assert Contents.of("scan", dict(reversed(ours.facts.items())), UNITS).key("unit 0") == ours.key("unit 0")


# --- damage ---


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    before = filled(tmp_path / "k")
    assert found(tmp_path / "k") == before == {unit: answer(3, unit) for unit in UNITS}
    assert sorted(path.name for path in (tmp_path / "k").iterdir()) == [NAME, "results", "scan.json"]
    with sqlite3.connect(tmp_path / "k" / NAME) as index:
        rows = index.execute("SELECT unit, file, sha256, bytes FROM results").fetchall()
    assert {row[0] for row in rows} == set(UNITS)
    for _, file, digest, size in rows:
        path = tmp_path / "k" / "results" / file
        assert path.stat().st_size == size
        assert digest in file


def damages(whole: bytes) -> dict[str, bytes | None]:
    middle = len(whole) // 2
    flipped = {"bit": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]}
    return {"gone": None, "empty": b"", "cut": whole[:-1], "longer": whole + b" ", "text": b"nothing", **flipped}


@pytest.mark.parametrize("index", ["there", "gone"])
@pytest.mark.parametrize("how", list(damages(bytes(8))))
def test_a_damaged_result_is_not_there(tmp_path: Path, how: str, index: str) -> None:
    before = filled(tmp_path / "k")
    with closing(Folder.open(tmp_path / "k", contents())) as folder:
        row = folder.index.find(folder.contents.key("unit 2"))
    assert row is not None
    path = tmp_path / "k" / "results" / row.file
    damaged = damages(path.read_bytes())[how]
    path.unlink() if damaged is None else path.write_bytes(damaged)
    if index == "gone":
        (tmp_path / "k" / NAME).unlink()
    assert found(tmp_path / "k") == before | {"unit 2": None}
    with closing(Folder.open(tmp_path / "k", contents())) as folder:
        folder.save("unit 2", answer(3, "unit 2"))
    assert found(tmp_path / "k") == before


@pytest.mark.parametrize("where", [0, 20, 30, 100, 200, 4096, 4100, 4200, 5000])
def test_a_damaged_index_is_made_again(tmp_path: Path, where: int) -> None:
    before = filled(tmp_path / "k")
    path = tmp_path / "k" / NAME
    whole = path.read_bytes()
    path.write_bytes(whole[:where] + bytes(b ^ 0xA5 for b in whole[where : where + 300]) + whole[where + 300 :])
    assert found(tmp_path / "k") == before


@pytest.mark.parametrize("content", [None, b"", b"no database", bytes(5000)])
def test_an_index_that_is_none_is_made_again(tmp_path: Path, content: bytes | None) -> None:
    before = filled(tmp_path / "k")
    (tmp_path / "k" / NAME).unlink()
    if content is not None:
        (tmp_path / "k" / NAME).write_bytes(content)
    assert found(tmp_path / "k") == before


def test_an_index_that_tells_lies_is_not_believed(tmp_path: Path) -> None:
    """Rows of files that are not there, of other bytes, of a path outside the folder."""
    before = filled(tmp_path / "k")
    (tmp_path / "secret.json").write_text("{}")
    with closing(sqlite3.connect(tmp_path / "k" / NAME)) as index, index:
        keys = [row[0] for row in index.execute("SELECT key FROM results")]
        index.execute("UPDATE results SET file = '../../secret.json' WHERE key = ?", keys[:1])
        index.execute("UPDATE results SET sha256 = 'f' WHERE key = ?", keys[1:2])
        index.execute("DELETE FROM results WHERE key = ?", keys[2:3])
        index.execute("INSERT INTO results VALUES ('x', 'y', 'z', 'w', 'many')")
    assert found(tmp_path / "k") == before


@pytest.mark.parametrize("content", [None, b"", b"{", b"[1]", b'{"kind": 1, "facts": {}, "units": []}'])
def test_a_folder_that_does_not_say_what_it_is_for(tmp_path: Path, content: bytes | None) -> None:
    """Keys say it as well: what is of this scan is found, and the folder says so again."""
    before = filled(tmp_path / "k")
    about = tmp_path / "k" / "scan.json"
    about.unlink() if content is None else about.write_bytes(content)
    assert found(tmp_path / "k") == before
    assert json.loads(about.read_text())["units"] == list(UNITS)


def test_the_rest_of_a_run_that_was_killed(tmp_path: Path) -> None:
    """Drafts are no results, nor is a file of another name."""
    before = filled(tmp_path / "k")
    results = tmp_path / "k" / "results"
    (results / f".{next(results.iterdir()).name}.4711").write_bytes(b"half")
    (results / "notes.txt").write_text("mine")
    (tmp_path / "k" / ".scan.json.4711").write_bytes(b"{")
    (tmp_path / "k" / NAME).unlink()
    assert found(tmp_path / "k") == before


# --- other scans, other folders ---


def test_the_folder_of_another_scan(tmp_path: Path) -> None:
    filled(tmp_path / "k")
    for other, keys in ((contents(numbers={"b": 2}), "numbers"), (contents(x=1, search="c"), "search, x")):
        with pytest.raises(FolderError) as refused:
            Folder.open(tmp_path / "k", other)
        expected = f"{tmp_path / 'k' / 'scan.json'}: belongs to another scan: {keys} differ; use an empty folder"
        assert str(refused.value) == expected


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(FolderError, match="not empty, and not a folder of results"):
        Folder.open(tmp_path, contents())
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    with pytest.raises(FolderError, match="cannot be used: "):
        Folder.open(tmp_path / "thesis.tex", contents())
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "scan.json").write_text('{"points": []}')
    with pytest.raises(FolderError, match="not a folder of results"):
        Folder.open(tmp_path / "mine", contents())
    assert (tmp_path / "mine" / "scan.json").read_text() == '{"points": []}'


# --- a disk that is full, a folder that cannot be written ---


def refused_with(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def full(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.EDQUOT])
def test_a_disk_that_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    with closing(Folder.open(tmp_path / "k", contents())) as folder:
        folder.save("unit 0", answer(3, "unit 0"))
        with monkeypatch.context() as patch:
            refused_with(patch, number)
            with pytest.raises(FolderError) as refused:
                folder.save("unit 1", answer(3, "unit 1"))
        assert str(refused.value) == (
            f"{tmp_path / 'k'}: cannot be written: {os.strerror(number)}; what was stored before is safe"
        )
        assert folder.load("unit 0") == answer(3, "unit 0")
        assert folder.load("unit 1") is None
        folder.save("unit 1", answer(3, "unit 1"))
    assert [unit for unit, result in found(tmp_path / "k").items() if result is not None] == ["unit 0", "unit 1"]
    assert not [path for path in (tmp_path / "k" / "results").iterdir() if path.name.startswith(".")]


FULL = """
import sys
from pathlib import Path
from limits.store import Contents, Folder
folder = Folder.open(Path(sys.argv[1]), Contents.of("scan", {}, [str(i) for i in range(1000)]))
for i in range(1000):
    folder.save(str(i), {"text": "x" * 10000, "i": i})
"""


def run(program: str, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **options)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    disk = tmp_path / "disk"
    disk.mkdir()
    command = [str(mount), "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if os.geteuid() or not (mount and umount) or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk, and not in every container")
    yield disk
    subprocess.run([str(umount), str(disk)], check=True)


def test_a_small_disk(small_disk: Path) -> None:
    """Filled to the end by a real run: nothing that was stored is lost, and with room again it goes on."""
    done = run(FULL, small_disk / "k")
    assert done.returncode != 0
    assert "cannot be written: No space left on device; what was stored before is safe" in done.stderr
    everything = Contents.of("scan", {}, [str(i) for i in range(1000)])
    with closing(Folder.open(small_disk / "k", everything)) as folder:
        kept = [folder.load(unit) for unit in everything.units]
        count = sum(result is not None for result in kept)
        assert count > 50
        assert kept[:count] == [{"text": "x" * 10000, "i": i} for i in range(count)]
        subprocess.run(["mount", "-o", "remount,size=2m", str(small_disk)], check=True)
        folder.save(str(count), kept[0])
        assert folder.load(str(count)) == kept[0]


def test_a_limit_on_the_size_of_files(tmp_path: Path) -> None:
    """The system refuses the third result."""

    def little() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    program = FULL.replace('"x" * 10000', '"x" * (30000 * i)').replace("import sys", "import signal, sys", 1)
    program = program.replace("folder =", "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nfolder =")
    done = run(program, tmp_path / "k", preexec_fn=little)
    assert "cannot be written: File too large; what was stored before is safe" in done.stderr
    with closing(Folder.open(tmp_path / "k", Contents.of("scan", {}, [str(i) for i in range(1000)]))) as folder:
        assert [folder.load(str(i)) is not None for i in range(4)] == [True, True, False, False]


def test_a_folder_that_cannot_be_written_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = filled(tmp_path / "k")
    (tmp_path / "k" / NAME).unlink()

    def refused(*_: Any, **__: Any) -> None:
        raise sqlite3.OperationalError("attempt to write a readonly database")

    opened = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda path, **o: opened(path, **o) if path.name == ":memory:" else refused()
    )
    refused_with(monkeypatch, errno.EROFS)
    assert found(tmp_path / "k") == before


# --- two runs at once ---


def test_two_runs_on_one_folder(tmp_path: Path) -> None:
    """Many at once, all units of each: every result is whole, and there once."""
    program = """
import sys
from pathlib import Path
from limits.store import Contents, Folder
folder = Folder.open(Path(sys.argv[1]), Contents.of("scan", {}, [str(i) for i in range(60)]))
for i in range(60):
    if folder.load(str(i)) is None:
        folder.save(str(i), {"i": i})
assert [folder.load(str(i)) for i in range(60)] == [{"i": i} for i in range(60)]
"""
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: run(program, tmp_path / "k"), range(4)))
    assert [done.stderr for done in runs] == [""] * 4
    assert len(list((tmp_path / "k" / "results").iterdir())) == 60


def test_what_another_run_has_stored_meanwhile_is_used(tmp_path: Path) -> None:
    with (
        closing(Folder.open(tmp_path / "k", contents())) as one,
        closing(Folder.open(tmp_path / "k", contents())) as two,
    ):
        calls: list[str] = []

        def function(common: float, unit: str) -> dict[str, Any]:
            calls.append(unit)
            two.save("unit 4", answer(common, "unit 4"))
            return answer(common, unit)

        fill(one, Work(), UNITS, function, 3.0)
        assert calls == ["unit 0", "unit 1", "unit 2", "unit 3", "unit 5"]
        two.save("unit 0", {"other": 1})
        assert two.load("unit 0") == one.load("unit 0") == answer(3.0, "unit 0"), "the first one stays"


# --- filling ---


def test_a_result_that_is_not_good_is_done_again(tmp_path: Path) -> None:
    with closing(Folder.open(tmp_path / "k", contents())) as folder:
        folder.save("unit 1", {"old": 1})
        fill(folder, Work(), UNITS, answer, 3.0, good=lambda unit, result: "unit" in result)
        assert folder.load("unit 1") == answer(3.0, "unit 1")


def test_every_unit_is_told_once() -> None:
    told: list[str] = []
    store = Memory({"unit 3": answer(1, "unit 3")})
    fill(store, Work(), UNITS, answer, 2.0, done=told.append)
    assert sorted(told) == list(UNITS)
    assert store.load("unit 3") == answer(1, "unit 3")


def test_shards_are_all_of_it(tmp_path: Path) -> None:
    filled(tmp_path / "whole")
    for i in (1, 2, 3, 4):
        work = Work(folder=tmp_path / str(i), shard=(i, 4))
        with work.store(contents()) as store, pytest.raises(Unfinished) as stop:
            fill(store, work, UNITS, answer, 3)
        size = len(UNITS[i - 1 :: 4])
        assert str(stop.value) == f"{tmp_path / str(i)}: shard {i}/4 is done; {size} of 6 units are there"
    first = merge([tmp_path / "1", tmp_path / "3"], tmp_path / "all")
    assert (first.total, first.added, first.missing) == (6, 3, ("unit 1", "unit 3", "unit 5"))
    rest = merge([tmp_path / str(i) for i in (1, 2, 3, 4)], tmp_path / "all")
    assert (rest.total, rest.added, rest.missing) == (6, 3, ())
    whole, merged = (
        {path.name: path.read_bytes() for path in (tmp_path / name / "results").iterdir()} for name in ("whole", "all")
    )
    assert whole == merged


def test_shards_into_one_folder(tmp_path: Path) -> None:
    for i in (1, 2):
        work = Work(folder=tmp_path / "k", shard=(i, 2))
        with work.store(contents()) as store:
            if i == 1:
                with pytest.raises(Unfinished):
                    fill(store, work, UNITS, answer, 3)
            else:
                fill(store, work, UNITS, answer, 3)  # the last one finds all of it
    assert None not in found(tmp_path / "k").values()


@pytest.mark.parametrize(("shard", "words"), [((0, 2), "1 ≤ I ≤ N"), ((3, 2), "1 ≤ I ≤ N"), ((1, 2), "needs a folder")])
def test_a_shard_that_cannot_be(shard: tuple[int, int], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Work(shard=shard)


def test_merging_what_does_not_belong_together(tmp_path: Path) -> None:
    filled(tmp_path / "a")
    Folder.open(tmp_path / "b", contents(seed=2)).close()
    with pytest.raises(FolderError, match=r"b: not of the same scan as .*a: seed differ"):
        merge([tmp_path / "a", tmp_path / "b"], tmp_path / "c")
    assert not (tmp_path / "c").exists()
    with pytest.raises(FolderError, match="no folder of results"):
        merge([tmp_path], tmp_path / "c")


def test_damaged_results_are_not_merged(tmp_path: Path) -> None:
    filled(tmp_path / "a")
    for path in sorted((tmp_path / "a" / "results").iterdir())[:2]:
        path.write_bytes(b"{}")
    assert len(merge([tmp_path / "a"], tmp_path / "b").missing) == 2


def test_what_is_interrupted_in_memory_can_be_rescued(tmp_path: Path) -> None:
    def stop(common: float, unit: str) -> dict[str, Any]:
        if unit == "unit 3":
            raise KeyboardInterrupt
        return answer(common, unit)

    rescue = Rescue(tmp_path / "k")
    with Work(rescue=rescue).within("whole").store(contents()) as store:
        fill(store, Work(), UNITS, answer, 3)
    with pytest.raises(KeyboardInterrupt), Work(rescue=rescue).within("part").store(contents()) as store:
        fill(store, Work(), UNITS, stop, 3)
    assert rescue.write()
    assert [result is not None for result in found(tmp_path / "k" / "whole").values()] == [True] * 6
    assert [result is not None for result in found(tmp_path / "k" / "part").values()] == [True] * 3 + [False] * 3
    nothing = Rescue(tmp_path / "none")
    with Work(rescue=nothing).store(contents()):
        pass
    assert not nothing.write()
    assert not (tmp_path / "none").exists(), "nothing was done"


def test_processes_fill_a_folder(tmp_path: Path) -> None:
    with executor("processes", 2) as team:
        work = Work(team, tmp_path / "k")
        with work.store(contents()) as store:
            fill(store, work, UNITS, max, "zzz")
            assert [store.load(unit) for unit in UNITS] == ["zzz"] * 6
