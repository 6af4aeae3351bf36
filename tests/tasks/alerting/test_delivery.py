"""Alerts on their way from a desk to four providers: pauses, failures, floods and restarts."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tasks.alert import AlertType
from tests.tasks.alerting import mail_server as mail
from tests.tasks.alerting import providers
from tests.tasks.alerting.providers import Provider, Trouble, answers
from tests.tasks.alerting.told_desk import (
    CRITICAL,
    INFO,
    WARNING,
    Told,
    delivered,
    telling,
    to_discord,
    to_email,
    to_slack,
    to_telegram,
    until,
)


async def test_each_channel_gets_what_its_level_and_its_routes_say(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(providers.slack())
        discord = await stack.enter_async_context(providers.discord())
        telegram = await stack.enter_async_context(providers.telegram())
        letters = await stack.enter_async_context(mail.mail_server())
        told = await stack.enter_async_context(
            telling(
                tmp_path,
                **to_slack(slack),
                **to_discord(discord),
                discord_level="warning",
                **to_telegram(telegram),
                **to_email(letters),
                alert_routes=["TRADE_EXECUTED=email", "MANUAL_TRADE="],
            )
        )

        told.say("info only", INFO, None)
        told.say("a trade", INFO, None, type_=AlertType.TRADE_EXECUTED)
        told.say("by hand", CRITICAL, None, type_=AlertType.MANUAL_TRADE)
        told.say("warned", WARNING)
        told.say("critical", CRITICAL, "other")
        await until(lambda: bool(letters.letters) and "critical" in telegram.text())
        await until(lambda: "critical" in discord.text() and "critical" in slack.text())

    heard = {
        said: [
            name
            for name, text in (
                ("slack", slack.text()),
                ("discord", discord.text()),
                ("telegram", telegram.text()),
                ("email", letters.text()),
            )
            if said in text
        ]
        for said in ("info only", "a trade", "by hand", "warned", "critical")
    }
    assert heard == {
        "info only": ["slack"],
        "a trade": ["email"],
        "by hand": [],
        "warned": ["slack", "discord", "telegram"],
        "critical": ["slack", "discord", "telegram", "email"],
    }


@pytest.mark.parametrize(
    ("name", "provider", "to", "busy", "pauses"),
    [
        ("slack", providers.slack, to_slack, providers.slack_busy, [1]),
        ("discord", providers.discord, to_discord, providers.discord_busy, [0.3, 0.4]),
        ("telegram", providers.telegram, to_telegram, providers.telegram_busy, [1]),
    ],
    ids=["slack", "discord", "telegram"],
)
async def test_a_pause_that_the_provider_asks_for_is_kept_and_nothing_is_lost(
    name: str,
    provider: Any,
    to: Callable[[Provider], dict[str, Any]],
    busy: Callable[[float], Trouble],
    pauses: list[float],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(f"tasks.alerting.{name}.{name.capitalize()}.pace_s", 0.0)
    caplog.set_level(logging.INFO, "tasks.alerting.courier")
    second_is_said = asyncio.Event()
    async with provider() as served:
        served.troubles += [providers.once(second_is_said, busy(pause)) for pause in pauses]
        async with telling(tmp_path, **to(served)) as told:
            told.say("first", CRITICAL, "one")
            await until(lambda: len(served.times) == 1)
            told.say("second", CRITICAL, "two")
            second_is_said.set()
            await until(lambda: bool(served.heard))

            assert told.channel(name)["failures"] == 0
    for number, pause in enumerate(pauses):
        assert served.times[number + 1] - served.answered[number] >= pause
        assert f"again in {pause:g} s" in caplog.text
    [body] = served.heard  # what came meanwhile has shared the message
    assert "first" in str(body)
    assert "second" in str(body)
    [joined, sent] = delivered(tmp_path)
    assert joined["how"] == "joined"
    attempts = len(pauses) + 1
    assert (sent["how"], sent["settled"], sent["attempts"]) == ("sent", [[1, 2]], attempts)


def failing_slack(slack: Provider) -> None:
    slack.troubles += [providers.breaks_off, answers(500, text=""), answers(503, text="")]


def failing_email(server: mail.MailServer) -> None:
    server.fail("greeting", "421 4.3.2 closing")
    server.fail("MAIL", "421 4.7.0 too many messages, closing")
    server.fail("DATA", "451 4.3.0 try later")


@pytest.mark.parametrize(
    ("name", "provider", "to", "fail", "last"),
    [
        ("slack", providers.slack, to_slack, failing_slack, "Slack: HTTP 503"),
        ("email", mail.mail_server, to_email, failing_email, "refused the message: SMTP 451"),
    ],
    ids=["slack", "email"],
)
async def test_a_provider_that_fails_is_asked_more_and_more_slowly_and_the_others_say_so(
    name: str,
    provider: Any,
    to: Callable[[Any], dict[str, Any]],
    fail: Callable[[Any], None],
    last: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tasks.alerting.courier.FIRST_PAUSE_S", 0.2)
    async with provider() as served, providers.discord() as discord:
        fail(served)
        async with telling(tmp_path, **to(served), **to_discord(discord)) as told:
            told.say("it burns")
            await until(lambda: "it burns" in served.text())
            await until(lambda: f"reach {name} again" in discord.text())

            assert told.channel(name)["error"] is None
            assert told.channel(name)["failures"] == 0
            assert [row.type for row in told.book.rows.open()] == ["SYSTEM_ERROR"]

    gaps = [later - earlier for earlier, later in pairwise(served.times)]
    assert all(gap >= pause for gap, pause in zip(gaps, (0.2, 0.4, 0.8), strict=False))
    assert re.search(f"alerts do not reach {name}: [^.]*{last}", discord.text())
    [sent] = [it for it in delivered(tmp_path) if it["channel"] == name and it["how"] == "sent"][:1]
    assert sent["attempts"] == 4


async def test_a_wrong_secret_is_told_at_once_and_by_the_other_channel(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with providers.slack() as slack, providers.discord() as discord:
        wrong: dict[str, Any] = {
            "slack_webhook_url": slack.url.replace("slackSECRET", "wrongSECRET")
        }
        async with telling(tmp_path, **wrong, **to_discord(discord)) as told:
            told.say("it burns")
            await until(lambda: "do not reach slack" in discord.text())
            assert "HTTP 403 invalid_token" in told.channel()["error"]

        assert len(slack.times) == 1
    assert "SECRET" not in caplog.text
    for file in (tmp_path / "journal").iterdir():
        assert b"SECRET" not in file.read_bytes()


async def test_a_message_that_is_refused_for_good_does_not_stand_in_the_way(tmp_path: Path) -> None:
    async with providers.slack() as slack:
        slack.troubles.append(answers(400, text="invalid_payload"))
        async with telling(tmp_path, **to_slack(slack)) as told:
            told.say("refused", CRITICAL, "one")
            await until(lambda: len(slack.times) == 1)
            told.say("taken", CRITICAL, "two")
            await until(lambda: "taken" in slack.text())

        assert "refused" not in slack.text()
    assert [record["how"] for record in delivered(tmp_path)] == ["joined", "refused", "sent"]


async def test_a_flood_of_ten_thousand_is_one_message_and_nothing_of_it_is_forgotten(
    tmp_path: Path,
) -> None:
    all_is_said = asyncio.Event()
    async with providers.slack() as slack:
        slack.troubles.append(providers.once(all_is_said, answers(500, text="")))
        async with telling(tmp_path, **to_slack(slack), alert_queue=100) as told:
            for number in range(10_000):
                told.say(f"number {number}", INFO, f"s{number}", type_=AlertType.TRADE_EXECUTED)
                if not number % 100:
                    await asyncio.sleep(0)  # the provider lives in this loop, too
            told.say("the worst of all")
            all_is_said.set()
            await until(lambda: "the worst of all" in slack.text())
            await until(lambda: told.channel()["waiting"] == 0)
            last = told.book.last_number

        assert len(slack.heard) == 1
        assert "more that there was no room for: TRADE_EXECUTED ×" in slack.text()
    settled = [
        number
        for record in delivered(tmp_path)
        for first, last in record["settled"]
        for number in range(first, last + 1)
    ]
    assert sorted(settled) == list(range(1, last + 1))


async def test_what_was_not_delivered_is_told_by_the_next_run_once(tmp_path: Path) -> None:
    async with providers.slack() as slack:
        async with telling(tmp_path, **to_slack(slack)) as told:
            told.say("delivered")
            await until(lambda: told.channel()["sent"] == 1)
        slack.troubles.append(providers.hangs)
        async with telling(tmp_path, flush=False, **to_slack(slack)) as told:
            told.say("left behind", subject="one")
            await until(lambda: len(slack.times) == 2)
        assert "left behind" not in slack.text()

        async with telling(tmp_path, **to_slack(slack)) as told:
            await until(lambda: "left behind" in slack.text())
        async with telling(tmp_path, **to_slack(slack)) as told:
            told.say("a new day", subject="two")
            await until(lambda: "a new day" in slack.text())

        assert slack.text().count("left behind") == 1
        assert slack.text().count("delivered") == 1


async def test_a_channel_that_takes_messages_again_in_the_next_run_is_out_of_trouble(
    tmp_path: Path,
) -> None:
    def rows(told: Told) -> list[str | None]:
        return [row.subject for row in told.book.rows.open()]

    async with providers.slack() as slack:
        slack.troubles.append(answers(404))
        async with telling(tmp_path, flush=False, **to_slack(slack)) as told:
            told.say("feeds failed", subject="feeds")
            await until(lambda: "alerts:slack" in rows(told))

        async with telling(tmp_path, **to_slack(slack)) as told:
            assert "alerts:slack" in rows(told)
            await until(lambda: rows(told) == ["feeds"])
            await until(lambda: "alerts reach slack again" in slack.text())
        async with telling(tmp_path, **to_slack(slack)) as told:
            told.say("a new day", subject="two")
            await until(lambda: "a new day" in slack.text())

        assert slack.text().count("alerts reach slack again") == 1


async def test_a_trouble_is_told_again_as_soon_as_the_setting_says(tmp_path: Path) -> None:
    async with (
        providers.slack() as slack,
        telling(tmp_path, **to_slack(slack), alert_repeat_s=0.2) as told,
    ):
        told.say("for the first time")
        await until(lambda: "for the first time" in slack.text())
        told.say("and again")
        await until(lambda: "and again" in slack.text())

    first, second = slack.times
    assert second - first >= 0.2


async def test_old_alerts_are_only_counted_after_a_restart(tmp_path: Path) -> None:
    async with providers.slack() as slack:
        async with telling(tmp_path, **to_slack(slack)):
            pass
        slack.troubles.append(providers.hangs)
        async with telling(tmp_path, flush=False, **to_slack(slack)) as told:
            told.say("long ago")
            await until(lambda: len(slack.times) == 1)
        async with telling(tmp_path, **to_slack(slack), alert_max_age_s=0.001) as told:
            await until(lambda: bool(slack.heard))

        assert "1 more that there was no room for: SYSTEM_ERROR" in slack.text()
        assert "long ago" not in slack.text()


async def test_a_channel_that_is_set_up_later_does_not_hear_of_the_past(tmp_path: Path) -> None:
    async with telling(tmp_path) as told:
        told.say("before its time")
    async with providers.slack() as slack:
        async with telling(tmp_path, **to_slack(slack)) as told:
            told.say("now", subject="two")
            await until(lambda: "now" in slack.text())

        assert "before its time" not in slack.text()


async def test_a_recovery_is_told_where_the_trouble_was_told(tmp_path: Path) -> None:
    async with providers.slack() as slack:
        async with telling(tmp_path, **to_slack(slack), slack_level="critical") as told:
            told.say("upbit is lost", CRITICAL, "upbit", type_=AlertType.API_CONNECTION_LOST)
            await until(lambda: "upbit is lost" in slack.text())
            told.say("upbit answers", INFO, "upbit", type_=AlertType.API_CONNECTION_BACK)
            await until(lambda: "upbit answers" in slack.text())
            assert told.book.rows.open() == []
        colours = [part["color"] for body in slack.heard for part in body["attachments"]]
        assert colours == ["#DA3633", "#2EA043"]


async def test_an_end_is_not_held_up_by_a_mail_server_that_says_nothing(tmp_path: Path) -> None:
    async with mail.mail_server() as server:
        server.fail("greeting", *["hang"] * 9)
        began = time.monotonic()
        async with telling(tmp_path, **to_email(server), alert_timeout_s=30) as told:
            told.say("it burns")
            await until(lambda: len(server.times) == 1)
        assert time.monotonic() - began < 25

    assert [record["how"] for record in delivered(tmp_path)] == ["joined"]


async def test_a_fault_of_ours_in_one_channel_is_told_by_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.alerting.slack.Slack.pace_s", "no number")
    async with providers.slack() as slack, providers.discord() as discord:
        async with telling(tmp_path, **to_slack(slack), **to_discord(discord)) as told:
            told.say("it burns")
            await until(lambda: "do not reach slack: a fault of this program" in discord.text())

        assert "it burns" in discord.text()
