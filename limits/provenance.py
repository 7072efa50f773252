"""What made a result: versions and platform, without dates or paths, so that equal inputs give equal files."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

PACKAGES = ("numpy", "scipy", "pyhf", "particle")


def provenance() -> dict[str, Any]:
    """Version of this package, of Python and of the packages the numbers depend on."""
    from limits import __version__

    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return {"limits": __version__, "python": platform.python_version(), **found}
