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
    "resuming": None,
    "resume_refused": None,
    "killed": None,
    "killed_symbols": {},
    "open_alerts": 2,
    "switches": {},
    "venues": {},
    "rates": {"krw_per_usd": "1127", "krw_per_usdt": "1128", "dollar": "USDT"},
    "premium": {},
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a desk without a Prefect."""
    monkeypatch.setenv("KIMP_HOME", str(tmp_path))
    monkeypatch.setenv("KIMP_PREFECT_API_URL", "http://127.0.0.1:1/api")
    return tmp_path


async def told_of(home: Path, state: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> str:
    """What ``kimp status`` says of an executor in ``state``."""
    async with running_fake_executor(home / "run" / "executor.sock") as executor:
        executor.answers["GET /v1/state"] = state
        await asyncio.to_thread(main, ["status"])
    return capsys.readouterr().out


async def test_a_naked_pair_is_named_with_what_to_do(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (await told_of(home, STATE, capsys)).splitlines()

    assert "alerts    2 wait for a person; `kimp alerts` lists them" in lines
    [line] = [line for line in lines if "naked" in line]
    assert "p0123456789ab" in line
    assert "run one-leg-recovery/live" in line


async def test_a_refused_resume_and_all_that_stops_is_told_with_its_reason(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paused = "entry/live is paused in Prefect, POSITION_MISMATCH: resume refused"
    difference = "BTC at upbit: journal 0.01, venue 0.009, -0.001 BTC difference"
    state = {
        **STATE,
        "accepting_entries": False,
        "blocks": [{"code": "paused:entry/live", "message": paused}],
        "resume_refused": {
            "at": "2026-03-02T00:00:00.000000Z",
            "asked": ["entry/live"],
            "reasons": [
                {"code": "position_mismatch", "message": difference},
                {"code": "unhealthy:fx", "message": "fx: bank rate 400 s old"},
            ],
        },
        "killed": "drill",
        "killed_symbols": {"ETH": "delisted"},
        "switches": {"entry/live": True, "executor/live": False, "age_s": 0.2},
    }

    lines = (await told_of(home, state, capsys)).splitlines()

    assert "executor  epoch 3, takes no entries, 2 open pairs" in lines
    assert f"          {paused}" in lines
    assert (
        f"resume    refused at 2026-03-02T00:00:00.000000Z: {difference}; fx: bank rate 400 s old"
    ) in lines
    assert "killed    drill; `kimp resume --reason …` ends it" in lines
    assert "killed    ETH alone: delisted; `kimp resume --reason …` ends it" in lines
    assert "paused    entry/live" in lines


async def test_a_resume_that_waits_says_for_what(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    waits = "room in the rate limits of binance at 09:00:10.250 KST"
    resuming = {"since": "2026-03-02T00:00:03.250000Z", "waits_for": waits}

    lines = (await told_of(home, {**STATE, "resuming": resuming}, capsys)).splitlines()

    assert (
        "resume    asked for: the desk has been looking since 2026-03-02T00:00:03.250000Z, "
        f"waiting for {waits}"
    ) in lines


async def test_an_executor_of_an_earlier_version_that_does_not_tell_of_resumes_is_told(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = {key: value for key, value in STATE.items() if key != "resuming"}

    assert await told_of(home, state, capsys) == await told_of(home, STATE, capsys)
