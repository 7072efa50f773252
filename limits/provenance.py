"""What made a result: versions and platform, without dates or paths, so that equal inputs give equal files."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
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
