"""How the desk is, as runs; and runs that find no executor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prefect import Flow
from prefect.client.orchestration import get_client

from flows.entry import entry
from flows.health import health, health_line
from flows.signal_intake import signal_intake
from tasks.key_store import KeyStore
from tests.fake_executor import running_fake_executor
from tests.flows.health_records import SLOW, STALE, part, record
from tests.prefect_runs import PREFECT_MARKS, artifacts_of, state_of
from warehouse.records import HealthComponent

pytestmark = PREFECT_MARKS


@pytest.mark.parametrize(
    ("upbit", "name", "kind"),
    [
        (part(), "Healthy", "COMPLETED"),
        (SLOW, "Warning", "COMPLETED"),
        (STALE, "Unhealthy", "FAILED"),
    ],
)
async def test_the_run_has_the_line_and_a_table_of_all_parts(
    kimp_home: Path, upbit: HealthComponent, name: str, kind: str
) -> None:
    found = record(upbit=upbit, fx=part("bank rate 3 s old"))
    async with running_fake_executor(kimp_home / "run" / "executor.sock") as executor:
        executor.answers["GET /v1/health"] = found

        state = await state_of(health)

    assert (state.name, state.type.value) == (name, kind)
    assert state.message == health_line(found)
    run_id = state.state_details.flow_run_id
    assert run_id is not None
    async with get_client() as client:
        table = (await artifacts_of(client, run_id))["health"]
    assert "| fx | ok | bank rate 3 s old |" in table


@pytest.mark.parametrize(
    ("flow", "parameters"),
    [(health, {}), (entry, {}), (entry, {"quantity": "0.010"}), (signal_intake, {})],
    ids=["health", "readiness", "entry", "canary"],
)
async def test_without_an_executor_the_run_is_red_and_says_what_to_start(
    kimp_home: Path, flow: Flow[..., Any], parameters: dict[str, Any]
) -> None:
    KeyStore(kimp_home / "keys").generate("operator")

    state = await state_of(flow, **parameters)

    assert (state.name, state.type.value) == ("NoExecutor", "FAILED")
    assert "start a run of the deployment executor/live" in (state.message or "")
