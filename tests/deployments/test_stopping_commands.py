"""``kimp stop``, ``resume``, ``kill`` and ``reset`` over a stand-in executor: what is asked of it,
what must be typed before, and what is said afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from deployments.cli import main
from tests.fake_executor import FakeExecutor, running_fake_executor

CANCELLED = {"cancelled": ["kimp-p0123456789ab-s001"], "not_cancelled": []}
KILLED = {"killed": True, **CANCELLED, "outcomes": []}


@pytest.fixture
async def executor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeExecutor]:
    monkeypatch.setenv("KIMP_HOME", str(tmp_path))
    monkeypatch.setenv("KIMP_PREFECT_API_URL", "http://127.0.0.1:1/api")
    async with running_fake_executor(tmp_path / "run" / "executor.sock") as fake:
        yield fake


async def command(*arguments: str) -> int:
    return await asyncio.to_thread(main, list(arguments))


@pytest.mark.parametrize(
    ("in_prefect", "told"),
    [
        (True, "open pairs are kept\n"),
        (False, "Prefect does not answer: the executor tells it as soon as it does\n"),
    ],
)
async def test_a_stop_goes_to_the_executor_which_tells_prefect(
    executor: FakeExecutor, capsys: pytest.CaptureFixture[str], in_prefect: bool, told: str
) -> None:
    executor.answers["POST /v1/stop"] = {"in_prefect": in_prefect}

    assert await command("stop", "--reason", "lunch") == 0

    assert executor.bodies("POST /v1/stop") == [{"reason": "lunch"}]
    shown = capsys.readouterr().out
    assert shown.startswith("paused entry/live and signal-intake/live: no new pairs")
    assert shown.endswith(told)


async def test_a_resume_that_is_refused_says_all_that_is_wrong_and_fails(
    executor: FakeExecutor, capsys: pytest.CaptureFixture[str]
) -> None:
    reasons = [
        {"code": "position_mismatch", "message": "-0.001 BTC difference"},
        {"code": "unhealthy:fx", "message": "fx: bank rate 400 s old"},
    ]
    executor.answers["POST /v1/resume"] = {"resumed": False, "reasons": reasons}
    refused = await command("resume", "--reason", "go on")
    said = capsys.readouterr().err

    executor.answers["POST /v1/resume"] = {"resumed": True, "reasons": []}
    accepted = await command("resume", "--reason", "go on")

    assert (refused, accepted) == (1, 0)
    assert said == "kimp: still stopped: -0.001 BTC difference; fx: bank rate 400 s old\n"
    assert executor.bodies("POST /v1/resume") == [{"reason": "go on"}] * 2


@pytest.mark.parametrize(
    ("typed", "options", "liquidate"),
    [("STOP BTC", (), False), ("LIQUIDATE BTC", ("--liquidate",), True)],
)
async def test_a_person_types_what_is_to_be_done_before_it_is(
    executor: FakeExecutor,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: str,
    options: tuple[str, ...],
    liquidate: bool,
) -> None:
    executor.answers["POST /v1/kill"] = KILLED
    kill = ("kill", "--reason", "delisted", "--symbol", "BTC", *options)
    asked = []

    def answer(words: str) -> Any:
        def typing(prompt: str) -> str:
            asked.append(prompt)
            return words

        return typing

    monkeypatch.setattr("deployments.commands.confirming.is_terminal", lambda: True)
    monkeypatch.setattr("builtins.input", answer("yes"))
    refused = await command(*kill)
    said, heard = capsys.readouterr().err, list(executor.heard)
    monkeypatch.setattr("builtins.input", answer(typed))
    done = await command(*kill)

    assert asked == [f"type {typed} to go on: "] * 2
    assert (refused, heard, done) == (1, [], 0)
    assert said == f'kimp: kill: expected "{typed}"; nothing was stopped\n'
    assert executor.bodies("POST /v1/kill") == [
        {"reason": "delisted", "liquidate": liquidate, "symbol": "BTC"}
    ]
    assert "BTC killed: 1 orders cancelled, 0 pairs closed" in capsys.readouterr().out


async def test_a_coin_that_is_empty_stops_neither_it_nor_everything(
    executor: FakeExecutor, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        await command("kill", "--reason", "delisted", "--symbol", "", "--yes", "STOP")

    assert (caught.value.code, executor.heard) == (2, [])
    assert "expected a coin such as BTC" in capsys.readouterr().err


async def test_a_liquidation_that_left_something_fails_and_names_it(
    executor: FakeExecutor, capsys: pytest.CaptureFixture[str]
) -> None:
    left = {"signal_id": "s", "pair_id": "p0123456789ab", "status": "naked"}
    rests = {"not_cancelled": ["upbit: resting orders cannot be read"]}
    executor.answers["POST /v1/kill"] = {**KILLED, **rests, "outcomes": [left]}
    phrase = ("--yes", "LIQUIDATE BTC")

    code = await command("kill", "--reason", "get out", "--symbol", "BTC", "--liquidate", *phrase)

    assert code == 1
    assert (
        "no entries are taken, but upbit: resting orders cannot be read; not everything was "
        "closed: p0123456789ab naked"
    ) in capsys.readouterr().err


async def test_a_reset_needs_a_name_and_its_phrase(
    executor: FakeExecutor, capsys: pytest.CaptureFixture[str]
) -> None:
    executor.answers["POST /v1/reset"] = {"lifted": ["killed: drill"]}
    reset = ("reset", "--reason", "told by telephone", "--by")

    codes = [
        await command(*reset, " ", "--yes", "RESET"),
        await command(*reset, "Min-ji", "--yes", "STOP"),
    ]
    heard = list(executor.heard)
    codes.append(await command(*reset, "Min-ji", "--yes", "RESET"))

    assert (codes, heard) == ([1, 1, 0], [])
    assert executor.bodies("POST /v1/reset") == [{"by": "Min-ji", "reason": "told by telephone"}]
    assert "lifted by Min-ji: killed: drill" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["stop", "resume", "kill", "reset"])
async def test_each_of_them_wants_a_reason(executor: FakeExecutor, name: str) -> None:
    with pytest.raises(SystemExit) as caught:
        await command(name)

    assert caught.value.code == 2
    assert executor.heard == []
