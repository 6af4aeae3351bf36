"""``kimp up`` a second time in the same KIMP_HOME: the simulated venues are where they were."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from deployments.state_folder import claim_for, simulator_state, wipe
from tasks.executor_client import ExecutorClient
from tasks.settings import Mode
from tests.deployments.up_process import UpProcess, desk_environment, kimp


@pytest.mark.long
@pytest.mark.prefect
@pytest.mark.timeout(420)
async def test_a_pair_that_was_left_open_is_there_and_agreed_on(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    environment = desk_environment(home)
    up = UpProcess(tmp_path, environment)
    up.wait_for("the desk is up")
    enter = ("--action", "ENTER", "--quantity", "0.010", "--door", "fast", "--ttl-ms", "10000")
    entered = kimp(environment, "signal", "send", *enter)
    assert entered.returncode == 0, entered.stdout + entered.stderr
    pair_id = json.loads(entered.stdout)["pair_id"]
    up.process.send_signal(signal.SIGINT)
    assert up.wait() == 0, up.output
    left = _accounts(home)

    again = UpProcess(tmp_path, environment)
    again.wait_for("the desk is up")
    async with ExecutorClient(home / "run" / "executor.sock") as executor:
        state = await executor.state()
        reconciled = await executor.reconcile()
        (pair,) = await executor.pairs(open_only=True)
    found = _accounts(home)
    again.process.send_signal(signal.SIGINT)

    assert again.wait() == 0, again.output
    assert state["accepting_entries"], state["blocks"]
    assert reconciled["agreed"], reconciled
    assert pair["pair_id"] == pair_id
    assert found == left
    assert {len(account["orders"]) for account in left.values()} == {1}


def test_starting_over_forgets_the_simulated_venues_with_the_journal(tmp_path: Path) -> None:
    claim_for(tmp_path, Mode.PAPER)
    state = simulator_state(tmp_path)
    half_written = state.with_name(f"{state.name}.new")
    for file in (state, half_written):
        file.write_text("{}")
    for folder in ("journal", "keys"):
        (tmp_path / folder).mkdir()

    wipe(tmp_path)

    assert sorted(one.name for one in tmp_path.iterdir()) == ["keys", "mode"]


def _accounts(home: Path) -> dict[str, Any]:
    """The desk's account at each simulated venue, as remembered."""
    venues = json.loads(simulator_state(home).read_bytes())["venues"]
    accounts = {}
    for venue in ("upbit", "binance"):
        (accounts[venue],) = venues[venue]["accounts"].values()
    return accounts
