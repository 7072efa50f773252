# Sourced by reproduce.sh, test.sh and .ci/run: one `.venv` beside the project, installed once and then reused without a network.
# Offers: root, python (of .venv), say, die, ensure_installed EXTRA.
# shellcheck shell=bash

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
venv="$root/.venv"
python="$venv/bin/python"
unset PYTHONPATH PYTHONHOME
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() { printf '[%4d s] %s\n' "$SECONDS" "$*"; }

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 python3.14; do
        if recent "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    die "Python 3.11 or newer is needed and was not found (looked for python3, python3.11 to python3.14; PYTHON=/path/to/python names another)"
}

usable() { recent "$python" && "$python" -m pip --version >/dev/null 2>&1; }

# `.limits-root` marks a .venv made here and for this place: a copied checkout, or one whose set-up was interrupted, makes its own anew.
ensure_venv() {
    local base mark="$venv/.limits-root"
    if [[ -f "$mark" ]]; then
        if [[ "$(cat "$mark")" == "$root" ]] && usable; then return; fi
    elif [[ -e "$venv" ]]; then
        usable || die ".venv is there but has no working Python >= 3.11 with pip; remove it and run this again"
        return
    fi
    base="$(find_python)"
    "$base" -c 'import ensurepip, venv' 2>/dev/null ||
        die "$base cannot make virtual environments; on Debian or Ubuntu: apt-get install python3-venv"
    say "making .venv with $("$base" --version)"
    rm -rf "$venv"
    mkdir "$venv"
    printf '%s' "$root" >"$mark"
    "$base" -m venv "$venv" || die "$base could not make .venv; on Debian or Ubuntu: apt-get install python3-venv"
}

fingerprint() {
    "$python" - "$root" <<'PY'
import hashlib, pathlib, sys

root = pathlib.Path(sys.argv[1])
known = hashlib.sha256(f"{sys.version} {root}".encode())
for name in ("pyproject.toml", "constraints.txt"):
    known.update((root / name).read_bytes())
print(known.hexdigest())
PY
}

# Editable, so that the code is always the current one. Each extra holds those before it: plot < test < dev.
ensure_installed() {
    local extra="$1" now larger
    ensure_venv
    now="$(fingerprint)"
    case "$extra" in
        all) larger="all test dev" ;;
        test) larger="test dev" ;;
        *) larger="$extra" ;;
    esac
    for larger in $larger; do
        if [[ "$(cat "$venv/.limits-$larger" 2>/dev/null)" == "$now" ]]; then
            say "using .venv as it stands"
            return
        fi
    done
    say "installing darksector-limits[$extra] into .venv (the first time this downloads; a minute or two)"
    "$python" -m pip install --quiet --progress-bar off --constraint "$root/constraints.txt" --editable "$root[$extra]" ||
        die "pip could not install darksector-limits[$extra]: its own message is above (the first run needs a network)"
    printf '%s' "$now" >"$venv/.limits-$extra"
    say "installed"
}
