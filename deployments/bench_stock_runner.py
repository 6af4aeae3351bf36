"""A stock Prefect runner for signal-intake, found by polling, a process for each run: what
``kimp bench door`` compares the hot worker with.

``python -m deployments.bench_stock_runner``; serves the deployment ``signal-intake/stock``.
"""

from __future__ import annotations

from flows.signal_intake import signal_intake

NAME = "stock"

if __name__ == "__main__":
    signal_intake.serve(name=NAME, print_starting_message=False)
