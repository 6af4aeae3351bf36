#!/usr/bin/env bash
# Starts the desk: bash deployments/up.sh [--once] [--speed N] [--fresh] [--live]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/venv.sh"
exec .venv/bin/kimp up "$@"
