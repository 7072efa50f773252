"""Files of events: what is written comes back bit for bit, and what cannot be used is refused in one line."""

from __future__ import annotations

import hashlib
import io
import re
import sys
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from limits.errors import InputError, MissingExtra
from limits.formats import columns
from limits.formats.events import Events, read_events

SPAN = (0.16, 2.9)
FORMS = (".csv", ".npz", ".parquet", ".root")
Columns = Mapping[str, NDArray[Any]]


def sample(size: int = 200) -> dict[str, NDArray[Any]]:
    rng = np.random.default_rng(7)
    return {
        "n": np.arange(size),
        "mass": rng.uniform(0.1, 3.0, size),
        "score": rng.normal(size=size).astype(np.float32),
    }


def write_csv(path: Path, columns: Columns) -> None:
    rows = zip(*(values.tolist() for values in columns.values()), strict=True)
    path.write_text(
        "\n".join([",".join(columns), *(",".join(map(repr, row)) for row in rows)]) + "\n", encoding="utf-8"
    )


def write_npz(path: Path, columns: Columns) -> None:
    np.savez(path, **columns)  # type: ignore[arg-type]  # a name could be that of an option


def write_parquet(path: Path, columns: Mapping[str, Any], **options: Any) -> None:
    pa = pytest.importorskip("pyarrow", reason="Parquet needs pyarrow, of the extra data")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pa.table(dict(columns)), path, **options)


def write_root(path: Path, columns: Columns) -> None:
    write_trees(path, {"Events": columns})


def write_trees(path: Path, trees: Mapping[str, Mapping[str, Any]], make: str = "mktree") -> None:
    """Branches are flat arrays, or awkward arrays of lists."""
    uproot = pytest.importorskip("uproot", reason="ROOT needs uproot, of the extra data")
    with uproot.recreate(path) as file:
        for name, columns in trees.items():
            kinds = {k: v.dtype if isinstance(v, np.ndarray) else "var * float64" for k, v in columns.items()}
            if make == "mktree":
                file.mktree(name, kinds).extend(dict(columns))
            else:
                file.mkrntuple(name, dict(columns))


WRITERS: dict[str, Callable[[Path, Columns], None]] = {
    ".csv": write_csv,
    ".txt": write_csv,
    ".npz": write_npz,
    ".parquet": write_parquet,
    ".root": write_root,
}


def read(path: Path, *wanted: str, span: tuple[float, float] = SPAN, tree: str | None = None) -> Events:
    return read_events(path, wanted or ("mass",), span=span, tree=tree)


def refused(path: Path, *wanted: str, span: tuple[float, float] = SPAN, tree: str | None = None) -> str:
    """The message of the refusal, which is one line and names the file."""
    with pytest.raises(InputError) as caught:
        read(path, *wanted, span=span, tree=tree)
    message = str(caught.value)
    assert message.isprintable()
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


@pytest.fixture(params=list(WRITERS))
def suffix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# ── what is written comes back ───────────────────────────────────────────────────────────────────────────────────────────────


def test_every_format_gives_the_same_numbers(tmp_path: Path, suffix: str) -> None:
    columns, path = sample(), tmp_path / f"pairs{suffix}"
    WRITERS[suffix](path, columns)
    events = read(path, "mass", "score", "n")
    assert list(events.columns) == ["mass", "score", "n"]
    for name, values in events.columns.items():
        assert values.dtype == np.float64
        np.testing.assert_array_equal(values, columns[name].astype(np.float64))
    assert events.rows == 200
    assert events.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    form = {".npz": "NPZ", ".parquet": "Parquet", ".root": "ROOT, tree Events"}.get(suffix, "CSV")
    assert events.source == f"pairs{suffix}, {form}"


def test_only_the_wanted_columns_are_there(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"pairs{suffix}"
    WRITERS[suffix](path, sample())
    assert set(read(path).columns) == {"mass"}


def test_the_suffix_may_be_in_capitals(tmp_path: Path) -> None:
    write_csv(tmp_path / "PAIRS.CSV", sample())
    assert read(tmp_path / "PAIRS.CSV").rows == 200


finite = st.floats(min_value=SPAN[0], max_value=SPAN[1])
score = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize("suffix", [".csv", ".npz"])
@given(pairs=st.lists(st.tuples(finite, score), min_size=1, max_size=50))
def test_any_finite_number_comes_back(suffix: str, pairs: list[tuple[float, float]]) -> None:
    mass, other = np.array(pairs, dtype=np.float64).T
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"pairs{suffix}"
        WRITERS[suffix](path, {"mass": mass, "score": other})
        events = read(path, "mass", "score")
    assert events.columns["mass"].tobytes() == mass.tobytes()
    assert events.columns["score"].tobytes() == other.tobytes()
    assert events.rows == len(pairs)


def test_csv_with_comments_blanks_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_bytes(
        b"\xef\xbb\xbf# made by hand\r\n\r\n mass , tag\r\n# more\r\n 0.5, muon\r\n\r\n1e0 ,kaon # odd\r\n"
    )
    np.testing.assert_array_equal(read(path).columns["mass"], [0.5, 1.0])


def test_numbers_of_other_machines_and_widths(tmp_path: Path) -> None:
    path = tmp_path / "pairs.npz"
    np.savez_compressed(path, mass=np.array([0.5, 1.0], dtype=">f4"), n=np.array([1, 255], dtype=np.uint8))
    events = read(path, "mass", "n")
    np.testing.assert_array_equal(events.columns["mass"], [0.5, 1.0])
    np.testing.assert_array_equal(events.columns["n"], [1, 255])
    assert events.columns["mass"].dtype.isnative


# ── rows that hold lists ─────────────────────────────────────────────────────────────────────────────────────────────────────

LISTS = [[0.3, 0.5, 1.5], [], [2.0], [0.2, 0.25]]
OTHER = [[1.0, 2.0, 3.0], [], [4.0], [5.0, 6.0]]
FLAT = [0.3, 0.5, 1.5, 2.0, 0.2, 0.25]


@pytest.mark.parametrize("make", ["mktree", "mkrntuple"])
def test_lists_of_a_root_branch_are_flattened(tmp_path: Path, make: str) -> None:
    awkward = pytest.importorskip("awkward", reason="comes with uproot, of the extra data")
    path = tmp_path / "pairs.root"
    columns = {"mass": awkward.Array(LISTS), "score": awkward.Array(OTHER)}
    write_trees(path, {"Events": columns}, make)
    events = read(path, "mass", "score")
    np.testing.assert_array_equal(events.columns["mass"], FLAT)
    np.testing.assert_array_equal(events.columns["score"], [1, 2, 3, 4, 5, 6])
    assert events.rows == 4


def test_lists_of_one_length_are_flattened(tmp_path: Path) -> None:
    uproot = pytest.importorskip("uproot", reason="ROOT needs uproot, of the extra data")
    with uproot.recreate(tmp_path / "pairs.root") as file:
        file.mktree("T", {"mass": ("f8", (3,))}).extend({"mass": np.array([[0.3, 0.5, 1.5], [2.0, 0.2, 0.25]])})
    events = read(tmp_path / "pairs.root")
    np.testing.assert_array_equal(events.columns["mass"], FLAT)
    assert events.rows == 2


@pytest.mark.parametrize("kind", ["list_", "large_list"])
def test_lists_of_a_parquet_column_are_flattened(tmp_path: Path, kind: str) -> None:
    pa = pytest.importorskip("pyarrow", reason="Parquet needs pyarrow, of the extra data")
    path, of = tmp_path / "pairs.parquet", getattr(pa, kind)(pa.float64())
    # Groups of three rows: the column comes back in pieces.
    write_parquet(path, {"mass": pa.array(LISTS, of), "score": pa.array(OTHER, of)}, row_group_size=3)
    events = read(path, "mass", "score")
    np.testing.assert_array_equal(events.columns["mass"], FLAT)
    np.testing.assert_array_equal(events.columns["score"], [1, 2, 3, 4, 5, 6])
    assert events.rows == 4


def test_lists_of_fixed_length_in_parquet_are_flattened(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="Parquet needs pyarrow, of the extra data")
    pairs = pa.array([[0.3, 0.5], [1.5, 2.0]], pa.list_(pa.float64(), 2))
    write_parquet(tmp_path / "pairs.parquet", {"mass": pairs})
    np.testing.assert_array_equal(read(tmp_path / "pairs.parquet").columns["mass"], [0.3, 0.5, 1.5, 2.0])


def test_as_many_values_in_other_rows_are_not_the_same_events(tmp_path: Path) -> None:
    write_parquet(tmp_path / "pairs.parquet", {"mass": LISTS, "score": [[1.0, 2.0], [3.0], [4.0], [5.0, 6.0]]})
    message = refused(tmp_path / "pairs.parquet", "mass", "score")
    assert message == "column score: has 2 values in row 1, but mass has 3"


def test_one_value_beside_a_list_is_not_repeated(tmp_path: Path) -> None:
    awkward = pytest.importorskip("awkward", reason="comes with uproot, of the extra data")
    write_trees(tmp_path / "pairs.root", {"T": {"mass": awkward.Array(LISTS), "met": np.ones(4)}})
    assert refused(tmp_path / "pairs.root", "mass", "met") == "column met: has 1 values in row 1, but mass has 3"


def test_the_row_of_a_bad_value_in_a_list(tmp_path: Path) -> None:
    write_parquet(tmp_path / "pairs.parquet", {"mass": [[0.3, 0.5], [], [1.0, -0.25, float("nan")]]})
    assert "1 of 5 values (the first in row 3: nan)" in refused(tmp_path / "pairs.parquet")
    write_parquet(tmp_path / "pairs.parquet", {"mass": [[0.3, 0.5], [], [1.0, -0.25]]})
    assert "1 of 4 values (the first in row 3: -0.25)" in refused(tmp_path / "pairs.parquet")


def test_rows_without_any_value(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="Parquet needs pyarrow, of the extra data")
    write_parquet(tmp_path / "pairs.parquet", {"mass": pa.array([[], []], pa.list_(pa.float64()))})
    assert refused(tmp_path / "pairs.parquet") == "column mass: has no values in 2 rows"


# ── trees ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_tree_in_a_folder_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "pairs.root"
    write_trees(path, {"Events": sample(), "run/Dimuons": sample(5)})
    assert refused(path) == "tree: the file has 2 trees: say which; known: Events, run/Dimuons"
    assert refused(path, tree="Muons") == "tree: got 'Muons': no such tree; known: Events, run/Dimuons"
    events = read(path, tree="run/Dimuons")
    assert (events.rows, events.source) == (5, "pairs.root, ROOT, tree run/Dimuons")


def test_a_file_without_a_tree(tmp_path: Path) -> None:
    uproot = pytest.importorskip("uproot", reason="ROOT needs uproot, of the extra data")
    with uproot.recreate(tmp_path / "pairs.root") as file:
        file["h"] = np.histogram([1.0, 2.0])
    assert refused(tmp_path / "pairs.root") == "tree: the file has none; known: none"
    assert refused(tmp_path / "pairs.root", tree="h") == "tree: got 'h': no such tree; known: none"


def test_a_tree_of_another_format(tmp_path: Path) -> None:
    write_csv(tmp_path / "pairs.csv", sample())
    assert refused(tmp_path / "pairs.csv", tree="Events") == "tree: got 'Events': only a .root file has trees"


def test_a_column_is_a_name_and_not_an_expression(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"pairs{suffix}"
    WRITERS[suffix](path, sample())
    assert refused(path, "mass*1") == "column mass*1: no such column; known: n, mass, score"


def test_a_colon_in_the_name_of_a_file_is_a_colon(tmp_path: Path) -> None:
    write_root(tmp_path / "a.root", sample())
    odd = (tmp_path / "a.root").rename(tmp_path / "file:b.root:c.root")
    assert read(odd).rows == 200


# ── files that are not what they seem ────────────────────────────────────────────────────────────────────────────────────────


def test_unknown_suffix(tmp_path: Path) -> None:
    known = "known: .csv, .txt, .npz, .parquet, .root"
    assert refused(tmp_path / "pairs.h5") == f"suffix: got '.h5': not a format of events; {known}"
    assert refused(tmp_path / "pairs") == f"suffix: got '': not a format of events; {known}"


def test_no_file(tmp_path: Path, suffix: str) -> None:
    assert refused(tmp_path / f"none{suffix}") == "file: cannot be read: No such file or directory"


def test_a_folder(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"folder{suffix}").mkdir()
    assert refused(tmp_path / f"folder{suffix}") == "file: cannot be read: not a file"


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    write_csv(tmp_path / "pairs.csv", sample())
    monkeypatch.setattr(Path, "open", denied)
    assert refused(tmp_path / "pairs.csv") == "file: cannot be read: Permission denied"


def require(suffix: str) -> None:
    """Skip where the package of a format is not installed."""
    if package := {".parquet": "pyarrow", ".root": "uproot"}.get(suffix):
        pytest.importorskip(package, reason=f"{suffix} needs {package}, of the extra data")


BINARY = [".npz", ".parquet", ".root"]


@pytest.mark.parametrize(
    "content", [b"", b"mass\n0.5\n", bytes(500), b"PK\x03\x04" * 9, b"PAR1" * 9, b"root" + bytes(300)]
)
@pytest.mark.parametrize("form", BINARY)
def test_another_format_under_this_suffix(tmp_path: Path, form: str, content: bytes) -> None:
    require(form)
    path = tmp_path / f"pairs{form}"
    path.write_bytes(content)
    message = refused(path)
    assert f"cannot be read as {form[1:].upper()}: " in message or message == "tree: the file has none; known: none"
    assert len(message) < 300


@pytest.mark.parametrize("form", BINARY)
def test_a_file_that_was_cut_or_changed_on_its_way(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"pairs{form}"
    WRITERS[form](path, sample(1000))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 3])
    refused(path)
    for start in range(0, len(whole), 97):
        path.write_bytes(whole[:start] + bytes(b ^ 0xA5 for b in whole[start : start + 40]) + whole[start + 40 :])
        with suppress(InputError):  # and nothing else; a changed value that is still in range cannot be seen
            assert len(read(path, "mass", "score").columns["mass"])


def test_text_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_bytes(b"mass\n0.5\n\xff\xfe\n")
    assert refused(path).startswith("file: cannot be read as CSV: UnicodeDecodeError")
    path.write_bytes(b"mass\n" + b"0.5\n" * 100_000 + b"\xff\n")
    assert refused(path).startswith("file: cannot be read as CSV: UnicodeDecodeError")


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "sprung",)

    path = tmp_path / "pairs.npz"
    np.savez(path, mass=np.array([Trap()], dtype=object), score=np.ones(1))
    assert refused(path) == "column mass: is of type object (Python objects are never unpickled): must be numbers"
    with path.open("wb") as handle:
        np.save(handle, np.array([Trap()], dtype=object))
    assert "cannot be read as NPZ: not an archive of arrays" in refused(path)
    assert not (tmp_path / "sprung").exists()


def test_an_archive_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "pairs.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mass", "0.5")
        archive.writestr("../../score.npy", "0.5")
    assert refused(path) == "column mass: is of type bytes: must be numbers"
    assert refused(path, "mas") == "column mas: no such column; known: mass, ../../score"
    assert refused(path, "../../score").startswith(("column ../../score: is of type", "file: cannot be read as NPZ"))


def test_an_array_that_claims_to_fill_the_memory(tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**16,)})
    with zipfile.ZipFile(tmp_path / "pairs.npz", "w") as archive:
        archive.writestr("mass.npy", header.getvalue())
    assert refused(tmp_path / "pairs.npz").startswith("file: cannot be read as NPZ: ")


def test_small_files_that_unpack_to_very_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused before they are unpacked: what is said about their size is enough."""
    monkeypatch.setattr(columns, "MOST", 1100)  # what a header takes is counted
    for form in BINARY:
        require(form)
        path = tmp_path / f"pairs{form}"
        WRITERS[form](path, sample(1200))
        assert "numbers: up to 1100 are read" in refused(path)
        WRITERS[form](path, sample(1000))
        assert len(read(path).columns["mass"])
    write_parquet(tmp_path / "lists.parquet", {"mass": [[0.5] * 600, [0.5] * 600]})
    assert "unpacks to 1200 numbers" in refused(tmp_path / "lists.parquet")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole")
    for form in FORMS:
        WRITERS[form](folder / f"pairs{form}", sample(50))
    return {form: (folder / f"pairs{form}").read_bytes() for form in FORMS}


@settings(max_examples=200)
@given(data=st.data(), form=st.sampled_from(FORMS))
def test_any_bytes_in_any_place(whole: dict[str, bytes], data: st.DataObject, form: str) -> None:
    """Events, or one line that says what is wrong; no other exception, and no time without end."""
    content = whole[form]
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        more = data.draw(st.binary(max_size=12))
        content = content[:start] + more + content[start + data.draw(st.integers(0, 20)) :]
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"pairs{form}"
        path.write_bytes(content)
        message = f"{path}: "
        try:
            assert len(read(path, "mass", "score").columns["mass"])
        except InputError as error:
            message = str(error)
        assert message.isprintable()
        assert message.startswith(f"{path}: ")


# ── columns and cells ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_such_column(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"pairs{suffix}"
    WRITERS[suffix](path, sample())
    assert refused(path, "mass", "nn") == "column nn: no such column; known: n, mass, score"


def test_a_list_of_very_many_columns_is_cut(tmp_path: Path) -> None:
    write_csv(tmp_path / "pairs.csv", {f"column{i}": np.ones(1) for i in range(2000)})
    assert len(refused(tmp_path / "pairs.csv")) < 1100


@pytest.mark.parametrize("wanted", [[], ["mass", "mass"]])
def test_columns_that_cannot_be_asked_for(tmp_path: Path, wanted: list[str]) -> None:
    write_csv(tmp_path / "pairs.csv", sample())
    with pytest.raises(InputError, match=r"columns: got .*: name one or more, each once"):
        read_events(tmp_path / "pairs.csv", wanted, span=SPAN)


@pytest.mark.parametrize("span", [(1.0, 1.0), (2.0, 1.0), (float("nan"), 1.0), (0.0, float("inf")), (-2.0, -1.0)])
def test_a_span_that_is_none(tmp_path: Path, span: tuple[float, float]) -> None:
    write_csv(tmp_path / "pairs.csv", sample())
    with pytest.raises(InputError, match=r"^span: got .* GeV: must be finite, rising, and end above 0$"):
        read(tmp_path / "pairs.csv", span=span)


def test_two_columns_of_one_name(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("mass,mass\n1,2\n")
    assert refused(tmp_path / "pairs.csv") == "column mass: 2 columns have this name; known: mass, mass"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "header: the file is empty: the first line must name the columns"),
        ("# mass\n", "header: the file is empty: the first line must name the columns"),
        ("# mass,score\n0.5,1\n", "header: got '0.5,1': the first line must name the columns"),
        ("mass,score\n", "column mass: has no rows"),
        ("mass,score\n0.5,1\n\n0.7\n", "line 4: got 1 cells, but the header has 2"),
        ("mass,score\n0.5,1,3\n", "line 2: got 3 cells, but the header has 2"),
        ("mass,score\n0.5,1\n# x\n0.5 GeV,2\n", "line 4, column mass: got '0.5 GeV': must be a number"),
        ("mass,score\n0.5,\n", "line 2, column score: got '': must be a number"),
        ("mass,score\n0.5,1\n1_0,1\n", "line 3, column mass: got '1_0': must be a number"),
        ("mass,score\n0.5,True\n", "line 2, column score: got 'True': must be a number"),
        ("mass,score\nNaN,x\n", "line 2, column score: got 'x': must be a number"),
        ("mass;score\n0.5;1\n", "column mass: no such column; known: mass;score"),
        ("mass,score\n1e400,1\n", "column mass: 1 of 1 values (the first in row 1: inf) are nan, inf or missing"),
    ],
)
def test_csv_that_cannot_be_used(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "pairs.csv").write_text(content)
    assert refused(tmp_path / "pairs.csv", "mass", "score") == message


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.array(["a", "b"]), "<U1"),
        (np.array([True, False]), "bool"),
        (np.array([1j, 2j]), "complex128"),
        (np.array(["2020-01-01"], dtype="M8[D]"), "datetime64[D]"),
        (np.zeros(2, dtype=[("m", "f8")]), "[('m', '<f8')]"),
    ],
)
def test_an_array_that_is_not_numeric(tmp_path: Path, values: NDArray[Any], kind: str) -> None:
    np.savez(tmp_path / "pairs.npz", mass=values)
    assert refused(tmp_path / "pairs.npz") == f"column mass: is of type {kind}: must be numbers"


@pytest.mark.parametrize("shape", [(), (3, 2)])
def test_an_array_that_is_no_column(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.savez(tmp_path / "pairs.npz", mass=np.ones(shape))
    assert refused(tmp_path / "pairs.npz") == f"column mass: has the shape {shape}: must be (N,), one number per event"


@pytest.mark.parametrize("values", [["a", "b"], [True, False], [[[1.0]], []], [["a"], []], [{"m": 1.0}, {"m": 2.0}]])
def test_a_parquet_column_that_is_not_numeric(tmp_path: Path, values: list[Any]) -> None:
    write_parquet(tmp_path / "pairs.parquet", {"mass": values})
    assert re.fullmatch(r"column mass: is of type .+: must be numbers", refused(tmp_path / "pairs.parquet"))


@pytest.mark.parametrize("make", ["mktree", "mkrntuple"])
def test_a_root_branch_that_is_not_numeric(tmp_path: Path, make: str) -> None:
    awkward = pytest.importorskip("awkward", reason="comes with uproot, of the extra data")
    write_trees(tmp_path / "pairs.root", {"T": {"mass": np.array([True, False])}}, make)
    assert refused(tmp_path / "pairs.root") == "column mass: is of type bool: must be numbers"
    if make == "mkrntuple":
        write_trees(tmp_path / "pairs.root", {"T": {"mass": awkward.Array(["a", "b"])}}, make)
        assert refused(tmp_path / "pairs.root") == "column mass: is of type std::string: must be numbers"
        write_trees(tmp_path / "pairs.root", {"T": {"mass": awkward.Array([[[1.0]], []])}}, make)
        assert "std::vector<std::vector<double>>: must be numbers" in refused(tmp_path / "pairs.root")


def test_a_root_branch_of_strings(tmp_path: Path) -> None:
    uproot = pytest.importorskip("uproot", reason="ROOT needs uproot, of the extra data")
    with uproot.recreate(tmp_path / "pairs.root") as file:
        file.mktree("T", {"mass": "string"}).extend({"mass": ["a", "bc"]})
    assert re.fullmatch(r"column mass: is of type .+: must be numbers", refused(tmp_path / "pairs.root"))


def test_columns_of_different_lengths(tmp_path: Path) -> None:
    np.savez(tmp_path / "pairs.npz", mass=np.ones(3), score=np.ones(2))
    assert refused(tmp_path / "pairs.npz", "mass", "score") == "column score: has 2 rows, but mass has 3"


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", ["mass", "score"])
def test_not_finite(tmp_path: Path, suffix: str, name: str, bad: float) -> None:
    columns, path = sample(50), tmp_path / f"pairs{suffix}"
    columns[name][[16, 30]] = bad
    WRITERS[suffix](path, columns)
    expected = f"column {name}: 2 of 50 values (the first in row 17: {bad:g}) are nan, inf or missing"
    assert refused(path, "mass", "score") == expected


def test_a_missing_value_in_parquet(tmp_path: Path) -> None:
    path = tmp_path / "pairs.parquet"
    for values in ([0.5, None, 1.0], [1, None, 2]):
        write_parquet(path, {"mass": values})
        assert refused(path) == "column mass: 1 of 3 values (the first in row 2: nan) are nan, inf or missing"
    write_parquet(path, {"mass": [[0.5], None, [1.0], None]})
    assert refused(path) == "column mass: 2 rows have no list (null), the first is row 2"


@pytest.mark.skipif(np.finfo(np.longdouble).max == np.finfo(np.float64).max, reason="long double is double here")
def test_a_number_too_large_for_a_double(tmp_path: Path) -> None:
    np.savez(tmp_path / "pairs.npz", mass=np.array(["0.5", "1e4000"], dtype=np.longdouble))
    assert "(the first in row 2: inf)" in refused(tmp_path / "pairs.npz")


def test_no_rows(tmp_path: Path, suffix: str) -> None:
    WRITERS[suffix](tmp_path / f"pairs{suffix}", {"mass": np.empty(0), "score": np.empty(0)})
    assert refused(tmp_path / f"pairs{suffix}") == "column mass: has no rows"


def test_negative_masses(tmp_path: Path) -> None:
    columns = sample(50)
    columns["mass"][[3, 7]] = -0.125, -999
    write_npz(tmp_path / "pairs.npz", columns)
    expected = "column mass: 2 of 50 values (the first in row 4: -0.125) are negative: masses must be 0 or more"
    assert refused(tmp_path / "pairs.npz") == expected


def test_zero_and_negative_scores_are_no_error(tmp_path: Path) -> None:
    np.savez(tmp_path / "pairs.npz", mass=np.array([0.0, -0.0, 0.5]), score=np.array([-1.0, -2.0, -3.0]))
    assert read(tmp_path / "pairs.npz", "mass", "score").rows == 3


def test_mass_in_mev(tmp_path: Path) -> None:
    np.savez(tmp_path / "pairs.npz", mass=np.linspace(246.0, 2800.0, 101))
    expected = "column mass: values look like MeV: median 1523 where 0.16…2.9 GeV is looked at; convert to GeV"
    assert refused(tmp_path / "pairs.npz") == expected
    mostly = np.concatenate([np.linspace(246.0, 2800.0, 995), np.full(5, 1.0), np.full(50, 90_000.0)])
    np.savez(tmp_path / "pairs.npz", mass=mostly)
    assert "values look like MeV" in refused(tmp_path / "pairs.npz")


def test_a_wide_spectrum_in_gev_is_not_mev(tmp_path: Path) -> None:
    """Half of the events between 200 and 2000 GeV, but some at low mass: a spectrum with a tail."""
    np.savez(tmp_path / "pairs.npz", mass=np.concatenate([np.linspace(0.2, 2.0, 40), np.linspace(200, 2000, 60)]))
    assert read(tmp_path / "pairs.npz").rows == 100


def test_no_event_where_the_search_looks(tmp_path: Path) -> None:
    np.savez(tmp_path / "pairs.npz", mass=np.array([4.5, 3.25, 9.75]))
    expected = "column mass: no mass in 0.16…2.9 GeV, where the search looks: the file has from 3.25 to 9.75"
    assert refused(tmp_path / "pairs.npz") == expected


def test_the_edges_are_inside(tmp_path: Path) -> None:
    np.savez(tmp_path / "pairs.npz", mass=np.array([SPAN[0], 50.0]))
    assert read(tmp_path / "pairs.npz").rows == 2
    np.savez(tmp_path / "pairs.npz", mass=np.array([SPAN[1], 50.0]))
    assert read(tmp_path / "pairs.npz").rows == 2


# ── packages ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("form", "package"), [(".parquet", "pyarrow"), (".root", "uproot")])
def test_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, package: str) -> None:
    (tmp_path / f"pairs{form}").write_bytes(b"")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf"need {package}: pip install 'darksector-limits\[data\]'"):
        read(tmp_path / f"pairs{form}")
