"""The reason of a pause in a real Prefect: told to who comes later, and never for a newer pause."""

from __future__ import annotations

import asyncio
import os
import pwd
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.exceptions import ObjectNotFound

from deployments.cli import main
from deployments.project import read_entries
from deployments.register import register
from exchanges.clock import SystemClock
from flows.emergency_stop import emergency_stop
from flows.executor import SwitchesOn
from flows.prefect_api import PrefectRefused
from flows.prefect_switches import PrefectSwitches
from tasks.alert import Alert
from tasks.errors import SwitchesUnreadable
from tasks.given_reasons import GivenReasons
from tasks.stop_board import StopBoard
from tasks.stop_reason import DESK, GivenReason
from tasks.switch_guard import ENTRY, HOT_POOL, SIGNAL_INTAKE, SwitchGuard
from tasks.switch_setter import SwitchSetter
from tests.flows.fake_prefect import prefect_saying
from tests.flows.test_prefect_switches import ask
from tests.flows.test_ways_to_stop import SWITCHED, all_on
from tests.flows.ways_to_stop import WAYS
from tests.prefect_runs import PREFECT_MARKS, state_of

pytestmark = PREFECT_MARKS

ENTRIES = [entry for entry in read_entries() if entry.entrypoint.endswith(SWITCHED)]
MINA = "kimp stop, user mina"
OF_ENTRY = {name: way for name, way in WAYS.items() if ENTRY in way.switches}


@pytest.fixture
async def ids(prefect_api: str) -> Mapping[str, str]:
    """As :data:`WAYS` name them. Registered once: each time takes seconds."""
    async with get_client() as client:
        try:
            found = [await client.read_deployment_by_name(it) for it in (ENTRY, SIGNAL_INTAKE)]
        except ObjectNotFound:
            await register(prefect_api, ENTRIES)
            found = [await client.read_deployment_by_name(it) for it in (ENTRY, SIGNAL_INTAKE)]
    entry, intake = found
    [schedule] = entry.schedules
    return {"entry": str(entry.id), "intake": str(intake.id), "schedule": str(schedule.id)}


@pytest.fixture
async def switches(ids: Mapping[str, str]) -> AsyncIterator[PrefectSwitches]:
    async with PrefectSwitches(by=MINA) as switches:
        yield switches
        await all_on(switches)


async def given(name: str) -> GivenReason | None:
    """As an executor sees it that has just begun."""
    async with PrefectSwitches() as others:
        return await others.given(name)


async def ask_all(
    client: PrefectClient, requests: Iterable[tuple[str, str, object]], ids: Mapping[str, str]
) -> None:
    for method, path, body in requests:
        await ask(client, method, path.format(**ids), body)


async def test_the_reason_is_told_with_who_and_when_whatever_is_noted_after_it(
    switches: PrefectSwitches,
) -> None:
    await switches.pause((ENTRY, HOT_POOL), "lunch")
    await switches.note(ENTRY, "heard at 14:03:20")

    found = await given(ENTRY)

    assert found is not None
    assert (found.sentence, found.by) == ("lunch", MINA)
    assert abs(found.at - datetime.now(UTC)) < timedelta(minutes=1)
    assert await given(SIGNAL_INTAKE) is None
    assert await given(HOT_POOL) is None


@pytest.mark.parametrize("way", OF_ENTRY)
async def test_a_newer_pause_by_hand_has_no_reason(
    switches: PrefectSwitches, ids: Mapping[str, str], way: str
) -> None:
    await switches.pause((ENTRY,), "lunch")
    async with get_client() as client:
        await ask_all(client, WAYS["pause_deployment (automations)"].resume, ids)
        on = await given(ENTRY)
        await ask_all(client, OF_ENTRY[way].pause, ids)

    assert (await switches.read())[ENTRY]
    assert (on, await given(ENTRY)) == (None, None)


async def test_an_executor_that_begins_tells_who_has_stopped_it(
    switches: PrefectSwitches,
) -> None:
    await switches.pause((ENTRY,), "lunch")
    alerts: list[Alert] = []
    async with PrefectSwitches() as its_own:
        clock, asked = SystemClock(), SwitchesOn(asyncio.get_running_loop(), its_own)
        guard = SwitchGuard(asked, clock, 0.25)
        setter = SwitchSetter(asked, guard, 0.25)
        board = StopBoard(guard, setter, lambda *_: 0, clock, alerts.append)
        reasons = GivenReasons(board, asked)
        loops = [asyncio.create_task(it.run()) for it in (guard, setter, reasons)]
        async with asyncio.timeout(30):
            while not alerts:  # noqa: ASYNC110 - Prefect is another process
                await asyncio.sleep(0.01)
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)

    [alert] = alerts
    assert f"{ENTRY} is paused, MANUAL_STOP: lunch ({MINA}, at " in alert.message
    [stop] = board.of(ENTRY)
    assert stop.sentence.startswith(f"lunch ({MINA}, at ")


async def test_of_two_stops_the_latter_is_told(switches: PrefectSwitches) -> None:
    await switches.pause((ENTRY,), "lunch")
    async with PrefectSwitches() as desk:
        await desk.pause((ENTRY,), "the feeds failed")

    found = await given(ENTRY)

    assert found is not None
    assert (found.sentence, found.by) == ("the feeds failed", DESK)


async def test_registering_anew_keeps_the_reason_of_a_pause_and_gives_none_to_another(
    switches: PrefectSwitches, prefect_api: str, ids: Mapping[str, str]
) -> None:
    await switches.pause((SIGNAL_INTAKE,), "of yesterday")
    await switches.resume((SIGNAL_INTAKE,))
    await switches.pause((ENTRY,), "lunch")
    async with get_client() as client:
        await ask_all(client, WAYS["several deployments (both UIs)"].pause[1:], ids)
    before = await given(ENTRY)

    paused = [entry for entry in ENTRIES if entry.entrypoint.endswith(("intake", "entry"))]
    for _ in range(2):
        await register(prefect_api, paused)

    assert before is not None
    assert await given(ENTRY) == before
    assert await given(SIGNAL_INTAKE) is None


async def test_an_emergency_stop_without_an_executor_leaves_its_reason(
    switches: PrefectSwitches, kimp_home: Path
) -> None:
    await state_of(emergency_stop, reason="the venue is odd", confirm="STOP")

    found = await given(SIGNAL_INTAKE)

    assert found is not None
    assert found.sentence == "emergency stop: the venue is odd"
    assert found.by.startswith("the run emergency-stop")


@pytest.mark.parametrize(
    ("command", "sentence"),
    [(("stop",), "lunch"), (("kill", "--yes", "STOP"), "kill: lunch")],
    ids=["stop", "kill"],
)
async def test_a_command_without_an_executor_leaves_its_reason(
    switches: PrefectSwitches,
    kimp_home: Path,
    prefect_api: str,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    sentence: str,
) -> None:
    monkeypatch.setenv("KIMP_PREFECT_API_URL", prefect_api)

    await asyncio.to_thread(main, [*command, "--reason", "lunch"])

    found = await given(ENTRY)
    assert found is not None
    user = pwd.getpwuid(os.getuid()).pw_name
    assert (found.sentence, found.by) == (sentence, f"kimp {command[0]}, user {user}")


async def test_a_switch_that_cannot_be_set_leaves_the_others_their_reason(
    switches: PrefectSwitches, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned = switches._api.deployment_id

    async def only_entry(name: str) -> str:
        if name != ENTRY:
            raise PrefectRefused("no such deployment")
        return await learned(name)

    with monkeypatch.context() as patch:
        patch.setattr(switches._api, "deployment_id", only_entry)
        with pytest.raises(SwitchesUnreadable, match="no such deployment"):
            await switches.pause((SIGNAL_INTAKE, ENTRY), "lunch")

    found = await given(ENTRY)
    assert found is not None
    assert found.sentence == "lunch"


@pytest.mark.parametrize(
    "artifacts",
    [None, {}, [None, {}, {"metadata_": {"row": "x"}}, {"metadata_": "lunch"}]],
    ids=["nothing", "no list", "nonsense"],
)
async def test_nonsense_is_no_reason(artifacts: object) -> None:
    async with (
        prefect_saying({"artifacts": artifacts}) as url,
        PrefectSwitches(url) as switches,
    ):
        assert await switches.given(ENTRY) is None
