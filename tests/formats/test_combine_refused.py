"""What no card can hold, what no card may say, and text that is no card: one line naming it, never a traceback."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limits.errors import InputError
from limits.formats.combine import from_card, likelihood, to_card
from limits.likelihood.workspace import check

CARD = """imax 1
jmax 1
kmax 2
bin b1
observation 6
bin      b1   b1
process  sig  bkg
process  0    1
rate     1.0  5.5
------
acc  lnN    1.3  -
side gmN 11 -    0.5
"""
HEAD, TAIL = CARD.split("------\n")


def with_line(line: str, head: str = HEAD) -> str:
    return head.replace("kmax 2", "kmax *") + line + "\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x shape 1 1", "type 'shape' is not read"),
        ("x lnU 2 -", "type 'lnU' is not read"),
        ("x flatParam", "type 'flatParam' is not read"),
        ("b1 autoMCStats 0", "type 'autoMCStats' is not read"),
        ("nuisance edit freeze x", "'nuisance edit freeze x' is not read"),
        ("alone", "'alone' is not read"),
        ("x lnN 1.1", "1 entries for 2 rates"),
        ("x lnN 1.1 - 1.2", "more than 2 entries"),
        ("x lnN 1.1 nan", "'nan': a number"),
        ("x lnN 1e999 -", "'1e999': a number"),
        ("x lnN -1.1 -", "-1.1: a number ≥ 0"),
        ("x lnN 0/1.1 -", "0: a number > 0"),
        ("x lnN 0.9/1.0/1.1 -", "down/up"),
        ("x gmN 5.5 - 1", "'5.5': a whole number"),
        ("x gmN 50 - 1", "rate 5.5 where gmN 50 with 1 is 50"),
        ("x gmM - 1.5", "one width from 1e-06 to below 1"),
        ("x gmM - 1e-170", "1e-170: a number > 0"),
        ("x gmM 0.2 0.3", "to below 1 is needed, the same"),
        ("x param 1 0.1", "no rateParam has that name"),
        ("x rateParam b1 bkg (@0*2) acc", "formulas and files are not read"),
        ("x rateParam b1 bkg file.root:w", "formulas and files are not read"),
        ("x rateParam b1 nothing 1", "no process 'nothing' in bin 'b1'"),
        ("x rateParam b? bkg 1", "of wildcards [*] alone is read"),
        ("x rateParam b1 bkg 1 [2,3]", "1 is not in"),
        ("x rateParam b1 bkg 1 [-1,3]", "-1: a number ≥ 0"),
        ("x rateParam b1 bkg 1 [0,3", "a range"),
        ("r rateParam b1 bkg 1", "'r' is the strength"),
        ("x rateParam b1 bkg 1\nx rateParam b1 bkg 1", "multiplies a rate twice"),
        ("x rateParam b1 sig 1\nx rateParam b1 bkg 2", "another value or range"),
        ("x lnN 1.1 -\nx gmM 0.1 -", "name of another nuisance"),
        ("x rateParam b1 sig 1\nx lnN 1.1 -", "name of another nuisance"),
        ("x gmN 11 - 0.5\ny gmN 11 - 0.5", "has another gmN"),
        ("x rateParam b1 sig 1\nx param 1 0", "0: a number > 0"),
    ],
)
def test_lines_that_are_refused(line: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        from_card(with_line(line), "card.txt")
    assert re.match(r"card\.txt: line 1[01]: ", str(caught.value))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("imax 1", "imax 2", "line 1: imax = 2: the card has 1"),
        ("kmax 2", "kmax 3", "line 3: kmax = 3: the card has 2"),
        ("imax 1", "imax one", "line 1: 'one': a number"),
        ("bin b1\n", "", "1 lines 'bin'"),
        ("observation 6", "observation -1", "line 5: -1: a number ≥ 0"),
        ("observation 6", "observation 6 7", "2 observations for 1 bins"),
        ("b1   b1", "b1   b2", "not those that are observed"),
        ("sig  bkg", "sig  sig", "stands in one bin twice"),
        ("process  0    1", "process  1    2", "nothing is a signal"),
        ("process  0    1", "process  a    b", "must have whole numbers"),
        ("rate     1.0  5.5", "rate 1.0", "as many of each are needed"),
        ("imax 1", "shapes * * file.root h", "line 1: shapes from files"),
        ("imax 1", "include other.txt", "line 1: 'include' before the rates"),
        ("rate ", "rates ", "'rates' before the rates"),
    ],
)
def test_cards_that_are_refused(old: str, new: str, message: str) -> None:
    assert old in CARD
    with pytest.raises(InputError, match=message):
        from_card(CARD.replace(old, new, 1), "card.txt")


def test_cards_that_are_too_large() -> None:
    with pytest.raises(InputError, match="up to 8 MB"):
        from_card("#" * 8_000_001, "card.txt")
    many = " b1" * 30_000
    with pytest.raises(InputError, match=r"line [69]: "):
        from_card(CARD.replace("bin      b1   b1", "bin" + many), "card.txt")
    wide = [" ".join(f"{word}{i}" for i in range(2000)) for word in "bp"]
    columns = f"bin {wide[0]}\nobservation {'1 ' * 2000}\nbin {wide[0]}\nprocess {wide[1]}\n"
    columns += f"process {'0 ' * 2000}\nrate {'1 ' * 2000}\n"
    with pytest.raises(InputError, match="more than 500000"):
        from_card(columns + "".join(f"x{i} rateParam * * 1\n" for i in range(300)), "card.txt")


def test_products_that_overflow() -> None:
    text = with_line("x rateParam b1 bkg 1\nx param 1e-90 1e90").replace("5.5", "1e99").replace("side", "# side")
    with pytest.raises(InputError, match="process 'bkg' in bin 'b1': its rate or error overflows"):
        from_card(text, "card.txt")


def test_what_is_read_is_a_workspace() -> None:
    document = from_card(CARD, "card.txt")
    check(document)
    assert from_card(CARD.replace("\n", "\r\n"), "card.txt") == document
    swapped = CARD.replace("process  sig  bkg\nprocess  0    1", "process  0    1\nprocess  sig  bkg")
    assert from_card(swapped, "card.txt") == document


# ── workspaces ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def workspace(*modifiers: dict[str, Any], **parameter: Any) -> dict[str, Any]:
    signal = {"name": "signal", "data": [1.0], "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]}
    background = {"name": "background", "data": [2.0], "modifiers": list(modifiers)}
    return {
        "channels": [{"name": "there", "samples": [signal, background]}],
        "observations": [{"name": "there", "data": [3.0]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": [parameter] if parameter else []}}],
        "version": "1.0.0",
    }


NORMSYS = {"name": "sys", "type": "normsys", "data": {"hi": 1.1, "lo": 0.9}}
FREE = {"name": "norm", "type": "normfactor", "data": None}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            workspace({"name": "bend", "type": "histosys", "data": {"hi_data": [3.0], "lo_data": [1.0]}}),
            "histosys 'bend' in channel 'there': it has no exact form",
        ),
        (workspace({**NORMSYS, "data": {"hi": 1.1, "lo": 0.0}}), "normsys 'sys' in channel 'there': lo 0"),
        (workspace(NORMSYS, NORMSYS), "stands twice in sample 'background'"),
        (workspace(NORMSYS, name="sys", auxdata=[0.5]), "no place for fixed, auxdata or sigmas"),
        (workspace(FREE, name="norm", fixed=True), "no place for fixed"),
        (workspace(FREE, name="norm", bounds=[[-5.0, 5.0]]), "0 ≤ low ≤ start ≤ high"),
        (workspace({"name": "lumi", "type": "lumi", "data": None}), "one auxdata and one sigmas"),
        (workspace({"name": "w", "type": "shapesys", "data": [1.0, 2.0]}), "its length is not"),
        (workspace(name="mu", fixed=True), "parameter of interest 'mu' is fixed"),
        ({**workspace(), "observations": [{"name": "there", "data": [1.0, 2.0]}]}, "different numbers of bins"),
        ({**workspace(), "observations": [{"name": "there", "data": [-1.0]}]}, "-1 events observed"),
        ({"channels": []}, "Combine card: "),
        (
            workspace() | {"measurements": [{"name": "m", "config": {"poi": "", "parameters": []}}]},
            "nothing is a signal",
        ),
    ],
)
def test_workspaces_that_are_refused(document: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        to_card(document)
    assert "\n" not in str(caught.value)


def test_names_that_combine_does_not_take() -> None:
    document = workspace({**NORMSYS, "name": "a/b"}, {**NORMSYS, "name": "a-b"}, {**NORMSYS, "name": "r"})
    lines = to_card(document).splitlines()
    assert '# nuisance a_b_2: "a-b"' in lines
    assert '# nuisance nuisance_r: "r"' in lines
    assert [line.split()[0] for line in lines if " lnN " in line and line[0] != "#"] == ["a_b", "a_b_2", "nuisance_r"]


def test_a_comment_cannot_leave_its_line() -> None:
    text = to_card(workspace(), comments=["a\r\nkmax 7", "b\x85c\x0bd"])
    assert all(line.startswith("#") for line in text.split("\n")[:5])
    from_card(text, "card.txt")


# ── garbage ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

WORDS = st.sampled_from(
    (
        *("imax", "jmax", "kmax", "bin", "process", "rate", "observation", "shapes", "*", "FAKE", "nuisance", "edit"),
        *(
            "lnN",
            "gmN",
            "gmM",
            "lnU",
            "rateParam",
            "param",
            "group",
            "b1",
            "sig",
            "bkg",
            "x",
            "side",
            "strength",
            "lumi",
        ),
        *("-", "--", "#", "0", "1", "-1", "2", "5.5", "0.5", "11", "1.1/0.9", "1/", "/1", "[0,5]", "[5,0]", "[,]", "r"),
        *("nan", "inf", "-inf", "1e400", "1_0", "٣", "1e-99", "1e99", "1e-300"),
    )
)
LINE = st.lists(WORDS | st.text(max_size=4), max_size=7).map(" ".join)


def read_or_refused(text: str) -> None:
    try:
        document = from_card(text, "card.txt")
    except InputError as error:
        assert str(error).startswith("card.txt: ")  # noqa: PT017
        assert len(str(error).splitlines()) == 1  # noqa: PT017
        return
    numbers = re.findall(r"(?<=[ \[])[-+0-9.e]+|nan|inf", repr(document["observations"]))
    assert all(math.isfinite(float(n)) for n in numbers)
    built = likelihood(text, "card.txt")
    try:
        again = to_card(document)
    except InputError:
        return
    assert len(likelihood(again, "again").parameters) == len(built.parameters)


@given(st.text(max_size=200) | st.lists(LINE, max_size=14).map("\n".join))
@settings(max_examples=150)
def test_text(text: str) -> None:
    read_or_refused(text)


@given(st.lists(LINE, max_size=4))
@settings(max_examples=150)
def test_lines_behind_the_rates(lines: list[str]) -> None:
    read_or_refused(with_line("\n".join(lines)))


@given(st.data())
@settings(max_examples=150)
def test_one_word_is_another(data: st.DataObject) -> None:
    words = re.split(r"(\s+)", CARD)
    at = data.draw(st.integers(0, (len(words) - 1) // 2)) * 2
    words[at] = data.draw(WORDS | st.text(max_size=4))
    read_or_refused("".join(words))
