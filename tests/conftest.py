"""What every test may ask for: the reference material that lives beside the repository, and reproducible property tests."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parents[1]

settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
# Taken away, since programs that know it tell their progress in lines, on a machine that is slow enough.
settings.load_profile("ci" if os.environ.pop("CI", None) else "local")


def _present(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"{path.relative_to(REPOSITORY.parent)} is not beside the repository: nothing to compare with")
    return path


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference material beside the repository; skips the test where it is absent."""
    return _present(REPOSITORY.parent / "shared")


@pytest.fixture(scope="session")
def oracles(shared: Path) -> list[dict[str, Any]]:
    """Published or exactly computable statistical test cases."""
    cases: list[dict[str, Any]] = json.loads(_present(shared / "oracles" / "oracles.json").read_text())
    return cases


@pytest.fixture(scope="session")
def published(shared: Path) -> Path:
    """The folder of published curves: other people's files, for comparison only."""
    return _present(shared / "published")
