"""Settings of the alerts: what is wrong is told in a sentence, and no secret with it."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.alert import AlertLevel, AlertType
from tasks.alerting.channels import channels_of, routes_of
from tasks.errors import SettingsRefused
from tasks.settings_description import describe
from tasks.settings_loading import load_settings
from tests.exchanges.manual_clock import ManualClock
from tests.tasks.alerting.messages import notice

MAIL = {"smtp_host": "mail.test", "email_from": "kimp@desk.test", "email_to": ["one@desk.test"]}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"slack_webhook_url": "http://hooks.slack.com/SECRET"}, "begins with https://"),
        ({"discord_webhook_url": "SECRET"}, "begins with https://"),
        ({"telegram_token": "SECRET/../x", "telegram_chat_id": "1"}, "such as 123456:ABC-DEF"),
        ({"telegram_token": "1:SECRET"}, "telegram_token and telegram_chat_id: expected both"),
        ({"telegram_url": "http://api.telegram.org"}, "telegram_url"),
        ({"smtp_host": "mail.test"}, "smtp_host, email_from and email_to"),
        ({**MAIL, "smtp_user": "desk"}, "smtp_user and smtp_password: expected both"),
        ({**MAIL, "smtp_security": "none"}, "expected starttls or tls unless"),
        ({**MAIL, "email_to": ["one@desk.test\r\nBcc: x@y"]}, "such as desk@example.com"),
        ({"alert_routes": ["FIRE=slack"]}, "a type of alert and channels such as"),
        ({"alert_routes": ["ONE_LEG=pager"]}, "a type of alert and channels such as"),
        ({"alert_queue": 1}, "a whole number from 20 to 100000"),
        ({"slack_level": "loud"}, "info or warning or critical"),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_expected(
    settings: dict[str, Any], told: str
) -> None:
    with pytest.raises(SettingsRefused) as refused:
        load_settings(**settings)

    assert told in str(refused.value)
    assert "SECRET" not in f"{refused.value!r} {refused.value.__context__}"


def test_secrets_are_masked_wherever_settings_are_shown() -> None:
    settings = load_settings(
        slack_webhook_url="https://hooks.slack.com/services/SECRET",
        discord_webhook_url="https://discord.com/api/webhooks/1/SECRET",
        telegram_token="1:SECRET",
        telegram_chat_id="-100",
        smtp_user="desk",
        smtp_password="SECRET",
        **MAIL,
    )

    shown = " ".join(line.value for line in describe(settings))
    assert "SECRET" not in f"{shown} {settings!r} {settings}"
    assert list(channels_of(settings, ManualClock())) == ["slack", "discord", "telegram", "email"]


def test_a_channel_without_an_address_is_not_used() -> None:
    assert channels_of(load_settings(), ManualClock()) == {}


def test_a_route_of_a_type_is_stronger_than_the_levels_of_the_channels() -> None:
    routes = routes_of(
        load_settings(alert_routes=["ONE_LEG=email", "MANUAL_TRADE="], slack_level="warning")
    )

    def places(type_: AlertType, level: AlertLevel) -> list[str]:
        told = notice(1, level, type_=type_)
        return [name for name in routes.levels if routes.leads_to(name, told)]

    assert places(AlertType.ONE_LEG, AlertLevel.CRITICAL) == ["email"]
    assert places(AlertType.MANUAL_TRADE, AlertLevel.CRITICAL) == []
    assert places(AlertType.RESUMED, AlertLevel.INFO) == ["discord"]
    assert places(AlertType.RESUMED, AlertLevel.WARNING) == ["slack", "discord", "telegram"]
