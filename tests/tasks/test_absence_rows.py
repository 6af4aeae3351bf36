"""Deaths of the executor become rows of the next one's list, though it told nobody of them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from exchanges.clock import SystemClock
from tasks import absence_rows
from tasks.absence_record import AbsenceFile
from tasks.absence_rows import acknowledge, open_row
from tasks.alert import Alert
from tasks.alerting.alert_book import AlertBook
from tasks.errors import ExecutorGone
from tasks.executor_absence import ExecutorAbsence
from tasks.executor_client import ExecutorClient
from tasks.settings import Settings
from tasks.wire_text import utc_text
from tests.exchanges.manual_clock import ManualClock
from tests.fake_executor import running_fake_executor
from tests.tasks.alerting import providers
from tests.tasks.alerting.served_book import served_book
from tests.tasks.dead_executor import died
from warehouse import read
from warehouse.records import RecordType

DEAD = "The executor has died and nobody guards; another one is started."
LIVES = "An executor lives again."


def said(home: Path) -> list[tuple[str, bool, bool]]:
    """Message, is over, was told by others: of each alert in the journal."""
    bodies = [record.body for record in read(home / "journal") if record.type == RecordType.ALERT]
    return [(it["message"], it["is_over"], it.get("is_told", False)) for it in bodies]


def ended_rows(book: AlertBook) -> list[Mapping[str, Any]]:
    assert book.rows.open() == []
    return [row.to_json() for row in book.rows.others()]


async def test_a_death_is_one_row_that_is_over_and_no_channel_hears_of_it_again(
    tmp_path: Path,
) -> None:
    settings, clock = died(Settings(home=tmp_path)), ManualClock()
    absence = ExecutorAbsence(settings, clock)
    await absence.tell(DEAD)
    clock.advance(45)
    heard: list[object] = []

    async with served_book(tmp_path) as book:
        book.listeners.append(heard.append)
        for _ in range(2):
            await absence.end(LIVES)
        [row] = ended_rows(book)

    assert (row["type"], row["level"], row["subject"]) == ("SYSTEM_ERROR", "critical", "executor")
    assert (row["alerts"], row["message"]) == (2, f"{LIVES} It had been missed for 45 s.")
    assert row["recovered_at"] is not None
    [death, end] = said(tmp_path)
    assert death[0].startswith(f"{DEAD} (Since 12:04:05.000 KST")
    assert (death[1:], end[1:]) == ((False, True), (True, True))
    assert heard == []
    assert AbsenceFile(tmp_path).read() is None


async def test_an_executor_that_starts_again_does_not_tell_what_was_told(tmp_path: Path) -> None:
    absence = ExecutorAbsence(died(Settings(home=tmp_path)), SystemClock())
    await absence.tell(DEAD)
    async with served_book(tmp_path) as book:
        await absence.end(LIVES)

    again = AlertBook(lambda *_: 0, SystemClock())
    for record in read(tmp_path / "journal"):
        if record.type == RecordType.ALERT:
            again.restore(record.body, record.time)

    assert again.last_number == book.last_number == 2
    assert again.undelivered("slack") == []
    assert len(ended_rows(again)) == 1


async def test_deaths_that_no_executor_lived_long_enough_to_store_are_rows_of_a_later_one(
    tmp_path: Path,
) -> None:
    async with providers.slack() as slack:
        settings, clock = died(Settings(home=tmp_path)), ManualClock()
        settings = settings.model_copy(update={"slack_webhook_url": SecretStr(slack.url)})
        absence = ExecutorAbsence(settings, clock)
        await absence.tell("The first has died.")
        clock.advance(30)
        await absence.end(LIVES)  # and is gone before it can be asked for a row
        clock.advance(30)
        await absence.tell("The second has died.")
        clock.advance(30)
        async with served_book(tmp_path) as book:
            await absence.end(LIVES)
            rows = ended_rows(book)

    assert len(rows) == 2
    assert [text.partition(" has")[0] for text, over, _ in said(tmp_path) if not over] == [
        "The first",
        "The second",
    ]
    told = slack.text()
    assert (told.count("The first has"), told.count("The second has")) == (1, 1)
    assert told.count(LIVES) == 2


async def test_a_death_that_no_look_has_met_is_a_row_too(tmp_path: Path) -> None:
    absence = ExecutorAbsence(died(Settings(home=tmp_path)), SystemClock())
    async with served_book(tmp_path) as book:
        await absence.end(LIVES, unseen=True)
        await absence.end(LIVES, unseen=True)
        rows = ended_rows(book)

    assert len(rows) == 2
    assert said(tmp_path)[0][0].startswith("The executor before has died")


async def test_who_has_seen_it_while_none_lived_stands_in_its_row(tmp_path: Path) -> None:
    clock, file = ManualClock(), AbsenceFile(tmp_path)
    absence = ExecutorAbsence(died(Settings(home=tmp_path)), clock)
    await absence.tell(DEAD)
    waiting = open_row(file.read())
    clock.advance(60)
    seen_at = clock.now()
    seen_by = [acknowledge(file, "Kim", seen_at)]
    clock.advance(60)
    seen_by.append(acknowledge(file, "Lee", clock.now()))
    await absence.tell(DEAD)  # the next look
    seen = open_row(file.read())
    async with served_book(tmp_path) as book:
        await absence.end(LIVES)
        [row] = ended_rows(book)

    assert waiting is not None
    assert seen is not None
    assert seen_by == ["Kim", "Kim"]
    assert (seen["acknowledged_by"], seen["acknowledged_at"]) == ("Kim", utc_text(seen_at))
    assert (waiting["row_id"], waiting["message"]) == ("executor", DEAD)
    assert (waiting["acknowledged_by"], row["acknowledged_by"]) == (None, "Kim")
    assert row["recovered_at"] is not None


async def test_an_executor_that_was_ended_in_order_leaves_no_row(tmp_path: Path) -> None:
    settings = died(Settings(home=tmp_path), released_to=None)
    absence = ExecutorAbsence(settings, SystemClock())
    await absence.tell(DEAD)
    missing = open_row(AbsenceFile(tmp_path).read())
    async with served_book(tmp_path) as book:
        await absence.end(LIVES)
        rows = ended_rows(book)

    assert (missing, rows) == (None, [])


async def test_an_executor_that_hangs_again_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(absence_rows, "STORE_S", 3.0)
    settings = died(Settings(home=tmp_path))
    absence = ExecutorAbsence(settings, SystemClock())
    for _ in range(2):
        await absence.tell(DEAD)
        await absence.end(LIVES)  # and is gone before it can be asked for a row
    async with running_fake_executor(settings.socket_file) as hung, hung.holding():
        await absence.end(LIVES)
        [asked] = hung.bodies("POST /v1/alerts")
    async with served_book(tmp_path) as book:
        await absence.end(LIVES)
        rows = ended_rows(book)

    assert (asked["message"].startswith(DEAD), asked["is_told"]) == (True, True)
    assert len(rows) == 2


@pytest.mark.parametrize("has_heard", [True, False])
@pytest.mark.parametrize("step", [1, 2, 3, 4])
async def test_no_row_is_made_twice_whenever_the_executor_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int, has_heard: bool
) -> None:
    settings, clock = died(Settings(home=tmp_path)), ManualClock()
    absence = ExecutorAbsence(settings, clock)
    for name in ("first", "second"):
        await absence.tell(f"The {name} has died.")
        clock.advance(30)
        await absence.end(LIVES)  # and is gone before it can be asked for a row
    store, asked = ExecutorClient.store_alert, count(1)

    async def store_or_lose(executor: ExecutorClient, alert: Alert) -> str | None:
        is_lost = next(asked) == step
        row_id = None if is_lost and not has_heard else await store(executor, alert)
        if is_lost:
            raise ExecutorGone("the executor went away")
        return row_id

    monkeypatch.setattr(ExecutorClient, "store_alert", store_or_lose)
    async with served_book(tmp_path) as book:
        for _ in range(3):
            await ExecutorAbsence(settings, clock).end(LIVES)
        rows = ended_rows(book)

    began = [text.partition(" has")[0] for text, over, _ in said(tmp_path) if not over]
    assert len(rows) == 2
    assert list(dict.fromkeys(began)) == ["The first", "The second"]
    assert AbsenceFile(tmp_path).read() is None
