"""``python -m tests.deployments.bench_click --rounds 20``: from the click on the switch of
``entry/live`` in a browser to no entries, and from the click back to entries again.

A whole desk in a throw-away folder, and in each UI a page that shows the switch. Each round takes
both pages and, beside them, the request that both send, without a browser.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from playwright.sync_api import Locator, expect

from deployments.bench_stop import StopTimes, StopWay, WayTimes, measure, ways_of_prefect
from deployments.prefect_address import prefect_http
from deployments.stop_ways import SCHEDULE_SWITCH
from tasks.executor_client import ExecutorClient
from tasks.settings import Settings
from tasks.switch_guard import ENTRY
from tests.browser import PATIENCE_MS, chromium, log_in_ahead, visitor
from tests.deployments.running_desk import RunningDesk, running_desk
from tests.deployments.whole_desk.operator import CLASSIC, V2, Operator
from tests.prefect_database import empty_database

UIS = {"classic UI": CLASSIC, "V2 UI": V2}
REQUEST = "request alone"


class Switches:
    """One in each UI, on pages that stay open."""

    def __init__(self, switches: Mapping[str, Locator]) -> None:
        self._switches = switches

    def turn_off(self, name: str) -> None:
        # Without a look at whether it moves or is covered: it has stood there for seconds.
        self._switches[name].click(force=True)
        expect(self._switches[name]).not_to_be_checked(timeout=PATIENCE_MS)

    def turn_on(self, name: str) -> None:
        self._switches[name].click(force=True)
        self.are_on()

    def are_on(self) -> None:
        """Wait until all show it: one whose page asked the server meanwhile may show that it is
        off until the page asks again."""
        for switch in self._switches.values():
            expect(switch).to_be_checked(timeout=PATIENCE_MS)


@contextmanager
def open_switches(desk: RunningDesk) -> Iterator[Switches]:
    with chromium() as browser:
        context = visitor(browser)
        log_in_ahead(context, desk.password)
        operators = {name: Operator(context.new_page(), desk, ui) for name, ui in UIS.items()}
        switches = Switches({name: it.deployment(ENTRY) for name, it in operators.items()})
        switches.are_on()
        yield switches


async def bench_click(desk: RunningDesk, rounds: int) -> Mapping[str, WayTimes]:
    """By the names of the UIs, and of their request."""
    loop = asyncio.get_running_loop()
    async with (
        prefect_http(Settings(home=desk.home), f"{desk.ui}/api") as api,
        ExecutorClient(desk.home / "run" / "executor.sock") as executor,
    ):
        request = (await ways_of_prefect(api))[SCHEDULE_SWITCH]
        with ThreadPoolExecutor(1) as thread:  # a browser's driver stays in its own
            in_thread = partial(loop.run_in_executor, thread)
            stack = ExitStack()
            switches = await in_thread(stack.enter_context, open_switches(desk))

            def by_click(name: str) -> StopWay:
                return StopWay(
                    lambda: in_thread(switches.turn_off, name),
                    lambda: in_thread(switches.turn_on, name),
                )

            async def take_back() -> None:
                await request.take_back()
                await in_thread(switches.are_on)

            ways = {REQUEST: StopWay(request.stop, take_back)}
            try:
                return await measure(
                    executor, ways | {name: by_click(name) for name in UIS}, rounds
                )
            finally:
                await in_thread(stack.close)


def table(results: Mapping[str, WayTimes]) -> str:
    """A line for each; ``ratio``: to the request alone, p50 to p50."""
    alone = results[REQUEST]
    lines = [
        f"{'':<14}{'stop p50':>10}{'max':>6}{'ratio':>7}{'back p50':>10}{'max':>6}{'ratio':>7}"
    ]
    lines += [
        f"{name:<14}{_columns(found.stopped, alone.stopped)}{_columns(found.back, alone.back)}"
        for name, found in results.items()
    ]
    return "\n".join(lines)


def _columns(times: StopTimes, alone: StopTimes) -> str:
    return f"{times.p50_ms:>10.0f}{times.max_ms:>6.0f}{times.p50_ms / alone.p50_ms:>7.2f}"


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.deployments.bench_click", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="kimp-bench-") as folder:
        base = Path(folder)
        with running_desk(base / "h", empty_database(base)) as desk:
            results = asyncio.run(bench_click(desk, rounds))
    print(f"click → no entries, and click back → entries again, {rounds} times, ms:")
    print(table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
