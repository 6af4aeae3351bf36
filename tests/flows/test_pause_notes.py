"""The reason of a pause in a real Prefect: told to who comes later, and never for a newer pause."""

from __future__ import annotations

import asyncio
import os
import pwd
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.exceptions import ObjectNotFound

from deployments.cli import main
from deployments.project import read_entries
from deployments.register import register
from deployments.stop_ways import WAYS
from exchanges.clock import SystemClock
from flows.emergency_stop import emergency_stop
from flows.executor import SwitchesOn
from flows.prefect_api import PrefectRefused
from flows.prefect_switches import PrefectSwitches
from tasks.alert import Alert
from tasks.errors import SwitchesUnreadable
from tasks.given_reasons import GivenReasons
from tasks.stop_board import FOUND, StopBoard
from tasks.stop_reason import DESK, GivenReason, StopReason
from tasks.switch_guard import ENTRY, HOT_POOL, SIGNAL_INTAKE, SwitchGuard
from tasks.switch_setter import SwitchSetter
from tasks.wire_text import utc_text
from tests.flows.fake_prefect import prefect_saying
from tests.flows.test_prefect_switches import ask
from tests.flows.test_ways_to_stop import SWITCHED, all_on
from tests.prefect_runs import PREFECT_MARKS, state_of
from warehouse.records import RecordType

pytestmark = PREFECT_MARKS

ENTRIES = [entry for entry in read_entries() if entry.entrypoint.endswith(SWITCHED)]
MINA = "kimp stop, user mina"
OF_ENTRY = {name: way for name, way in WAYS.items() if ENTRY in way.switches}
PATIENCE_S = 30.0


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy server may stall for longer than the desk waits for it."""
    monkeypatch.setattr("flows.prefect_api.TIMEOUT_S", PATIENCE_S)
    monkeypatch.setattr("tasks.given_reasons.AT_ONCE_S", PATIENCE_S)
    monkeypatch.setattr("tasks.given_reasons.LATER_S", PATIENCE_S)


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


@dataclass
class Executor:
    """What an executor hears of its switches with, beside its journal."""

    switches: PrefectSwitches
    journal: list[dict[str, Any]] = field(default_factory=list)
    """What stands in it."""
    alerts: list[Alert] = field(default_factory=list)

    def __post_init__(self) -> None:
        clock = SystemClock()
        asked = SwitchesOn(asyncio.get_running_loop(), self.switches)
        self.guard = SwitchGuard(asked, clock, 0.25)
        self.setter = SwitchSetter(asked, self.guard, 0.25)
        self.board = StopBoard(self.guard, self.setter, self._write, clock, self.alerts.append)
        self.reasons = GivenReasons(self.board, asked)
        for body in list(self.journal):
            self.board.remember(body, utc_text(clock.now()))
        self.board.recall()

    def _write(self, _: RecordType, body: Mapping[str, Any]) -> int:
        self.journal.append({**body})
        return len(self.journal)

    @asynccontextmanager
    async def running(
        self, *loops: SwitchGuard | SwitchSetter | GivenReasons
    ) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(it.run()) for it in loops]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def told(self) -> list[str]:
        return [stop.sentence for stop in self.board.of(ENTRY)]

    async def until_told(self, *sentences: str) -> None:
        """Each begins one of the reasons of ENTRY, and there is no other."""
        async with asyncio.timeout(PATIENCE_S):
            while [it.partition(" (")[0] for it in self.told()] != list(sentences):  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_an_executor_that_begins_tells_who_has_stopped_it(
    switches: PrefectSwitches,
) -> None:
    await switches.pause((ENTRY,), "lunch")
    async with PrefectSwitches() as its_own:
        executor = Executor(its_own)
        async with executor.running(executor.guard, executor.setter, executor.reasons):
            await executor.until_told("lunch")

    [alert] = executor.alerts
    assert f"{ENTRY} is paused, MANUAL_STOP: lunch ({MINA}, at " in alert.message
    assert executor.told()[0].startswith(f"lunch ({MINA}, at ")


async def test_an_executor_that_stops_before_it_has_asked_who_else_did_still_tells_it(
    switches: PrefectSwitches,
) -> None:
    await switches.pause((ENTRY,), "lunch")
    async with PrefectSwitches() as its_own:
        executor = Executor(its_own)
        await executor.guard.look()
        executor.board.stop((ENTRY,), StopReason.SYSTEM_ERROR, "the feeds failed")
        assert await executor.setter.deliver()
        at_first, before = executor.told(), list(executor.journal)
        async with executor.running(executor.reasons):
            await executor.until_told("lunch", "the feeds failed")
        # One that ends before it has asked leaves that to the next.
        heir = Executor(its_own, [*before])
        async with heir.running(heir.reasons):
            await heir.until_told("the feeds failed", "lunch")

    assert at_first == [FOUND, "the feeds failed"]
    assert [body["reason"] for body in before] == ["the feeds failed"] * 2
    assert f"MANUAL_STOP: lunch ({MINA}, at " in executor.alerts[-1].message
    assert [alert.message.count("lunch") for alert in heir.alerts] == [1]


async def test_a_stop_that_prefect_is_told_of_late_leaves_the_reason_of_another_one(
    switches: PrefectSwitches,
) -> None:
    untold = {"switch": "stop", "name": ENTRY, "code": "SYSTEM_ERROR", "is_set": False}
    await switches.pause((ENTRY,), "lunch")
    async with PrefectSwitches() as its_own:
        executor = Executor(its_own, [{**untold, "reason": "the feeds failed"}])
        assert await executor.setter.deliver()
        async with executor.running(executor.reasons):
            await executor.until_told("the feeds failed", "lunch")


async def test_of_the_stops_of_two_people_the_latter_is_told_and_the_desks_only_where_it_is_alone(
    switches: PrefectSwitches,
) -> None:
    async with PrefectSwitches() as desk, PrefectSwitches(by="kimp stop, user joe") as joe:
        await desk.pause((ENTRY, SIGNAL_INTAKE), "the feeds failed")
        await switches.pause((ENTRY,), "lunch")
        await joe.pause((ENTRY,), "the venue is odd")
        await desk.pause((ENTRY,), "the disk is full")

    of_entry, of_intake = await given(ENTRY), await given(SIGNAL_INTAKE)
    assert of_entry is not None
    assert (of_entry.sentence, of_entry.by) == ("the venue is odd", "kimp stop, user joe")
    assert of_intake is not None
    assert (of_intake.sentence, of_intake.by) == ("the feeds failed", DESK)


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


async def test_a_pause_that_is_made_anew_during_a_registration_keeps_its_own_reason(
    switches: PrefectSwitches, prefect_api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_flow = PrefectClient.create_flow

    async def while_it_begins(client: PrefectClient, flow: Any) -> UUID:
        await switches.resume((ENTRY,))
        await switches.pause((ENTRY,), "lunch")
        return await create_flow(client, flow)

    monkeypatch.setattr(PrefectClient, "create_flow", while_it_begins)
    await switches.pause((ENTRY,), "of yesterday")
    [entry] = [entry for entry in ENTRIES if entry.entrypoint.endswith(":entry")]

    await register(prefect_api, [entry])

    found = await given(ENTRY)
    assert found is not None
    assert found.sentence == "lunch"


async def test_an_emergency_stop_without_an_executor_leaves_its_reason(
    switches: PrefectSwitches, kimp_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.emergency_stop.PATIENCE_S", 0.0)
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


WRITTEN = "2026-02-03T05:03:20.000000Z"
NOTE = {"reason": "lunch", "by": MINA, "at": WRITTEN, "row": WRITTEN}


async def given_by(artifacts: object) -> GivenReason | None:
    """What is told of ENTRY, which is paused, by a Prefect with such artifacts."""
    heard: list[tuple[str, Any]] = []
    row = {"paused": True, "updated": WRITTEN}
    async with (
        prefect_saying({"artifacts": artifacts, "row": row}, heard=heard) as url,
        PrefectSwitches(url) as switches,
    ):
        found = await switches.given(ENTRY)
    assert [path for path, _ in heard] == ["/artifacts/filter"]
    return found


@pytest.mark.parametrize(
    "artifacts",
    [
        None,
        {},
        [None, {}, {"metadata_": {"row": "x"}}, {"metadata_": "lunch"}],
        [{"metadata_": {**NOTE, "at": "noon"}}],
        [{"metadata_": {**NOTE, "at": WRITTEN.removesuffix("Z")}}],
        [{"metadata_": {**NOTE, "reason": None}}, {"metadata_": {**NOTE, "by": [MINA]}}],
        [{"metadata_": {key: NOTE[key] for key in ("reason", "by", "row")}}],
    ],
    ids=[
        "nothing",
        "no list",
        "nonsense",
        "no time",
        "a time of no zone",
        "no words",
        "half a note",
    ],
)
async def test_nonsense_is_no_reason(artifacts: object) -> None:
    assert await given_by(artifacts) is None


async def test_nonsense_hides_no_reason() -> None:
    found = await given_by([None, {"metadata_": {**NOTE, "reason": None}}, {"metadata_": NOTE}])

    assert found is not None
    assert (found.sentence, found.by) == ("lunch", MINA)
