#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes or updates .venv from one of the sets in tests/requirements. Run from the root of the checkout:
#     sh tests/tools/make_venv.sh demo|test
# PYTHON in the environment names the interpreter to use, otherwise the first that runs and is new enough is taken.
set -eu

set_name=$1
log=.cache/venv-$set_name.log
started=$(date +%s)
mkdir -p .cache

fail() {
    echo "$*" >&2
    exit 1
}

# An interpreter counts only if it runs: shims of version managers are found in PATH and then fail.
usable() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >>"$log" 2>&1
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        usable "$PYTHON" || fail "PYTHON=$PYTHON is not a Python 3.11 or newer with venv and ensurepip."
        echo "$PYTHON"
        return
    fi
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if usable "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "No Python 3.11 or newer with venv and ensurepip was found (on Debian: apt-get install python3-venv)." \
        "If there is one elsewhere, name it: make PYTHON=/path/to/python3 ..."
}

logged() {
    "$@" >>"$log" 2>&1 || {
        tail -n 30 "$log" >&2
        fail "Setting up .venv failed; the whole output is in $log."
    }
}

: >"$log"
if ! .venv/bin/python -c '' 2>/dev/null; then
    python=$(find_python)
    rm -rf .venv
    logged "$python" -m venv .venv
fi
echo "Installing what \"$set_name\" needs into .venv (once, about a minute) ..."
logged .venv/bin/python -m pip install --quiet --disable-pip-version-check \
    --requirement "tests/requirements/$set_name.txt" --constraint tests/requirements/constraints.txt
logged .venv/bin/python tests/tools/finish_venv.py
echo ".venv is ready ($(($(date +%s) - started)) s)"
