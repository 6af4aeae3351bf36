"""``kimp bench``."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from deployments.bench import BenchResult, bench
from deployments.bench_rig import Spread
from deployments.progress import Progress

MAX_PAIRS = 90
"""Each signal opens a pair, and 100 is the most that may be open."""


def add_commands(commands: Any) -> None:
    parser = commands.add_parser("bench", help="measure signal → orders on this machine")
    parser.add_argument(
        "--pairs", type=_pairs, default=60, metavar="N", help="signals to send (default 60)"
    )
    parser.set_defaults(run=run_bench)


def run_bench(given: argparse.Namespace) -> int:
    progress = Progress()
    _print(asyncio.run(bench(given.pairs, progress)), progress)
    return 0


def _print(result: BenchResult, progress: Progress) -> None:
    progress.line(f"{result.pairs} pairs each, by turns, on loopback, microseconds:")
    for name, spread in (("desk", result.desk), ("raw aiohttp", result.raw)):
        progress.note(f"{name:<12} p50 {spread.p50_us:8.0f}   p99 {spread.p99_us:8.0f}")
    ratios = _ratios(result.desk, result.raw)
    progress.note(f"{'ratio':<12} p50 {ratios[0]:8.2f}   p99 {ratios[1]:8.2f}")


def _ratios(desk: Spread, raw: Spread) -> tuple[float, float]:
    return desk.p50_us / raw.p50_us, desk.p99_us / raw.p99_us


def _pairs(text: str) -> int:
    if not text.isdecimal() or not 2 <= int(text) <= MAX_PAIRS:
        raise argparse.ArgumentTypeError(
            f"expected a whole number from 2 to {MAX_PAIRS}, got {text!r}"
        )
    return int(text)
