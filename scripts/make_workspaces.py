"""Write workspaces/: the pyhf documents of every shipped search, and the SHA-256 of every file in DIGESTS.json.

python scripts/make_workspaces.py [--output workspaces]
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

from limits.formats import pyhf
from limits.search import load, names

DEFAULT = Path(__file__).resolve().parents[1] / "workspaces"


def make(folder: Path) -> dict[str, str]:
    """Write all documents under `folder`; the digest of each file by its path relative to `folder`."""
    files = [path for name in names() for path in pyhf.write(pyhf.export(load(name)), folder / name)]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=DEFAULT)
    folder = parser.parse_args().output
    digests = make(folder)
    pyhf.write({"DIGESTS.json": digests}, folder)
    for name, digest in digests.items():
        print(f"{digest}  {name}")


if __name__ == "__main__":
    main()
