"""``kimp kill`` reaches the executor at once, whatever becomes of Prefect."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from deployments.cli import main
from tests.fake_executor import running_fake_executor


async def test_a_prefect_that_does_not_answer_does_not_keep_a_kill_from_the_executor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[bytes] = []

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        await reader.read()  # until the command gives up
        writer.close()

    prefect = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = prefect.sockets[0].getsockname()[1]
    monkeypatch.setenv("KIMP_HOME", str(tmp_path))
    monkeypatch.setenv("KIMP_PREFECT_API_URL", f"http://127.0.0.1:{port}/api")

    async with prefect, running_fake_executor(tmp_path / "run" / "executor.sock") as executor:
        cancelled = {"cancelled": ["it"], "not_cancelled": []}
        executor.answers["POST /v1/kill"] = {"killed": True, **cancelled, "outcomes": []}
        command = asyncio.create_task(
            asyncio.to_thread(main, ["kill", "--reason", "testing", "--yes", "STOP"])
        )
        while not executor.bodies("POST /v1/kill"):
            assert not command.done()
            await asyncio.sleep(0.01)
        asked_by_then = list(asked)
        code = await command

    assert len(asked_by_then) <= 1, "Prefect was given up before the executor was told"
    assert len(asked) > 1
    assert executor.bodies("POST /v1/kill") == [
        {"reason": "testing", "liquidate": False, "symbol": None}
    ]
    assert code == 1  # Prefect could not be told
    told = (
        "the executor takes no entries (1 orders cancelled, 0 pairs closed) and tells Prefect as "
    )
    assert told in capsys.readouterr().err
