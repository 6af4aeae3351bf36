"""The desk's Prefect on a real PostgreSQL: registration, switches, claims and stories."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client

from deployments.project import read_entries
from deployments.register import register
from flows.prefect_switches import SWITCHES, PrefectSwitches
from flows.signal_intake import signal_intake
from tasks.switch_guard import ENTRY
from tests.deployments.hot_runs import a_signal, create, signal_deployment
from tests.fake_executor import running_fake_executor
from tests.postgres_server import PASSWORD, running_postgres
from tests.prefect_runs import PREFECT_MARKS, artifacts_of, end_of, log_of, working
from tests.prefect_server import PrefectServer, running_prefect_server

pytestmark = [*PREFECT_MARKS, pytest.mark.timeout(240)]

SWITCHED = ("executor", "signal_intake", "entry", "exit_validation")
FLOWS: dict[str, Any] = {signal_intake.name: signal_intake}


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with running_postgres() as url:
        yield url


@pytest.fixture(scope="module")
def server(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """Told the address by a file, as a deployed desk is."""
    folder = tmp_path_factory.mktemp("prefect-on-postgres")
    file = folder / "database-url"
    file.touch(0o600)
    file.write_text(f"{postgres}\n")
    with running_prefect_server(folder, KIMP_PREFECT_DATABASE_URL_FILE=str(file)) as server:
        yield server


@pytest.fixture(scope="module")
def prefect_server(server: PrefectServer) -> str:
    """What the shared fixture ``prefect_api`` points this process at."""
    return server.url


async def test_two_workers_run_each_signal_once_and_its_story_is_kept(
    prefect_api: str, kimp_home: Path
) -> None:
    deployment = await signal_deployment()
    async with (
        running_fake_executor(kimp_home / "run" / "executor.sock") as executor,
        working(executor, FLOWS),
        working(executor, FLOWS, name="two"),
        get_client() as client,
    ):
        ids = [await create(deployment, parameters={"signal": a_signal()}) for _ in range(6)]
        runs = [await end_of(run_id, within_s=60) for run_id in ids]
        told, kept = await log_of(client, ids[0]), await artifacts_of(client, ids[0])

    heard = [body["id"] for body in executor.bodies("POST /v1/signals")]
    assert [run.state_name for run in runs] == ["Hedged"] * 6
    assert [run.run_count for run in runs] == [1] * 6
    assert len(heard) == len(set(heard)) == 6
    assert "Hedged" in told
    assert "signal-outcome" in kept


async def test_a_switch_is_kept_over_a_registration(prefect_api: str) -> None:
    entries = [entry for entry in read_entries() if entry.entrypoint.endswith(SWITCHED)]
    await register(prefect_api, entries)
    async with PrefectSwitches() as switches, get_client() as client:
        await switches.pause([ENTRY], "a test of PostgreSQL")
        await register(prefect_api, entries)
        paused = await switches.read()
        await switches.resume([ENTRY])
        artifacts = await client.read_artifacts()

    assert paused == dict.fromkeys(SWITCHES, False) | {ENTRY: True}
    assert any("a test of PostgreSQL" in str(artifact.data) for artifact in artifacts)


def test_the_server_makes_no_sqlite_file_and_keeps_the_password_to_itself(
    server: PrefectServer,
) -> None:
    assert not list(server.log.parent.rglob("*.db"))
    assert PASSWORD not in server.log.read_text()
    assert PASSWORD not in Path(f"/proc/{server.pid}/cmdline").read_text()
