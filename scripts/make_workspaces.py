"""Write workspaces/: every shipped search for other tools, and the SHA-256 of every file in DIGESTS.json.

python scripts/make_workspaces.py [--output workspaces] [SEARCH ...]

Of each search the pyhf workspace and patchset, HS3 documents and, if all its data are counts, a Combine card.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from limits.formats import combine, hs3, pyhf
from limits.hunt.masses import spectrum_channel
from limits.search import load, names

DEFAULT = Path(__file__).resolve().parents[1] / "workspaces"
DIGESTS = "DIGESTS.json"


def documents(name: str) -> Mapping[str, Mapping[str, Any] | str]:
    """File name → document or text of one search."""
    search = load(name)
    # A card has one column for every bin of a spectrum and for every polynomial: 100 kB and more.
    cards = {} if spectrum_channel(search) is not None else combine.export(search)
    return {**pyhf.export(search), **hs3.export(search), **cards}


def make(folder: Path, searches: tuple[str, ...]) -> dict[str, str]:
    """Write the documents of these searches under `folder`; the digest of every file that is there, by its path."""
    for name in searches:
        pyhf.write(documents(name), folder / name)
    return {path.relative_to(folder).as_posix(): sha256(path) for path in sorted(folder.glob("*/*"))}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=DEFAULT)
    parser.add_argument("searches", nargs="*", metavar="SEARCH", help="Default: all of them.")
    options = parser.parse_args()
    digests = make(options.output, tuple(options.searches) or names())
    pyhf.write({DIGESTS: digests}, options.output)
    print(json.dumps(digests, indent=1))


if __name__ == "__main__":
    main()
