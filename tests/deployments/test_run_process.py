"""Which unfinished runs of pool batch have no process, and what is said of them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.states import Cancelling, Pending, Running

from deployments.batch_sweep import what_to_do
from deployments.process_workers import BATCH_NAME, EXECUTOR_QUEUE
from deployments.project import PROJECT
from deployments.run_process import CLAIMED_BY, UNBEGUN, without_process


@contextmanager
def process_with(run_id: UUID) -> Iterator[int]:
    """A process such as a worker starts for a run."""
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; print(flush=True); time.sleep(600)"],
        env={**os.environ, "PREFECT__FLOW_RUN_ID": str(run_id)},
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()  # it is the program by now, not a copy of this one
        yield process.pid
    finally:
        process.kill()
        process.communicate()


def run_of(state: State[Any], **fields: Any) -> FlowRun:
    started = datetime.now(UTC) if state.is_running() else None
    known = {"state": state, "state_type": state.type, "start_time": started}
    signed = {"labels": {CLAIMED_BY: BATCH_NAME}}
    return FlowRun(flow_id=UUID(int=1), **{**known, **signed, **fields})


def test_a_process_number_that_was_given_to_another_is_not_the_runs() -> None:
    run = run_of(Running(), infrastructure_pid=str(os.getpid()))

    assert without_process([run]) == [run]


def test_a_process_of_our_user_that_cannot_be_read_may_be_the_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, other = run_of(Running(), infrastructure_pid=str(os.getpid())), run_of(Running())
    read_bytes = Path.read_bytes

    def refuse(file: Path) -> bytes:
        if file == Path(f"/proc/{os.getpid()}/environ"):
            raise PermissionError
        return read_bytes(file)

    monkeypatch.setattr(Path, "read_bytes", refuse)

    assert without_process([run, other]) == [other]


@pytest.mark.parametrize("signed", [True, False])
def test_a_process_that_carries_the_run_is_the_runs(signed: bool) -> None:
    run = run_of(Running())
    with process_with(run.id) as pid:
        run.infrastructure_pid = str(pid) if signed else None
        alive = without_process([run])

    assert alive == []
    assert without_process([run]) == [run]


def test_a_run_of_another_machines_worker_and_one_of_the_executor_are_left_alone() -> None:
    elsewhere = run_of(Running(), labels={CLAIMED_BY: f"ProcessWorker at {socket.gethostname()}"})
    trading = run_of(Running(), work_queue_name=EXECUTOR_QUEUE)
    by_nobody_known = run_of(Running(), labels={})
    ours = run_of(Running())

    assert without_process([elsewhere, trading, by_nobody_known, ours]) == [ours]


def test_a_claim_is_given_time_also_when_the_run_had_a_process_before() -> None:
    then = datetime.now(UTC) - UNBEGUN
    retried = run_of(Pending(), infrastructure_pid="1")
    claimed = run_of(Pending())
    left = run_of(Pending(timestamp=then), labels={})

    assert without_process([retried, claimed, left]) == [left]


def test_what_is_to_be_done_is_told_by_who_asked_for_the_run() -> None:
    states: list[State[Any]] = [Pending(), Running()]
    told = {
        (state.type, is_planned): what_to_do(run_of(state, auto_scheduled=is_planned))
        for state in states
        for is_planned in (True, False)
    }

    assert told[StateType.PENDING, False].endswith("Run it again.")
    assert told[StateType.RUNNING, False].endswith("look before you run it again.")
    assert told[StateType.PENDING, True].endswith("The next one is due.")
    assert told[StateType.RUNNING, True].endswith("The next one is due.")


def test_of_a_cancelled_run_is_told_whether_it_had_begun() -> None:
    then = datetime.now(UTC)
    told = [what_to_do(run_of(Cancelling(), start_time=began)) for began in (None, then)]

    assert told == [
        "Cancelled by an operator. Its worker has ended before it began.",
        "Cancelled by an operator. Its process has ended and nobody was left to say so.",
    ]


@pytest.mark.parametrize(
    "file", ["compose.yaml", "systemd/kimp-batch-worker.service", "kubernetes/desk.yaml"]
)
def test_every_deployed_batch_worker_has_the_name_that_its_runs_are_known_by(file: str) -> None:
    assert f"--name={BATCH_NAME}" in (PROJECT / "deployments" / file).read_text("utf-8")
