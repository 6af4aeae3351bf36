"""An executor that was stopped and goes on when another one trades already: it sends nothing."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from exchanges.instrument import Venue
from exchanges.simulator.faults import Fault, FaultKind
from tasks.executor_client import ExecutorClient
from tests.tasks.executors import Served, executor_process, served_venues, until_accepting
from tests.tasks.test_hand_over import (
    WITHIN_S,
    assert_never_two,
    living_executor,
    until_epoch,
)

PLACE = ("POST /v1/orders", "POST /fapi/v1/order")


def orders(served: Served) -> list[str | None]:
    """Client ids of all orders that have reached a venue."""
    return [
        seen.client_order_id
        for seen in served.simulation.requests.requests()
        if f"{seen.method} {seen.path}" in PLACE
    ]


async def test_a_stopped_executor_that_goes_on_has_lost_the_lease_and_trades_no_more(
    tmp_path: Path,
) -> None:
    async with (
        served_venues(tmp_path) as served,
        executor_process(served) as stopped,
        ExecutorClient(served.settings.socket_file) as client,
    ):
        await until_accepting(client)
        # A leg that is refused and tried again after 1, 2 and 4 s: it is stopped in between.
        served.simulation.faults.add(Fault(Venue.BINANCE, PLACE[1], FaultKind.REJECT, 1, {}))
        entry = served.signal(action="ENTER", quantity="0.010").to_json()
        asking = asyncio.create_task(client.submit(entry, door="fast"))
        async with asyncio.timeout(WITHIN_S):
            while served.coin() == 0 or served.simulation.faults.pending():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        os.kill(stopped.pid, signal.SIGSTOP)
        # As on a file system that forgets locks: nothing but the epoch keeps two apart.
        (served.settings.journal_dir / "lock").unlink()

        async with (
            living_executor(served),
            ExecutorClient(served.settings.socket_file) as heir,
        ):
            await until_epoch(heir, 2)
            sent = orders(served)
            os.kill(stopped.pid, signal.SIGCONT)
            ended = await asyncio.wait_for(stopped.wait(), WITHIN_S)
            asking.cancel()
            [pair] = await heir.pairs()

        assert ended != 0
        assert pair["state"] == "hedged"
        assert served.coin() == -served.position()
        assert served.coin() > 0
        assert orders(served) == sent
        assert_never_two(served)
