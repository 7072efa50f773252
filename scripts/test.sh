#!/usr/bin/env bash
# Set up and test: makes or reuses .venv, installs the test extra, runs the tests that are not marked slow on two cores.
# Usage: bash scripts/test.sh [options of pytest]     -m slow: the slow ones; -m '': all of them
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/venv.sh"

ensure_installed test
say "pytest -n 2 $*"
cd "$root"
"$python" -m pytest -n 2 -m "not slow" "$@" # of two -m pytest takes the last
say "done"
