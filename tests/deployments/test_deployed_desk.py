"""The services of ``compose.yaml``, really started: Redis, server, both workers and the executor.

One desk for all; the last test ends it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from deployments.cli import main
from deployments.prefect_door import FINAL
from tests.deployments.deployed_desk import (
    SWITCH_POLL_S,
    WORKERS,
    DeployedDesk,
    demand_redis,
    deployed_desk,
)
from tests.passing_refusal import is_passing
from warehouse import Record, RecordType, read

pytestmark = [
    pytest.mark.prefect,
    pytest.mark.timeout(600),
    # Prefect's client leaves its connections to the garbage collector when a loop ends.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
ENTER = ("--key", "research", "--action", "ENTER", "--quantity", "0.010", "--ttl-ms", "60000")
HEARD_S = 60.0
FIRST_LOOK_S = SWITCH_POLL_S + HEARD_S
"""The look after one that has failed comes only then."""


@pytest.fixture(scope="module")
def whole_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedDesk]:
    demand_redis()
    home = tmp_path_factory.mktemp("h")
    with deployed_desk(tmp_path_factory.mktemp("deployed"), home) as running:
        yield running


@pytest.fixture
def desk(whole_desk: DeployedDesk, monkeypatch: pytest.MonkeyPatch) -> DeployedDesk:
    """With the environment of the executor's container, where an operator's commands run."""
    for name, value in whole_desk.services.environment("executor").items():
        monkeypatch.setenv(name, value)
    return whole_desk


@pytest.fixture(scope="module", autouse=True)
def rollup(whole_desk: DeployedDesk) -> str:
    """Id of a run of the batch pool, whose process starts while the first tests go on."""
    deployment = whole_desk.ask("GET", "/deployments/name/pnl-rollup/live")["id"]
    run = whole_desk.ask("POST", f"/deployments/{deployment}/create_flow_run", {})
    return str(run["id"])


def test_the_server_wants_its_password_and_speaks_to_itself_over_redis(desk: DeployedDesk) -> None:
    answer = httpx.get(f"{desk.api_url}/admin/settings")

    assert answer.status_code == 401
    assert desk.redis_clients() > 0


def test_a_signal_goes_through_server_hot_worker_and_executor_to_the_venues(
    desk: DeployedDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    wait_until_entries_are(True, desk, capsys, FIRST_LOOK_S)
    answers: list[tuple[int, str]] = []

    def is_decided() -> bool:
        name = f"through-the-pool-{len(answers)}"
        sent = main(["signal", "send", *ENTER, "--door", "prefect", "--id", name])
        answers.append((sent, capsys.readouterr().out))
        *_, last = records(desk, RecordType.SIGNAL_DECIDED)
        outcome = last.body["outcome"]
        return not is_passing(outcome["status"], outcome["reason"])

    desk.services.wait_until("a signal is taken", is_decided, HEARD_S)

    sent, told = answers[-1]
    assert (sent, told[:6]) == (0, "Hedged"), told
    received = [record.body["door"] for record in records(desk, RecordType.SIGNAL_RECEIVED)]
    assert received == ["prefect"] * len(answers)
    filled = {record.body["venue"] for record in records(desk, RecordType.FILL)}
    assert filled == {"upbit", "binance"}


def test_a_pause_in_prefect_is_heard_by_event_and_stops_entries(
    desk: DeployedDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    wait_until_entries_are(True, desk, capsys, FIRST_LOOK_S)
    deployment = desk.ask("GET", "/deployments/name/entry/live")["id"]
    begun = time.monotonic()

    for _ in range(2):  # a look that falls between may have found one of them, not both
        desk.ask("PATCH", f"/deployments/{deployment}", {"paused": True})
        wait_until_entries_are(False, desk, capsys)
        refused = main(["signal", "send", *ENTER, "--door", "fast"])
        outcome = json.loads(capsys.readouterr().out)
        assert (refused, outcome["status"]) == (1, "denied"), outcome
        assert "entry/live" in outcome["reason"]
        wait_until_resumed(desk, capsys)
        wait_until_entries_are(True, desk, capsys)

    assert time.monotonic() - begun < SWITCH_POLL_S


def test_a_run_of_the_batch_pool_brings_the_books_up_to_date(
    desk: DeployedDesk, rollup: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run: dict[str, Any] = {}

    def has_ended() -> bool:
        run.update(desk.ask("GET", f"/flow_runs/{rollup}"))
        return run["state"]["type"] in FINAL

    desk.services.wait_until("the end of the run", has_ended, 120)

    assert run["state"]["name"] == "Completed", run["state"]
    assert run["infrastructure_pid"]  # a process of its own
    assert main(["warehouse", "sql", "SELECT seq FROM journal_position", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["seq"] > 0


def test_the_desk_ends_in_order_and_only_then_a_backup_can_be_restored(
    desk: DeployedDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup"]) == 0
    archive = capsys.readouterr().out.splitlines()[0]
    restore = ["restore", archive, "--reason", "a drill", "--yes", "RESTORE"]
    refused = main(restore)
    told = capsys.readouterr().err

    ended_with = {name: desk.services.end(name) for name in (*WORKERS, "executor")}

    assert refused == 1
    assert "a desk is running in this KIMP_HOME" in told
    assert ended_with == dict.fromkeys(ended_with, 0)
    last = [record.type for record in read(desk.home / "journal")][-1]
    assert last == RecordType.LEASE_RELEASED
    assert main(restore) == 0


def records(desk: DeployedDesk, type_: RecordType) -> list[Record]:
    return [record for record in read(desk.home / "journal") if record.type == type_]


def wait_until_entries_are(
    taken: bool,
    desk: DeployedDesk,
    capsys: pytest.CaptureFixture[str],
    within_s: float = HEARD_S,
) -> None:
    """``taken``: or refused because of the switch."""

    def is_so() -> bool:
        main(["status", "--json"])
        executor = json.loads(capsys.readouterr().out)["executor"]
        if executor is None or executor["accepting_entries"] is not taken:
            return False
        return executor["switches"]["entry/live"] is not taken

    desk.services.wait_until(f"entries are taken: {taken}", is_so, within_s)


def wait_until_resumed(desk: DeployedDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """A look at venues and books that has just grown old says no."""

    def is_so() -> bool:
        refused = main(["resume", "--reason", "the trial is over"])
        said = capsys.readouterr()
        assert "resumed" in said.out or "still stopped" in said.err, said
        return refused == 0

    desk.services.wait_until("the desk is resumed", is_so, HEARD_S)
