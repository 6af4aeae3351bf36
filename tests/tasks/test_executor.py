"""The executor as a process over HTTP: killed in the middle of an entry, stopped, started twice."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from exchanges.simulator.faults import Fault, FaultKind
from tasks.errors import ExecutorGone, SettingMissing
from tasks.executor import run_executor
from tasks.executor_client import ExecutorClient
from tasks.outcome import OutcomeStatus
from tasks.paper_desk import MemorySwitches
from tasks.settings import Settings
from tests.tasks.executors import executor_here, executor_process, served_venues, until_accepting
from warehouse import JournalLocked


async def test_killed_in_the_middle_of_an_entry_it_ends_hedged_or_flat(tmp_path: Path) -> None:
    async with served_venues(tmp_path) as served:
        faults = served.simulation.faults
        async with (
            executor_process(served) as process,
            ExecutorClient(served.settings.socket_file) as client,
        ):
            await until_accepting(client)
            entry = served.signal(action="ENTER", quantity="0.010").model_dump(mode="json")
            delay = Fault(Venue.BINANCE, "POST /fapi/v1/order", FaultKind.DELAY, 1, {"ms": 1_000})
            faults.add(delay)
            sending = asyncio.create_task(client.submit(entry, door="fast"))
            async with asyncio.timeout(10):
                while faults.pending():  # noqa: ASYNC110 - until the order is on its way
                    await asyncio.sleep(0.01)
            process.kill()
            await process.wait()
            with suppress(ExecutorGone):
                await sending

        async with (
            executor_process(served),
            ExecutorClient(served.settings.socket_file) as client,
        ):
            await until_accepting(client)
            again = await client.submit(entry, door="fast")
            record = await client.reconcile()
            [pair] = await client.pairs()

            assert again.status is OutcomeStatus.DUPLICATE
            assert pair["state"] in ("hedged", "failed", "unwound")
            assert record["differences"] == []
            assert served.coin() + served.position() == 0
            assert served.coin() in (Decimal(0), Decimal("0.010"))


async def test_a_second_executor_on_the_same_home_is_refused(tmp_path: Path) -> None:
    async with served_venues(tmp_path) as served:
        async with executor_here(served.settings) as client:
            with pytest.raises(JournalLocked):
                await run_executor(
                    served.settings,
                    switches=MemorySwitches(),
                    on_decided=lambda *_: None,
                    stop=asyncio.Event(),
                )
            # The first one still answers at its socket.
            assert (await client.state())["epoch"] == 1
        assert not served.settings.socket_file.exists()


async def test_told_to_stop_it_ends_in_order(tmp_path: Path) -> None:
    async with served_venues(tmp_path) as served:
        async with (
            executor_process(served) as process,
            ExecutorClient(served.settings.socket_file) as client,
        ):
            await until_accepting(client)
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(20):
                assert await process.wait() == 0
        assert not served.settings.socket_file.exists()


async def test_a_stop_before_it_has_begun_is_heard(tmp_path: Path) -> None:
    async with served_venues(tmp_path) as served:
        stop = asyncio.Event()
        stop.set()
        async with asyncio.timeout(20):
            await run_executor(
                served.settings,
                switches=MemorySwitches(),
                on_decided=lambda *_: None,
                stop=stop,
            )


async def test_without_venue_keys_it_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(SettingMissing, match="upbit_access_key"):
        await run_executor(
            Settings(home=tmp_path),
            switches=MemorySwitches(),
            on_decided=lambda *_: None,
            stop=asyncio.Event(),
        )


async def test_a_loop_that_breaks_stops_entries_and_the_executor_goes_on(tmp_path: Path) -> None:
    class Breaking(MemorySwitches):
        is_broken = False

        async def read(self) -> Mapping[str, bool]:
            if self.is_broken:
                raise RuntimeError("nobody foresaw this")
            return await super().read()

    switches = Breaking()
    async with (
        served_venues(tmp_path) as served,
        executor_here(served.settings, switches) as client,
    ):
        switches.is_broken = True
        async with asyncio.timeout(20):
            while not (stops := (await client.state())["stops"]):  # noqa: ASYNC110 - of its loops
                await asyncio.sleep(0.05)
        switches.is_broken = False
        signal = served.signal(action="ENTER", quantity="0.010")
        refused = await client.submit(signal.to_json(), door="fast")
        agreed = await client.reconcile()

    assert [(stop["switch"], stop["reason"]) for stop in stops] == [("entry/live", "SYSTEM_ERROR")]
    assert "nobody foresaw this" in stops[0]["sentence"]
    assert refused.status is OutcomeStatus.DENIED
    assert "SYSTEM_ERROR" in (refused.reason or "")
    assert agreed["agreed"]
