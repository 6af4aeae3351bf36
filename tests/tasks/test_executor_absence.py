"""No executor lives: people are told once per death, by every channel, and once that it is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from exchanges.clock import SystemClock
from tasks import executor_absence
from tasks.absence_record import AbsenceFile
from tasks.alerting import direct_delivery
from tasks.executor_absence import ExecutorAbsence, ended_in_order
from tasks.settings import Settings
from tests.exchanges.manual_clock import ManualClock
from tests.tasks.alerting import mail_server as mail
from tests.tasks.alerting import providers
from tests.tasks.alerting.providers import Provider, answers
from tests.tasks.dead_executor import died
from warehouse import Journal
from warehouse.records import RecordType

DEAD = "The executor has died and nobody guards; another one is started."
BRIEFLY_S = 3.0
"""So long a channel that is away is tried; time enough for those that are not."""


@dataclass
class People:
    """All four channels of a desk."""

    settings: Settings
    web: dict[str, Provider]
    mail: mail.MailServer

    def heard(self, text: str) -> dict[str, int]:
        """Channel → messages that hold ``text``."""
        counted = {
            name: sum(text in str(body) for body in provider.heard)
            for name, provider in self.web.items()
        }
        parts = [part for letter in self.mail.letters for part in letter.iter_parts()]
        plain = [part.get_content() for part in parts if part.get_content_type() == "text/plain"]
        return {**counted, "email": sum(text in " ".join(it.split()) for it in plain)}


@asynccontextmanager
async def people(home: Path, **settings: Any) -> AsyncIterator[People]:
    async with AsyncExitStack() as stack:
        web = {
            "slack": await stack.enter_async_context(providers.slack()),
            "discord": await stack.enter_async_context(providers.discord()),
            "telegram": await stack.enter_async_context(providers.telegram()),
        }
        letters = await stack.enter_async_context(mail.mail_server())
        made = Settings(
            home=home,
            slack_webhook_url=web["slack"].url,
            discord_webhook_url=web["discord"].url,
            telegram_url=web["telegram"].url,
            telegram_token=providers.TELEGRAM_TOKEN,
            telegram_chat_id=providers.CHAT,
            smtp_host="127.0.0.1",
            smtp_port=letters.port,
            smtp_security="none",
            email_from="kimp@desk.test",
            email_to=["one@desk.test"],
            alert_timeout_s=3,
            **settings,
        )
        yield People(made, web, letters)


async def test_every_channel_hears_once_of_a_death_and_once_of_its_end(tmp_path: Path) -> None:
    async with people(tmp_path) as told:
        died(told.settings)
        for _ in range(3):  # each look is a run of its own
            await ExecutorAbsence(told.settings, SystemClock()).tell(DEAD)
        of_death = told.heard(DEAD)
        for _ in range(3):
            await ExecutorAbsence(told.settings, SystemClock()).end("An executor lives again.")
        of_end = told.heard("lives again")
        await ExecutorAbsence(told.settings, SystemClock()).tell(DEAD)

        once = dict.fromkeys(("slack", "discord", "telegram", "email"), 1)
        assert of_death == once
        assert of_end == once
        assert told.heard(DEAD) == dict.fromkeys(once, 2)  # of another death


async def test_a_death_that_was_over_before_the_next_look_is_told_with_its_end(
    tmp_path: Path,
) -> None:
    async with people(tmp_path) as told:
        died(told.settings)
        absence = ExecutorAbsence(told.settings, SystemClock())

        await absence.end("An executor lives again.", unseen=True)
        await absence.end("An executor lives again.")
        unseen = told.heard("The executor before has died")
        await absence.tell(DEAD)
        await absence.end("An executor lives again.", unseen=True)

        once = dict.fromkeys(("slack", "discord", "telegram", "email"), 1)
        assert unseen == once
        assert told.heard("The executor before has died") == once  # the second was told of
        assert told.heard("lives again") == dict.fromkeys(once, 2)


async def test_a_channel_that_is_away_is_tried_at_the_next_look_with_the_same_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(direct_delivery, "WITHIN_S", BRIEFLY_S)
    async with people(tmp_path) as told:
        died(told.settings)
        told.web["slack"].troubles.extend([answers(500)] * 50)
        absence = ExecutorAbsence(told.settings, SystemClock())

        await absence.tell(DEAD)
        first = told.heard(DEAD)
        told.web["slack"].troubles.clear()
        monkeypatch.setattr(direct_delivery, "WITHIN_S", 60.0)
        await absence.tell("Something else by now.")

        assert (first["slack"], first["telegram"]) == (0, 1)
        assert set(told.heard(DEAD).values()) == {1}
        assert set(told.heard("Something else").values()) == {0}


async def test_who_was_not_told_of_the_death_is_not_told_of_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(direct_delivery, "WITHIN_S", BRIEFLY_S)
    async with people(tmp_path, alert_routes=["SYSTEM_ERROR=slack,telegram"]) as told:
        died(told.settings)
        told.web["slack"].troubles.extend([answers(500)] * 50)
        absence = ExecutorAbsence(told.settings, SystemClock())

        await absence.tell(DEAD)
        told.web["slack"].troubles.clear()
        await absence.end("An executor lives again.")

        assert told.heard(DEAD) == {"slack": 0, "discord": 0, "telegram": 1, "email": 0}
        assert told.heard("lives again") == {"slack": 0, "discord": 0, "telegram": 1, "email": 0}


async def test_the_end_is_tried_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock()
    async with people(tmp_path, alert_routes=["SYSTEM_ERROR=slack"]) as told:
        died(told.settings)
        absence = ExecutorAbsence(told.settings, clock)
        await absence.tell(DEAD)
        told.web["slack"].troubles.extend([answers(500)] * 50)
        monkeypatch.setattr(direct_delivery, "WITHIN_S", BRIEFLY_S)

        await absence.end("An executor lives again.")
        tried = len(told.web["slack"].times)
        await absence.end("An executor lives again.")
        again = len(told.web["slack"].times)
        clock.advance(executor_absence.GOOD_NEWS.total_seconds() + 1)
        await absence.end("An executor lives again.")
        given_up = len(told.web["slack"].times)
        await absence.end("An executor lives again.")

        assert tried < again < given_up == len(told.web["slack"].times)


@pytest.mark.parametrize("end", ["in order", "restored", "never lived"])
async def test_an_executor_that_was_ended_in_order_is_no_death(tmp_path: Path, end: str) -> None:
    async with people(tmp_path) as told:
        if end == "in order":
            died(told.settings, released_to=None)
        elif end == "restored":
            journal = Journal.open(told.settings.journal_dir, SystemClock().now)
            stopped = {"switch": "kill", "reason": "restored", "is_restored": True}
            journal.write(RecordType.SWITCH, stopped)
            journal.close()
        absence = ExecutorAbsence(told.settings, SystemClock())

        await absence.tell(DEAD)
        await absence.end("An executor lives again.")

        assert ended_in_order(told.settings.journal_dir)
        assert set(told.heard("").values()) == {0}


def test_one_that_gave_way_to_an_heir_that_is_not_there_has_died(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    died(settings, released_to=4711)

    assert not ended_in_order(settings.journal_dir)


def test_times_of_the_file_outlive_whoever_wrote_it(tmp_path: Path) -> None:
    clock, settings = ManualClock(), Settings(home=tmp_path)
    died(settings)

    asyncio.run(ExecutorAbsence(settings, clock).tell(DEAD))
    began = clock.now()
    clock.advance(60)
    asyncio.run(ExecutorAbsence(settings, clock).tell(DEAD))
    kept = AbsenceFile(tmp_path).read()

    assert kept is not None
    assert kept.since == began
    assert kept.since < clock.now() - timedelta(seconds=59)
