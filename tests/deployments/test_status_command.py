"""``kimp status`` over a stand-in executor."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from deployments.cli import main
from tests.fake_executor import running_fake_executor

STATE: dict[str, Any] = {
    "epoch": 3,
    "accepting_entries": True,
    "open_pairs": 2,
    "naked_pairs": ["p0123456789ab"],
    "blocks": [],
    "resume_refused": None,
    "killed": None,
    "killed_symbols": {},
    "open_alerts": 2,
    "switches": {},
    "venues": {},
    "rates": {"krw_per_usd": "1127", "krw_per_usdt": "1128", "dollar": "USDT"},
    "premium": {},
}


async def test_a_naked_pair_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KIMP_HOME", str(tmp_path))
    monkeypatch.setenv("KIMP_PREFECT_API_URL", "http://127.0.0.1:1/api")

    async with running_fake_executor(tmp_path / "run" / "executor.sock") as executor:
        executor.answers["GET /v1/state"] = STATE
        await asyncio.to_thread(main, ["status"])

    lines = capsys.readouterr().out.splitlines()
    assert "alerts    2 wait for a person; `kimp alerts` lists them" in lines
    [line] = [line for line in lines if "naked" in line]
    assert "p0123456789ab" in line
    assert "run one-leg-recovery/live" in line
