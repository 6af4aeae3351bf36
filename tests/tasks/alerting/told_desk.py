"""A desk's alerts, delivered as the executor has it, to local fakes of the four providers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exchanges.clock import SystemClock
from tasks.alert import Alert, AlertLevel, AlertType
from tasks.alerting.alert_book import AlertBook
from tasks.alerting.delivery import AlertDelivery
from tasks.settings import Settings
from tests.tasks.alerting import mail_server as mail
from tests.tasks.alerting import providers
from tests.tasks.alerting.providers import Provider
from warehouse import Journal, read
from warehouse.records import RecordType

INFO, WARNING, CRITICAL = AlertLevel
QUICK = {"alert_gather_s": 0.05, "alert_timeout_s": 20.0}


@dataclass
class Told:
    """A desk's alerts and those who hear of them."""

    book: AlertBook
    delivery: AlertDelivery
    journal: Journal

    def say(
        self,
        message: str,
        level: AlertLevel = CRITICAL,
        subject: str | None = "test",
        *,
        is_over: bool = False,
        type_: AlertType = AlertType.SYSTEM_ERROR,
    ) -> None:
        self.book(Alert(type_, level, message, None, subject, is_over))

    def channel(self, name: str = "slack") -> dict[str, Any]:
        [state] = [state for state in self.delivery.channels() if state["channel"] == name]
        return state


@asynccontextmanager
async def telling(folder: Path, *, flush: bool = True, **settings: Any) -> AsyncIterator[Told]:
    """A book on a journal, as the executor has it: restored, delivered from, stopped."""
    clock = SystemClock()
    journal = Journal.open(folder / "journal", clock.now)
    book = AlertBook(journal.write, clock)
    for record in read(folder / "journal"):
        restore = {
            RecordType.ALERT: lambda it: book.restore(it.body, it.time),
            RecordType.ALERT_ACKNOWLEDGED: lambda it: book.restore_acknowledged(it.body, it.time),
            RecordType.ALERTS_DELIVERED: lambda it: book.restore_delivered(it.body),
        }.get(RecordType(record.type))
        if restore is not None:
            restore(record)
    delivery = AlertDelivery(Settings(home=folder, **{**QUICK, **settings}), clock, book)
    delivery.start()
    try:
        yield Told(book, delivery, journal)
    finally:
        await delivery.stop(flush=flush)
        journal.close()


def delivered(folder: Path) -> list[dict[str, Any]]:
    records = read(folder / "journal")
    return [dict(it.body) for it in records if it.type == RecordType.ALERTS_DELIVERED]


async def until(holds: Callable[[], bool], at_most_s: float = 30.0) -> None:
    async with asyncio.timeout(at_most_s):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def to_slack(provider: Provider) -> dict[str, Any]:
    return {"slack_webhook_url": provider.url}


def to_discord(provider: Provider) -> dict[str, Any]:
    return {"discord_webhook_url": provider.url}


def to_telegram(provider: Provider) -> dict[str, Any]:
    return {
        "telegram_url": provider.url,
        "telegram_token": providers.TELEGRAM_TOKEN,
        "telegram_chat_id": providers.CHAT,
    }


def to_email(server: mail.MailServer) -> dict[str, Any]:
    return {
        "smtp_host": "127.0.0.1",
        "smtp_port": server.port,
        "smtp_security": "none",
        "email_from": "kimp@desk.test",
        "email_to": ["one@desk.test"],
    }
