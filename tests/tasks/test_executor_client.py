from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tasks.errors import ExecutorGone, ExecutorRefused
from tasks.executor_client import ExecutorClient
from tasks.outcome import OutcomeStatus
from tests.fake_executor import running_fake_executor


async def test_a_signal_is_answered_with_its_outcome(tmp_path: Path) -> None:
    async with (
        running_fake_executor(tmp_path / "x.sock") as fake,
        ExecutorClient(tmp_path / "x.sock") as client,
    ):
        outcome = await client.submit({"id": "s-1"}, door="prefect")

    assert outcome.status is OutcomeStatus.HEDGED
    assert fake.heard == [("POST /v1/signals", {"door": "prefect"}, {"id": "s-1"})]


async def test_the_same_signal_again_carries_the_first_outcome(tmp_path: Path) -> None:
    async with (
        running_fake_executor(tmp_path / "x.sock"),
        ExecutorClient(tmp_path / "x.sock") as client,
    ):
        await client.submit({"id": "s-1"}, door="prefect")
        again = await client.submit({"id": "s-1"}, door="prefect")

    assert again.status is OutcomeStatus.DUPLICATE
    assert again.settled.status is OutcomeStatus.HEDGED


async def test_without_an_executor_the_sentence_says_what_to_start(tmp_path: Path) -> None:
    async with ExecutorClient(tmp_path / "none.sock") as client:
        with pytest.raises(ExecutorGone, match="executor/live"):
            await client.state()


async def test_a_refusal_is_the_executors_own_sentence(tmp_path: Path) -> None:
    async with (
        running_fake_executor(tmp_path / "x.sock") as fake,
        ExecutorClient(tmp_path / "x.sock") as client,
    ):
        fake.answers["GET /v1/pairs/p0"] = (404, {"error": "no pair p0"})
        with pytest.raises(ExecutorRefused, match=r"^no pair p0$"):
            await client.pair("p0")


async def test_a_refusal_without_json_is_still_a_refusal(tmp_path: Path) -> None:
    async def garbage(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 502 Bad\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops")
        await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(garbage, tmp_path / "x.sock")
    async with server, ExecutorClient(tmp_path / "x.sock") as client:
        with pytest.raises(ExecutorRefused, match="HTTP 502 without JSON"):
            await client.health()


async def test_an_executor_that_dies_meanwhile_leaves_the_outcome_unknown(tmp_path: Path) -> None:
    async def die(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    server = await asyncio.start_unix_server(die, tmp_path / "x.sock")
    async with server, ExecutorClient(tmp_path / "x.sock") as client:
        with pytest.raises(ExecutorGone, match="unknown"):
            await client.submit({"id": "s-1"}, door="prefect")


async def test_a_decision_that_takes_too_long_leaves_the_outcome_unknown(tmp_path: Path) -> None:
    async with (
        running_fake_executor(tmp_path / "x.sock") as fake,
        ExecutorClient(tmp_path / "x.sock", decision_timeout_s=0.05) as client,
    ):
        fake.hold = asyncio.Event()
        with pytest.raises(ExecutorGone, match=r"within 0\.05 s"):
            await client.submit({"id": "s-1"}, door="prefect")
        fake.hold.set()
