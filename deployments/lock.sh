#!/usr/bin/env bash
# Writes deployments/requirements.lock anew from pyproject.toml: every version, for every platform
# and Python ≥ 3.11, with the hashes of all its files. Keeps the versions that are locked already;
# `bash deployments/lock.sh --upgrade` takes the newest ones.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
python3 -m venv "$tools"
"$tools/bin/pip" install --quiet --disable-pip-version-check uv

# setuptools builds the project itself: installed without build isolation, it must be locked too.
printf 'setuptools>=77\n' | "$tools/bin/uv" pip compile --quiet --no-config \
    --universal --python-version 3.11 --extra test --generate-hashes --no-annotate \
    --no-emit-index-url --no-emit-find-links \
    --custom-compile-command 'bash deployments/lock.sh' \
    --output-file deployments/requirements.lock "$@" pyproject.toml -
