#!/usr/bin/env bash
# Runs the tests: bash deployments/test.sh [pytest arguments]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/venv.sh"
exec .venv/bin/python -m pytest "$@"
