"""The figures in the README are those that the command computes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_readme_shows_the_table_that_is_computed(repository: Path) -> None:
    script = repository / "scripts" / "update_readme.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_readme_events(repository: Path) -> None:
    """The two numbers of events quoted beside the commands."""
    from limits.inference.limit import upper_limit
    from limits.likelihood.counting import Background, counting

    text = (repository / "README.md").read_text(encoding="utf-8")
    count = counting(0, 1.0, Background(0.07))
    asymptotic, exact = (upper_limit(count, method, 0.9).observed_limit for method in ("cls", "cls-exact"))
    assert f"asymptotic: {asymptotic:.3f} events" in text
    assert f"exact is {exact:.3f}" in text
