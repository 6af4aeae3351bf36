"""The channels that the settings name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from exchanges.clock import Clock
from tasks.alert_settings import AlertSettings
from tasks.alerting.channel import Channel
from tasks.alerting.discord import Discord
from tasks.alerting.email import Email, MailServer
from tasks.alerting.routes import Routes, parse_routes
from tasks.alerting.slack import Slack
from tasks.alerting.telegram import Telegram


def channels_of(settings: AlertSettings, clock: Clock) -> Mapping[str, Callable[[], Channel]]:
    """Name → how to make it; it belongs to the event loop in which it is made."""
    timeout_s = settings.alert_timeout_s
    made: dict[str, Callable[[], Channel]] = {}
    slack, discord, token = (
        settings.slack_webhook_url,
        settings.discord_webhook_url,
        settings.telegram_token,
    )
    if slack is not None:
        made["slack"] = lambda: Slack(slack, timeout_s)
    if discord is not None:
        made["discord"] = lambda: Discord(discord, timeout_s)
    if token is not None and settings.telegram_chat_id is not None:
        chat = settings.telegram_chat_id
        made["telegram"] = lambda: Telegram(settings.telegram_url, token, chat, timeout_s)
    if settings.smtp_host is not None and settings.email_from is not None:
        server = MailServer(
            settings.smtp_host,
            settings.smtp_port,
            settings.smtp_security,
            settings.smtp_user,
            settings.smtp_password,
            settings.email_from,
            settings.email_to,
        )
        made["email"] = lambda: Email(server, timeout_s, clock)
    return made


def routes_of(settings: AlertSettings) -> Routes:
    return Routes(
        {
            "slack": settings.slack_level,
            "discord": settings.discord_level,
            "telegram": settings.telegram_level,
            "email": settings.email_level,
        },
        parse_routes(settings.alert_routes),
    )
