"""Alerts over the executor's socket, and an executor that tells them to Slack."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import aiohttp
import pytest

from tasks.alert import Alert, AlertLevel, AlertType
from tasks.errors import ExecutorRefused
from tasks.executor_client import ExecutorClient
from tests.tasks.alerting import providers
from tests.tasks.alerting.served_book import served_book
from tests.tasks.executors import executor_here, served_venues
from warehouse import read
from warehouse.records import RecordType

LOST = Alert(AlertType.API_CONNECTION_LOST, AlertLevel.CRITICAL, "upbit is lost", subject="upbit")
TRADE = Alert(AlertType.TRADE_EXECUTED, AlertLevel.INFO, "p1 is hedged", "p1")


def client(home: Path) -> ExecutorClient:
    return ExecutorClient(home / "run" / "executor.sock")


async def test_the_list_has_what_waits_for_a_person_and_all_else_on_demand(tmp_path: Path) -> None:
    async with served_book(tmp_path) as book, client(tmp_path) as asked:
        book(TRADE)
        book(LOST)

        alerts = await asked.alerts()
        everything = await asked.alerts(every=True)

    [row] = alerts["open"]
    assert (row["row_id"], row["type"], row["level"]) == ("a2", "API_CONNECTION_LOST", "critical")
    assert (alerts["total"], alerts["others"], alerts["channels"]) == (1, [], [])
    assert [row["row_id"] for row in everything["others"]] == ["a1"]


async def test_who_has_seen_an_alert_is_written_down(tmp_path: Path) -> None:
    async with served_book(tmp_path) as book, client(tmp_path) as asked:
        book(LOST)

        row = await asked.acknowledge("a1", " Kim ")
        again = await asked.acknowledge("a1", "Lee")

        assert row["acknowledged_by"] == again["acknowledged_by"] == "Kim"
        assert (await asked.alerts())["open"] == []
    seen = [it.body for it in read(tmp_path / "journal") if it.type == "alert_acknowledged"]
    assert seen == [{"row_id": "a1", "by": "Kim"}]


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("/v1/alerts/a9/ack", {"by": "Kim"}, "expected the id of an open one such as a17"),
        ("/v1/alerts/a1/ack", {}, "by: expected a person's name"),
        ("/v1/alerts", {"type": "FIRE", "message": "m"}, "type: expected one of TRADE_EXEC"),
        (
            "/v1/alerts",
            {"type": "SYSTEM_ERROR", "level": "loud", "message": "m", "subject": "s"},
            "level: expected one of info, warning, critical, got 'loud'",
        ),
        ("/v1/alerts", {"type": "SYSTEM_ERROR", "level": "info"}, "message: expected a sentence"),
    ],
)
async def test_what_is_not_understood_is_answered_with_what_was_expected(
    tmp_path: Path, path: str, body: dict[str, str], told: str
) -> None:
    async with served_book(tmp_path) as book:
        book(LOST)
        connector = aiohttp.UnixConnector(str(tmp_path / "run" / "executor.sock"))
        async with (
            aiohttp.ClientSession("http://executor", connector=connector) as session,
            session.post(path, json=body) as answer,
        ):
            assert answer.status in (400, 409)
            assert told in (await answer.json())["error"]


async def test_another_program_raises_an_alert_and_says_when_it_is_over(tmp_path: Path) -> None:
    async with served_book(tmp_path) as book, client(tmp_path) as asked:
        kind, worker = AlertType.SYSTEM_ERROR, "hot-worker"
        await asked.raise_alert(kind, AlertLevel.WARNING, "it has died", subject=worker)
        assert [row.subject for row in book.rows.open()] == [worker]

        await asked.raise_alert(
            kind, AlertLevel.INFO, "it works again", subject=worker, is_over=True
        )
        assert book.rows.open() == []
        with pytest.raises(ExecutorRefused, match="subject: expected"):
            await asked.raise_alert(kind, AlertLevel.INFO, "what?", subject=" ")


async def test_an_executor_tells_its_alerts_and_shows_its_channels_but_no_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with (
        providers.slack() as slack,
        served_venues(tmp_path, slack_webhook_url=slack.url, alert_gather_s=0.05) as served,
        executor_here(served.settings) as executor,
    ):
        await executor.submit(
            served.signal(action="ENTER", quantity="0.010").model_dump(mode="json"),
            door="fast",
        )
        async with asyncio.timeout(30):
            while "TRADE_EXECUTED" not in slack.text():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        [channel] = (await executor.alerts())["channels"]
        assert (channel["channel"], channel["failures"]) == ("slack", 0)

    assert "is hedged: spot 0.01" in slack.text()
    records = read(served.settings.journal_dir)
    told = [it.body["how"] for it in records if it.type == RecordType.ALERTS_DELIVERED]
    assert told[-1] == "sent"
    assert "slackSECRET" not in caplog.text
    for file in served.settings.journal_dir.iterdir():
        assert b"slackSECRET" not in file.read_bytes()


async def test_a_channel_that_never_answers_holds_up_no_signal(tmp_path: Path) -> None:
    async with (
        providers.slack() as slack,
        served_venues(
            tmp_path, slack_webhook_url=slack.url, alert_gather_s=0.05, alert_timeout_s=60
        ) as served,
        executor_here(served.settings) as executor,
    ):
        slack.troubles.append(providers.hangs)
        statuses = []
        async with asyncio.timeout(30):  # less than the channel is given
            for _ in range(3):
                signal = served.signal(action="ENTER", quantity="0.010")
                statuses.append((await executor.submit(signal.to_json(), door="fast")).status)
                while not slack.times:  # noqa: ASYNC110 - of another thread
                    await asyncio.sleep(0.02)
        [channel] = (await executor.alerts())["channels"]

    assert statuses == ["hedged"] * 3
    assert channel["sent"] == 0
    assert channel["waiting"] >= 2
