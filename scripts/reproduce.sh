#!/usr/bin/env bash
# Set up and reproduce: makes .venv, installs what the main job needs, leaves table, JSON and plots in results/.
# Usage: bash scripts/reproduce.sh [options of `limits reproduce`]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/venv.sh"

ensure_installed all
say "limits reproduce --output results $*"
cd "$root"
"$python" -m limits reproduce --output results "$@"
say "done: see results/"
