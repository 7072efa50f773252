"""What made a result: versions and platform, without dates or paths, so that equal inputs give equal files."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = {"limits": "darksector-limits", "numpy": "numpy", "scipy": "scipy", "pyhf": "pyhf", "particle": "particle"}


def provenance() -> dict[str, Any]:
    """Version of this package, of Python and of the packages the numbers depend on."""
    found = {"python": platform.python_version()}
    for name, distribution in PACKAGES.items():
        try:
            found[name] = version(distribution)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


@cache
def revision() -> str | None:
    """The commit of the checkout that this package runs from, "-dirty" if files differ from it; None outside a checkout."""
    root = Path(__file__).parents[1]
    if not (root / ".git").exists():
        return None
    command = [
        "git",
        "--no-optional-locks",
        "-C",
        str(root),
        "describe",
        "--always",
        "--dirty",
        "--abbrev=40",
        "--exclude=*",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
