"""A signal whose executor goes away is asked for until what became of it is known."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import ExecutorAbsent, ExecutorGone, ExecutorRefused
from tasks.executor_client import ExecutorClient
from tasks.outcome import Outcome, OutcomeStatus
from tasks.sure_submission import submit_surely
from tests.fake_executor import running_fake_executor
from tests.tasks.desks import until

ASKED = "POST /v1/signals"


@pytest.fixture
def socket_file(kimp_home: Path) -> Path:
    return kimp_home / "run" / "executor.sock"


def a_signal(ttl_ms: int = 300) -> dict[str, Any]:
    return {
        "id": "s-1",
        "action": "ENTER",
        "symbol": "BTC",
        "quantity": "0.010",
        "created_at": datetime.now(UTC).isoformat(),
        "ttl_ms": ttl_ms,
        "key_id": "alpha",
        "signature": "00" * 64,
    }


async def test_an_executor_that_dies_deciding_is_asked_again_once_it_is_back(
    socket_file: Path,
) -> None:
    told: list[str] = []
    async with ExecutorClient(socket_file) as client:
        async with running_fake_executor(socket_file) as first:
            first.hold = asyncio.Event()
            asking = asyncio.create_task(
                submit_surely(client, a_signal(), door="prefect", told=told.append)
            )
            await until(lambda: bool(first.bodies(ASKED)))
        await asyncio.sleep(0.5)  # longer than the signal lives: it may have been acted on
        async with running_fake_executor(socket_file) as second:
            second.decided["s-1"] = {"signal_id": "s-1", "status": "unwound"}
            outcome: Outcome = await asyncio.wait_for(asking, 10)

    assert outcome.status is OutcomeStatus.UNWOUND
    assert "what it did is unknown" in told[0]
    assert "the executor has answered" in told[-1]


async def test_without_an_executor_a_signal_is_given_up_when_it_has_expired(
    socket_file: Path,
) -> None:
    told: list[str] = []
    async with ExecutorClient(socket_file) as client:
        with pytest.raises(ExecutorAbsent, match="is not running"):
            await submit_surely(client, a_signal(), door="prefect", told=told.append)

    assert len(told) == 1


async def test_an_executor_that_does_not_come_back_is_not_waited_for_without_end(
    socket_file: Path,
) -> None:
    async with ExecutorClient(socket_file) as client:
        async with running_fake_executor(socket_file) as first:
            first.hold = asyncio.Event()
            asking = asyncio.create_task(
                submit_surely(
                    client, a_signal(), door="prefect", told=lambda _: None, patience_s=0.5
                )
            )
            await until(lambda: bool(first.bodies(ASKED)))
        with pytest.raises(ExecutorGone):
            await asyncio.wait_for(asking, 10)


async def test_a_definite_no_is_not_asked_again(socket_file: Path) -> None:
    async with ExecutorClient(socket_file) as client, running_fake_executor(socket_file) as fake:
        fake.answers[ASKED] = (400, {"error": "symbol: expected a coin"})
        with pytest.raises(ExecutorRefused, match="expected a coin"):
            await submit_surely(client, a_signal(), door="prefect", told=lambda _: None)

    assert len(fake.bodies(ASKED)) == 1


async def test_signals_reach_the_executor_in_the_order_in_which_they_were_sent(
    socket_file: Path,
) -> None:
    async with ExecutorClient(socket_file) as client, running_fake_executor(socket_file) as fake:
        asking = []
        for number in range(100):
            sent = asyncio.Event()
            signal = a_signal() | {"id": f"s-{number}"}
            asking.append(
                asyncio.create_task(client.submit(signal, door="prefect", on_sent=sent.set))
            )
            await sent.wait()
        await asyncio.gather(*asking)

    assert [body["id"] for body in fake.bodies(ASKED)] == [f"s-{number}" for number in range(100)]
