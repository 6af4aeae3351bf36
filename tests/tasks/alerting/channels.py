"""Channels to the fake providers, what sending raises, and that none of it tells a secret."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest
from pydantic import SecretStr

from exchanges.clock import SystemClock
from tasks.alerting.channel import Channel, DeliveryFailed
from tasks.alerting.discord import Discord
from tasks.alerting.email import Email, MailServer, SmtpSecurity
from tasks.alerting.slack import Slack
from tasks.alerting.telegram import Telegram
from tests.tasks.alerting import mail_server as mail
from tests.tasks.alerting import providers
from tests.tasks.alerting.providers import Provider

SECRETS = (
    *("slackSECRET", "discordSECRET", "telegramSECRET", mail.PASSWORD),
    providers.TELEGRAM_TOKEN.partition(":")[0] + ":",
)
PATIENT_S = 20.0
HASTY_S = 0.8
"""For a provider that hangs: it is waited out."""


def slack_to(provider: Provider, within_s: float = PATIENT_S) -> Channel:
    return Slack(SecretStr(provider.url), within_s)


def discord_to(provider: Provider, within_s: float = PATIENT_S) -> Channel:
    return Discord(SecretStr(provider.url), within_s)


def telegram_to(provider: Provider, within_s: float = PATIENT_S) -> Channel:
    return Telegram(provider.url, SecretStr(providers.TELEGRAM_TOKEN), providers.CHAT, within_s)


def email_to(
    port: int,
    security: SmtpSecurity,
    password: str = mail.PASSWORD,
    within_s: float = PATIENT_S,
) -> Email:
    people = ("one@desk.test", "two@desk.test")
    secret = SecretStr(password)
    host = "127.0.0.1"
    server = MailServer(host, port, security, mail.USER, secret, "kimp@desk.test", people)
    return Email(server, within_s, SystemClock())


WEB: list[Any] = [
    pytest.param(providers.slack, slack_to, id="slack"),
    pytest.param(providers.discord, discord_to, id="discord"),
    pytest.param(providers.telegram, telegram_to, id="telegram"),
]


async def failure(send: Awaitable[float]) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as caught:
        await send
    return caught.value


def assert_tells_no_secret(caplog: pytest.LogCaptureFixture, *told: BaseException) -> None:
    for error in told:
        for part in (error, error.__context__, error.__cause__):
            assert not [secret for secret in SECRETS if secret in f"{part!r} {part}"]
    assert not [secret for secret in SECRETS if secret in caplog.text]
