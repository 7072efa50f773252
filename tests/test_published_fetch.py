"""HEPData records from a server on this machine that speaks its JSON, well or badly."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from limits.cli import main
from limits.errors import InputError
from limits.published import fetching, read_table, understood
from limits.published.fetching import fetch
from limits.search import load, names

DOI = "10.17182/hepdata.143251"
RECORD = "/record/143251?format=json"
TABLE = yaml.safe_dump(
    {
        "independent_variables": [
            {"header": {"name": "Mass", "units": "MeV"}, "values": [{"value": 10}, {"value": 20}]}
        ],
        "dependent_variables": [{"header": {"name": "Observed limit"}, "values": [{"value": 1e-5}, {"value": 2e-5}]}],
    }
)


class Server(ThreadingHTTPServer):
    """Answers what it is told to: a path has a status, headers and a body."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def put(self, path: str, body: str | bytes, status: int = 200, **headers: str) -> None:
        self.pages[path] = (status, headers, body.encode() if isinstance(body, str) else body)

    def record(self, *tables: Any, **more: Any) -> None:
        self.put(RECORD, json.dumps({"data_tables": list(tables), "version": 2, **more}))


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["User-Agent"]))
        status, headers, body = self.server.pages.get(self.path, (404, {}, b"nothing here"))
        self.send_response(status)
        for key, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    with Server() as found:
        found.put("/t/1", TABLE)
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def table(name: Any, url: Any = "/t/1", **more: Any) -> dict[str, Any]:
    return {"name": name, "data": {"yaml": url, "csv": "https://elsewhere.example/t.csv"}, **more}


def run(*args: object) -> Result:
    return CliRunner(env={"COLUMNS": None}).invoke(main, [str(arg) for arg in args])


def test_a_record_is_written_and_can_be_imported(server: Server, tmp_path: Path) -> None:
    server.record(table("Table 1", f"{server.url}/t/1", doi="10.17182/hepdata.143251.v2/t1"), table("Table 2"))
    done = run("published", "fetch", "faser-aprime", "--server", server.url, "--output", tmp_path / "new" / "dir")
    assert done.exit_code == 0, done.stderr
    folder = tmp_path / "new" / "dir"
    assert sorted(path.name for path in folder.iterdir()) == [
        "01-Table-1.yaml",
        "02-Table-2.yaml",
        "record.json",
        "submission.yaml",
    ]
    found = understood(read_table(folder / "submission.yaml", "Table 1"))
    assert (found.table, found.doi, found.rows) == ("Table 1", "10.17182/hepdata.143251.v2/t1", 2)
    assert f"limits published import {folder}/submission.yaml --table 1" in done.stdout
    assert {agent for _, agent in server.asked} == {"darksector-limits (python urllib)"}
    assert server.asked[0][0] == RECORD


def test_names_of_the_server_are_no_paths(server: Server, tmp_path: Path) -> None:
    hostile = [
        "../../etc/passwd",
        "/abs",
        "..",
        "",
        "a\0b\n",
        "CON",
        "é" * 300,
        "x" * 500,
        "--help",
        7,
        None,
        "Same",
        "same",
    ]
    server.record(*(table(name) for name in hostile))
    found = fetch(DOI, tmp_path / "in", server.url)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    assert len(list((tmp_path / "in").iterdir())) == len(hostile) + 2
    for path in found.table_files:
        assert path.parent == tmp_path / "in"
        assert len(path.name) < 80
        assert path.name.isascii()
    documents = list(yaml.safe_load_all((tmp_path / "in" / "submission.yaml").read_text()))
    assert documents[-1]["data_file"] == "13-same.yaml"
    assert read_table(tmp_path / "in" / "submission.yaml", "13").name == "same"


@pytest.mark.parametrize(
    "address",
    [
        "http://elsewhere.example/t/1",
        "https://127.0.0.1/t/1",
        "//elsewhere.example/t/1",
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "http://user@127.0.0.1/t/1",
        "http://[::1",
        "/t/\n1",
        "/t/ü",
    ],
)
def test_tables_come_from_the_same_server_only(server: Server, tmp_path: Path, address: str) -> None:
    server.record(table("one", address))
    with pytest.raises(InputError, match=r"not on the same server|answers 404"):
        fetch(DOI, tmp_path / "in", server.url)
    assert not (tmp_path / "in").exists()


def test_a_redirect_stays_on_the_server(server: Server, tmp_path: Path) -> None:
    server.record(table("one", "/moved"))
    server.put("/moved", "", 302, Location="/t/1")
    assert fetch(DOI, tmp_path / "in", server.url).tables == ("one",)
    with Server() as other:
        for place in (f"{other.url}/t/1", "file:///etc/passwd", "https://127.0.0.1/t/1"):
            server.put("/moved", "", 302, Location=place)
            with pytest.raises(InputError, match=r"sends to another host|answers 302"):
                fetch(DOI, tmp_path / "other", server.url)
    server.put("/moved", "", 302, Location="/moved")
    with pytest.raises(InputError, match="answers 302"):
        fetch(DOI, tmp_path / "other", server.url)
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("", "the answer is not JSON"),
        ("<html>sorry</html>", "the answer is not JSON"),
        ('{"data_tables": [{"name": "x"', "the answer is not JSON"),
        ("[" * 100_000, "the answer is not JSON"),
        (b"\xff\xfe\x00", "the answer is not JSON"),
        ("[1]", "not a record"),
        ("{}", "must be a list of 1 to 500 tables"),
        ('{"data_tables": []}', "must be a list of 1 to 500 tables"),
        ('{"data_tables": ' + json.dumps([{}] * 501) + "}", "must be a list of 1 to 500 tables"),
        ('{"data_tables": [3]}', r"data_tables\[0\]: must have a name and data"),
        ('{"data_tables": [{"name": "x", "data": {"csv": "/t/1"}}]}', "must have the URL of yaml or json"),
        ('{"data_tables": [{"name": "x", "data": {"yaml": "/none"}}]}', "the server answers 404"),
        ('{"data_tables": [{"name": "x", "data": {"yaml": "/html"}}]}', "no HEPData table in yaml: '<html>"),
    ],
)
def test_bad_answers_are_one_line_and_no_file(
    server: Server, tmp_path: Path, body: str | bytes, complaint: str
) -> None:
    server.put(RECORD, body)
    server.put("/html", "<html>sorry</html>")
    with pytest.raises(InputError, match=complaint) as caught:
        fetch(DOI, tmp_path / "in", server.url)
    assert str(caught.value).isprintable()
    assert not (tmp_path / "in").exists()


def test_sizes_are_bounded(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.record(table("one", "/large"))
    server.put("/large", TABLE + "#" * 100_000)
    monkeypatch.setattr(fetching, "LARGEST", 50_000)
    with pytest.raises(InputError, match="/large: larger than"):
        fetch(DOI, tmp_path / "in", server.url)
    monkeypatch.setattr(fetching, "LARGEST", 200_000)
    monkeypatch.setattr(fetching, "LARGEST_RECORD", 50_000)
    with pytest.raises(InputError, match="MB together"):
        fetch(DOI, tmp_path / "in", server.url)
    monkeypatch.setattr(fetching, "LARGEST_RECORD", 500_000)
    monkeypatch.setattr(fetching, "FILE_SECONDS", -1.0)
    with pytest.raises(InputError, match="not there after"):
        fetch(DOI, tmp_path / "in", server.url)
    assert not (tmp_path / "in").exists()


def test_headers_that_never_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then is within the time of a socket, for ever."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(fetching, "FILE_SECONDS", 0.3)
    done = threading.Event()

    def drip(listening: socket.socket) -> None:
        with listening.accept()[0] as one, contextlib.suppress(OSError):
            one.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while not done.wait(0.05):
                one.sendall(b"y")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        with pytest.raises(InputError, match=r"not there after 0\.3 seconds"):
            fetch(DOI, tmp_path / "x", f"http://127.0.0.1:{listening.getsockname()[1]}")
        done.set()
        thread.join()


def test_an_answer_that_is_cut_short(server: Server, tmp_path: Path) -> None:
    server.record(table("one", "/short"))
    server.put("/short", TABLE, Content_Length=str(len(TABLE) + 10), Connection="close")
    with pytest.raises(InputError, match="cut short"):
        fetch(DOI, tmp_path / "in", server.url)


def test_an_error_of_the_server(server: Server, tmp_path: Path) -> None:
    done = run("published", "fetch", "faser-aprime", "--server", server.url, "--output", tmp_path / "in")
    assert done.exit_code == 1
    assert done.stderr == f"error: {server.url}{RECORD}: the server answers 404 Not Found\n"
    assert not (tmp_path / "in").exists()


def test_a_folder_that_cannot_be_written(server: Server, tmp_path: Path) -> None:
    server.record(table("one"))
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written: Not a directory"):
        fetch(DOI, tmp_path / "file" / "in", server.url)
    (tmp_path / "in" / "submission.yaml").mkdir(parents=True)
    with pytest.raises(InputError, match="cannot be written"):
        fetch(DOI, tmp_path / "in", server.url)
    assert [path.name for path in (tmp_path / "in").iterdir() if path.name.startswith(".")] == []


def test_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    done = run("published", "fetch", "faser-aprime", "--server", "http://127.0.0.1:9", "--output", tmp_path / "in")
    assert done.exit_code == 1
    assert done.stderr == f"error: http://127.0.0.1:9{RECORD}: cannot be reached: Connection refused\n"


@pytest.mark.parametrize(
    "server",
    [
        "",
        "hepdata.net",
        "file:///etc",
        "ftp://x",
        "http://",
        "http://a@b",
        "http://a:b",
        "http://a b",
        "http://a?x",
        "http://é",
    ],
)
def test_a_server_is_a_url(server: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--server .*must be a URL"):
        fetch(DOI, tmp_path, server)


def test_only_dois_of_hepdata(tmp_path: Path) -> None:
    for doi in ("10.1000/hepdata.1", "10.17182/hepdata.1/../../x", "", "10.17182/hepdata.1\n"):
        with pytest.raises(InputError, match="no DOI of HEPData"):
            fetch(doi, tmp_path, "http://127.0.0.1:9")


def test_searches_with_a_record() -> None:
    records = {name: load(name).reference.hepdata for name in names()}
    assert records["faser-aprime"] == "10.17182/hepdata.143251"
    assert records["faser-alp"] == "10.17182/hepdata.156823"
    done = run("published", "fetch", "na64mu-zprime")
    assert done.exit_code == 1
    assert "no HEPData record is known; searches that have one: " in done.stderr
    assert "faser-alp" in done.stderr
