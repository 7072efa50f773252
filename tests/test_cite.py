"""`limits cite` and the keys that results carry: BibTeX that another parser reads, of everything that was used and nothing else."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from limits.citations import ENGINES, HISTFACTORY, HUNT, METHODS, RECALLED, TABLE, bibtex, catalogue, escaped, keys
from limits.cli import main
from limits.errors import UnknownName
from limits.inference import limit as engine
from limits.search import load, names


def parse(text: str) -> dict[str, dict[str, str]]:
    """Entries of a BibTeX file by key, with their type: braces are counted, a value is in braces or bare."""
    found: dict[str, dict[str, str]] = {}
    at = 0
    while (at := text.find("@", at)) >= 0:
        head = re.compile(r"@(\w+)\{([^\s,{}]+),").match(text, at)
        assert head is not None, text[at : at + 80]
        kind, key = head.groups()
        assert key not in found, key
        fields, at = {"ENTRYTYPE": kind}, head.end()
        while (field := re.compile(r"\s*(\w+)\s*=\s*").match(text, at)) is not None:
            at = field.end()
            value, at = _value(text, at)
            assert field[1] not in fields, (key, field[1])
            fields[field[1]] = value
            at += 1 if text[at] == "," else 0
        closing = re.compile(r"\s*\}").match(text, at)
        assert closing is not None, text[at : at + 80]
        found[key], at = fields, closing.end()
    return found


def _value(text: str, at: int) -> tuple[str, int]:
    if text[at] not in '{"':
        bare = re.compile(r"\w+").match(text, at)
        assert bare is not None
        return bare[0], bare.end()
    opened, depth, start = text[at], 0, at + 1
    while True:
        at += 1
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if (opened == "{" and depth < 0) or (opened == '"' and text[at] == '"' and depth == 0):
            return text[start:at], at + 1


def run(*args: object) -> Result:
    return CliRunner().invoke(main, [*map(str, args)])


def cited(*args: object) -> dict[str, dict[str, str]]:
    done = run("cite", *args)
    assert done.exit_code == 0, done.stderr
    return parse(done.stdout)


# --- searches ---


@pytest.mark.parametrize("name", names())
def test_every_search_is_cited_by_its_own_paper(name: str) -> None:
    search = load(name)
    found = cited(name)
    paper = found[f"arXiv:{search.reference.arxiv}"]
    assert paper["eprint"] == search.reference.arxiv
    assert paper["archivePrefix"] == "arXiv"
    assert paper.get("doi") == search.reference.doi
    assert paper.get("year") == (None if search.reference.year is None else str(search.reference.year))
    assert ("title" in paper) == (search.reference.title is not None), "a title that is in no file"
    if search.reference.journal is not None:
        pieces = [paper["journal"], paper["volume"], paper["pages"]]
        assert all(piece in search.reference.journal for piece in pieces)
        rest = re.sub(r"\(\d{4}\)|[ ,]", "", search.reference.journal)
        assert rest == "".join(pieces).replace(" ", "")
    assert ("author" in paper) != search.projection
    assert "limits" in found
    assert set(found) == set(keys(search, {m for facts in search.hypotheses for m in facts.methods}))


def test_data_of_hepdata_are_cited() -> None:
    found = cited("faser-aprime", "faser-alp")
    assert found["hepdata.143251"]["doi"] == "10.17182/hepdata.143251"
    assert found["hepdata.156823"]["doi"] == "10.17182/hepdata.156823"


def test_a_combination_cites_the_papers_of_its_members() -> None:
    assert {"arXiv:2312.12055", "arXiv:2303.08666", *HISTFACTORY} <= set(cited("na62-aprime"))


def test_a_hunt_cites_the_trial_factor_and_a_count_does_not() -> None:
    assert set(HUNT) <= set(keys(load("bes3-alp"), ["cls"]))
    assert not set(HUNT + HISTFACTORY) & set(keys(load("faser-aprime"), ["cls"]))


def test_several_searches_are_one_file_without_repetition() -> None:
    assert set(cited("faser-aprime", "na64mu-zprime", "faser-aprime")) == {
        *cited("faser-aprime"),
        *cited("na64mu-zprime"),
    }


# --- methods and software ---


def test_every_method_has_a_line() -> None:
    assert METHODS.keys() == engine.METHODS.keys()


def test_every_key_is_known() -> None:
    known = catalogue()
    used = {key for group in (*METHODS.values(), *ENGINES.values(), HUNT, HISTFACTORY) for key in group}
    assert used <= known.keys()
    assert set(parse(bibtex(known, known))) == known.keys()


def test_a_method_is_cited_where_it_is_used() -> None:
    search = load("faser-aprime")
    assert "arXiv:physics/9711021" in keys(search, ["feldman-cousins"])
    assert "arXiv:physics/9711021" not in keys(search, ["cls-exact"])
    assert {"zfit", "iminuit"} <= set(keys(load("bes3-alp"), ["cls"], "zfit"))


def test_what_nobody_checked_says_so() -> None:
    known = catalogue()
    marked = {key for key in tomllib.loads(TABLE.read_text()) if known[key].get("annote") == RECALLED}
    assert tomllib.loads(TABLE.read_text()).keys() - marked == {"pyhf", "pyhf_joss", "iminuit", "limits"}


def test_pyhf_is_cited_as_pyhf_asks_to_be() -> None:
    theirs = parse(Path(str(distribution("pyhf").locate_file("pyhf/data/citation.bib"))).read_text())
    ours = parse(bibtex(HISTFACTORY, catalogue()))

    def bare(text: str) -> str:
        return text.strip('{}"')

    for name in ("author", "title", "journal", "volume", "number", "pages", "year", "doi"):
        assert bare(ours["pyhf_joss"][name]) == bare(theirs["pyhf_joss"][name])
    for name in ("author", "doi", "version"):
        assert bare(ours["pyhf"][name]) == bare(theirs["pyhf"][name])


def test_this_package_is_cited_as_its_citation_file_says(repository: Path) -> None:
    cff = yaml.safe_load((repository / "CITATION.cff").read_text())
    ours = parse(bibtex(["limits"], catalogue()))["limits"]
    assert ours["title"].strip("{}") == cff["title"]
    assert ours["author"].strip("{}") == cff["authors"][0]["name"]


# --- BibTeX ---

COMMANDS = {
    r"\textbackslash{}": "\\",
    r"\textasciitilde{}": "~",
    r"\textasciicircum{}": "^",
    r"\textless{}": "<",
    r"\textgreater{}": ">",
    r"\textbraceleft{}": "{",
    r"\textbraceright{}": "}",
    **{f"\\{sign}": sign for sign in "&%$#_"},
}


def read_back(latex: str) -> str:
    """What TeX would print of text without accents."""
    pattern = "|".join(re.escape(command) for command in sorted(COMMANDS, key=len, reverse=True))
    return re.sub(pattern, lambda found: COMMANDS[found[0]], latex)


@given(st.text(st.characters(max_codepoint=0x7E, min_codepoint=0x20)))
def test_text_is_escaped_so_that_tex_prints_it(text: str) -> None:
    assert read_back(escaped(text)) == text


@given(st.text(), st.text() | st.text("{}\\,"))
def test_no_text_opens_or_ends_an_entry(title: str, author: str) -> None:
    known = {"a": {"type": "misc", "title": title, "author": author, "doi": title}, "b": {"type": "misc", "title": "x"}}
    found = parse(bibtex(["a", "b"], known))
    assert list(found) == ["a", "b"]
    assert set(found["a"]) <= {"ENTRYTYPE", "title", "author", "doi"}


def test_accents_are_commands() -> None:
    assert escaped("López, Angel M. and Müller") == r"L{\'{o}}pez, Angel M. and M{\"{u}}ller"


def test_a_search_file_of_ones_own_is_cited_and_escaped(tmp_path: Path) -> None:
    text = load("na64mu-zprime").path.read_text()
    text = text.replace('name = "na64mu-zprime"', 'name = "mine"').replace(
        'experiment = "NA64mu"', 'experiment = "A & B} @misc{x,"'
    )
    text = text.replace('journal = "Phys. Rev. Lett. 132, 211803"', 'journal = "In 50% of $cases_#1"')
    file = tmp_path / "search.toml"
    file.write_text(text.replace('arxiv = "2401.01708"', 'arxiv = "2401.99999"'))
    found = cited(file)
    assert "x" not in found
    assert read_back(found["arXiv:2401.99999"]["author"]) == "{A & B} @misc{x, Collaboration}"
    assert read_back(found["arXiv:2401.99999"]["journal"]) == "In 50% of $cases_#1"


# --- results ---


def result(tmp_path: Path, *args: object) -> tuple[Any, Path]:
    file = tmp_path / "result.json"
    done = run(*args, "--output-file", file)
    assert done.exit_code == 0, done.stderr
    return json.loads(file.read_text()), file


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("limit", "faser-aprime"), keys(load("faser-aprime"), ["cls-exact"])),
        (("limit", "faser-aprime", "--method", "bayes"), keys(load("faser-aprime"), ["bayes"])),
        (("count", "--observed", 3, "--background", 2), keys(None, ["cls"])),
        (("scan", "na64mu-zprime", "--masses", "0.1,0.2"), keys(load("na64mu-zprime"), ["cls-exact"])),
    ],
    ids=lambda value: " ".join(map(str, value[:2])),
)
def test_results_carry_the_keys_and_cite_reads_them(
    tmp_path: Path, command: tuple[object, ...], expected: tuple[str, ...]
) -> None:
    document, file = result(tmp_path, *command)
    assert tuple(document["citations"]) == expected
    assert set(cited(file)) == set(expected)


def test_a_workspace_cites_pyhf(tmp_path: Path, repository: Path) -> None:
    document, _ = result(tmp_path, "limit", repository / "workspaces" / "na64mu-zprime" / "workspace.json")
    assert tuple(document["citations"]) == keys(None, [document["method"]], "binned")
    assert set(HISTFACTORY) <= set(document["citations"])


def test_searches_and_results_go_together_and_into_a_file(tmp_path: Path) -> None:
    _, file = result(tmp_path, "scan", "na64mu-zprime", "--masses", "0.1")
    done = run("cite", "faser-aprime", file, "--output-file", tmp_path / "refs.bib")
    assert (done.exit_code, done.stdout) == (0, "")
    assert {"arXiv:2308.05587", "arXiv:2401.01708"} <= set(parse((tmp_path / "refs.bib").read_text()))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{}", "carries no citations"),
        ('{"citations": ["arXiv:9999.99999"]}', "unknown citation (name its search as well) 'arXiv:9999.99999'"),
        ('{"citations": 3}', "carries no citations"),
        ("[", "not JSON"),
    ],
)
def test_results_that_cannot_be_cited(tmp_path: Path, content: str, complaint: str) -> None:
    file = tmp_path / "bad.json"
    file.write_text(content)
    done = run("cite", file)
    assert done.exit_code == 1
    assert complaint in done.stderr
    assert done.stdout == ""


def test_what_is_neither_a_search_nor_a_file() -> None:
    done = run("cite", "no-such-search")
    assert done.exit_code == 1
    assert "no-such-search" in done.stderr


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(UnknownName, match="'nothing'"):
        bibtex(["nothing"], catalogue())
