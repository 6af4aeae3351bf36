"""``kimp alerts`` with and without an executor."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from deployments.cli import main
from exchanges.clock import SystemClock
from tasks.absence_record import AbsenceFile
from tasks.alert import Alert, AlertLevel, AlertType
from tasks.executor_absence import ExecutorAbsence
from tasks.settings import Settings
from tests.tasks.alerting import providers
from tests.tasks.alerting.served_book import served_book
from tests.tasks.dead_executor import died

KIND, LEVEL = AlertType.API_CONNECTION_LOST, AlertLevel.CRITICAL
LOST = Alert(KIND, LEVEL, "upbit [red]is lost", None, "upbit")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIMP_HOME", str(tmp_path))


async def kimp(*arguments: str) -> int:
    return await asyncio.to_thread(main, ["alerts", *arguments])


async def test_open_alerts_are_listed_and_acknowledged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with served_book(tmp_path) as book:
        book(LOST)

        assert await kimp() == 0
        assert await kimp("ack", "a1", "--by", "Kim") == 0
        assert await kimp() == 0
        assert await kimp("ack", "a7", "--by", "Kim") == 1

    shown = capsys.readouterr()
    [line] = [line for line in shown.out.splitlines() if line.startswith("a1 ") and "open" in line]
    assert "critical" in line
    assert "API_CONNECTION_LOST: upbit [red]is lost" in line
    assert "a1 is seen by Kim: upbit" in shown.out
    assert "no open alerts" in shown.out
    assert "expected the id of an open one such as a17" in shown.err


async def test_without_an_executor_the_list_comes_from_the_journal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with served_book(tmp_path) as book:
        book(LOST)
        book(Alert(AlertType.SYSTEM_ERROR, AlertLevel.WARNING, "seen", None, "x"))
        book.acknowledge("a2", "Kim")

    assert await kimp("--json") == 0
    assert await kimp("--all") == 0

    out = capsys.readouterr().out
    text, _, table = out.partition("\n}\n")
    listed = json.loads(f"{text}\n}}")
    assert [row["row_id"] for row in listed["open"]] == ["a1"]
    assert listed["total"] == 1
    assert "seen by Kim" in table


async def test_that_no_executor_lives_is_listed_and_acknowledged_without_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await ExecutorAbsence(died(Settings(home=tmp_path)), SystemClock()).tell(
        "The executor has died."
    )

    assert await kimp() == 0
    assert await kimp("ack", "executor", "--by", "Kim") == 0
    assert await kimp("ack", "executor", "--by", "Lee") == 0
    seen_by = AbsenceFile(tmp_path).read()
    assert await kimp() == 0
    assert await kimp("--all") == 0
    AbsenceFile(tmp_path).remove()
    assert await kimp("ack", "executor", "--by", "Kim") == 1

    shown = capsys.readouterr()
    lines = [line for line in shown.out.splitlines() if line.startswith("executor ")]
    assert [line.rstrip().rpartition("  ")[2] for line in lines] == ["open", "seen by Kim"]
    assert "SYSTEM_ERROR: The executor has died." in lines[0]
    assert shown.out.count("that no executor lives is seen by Kim") == 2
    assert "no open alerts" in shown.out
    assert seen_by is not None
    assert seen_by.seen_by == "Kim"
    assert "no executor is missing" in shown.err


async def test_who_acknowledges_without_an_executor_is_told_to_start_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert await kimp("ack", "a1", "--by", "Kim") == 1

    assert "the executor is not running" in capsys.readouterr().err


async def test_a_test_message_goes_to_every_channel_and_says_which_takes_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with providers.slack() as slack, providers.telegram() as telegram:
        monkeypatch.setenv("KIMP_SLACK_WEBHOOK_URL", slack.url)
        monkeypatch.setenv("KIMP_TELEGRAM_URL", telegram.url)
        monkeypatch.setenv("KIMP_TELEGRAM_TOKEN", "1:wrongSECRET")
        monkeypatch.setenv("KIMP_TELEGRAM_CHAT_ID", providers.CHAT)

        assert await kimp("test") == 1

    assert "nothing has happened" in slack.text()
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [
        "slack: has taken the message",
        "telegram: Telegram: HTTP 401 Unauthorized",
    ]
    assert "SECRET" not in shown.out + shown.err


async def test_without_channels_there_is_nothing_to_test(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert await kimp("test") == 1

    assert "expected a channel in the settings" in capsys.readouterr().err
