"""A disk without room under a running executor: no entries, positions kept and looked after, and
everything goes on by itself once there is room.

The room is taken by the system's limit on the size of a file, which a journal meets as it meets a
full disk: a record is refused and nothing of it stays.
"""

from __future__ import annotations

import asyncio
import resource
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from exchanges.simulator.faults import Fault, FaultKind
from tasks.errors import ExecutorRefused
from tasks.executor_client import ExecutorClient
from tasks.outcome import Outcome, OutcomeStatus
from tests.tasks.desks import PLACE
from tests.tasks.executors import Served, executor_process, served_venues, until_accepting
from warehouse import read
from warehouse.segment import segment_file


def fill_the_disk(process: Process, served: Served) -> None:
    """Not one more byte for the journal."""
    size = segment_file(served.settings.journal_dir, 1).stat().st_size
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def make_room(process: Process) -> None:
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, unlimited)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110 - it lives elsewhere
            await asyncio.sleep(0.05)


def asked_for_the_lost_order(served: Served) -> list[str | None]:
    return [
        seen.client_order_id
        for seen in served.simulation.requests.requests()
        if (seen.method, seen.path) == ("GET", "/fapi/v1/order")
    ]


async def entered(served: Served, client: ExecutorClient) -> Outcome:
    signal = served.signal(action="ENTER", quantity="0.010")
    return await client.submit(signal.model_dump(mode="json"), door="fast")


@asynccontextmanager
async def trading_executor(
    home: Path,
) -> AsyncIterator[tuple[Served, Process, ExecutorClient]]:
    """One in a process of its own that takes entries."""
    async with (
        served_venues(home) as served,
        executor_process(served) as process,
        ExecutorClient(served.settings.socket_file) as client,
    ):
        await until_accepting(client)
        yield served, process, client


async def enter_and_fill_the_disk(
    served: Served, process: Process, client: ExecutorClient, *faults: Fault
) -> Outcome:
    """The answer to an entry whose orders are on their way to meet ``faults`` when the disk is
    full."""
    for fault in faults:
        served.simulation.faults.add(fault)
    entering = asyncio.create_task(entered(served, client))

    async def both_are_on_their_way() -> bool:
        return not served.simulation.faults.pending()

    await until(both_are_on_their_way)
    fill_the_disk(process, served)
    return await entering


async def until_hedged_and_agreed(client: ExecutorClient) -> None:
    async def hedged() -> bool:
        [pair] = await client.pairs()
        return pair["state"] == "hedged"

    await until(hedged)
    await until_accepting(client)
    assert (await client.reconcile())["differences"] == []


async def test_a_full_disk_stops_entries_keeps_the_pair_and_is_forgotten_with_room(
    tmp_path: Path,
) -> None:
    async with trading_executor(tmp_path) as (served, process, client):
        assert (await entered(served, client)).status is OutcomeStatus.HEDGED

        fill_the_disk(process, served)
        refused = await entered(served, client)
        state = await client.state()
        [pair] = await client.pairs()
        with pytest.raises(ExecutorRefused, match="Make room there"):
            await client.reconcile()

        assert refused.status is OutcomeStatus.DENIED
        assert (refused.reason or "").startswith("journal_unwritable: ")
        assert "journal_unwritable" in [block["code"] for block in state["blocks"]]
        assert not state["accepting_entries"]
        assert pair["state"] == "hedged"
        assert pair.get("now") is not None  # it is still valued at live books
        assert served.coin() == -served.position() == Decimal("0.010")

        make_room(process)
        await until_accepting(client)
        assert (await entered(served, client)).status is OutcomeStatus.HEDGED
        assert (await client.reconcile())["differences"] == []
        assert list(read(served.settings.journal_dir))


async def test_a_disk_that_is_full_between_order_and_reply_leaves_a_pair_that_is_settled_later(
    tmp_path: Path,
) -> None:
    async with trading_executor(tmp_path) as (served, process, client):
        slow = [
            Fault(venue, PLACE[venue], FaultKind.DELAY, 1, {"ms": 500})
            for venue in (Venue.UPBIT, Venue.BINANCE)
        ]
        answer = await enter_and_fill_the_disk(served, process, client, *slow)

        assert served.coin() == -served.position() == Decimal("0.010")
        assert (answer.reason or "").startswith("system_error: ")
        assert not (await client.state())["accepting_entries"]

        make_room(process)
        await until_hedged_and_agreed(client)


async def test_a_leg_that_fails_on_a_full_disk_is_repaired_once_there_is_room(
    tmp_path: Path,
) -> None:
    async with trading_executor(tmp_path) as (served, process, client):
        slow = Fault(Venue.UPBIT, PLACE[Venue.UPBIT], FaultKind.DELAY, 1, {"ms": 500})
        lost = Fault(Venue.BINANCE, PLACE[Venue.BINANCE], FaultKind.LOSE_REQUEST, 1, {})
        await enter_and_fill_the_disk(served, process, client, slow, lost)
        assert (served.coin(), served.position()) == (Decimal("0.010"), Decimal(0))

        async def the_venue_is_asked_again() -> bool:
            return len(asked_for_the_lost_order(served)) > questions

        questions = len(asked_for_the_lost_order(served))
        await until(the_venue_is_asked_again)
        # What cannot be written down first is not sent.
        assert (served.coin(), served.position()) == (Decimal("0.010"), Decimal(0))

        make_room(process)
        await until_hedged_and_agreed(client)
        assert served.coin() == -served.position() == Decimal("0.010")
