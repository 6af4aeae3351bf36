"""Pausing something in a real Prefect stops the desk, whichever way; a resume is asked about.

How long it takes is printed (``pytest -s``) and not judged: a busy machine is no failure.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient, get_client

from deployments.project import read_entries
from deployments.register import register
from deployments.stop_ways import WAYS
from exchanges.clock import SystemClock
from flows.prefect_switches import SWITCHES, PrefectSwitches
from tasks.alert import Alert, AlertType
from tasks.errors import SwitchesUnreadable
from tasks.stop_board import BY_HAND, StopBoard
from tasks.stop_reason import StopReason
from tasks.switch_guard import ENTRY, SwitchGuard
from tasks.switch_setter import SwitchSetter
from tests.prefect_runs import PREFECT_MARKS

pytestmark = PREFECT_MARKS

SWITCHED = ("executor", "signal_intake", "entry", "exit_validation")
POLL_S = 0.25
PATIENCE_S = 30.0


@dataclass
class Watch:
    """All that hears of a stop, on a real Prefect."""

    guard: SwitchGuard
    setter: SwitchSetter
    board: StopBoard
    client: PrefectClient
    ids: Mapping[str, str]
    alerts: list[Alert] = field(default_factory=list)
    released: list[str] = field(default_factory=list)

    async def ask(self, request: tuple[str, str, object]) -> None:
        method, path, body = request
        answer = await self.client._client.request(method, path.format(**self.ids), json=body)
        answer.raise_for_status()

    def paused(self) -> set[str]:
        return {name for name, paused in self.guard.paused.items() if paused}

    async def until_paused(self, names: set[str]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while self.paused() != names:  # noqa: ASYNC110 - it lives in another process
                await asyncio.sleep(0.005)

    async def artifact(self, name: str) -> str:
        key = f"paused-{name.replace('/', '-')}"
        answer = await self.client._client.get(f"/artifacts/{key}/latest")
        text: str = answer.raise_for_status().json()["data"]
        return text


@pytest.fixture
async def ids(prefect_api: str) -> Mapping[str, str]:
    entries = [entry for entry in read_entries() if entry.entrypoint.endswith(SWITCHED)]
    registered = await register(prefect_api, entries)
    async with get_client() as client:
        [schedule] = await client.read_deployment_schedules(UUID(registered[ENTRY]))
    return {
        "entry": registered[ENTRY],
        "intake": registered["signal-intake/live"],
        "schedule": str(schedule.id),
    }


@asynccontextmanager
async def watching(ids: Mapping[str, str]) -> AsyncIterator[Watch]:
    async with PrefectSwitches() as switches, get_client() as client:
        await all_on(switches)
        guard = SwitchGuard(switches, SystemClock(), POLL_S)
        setter = SwitchSetter(switches, guard, POLL_S)
        alerts: list[Alert] = []
        board = StopBoard(guard, setter, _not_kept, SystemClock(), alerts.append)
        watch = Watch(guard, setter, board, client, ids, alerts)
        board.on_release = watch.released.append
        loops = [asyncio.create_task(guard.run()), asyncio.create_task(setter.run())]
        try:
            async with asyncio.timeout(PATIENCE_S):
                while guard.age_s is None:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            yield watch
        finally:
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)
            await all_on(switches)


async def all_on(switches: PrefectSwitches) -> None:
    """A busy server may need more than the two seconds that the desk gives it."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(SwitchesUnreadable):
                return await switches.resume(SWITCHES)


def _not_kept(*_: Any) -> int:
    return 0


async def test_every_way_to_pause_is_heard_alerted_and_told_in_prefect(
    ids: Mapping[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    async with watching(ids) as watch:
        for name, way in WAYS.items():
            watch.alerts.clear()
            began = time.monotonic()
            for request in way.pause:
                await watch.ask(request)
            answered = time.monotonic()
            await watch.until_paused(set(way.switches))
            heard = time.monotonic()
            with capsys.disabled():
                after, whole = (heard - answered) * 1e3, (heard - began) * 1e3
                print(f"\n{name}: {whole:.0f} ms from the request, {after:.0f} ms from its answer")

            assert {stop.switch for stop in watch.board.stops()} == way.switches
            assert {stop.reason for stop in watch.board.stops()} == {StopReason.MANUAL_STOP}
            assert [alert.type for alert in watch.alerts] == [
                AlertType.STOP_ACTIVATED for _ in way.switches
            ]
            assert all("new entries blocked" in alert.message for alert in watch.alerts)
            await watch.setter.deliver()
            for switch in way.switches:
                assert BY_HAND in await watch.artifact(switch)

            watch.released.clear()
            for request in way.resume:
                await watch.ask(request)
            await watch.until_paused(set())
            assert sorted(watch.released) == sorted(way.switches)
            for switch in way.switches:
                watch.board.lift(switch)


async def test_a_stop_of_the_desk_stands_in_prefect_with_its_reason(ids: Mapping[str, str]) -> None:
    async with watching(ids) as watch:
        watch.board.stop([ENTRY], StopReason.DAILY_LOSS_EXCEEDED, "today lost 6,100 KRW")
        assert watch.paused() == {ENTRY}  # before anybody was told
        await watch.setter.deliver()

        async with PrefectSwitches() as others:
            assert (await others.read())[ENTRY]
        assert "DAILY_LOSS_EXCEEDED: today lost 6,100 KRW" in await watch.artifact(ENTRY)

        await watch.ask(WAYS["switch of a deployment (both UIs)"].resume[0])
        await watch.until_paused(set())
        assert watch.released == [ENTRY]


async def test_two_that_pause_at_once_make_one_stop_each(ids: Mapping[str, str]) -> None:
    async with watching(ids) as watch:
        pauses = [way.pause for way in WAYS.values()]
        await asyncio.gather(*(watch.ask(request) for pause in pauses for request in pause))
        names = {switch for way in WAYS.values() for switch in way.switches}
        await watch.until_paused(names)

        assert sorted(alert.subject or "" for alert in watch.alerts) == sorted(names)
