"""Settings of the alerts: where they go, how much of them, and with whose keys."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from tasks.alert import AlertLevel
from tasks.alerting.email import SmtpSecurity
from tasks.alerting.routes import parse_route
from tasks.setting_types import LOOPBACK, Percent, Seconds, VaultAddress


def _route(text: str) -> str:
    parse_route(text)
    return text


def _mailbox(text: str) -> str:
    name, _, domain = text.partition("@")
    if not name or not domain or any(sign in text for sign in " \r\n<>,"):
        raise ValueError("expected an address such as desk@example.com")
    return text


Route = Annotated[str, AfterValidator(_route)]
Mailbox = Annotated[str, AfterValidator(_mailbox)]


class AlertSettings(BaseModel):
    """The part of :class:`tasks.settings.Settings` that is about alerts. A channel is used when its
    address is set."""

    slack_webhook_url: SecretStr | None = Field(
        None, description="Slack: address of an incoming webhook, https://hooks.slack.com/…"
    )
    slack_level: AlertLevel = Field(
        AlertLevel.INFO, description="Slack: lowest level: info, warning or critical."
    )
    discord_webhook_url: SecretStr | None = Field(
        None, description="Discord: address of a webhook, https://discord.com/api/webhooks/…"
    )
    discord_level: AlertLevel = Field(
        AlertLevel.INFO, description="Discord: lowest level: info, warning or critical."
    )
    telegram_token: SecretStr | None = Field(None, description="Telegram: the bot's token.")
    telegram_chat_id: str | None = Field(
        None, description="Telegram: the chat that the bot writes to, a number or @channel."
    )
    telegram_level: AlertLevel = Field(
        AlertLevel.WARNING, description="Telegram: lowest level: info, warning or critical."
    )
    telegram_url: VaultAddress = Field(
        "https://api.telegram.org", description="Telegram: address of the Bot API."
    )
    smtp_host: str | None = Field(None, description="E-mail: the server that takes mail.")
    smtp_port: int = Field(587, ge=1, le=65_535, description="E-mail: its port.")
    smtp_security: SmtpSecurity = Field(
        SmtpSecurity.STARTTLS,
        description="E-mail: starttls, tls, or none (a server on this machine only).",
    )
    smtp_user: str | None = Field(None, description="E-mail: who logs in; unset: nobody.")
    smtp_password: SecretStr | None = Field(None, description="E-mail: the password.")
    email_from: Mailbox | None = Field(None, description="E-mail: the sender's address.")
    email_to: tuple[Mailbox, ...] = Field((), description="E-mail: the recipients' addresses.")
    email_level: AlertLevel = Field(
        AlertLevel.CRITICAL, description="E-mail: lowest level: info, warning or critical."
    )
    alert_routes: tuple[Route, ...] = Field(
        (),
        description="Types that go to these channels only, whatever their level: "
        '["TRADE_EXECUTED=slack,email", "MANUAL_TRADE="]; nothing after the sign: nowhere.',
    )
    alert_gather_s: Seconds = Field(
        5, description="How long an alert below critical waits for others to share its message."
    )
    alert_repeat_s: Seconds = Field(
        300, description="The same trouble is told of once in this time, unless it gets worse."
    )
    alert_queue: int = Field(
        1_000, ge=20, le=100_000, description="Alerts that may wait for one channel."
    )
    alert_max_age_s: Seconds = Field(
        86_400, description="After a restart, older undelivered alerts are only counted."
    )
    alert_timeout_s: Seconds = Field(10, description="A channel's time to take a message.")
    daily_loss_warning_pct: Percent = Field(
        Decimal(70), description="Share of the daily loss limit that is warned of, percent."
    )

    @field_validator("slack_webhook_url", "discord_webhook_url")
    @classmethod
    def _address_is_private(cls, value: SecretStr | None) -> SecretStr | None:
        """The address is the key, so it travels in the clear only on this machine."""
        if value is None:
            return None
        parts = urlsplit(value.get_secret_value())
        if parts.hostname and (
            parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        ):
            return value
        raise ValueError("expected an address that begins with https://")

    @field_validator("telegram_token")
    @classmethod
    def _token_fits_into_a_path(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or re.fullmatch(r"\d+:[\w-]+", value.get_secret_value(), re.ASCII):
            return value
        raise ValueError("expected a token such as 123456:ABC-DEF")

    @model_validator(mode="after")
    def _channels_are_whole(self) -> Self:
        if (self.telegram_token is None) != (self.telegram_chat_id is None):
            raise ValueError(
                "telegram_token and telegram_chat_id: expected both or neither, got one"
            )
        if self.smtp_host is not None and (self.email_from is None or not self.email_to):
            raise ValueError(
                "smtp_host, email_from and email_to: expected all three or no smtp_host"
            )
        if (self.smtp_user is None) != (self.smtp_password is None):
            raise ValueError("smtp_user and smtp_password: expected both or neither, got one")
        if self.smtp_security is SmtpSecurity.NONE and self.smtp_host not in (None, *LOOPBACK):
            raise ValueError(
                "smtp_security and smtp_host: expected starttls or tls unless the server is on "
                f"this machine, got none and {self.smtp_host}"
            )
        return self
