#!/usr/bin/env bash
# Runs the tests on two cores: bash deployments/test.sh [pytest arguments, e.g. -n 0 for one core]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/venv.sh"
# Three workers, because many tests wait for servers. Tests that share a server stay together, as
# those of a file do. Files are taken in their own order: by number of tests, those with a few long
# ones would come last and keep one core.
exec .venv/bin/python -m pytest -n 3 --dist loadgroup --no-loadscope-reorder "$@"
