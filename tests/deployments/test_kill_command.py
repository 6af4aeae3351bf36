"""``kimp kill`` reaches the executor at once, whatever becomes of Prefect."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest

from deployments.cli import main
from tasks.executor_client import CONNECT_TIMEOUT_S
from tests.fake_executor import running_fake_executor

PREFECT_SIDE = "flows.prefect_switches"


class SlowImport:
    """Importing the Prefect side takes longer than a connection to the executor may."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == PREFECT_SIDE:
            time.sleep(CONNECT_TIMEOUT_S + 0.5)
        return None


async def test_a_slow_import_of_prefect_does_not_keep_a_kill_from_the_executor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIMP_HOME", str(tmp_path))
    monkeypatch.setenv("KIMP_PREFECT_API_URL", "http://127.0.0.1:1/api")
    monkeypatch.delitem(sys.modules, PREFECT_SIDE, raising=False)
    monkeypatch.setattr(sys, "meta_path", [SlowImport(), *sys.meta_path])

    async with running_fake_executor(tmp_path / "run" / "executor.sock") as executor:
        began = time.monotonic()
        command = asyncio.create_task(
            asyncio.to_thread(main, ["kill", "--reason", "testing", "--yes", "STOP"])
        )
        while not executor.bodies("POST /v1/kill"):
            assert not command.done()
            await asyncio.sleep(0.01)
        reached_s = time.monotonic() - began
        code = await command

    assert reached_s < CONNECT_TIMEOUT_S
    assert executor.bodies("POST /v1/kill") == [
        {"reason": "testing", "liquidate": False, "symbol": None}
    ]
    assert code == 1  # Prefect could not be told
