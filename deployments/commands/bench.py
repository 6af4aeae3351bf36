"""``kimp bench``."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from deployments.progress import Progress

if TYPE_CHECKING:
    from deployments.bench import BenchResult
    from deployments.bench_door import DoorResult
    from deployments.bench_rig import Spread
    from deployments.bench_stop import StopTimes, WayTimes
    from deployments.bench_trouble import Measured
    from deployments.troubled_prefect import Trouble

MAX_PAIRS = 90
"""Each signal opens a pair, and 100 is the most that may be open."""
MAX_ROUNDS = 200


def add_commands(commands: Any) -> None:
    parser = commands.add_parser("bench", help="measure the desk on this machine")
    parser.add_argument(
        "what",
        nargs="?",
        choices=("orders", "trouble", "door", "stop"),
        default="orders",
        help="orders: beside bare requests (default); trouble: with Prefect slow, locked, full, "
        "gone; door: through Prefect, beside a stock runner; stop: until a stop holds, by each way",
    )
    parser.add_argument(
        "--pairs",
        type=_whole(2, MAX_PAIRS),
        default=60,
        metavar="N",
        help="signals to send (default 60)",
    )
    parser.add_argument(
        "--stock",
        type=_whole(2, MAX_PAIRS),
        default=5,
        metavar="N",
        help="signals of a stock runner (default 5)",
    )
    parser.add_argument(
        "--rounds",
        type=_whole(1, MAX_ROUNDS),
        default=10,
        metavar="N",
        help="stops by each way (default 10, six minutes)",
    )
    parser.set_defaults(run=run_bench)


def run_bench(given: argparse.Namespace) -> int:
    # Prefect takes two seconds to import, which no other command should wait for.
    from deployments.bench import bench
    from deployments.bench_door import bench_door
    from deployments.bench_stop import bench_stop
    from deployments.bench_trouble import bench_trouble

    progress = Progress()
    if given.what == "trouble":
        _print_troubles(asyncio.run(bench_trouble(progress)), progress)
    elif given.what == "door":
        _print_door(asyncio.run(bench_door(given.pairs, given.stock, progress)), progress)
    elif given.what == "stop":
        _print_stops(asyncio.run(bench_stop(given.rounds, progress)), given.rounds, progress)
    else:
        _print(asyncio.run(bench(given.pairs, progress)), progress)
    return 0


def _print(result: BenchResult, progress: Progress) -> None:
    progress.line(f"{result.pairs} pairs each, by turns, on loopback, microseconds:")
    for name, spread in (("desk", result.desk), ("raw aiohttp", result.raw)):
        progress.note(f"{name:<12} p50 {spread.p50_us:8.0f}   p99 {spread.p99_us:8.0f}")
    ratios = _ratios(result.desk, result.raw)
    progress.note(f"{'ratio':<12} p50 {ratios[0]:8.2f}   p99 {ratios[1]:8.2f}")


def _print_troubles(results: Mapping[Trouble, Measured], progress: Progress) -> None:
    from deployments.troubled_prefect import Trouble

    well = results[Trouble.NONE].desk
    progress.line("signal → orders by what troubles Prefect, on loopback, microseconds:")
    progress.note(
        f"{'trouble':<16}{'desk p50':>10}{'p99':>8}{'raw p50':>10}{'p99':>8}"
        f"{'ratio':>7}{'to well':>9}{'silent':>9}"
    )
    for trouble, found in results.items():
        ratio, to_well = _ratios(found.desk, found.raw)[0], _ratios(found.desk, well)[0]
        progress.note(
            f"{trouble:<16}{found.desk.p50_us:>10.0f}{found.desk.p99_us:>8.0f}"
            f"{found.raw.p50_us:>10.0f}{found.raw.p99_us:>8.0f}"
            f"{ratio:>7.2f}{to_well:>9.2f}{found.silent_s:>7.1f} s"
        )


def _print_door(result: DoorResult, progress: Progress) -> None:
    progress.line("API call → both orders at the venues, on loopback, milliseconds:")
    for name, times in (("hot worker", result.hot), ("stock runner", result.stock)):
        progress.note(
            f"{name:<13} p50 {times.p50_ms:9.1f}   p95 {times.p95_ms:9.1f}   ({times.runs} runs)"
        )
    progress.note(
        f"{'ratio':<13} p50 {result.stock.p50_ms / result.hot.p50_ms:9.1f}   "
        f"p95 {result.stock.p95_ms / result.hot.p95_ms:9.1f}"
    )


def _print_stops(results: Mapping[str, WayTimes], rounds: int, progress: Progress) -> None:
    width = max(map(len, results))
    progress.line(f"act → no entries, and taking back → entries again, {rounds} times, ms:")
    progress.note(
        f"{'way':<{width}}{'stop p50':>10}{'p99':>6}{'max':>6}{'back p50':>10}{'p99':>6}{'max':>6}"
    )
    for name, found in results.items():
        progress.note(f"{name:<{width}}{_columns(found.stopped)}{_columns(found.back)}")


def _columns(times: StopTimes) -> str:
    return f"{times.p50_ms:>10.0f}{times.p99_ms:>6.0f}{times.max_ms:>6.0f}"


def _ratios(desk: Spread, raw: Spread) -> tuple[float, float]:
    return desk.p50_us / raw.p50_us, desk.p99_us / raw.p99_us


def _whole(least: int, most: int) -> Callable[[str], int]:
    """An argparse type."""

    def number(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(
                f"expected a whole number from {least} to {most}, got {text!r}"
            )
        return int(text)

    return number
