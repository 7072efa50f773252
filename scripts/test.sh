#!/usr/bin/env bash
# Set up and test: makes or reuses .venv, installs the test extra, runs the whole test suite on two cores.
# Usage: bash scripts/test.sh [options of pytest]     for example: bash scripts/test.sh -m 'not slow'
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/venv.sh"

ensure_installed test
say "pytest -n 2 $*"
cd "$root"
"$python" -m pytest -n 2 "$@"
say "done"
