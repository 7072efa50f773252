"""What may be typed after an option, and the options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from limits.cli.frame import printable

F = TypeVar("F", bound=Callable[..., Any])

MOST_POINTS: Final = 100_000
"""A range of more points than this is a slip of the finger."""


class Parsed(click.ParamType):  # type: ignore[type-arg]  # generic in the newest click only
    """An option value read by a function of its text, which raises ValueError with the reason."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self.parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value; a default that is no text is passed on."""
        if not isinstance(value, str):
            return value
        try:
            return self.parse(value)
        except ValueError as error:
            return self.fail(f"{printable(repr(value), 80)}: {error}", param, ctx)


def finite(text: str) -> float:
    """A finite decimal number."""
    try:
        value = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError("must be a finite number")
    return value


def positive(text: str) -> float:
    """A finite number above zero."""
    if (value := finite(text)) <= 0:
        raise ValueError("must be a number > 0")
    return value


def not_negative(text: str) -> float:
    """A finite number, zero or above."""
    if (value := finite(text)) < 0:
        raise ValueError("must be a number ≥ 0")
    return value


def fraction(text: str) -> float:
    """A number strictly between 0 and 1."""
    if not 0 < (value := finite(text)) < 1:
        raise ValueError("must lie between 0 and 1, as 0.95")
    return value


def factor(text: str) -> float:
    """A factor per standard deviation, as the κ of a lognormal."""
    if not 0.1 <= (value := finite(text)) <= 10:
        raise ValueError("must be a factor between 0.1 and 10, as 1.3 for 30 %")
    return value


def method_name(text: str) -> str:
    """One of the limit methods."""
    from limits.inference.limit import METHODS

    if text not in METHODS:
        raise ValueError(f"unknown method; known: {', '.join(METHODS)}")
    return text


def number_list(text: str) -> tuple[float, ...]:
    """Numbers above zero, separated by commas."""
    return tuple(positive(part) for part in text.split(","))


def strength_list(text: str) -> tuple[float, ...]:
    """Numbers ≥ 0, separated by commas."""
    return tuple(not_negative(part) for part in text.split(","))


def span(text: str) -> tuple[float, float, int]:
    """LO:HI:N with 0 < LO < HI and N ≥ 2."""
    parts = text.split(":")
    if len(parts) != 3:
        raise ValueError("must be LO:HI:N, as 0.01:0.1:10")
    low, high = positive(parts[0]), positive(parts[1])
    if not low < high:
        raise ValueError("must be LO:HI:N with LO < HI")
    if not (parts[2].isascii() and parts[2].isdigit() and len(parts[2]) < 9 and 2 <= int(parts[2]) <= MOST_POINTS):
        raise ValueError(f"must be LO:HI:N with a whole number of points N from 2 to {MOST_POINTS}")
    return low, high, int(parts[2])


def mass_span(text: str) -> tuple[float, float, int, bool]:
    """LO:HI:N, evenly spaced, or LO:HI:N:log."""
    body, colon, last = text.rpartition(":")
    if colon and last == "log":
        return (*span(body), True)
    if text.count(":") == 3:
        raise ValueError("must be LO:HI:N or LO:HI:N:log")
    return (*span(text), False)


def file_name(text: str) -> str:
    """Anything that can be the name of a file."""
    if not text or "\0" in text:
        raise ValueError("must be the name of a file")
    return text


def assignment(text: str) -> tuple[str, float]:
    """KEY=VALUE with a finite VALUE."""
    key, equals, value = text.partition("=")
    if not (key.strip() and equals):
        raise ValueError("must be KEY=VALUE, as efficiency=0.5")
    return key.strip(), finite(value)


NUMBER: Final = Parsed("number", finite)
POSITIVE: Final = Parsed("number", positive)
NOT_NEGATIVE: Final = Parsed("number", not_negative)
KAPPA: Final = Parsed("kappa", factor)
LEVEL: Final = Parsed("level", fraction)
METHOD: Final = Parsed("method", method_name)
MASSES: Final = Parsed("m1,m2,…", number_list)
STRENGTHS: Final = Parsed("s1,s2,…", strength_list)
SPAN: Final = Parsed("lo:hi:n", span)
MASS_SPAN: Final = Parsed("lo:hi:n[:log]", mass_span)
FILE: Final = Parsed("file", file_name)
ASSIGNMENT: Final = Parsed("key=value", assignment)

PRIOR_NAMES: Final = ("flat", "1/sqrt(s)", "1/s", "jeffreys", "coupling", "coupling2")
"""Priors of the strength as they are typed."""


def together(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator, shown in this order in the help."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def json_option(function: F) -> F:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")(function)


output_options = together(
    json_option,
    click.option("--output-file", type=FILE, help="Write the JSON to FILE."),
)

limit_options = together(
    click.option(
        "--method", type=METHOD, help="cls, cls-exact, cls-toys, bayes, feldman-cousins, …: see docs/methods.md."
    ),
    click.option("--level", type=LEVEL, help="Confidence or credibility level, as 0.95."),
)

bayes_options = together(
    click.option(
        "--prior",
        type=click.Choice(PRIOR_NAMES),
        default="flat",
        show_default=True,
        help="For bayes and bayes-profile: of the strength s; or flat in the published coupling, or in its square.",
    ),
    click.option(
        "--interval",
        "kind",
        type=click.Choice(("upper", "central", "shortest")),
        default="upper",
        show_default=True,
        help="Kind of Bayesian interval.",
    ),
    click.option(
        "--smear",
        "smearing",
        type=(NOT_NEGATIVE, NOT_NEGATIVE),
        metavar="ADD REL",
        default=(0.0, 0.0),
        help="For bayes-profile: systematic error of the strength, √(ADD² + (REL s)²).",
    ),
)

toy_options = together(
    click.option(
        "--toys", type=click.IntRange(min=10), help="Toys per hypothesis and strength, for methods that throw any."
    ),
    click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of the toys."),
)

change_options = together(
    click.option(
        "--set",
        "changes",
        type=ASSIGNMENT,
        multiple=True,
        help="Another value for a number of the search (see 'limits show'), KEY.error for its error; repeatable.",
    ),
    click.option("--calibrated", is_flag=True, help="Use the calibrated numbers of the search."),
)

hypothesis_option = click.option("--hypothesis", metavar="NAME", help="Default: the first one of the search.")
