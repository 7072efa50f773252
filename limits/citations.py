"""What to cite: papers and data of a search, the methods and the software behind a limit, as keys and as BibTeX.

Keys are the arXiv number ("arXiv:2308.05587"), the HEPData record ("hepdata.143251"), or a name of `references.toml`; they stay as they
are from one version to the next.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from limits.errors import unknown
from limits.provenance import provenance
from limits.search import CountingChannel, Reference, Search, SpectrumChannel, load, names

Fields = Mapping[str, str]

CLS: Final = ("read-cls",)
ASYMPTOTIC: Final = ("arXiv:1007.1727",)

METHODS: Final[Mapping[str, tuple[str, ...]]] = {
    "cls": (*CLS, *ASYMPTOTIC),
    "cls-q": (*CLS, *ASYMPTOTIC),
    "cls-exact": (*CLS, "arXiv:hep-ex/9902006"),
    "cls-enumerated": (*CLS, *ASYMPTOTIC),
    "cls-toys": (*CLS, *ASYMPTOTIC),
    "clsb": ASYMPTOTIC,
    "clsb-toys": ASYMPTOTIC,
    "mixed": ("cousins-highland", "arXiv:physics/0203002"),
    "clsb-exact": (),
    "feldman-cousins": ("arXiv:physics/9711021",),
    "profile": ("arXiv:physics/0403059",),
    "bayes": (),
    "bayes-profile": ("arXiv:2404.04640",),
}
"""Papers of the methods; where there is none the method is older than its names."""

HUNT: Final = ("arXiv:1005.1891",)
HISTFACTORY: Final = ("pyhf", "pyhf_joss")
ENGINES: Final = {"zfit": ("zfit", "iminuit"), "binned": HISTFACTORY}
"""Software that fits a spectrum in place of this package; zfit minimises with iminuit."""

TABLE: Final = Path(__file__).with_name("references.toml")
RECALLED: Final = "bibliographic data recalled, not checked against the publication"

ACCENTS: Final = {
    "\N{COMBINING GRAVE ACCENT}": "`",
    "\N{COMBINING ACUTE ACCENT}": "'",
    "\N{COMBINING CIRCUMFLEX ACCENT}": "^",
    "\N{COMBINING TILDE}": "~",
    "\N{COMBINING DIAERESIS}": '"',
    "\N{COMBINING CARON}": "v",
    "\N{COMBINING CEDILLA}": "c",
}
SPECIAL: Final = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    **{sign: f"\\{sign}" for sign in "&%$#_"},
    # An escaped brace counts for BibTeX like any other: only a command keeps the entry balanced.
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
}
VERBATIM: Final = ("doi", "eprint", "url")


def keys(search: Search | None, methods: Iterable[str], engine: str | None = None) -> tuple[str, ...]:
    """Keys of everything behind limits on a search, or on a bare likelihood, by these methods; `engine` is one of `ENGINES` or another."""
    found = ["limits", *(() if search is None else (*entries(search), *_statistics(search)))]
    found += [key for method in methods for key in METHODS.get(method, ())]
    return tuple(dict.fromkeys([*found, *ENGINES.get(engine or "", ())]))


def _statistics(search: Search) -> tuple[str, ...]:
    """What the kind of likelihood asks for: a spectrum is hunted on, and all but a single count is a document of pyhf."""
    channels = [channel for _, channel in search.parts]
    if len(channels) == 1 and isinstance(channels[0], CountingChannel):
        return ()
    if len(channels) == 1 and isinstance(channels[0], SpectrumChannel):
        return HUNT
    return HISTFACTORY


def entries(search: Search) -> dict[str, Fields]:
    """The entries of the papers and data of a search and its members, by key."""
    own = None if search.projection else search.experiment
    found = {} if search.ad_hoc else _entries(search.reference, own)  # what a user put together has no paper
    for member in search.members:
        found |= entries(member)
    return found


def _entries(reference: Reference, collaboration: str | None) -> dict[str, Fields]:
    paper = {
        "type": "article" if reference.journal else "misc",
        "author": f"{{{collaboration} Collaboration}}" if collaboration else "",
        "title": reference.title or "",
        **_journal(reference.journal or ""),
        "year": str(reference.year or ""),
        "doi": reference.doi or "",
        "eprint": reference.arxiv,
    }
    found: dict[str, Fields] = {f"arXiv:{reference.arxiv}": paper}
    if reference.hepdata is not None:
        title = f"HEPData record of arXiv:{reference.arxiv}"
        data = {"type": "misc", "author": paper["author"], "title": title, "doi": reference.hepdata}
        found[_key(reference.hepdata.rpartition("/")[2])] = {**data, "publisher": "HEPData"}
    return found


def _key(text: str) -> str:
    """What BibTeX takes for one key."""
    return re.sub(r"[^A-Za-z0-9.:/+-]", "-", text)


def _journal(text: str) -> dict[str, str]:
    """Journal, volume and page of "Phys. Rev. D 107, 092001" or "JHEP 01 (2025) 199"; the whole if it is written in another way."""
    found = re.fullmatch(r"(?P<journal>.+?) (?P<volume>\d+)(?:, | \(\d{4}\) )(?P<pages>\w+)", text)
    return found.groupdict() if found else {"journal": text}


def catalogue(searches: Iterable[Search] = ()) -> dict[str, Fields]:
    """All entries that are known, by key: methods and software, the searches shipped and those given; software with its version."""
    found = dict(_shipped())
    for search in searches:
        found |= entries(search)
    return found


@cache
def _shipped() -> dict[str, Fields]:
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    found = {key: _filled(key, fields) for key, fields in table.items()}
    for search in map(load, names()):
        found |= entries(search)
    return found


def _filled(key: str, fields: Mapping[str, Any]) -> Fields:
    found = {name: str(value) for name, value in fields.items() if name != "source"}
    if "source" not in fields:
        found["annote"] = RECALLED
    return {**found, "version": provenance().get(key, "")}


def bibtex(wanted: Iterable[str], known: Mapping[str, Fields]) -> str:
    """The entries of these keys of a `catalogue`, in the order given.

    Raises:
        UnknownName: a key of nothing that is known.
    """
    keys = tuple(dict.fromkeys(wanted))
    for key in keys:
        if key not in known:
            raise unknown("citation (name its search as well)", key[:80], known)
    return "\n".join(_printed(key, known[key]) for key in keys)


def _printed(key: str, fields: Fields) -> str:
    lines = [f"  {name} = {{{_value(name, text)}}},\n" for name, text in fields.items() if text and name != "type"]
    if "eprint" in fields:
        lines.append("  archivePrefix = {arXiv},\n")
    return f"@{fields['type']}{{{key},\n{''.join(lines)}}}\n"


def _value(name: str, text: str) -> str:
    if name in VERBATIM:
        return re.sub(r"[{}\\%\s]", "", text)
    if name == "author" and text[0] + text[-1] == "{}":  # an institution; people are separated by words
        return f"{{{escaped(text[1:-1])}}}"
    return f"{{{escaped(text)}}}" if name == "title" else escaped(text)


def escaped(text: str) -> str:
    """`text` for BibTeX: braces balanced, no command but those written here, accents as commands."""
    return "".join(map(_sign, unicodedata.normalize("NFC", text)))


def _sign(sign: str) -> str:
    if sign in SPECIAL:
        return SPECIAL[sign]
    parts = unicodedata.normalize("NFD", sign)
    if len(parts) == 2 and parts[1] in ACCENTS and parts[0].isascii():
        return f"{{\\{ACCENTS[parts[1]]}{{{parts[0]}}}}}"
    return sign
