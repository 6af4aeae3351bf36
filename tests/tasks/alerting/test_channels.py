"""Each channel against its provider on loopback: what it sends, and what it makes of trouble."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tasks.alerting.channel import (
    Channel,
    ChannelAway,
    ChannelBusy,
    ChannelRefused,
    DeliveryFailed,
    MessageRefused,
)
from tasks.alerting.discord import Discord
from tasks.alerting.email import SmtpSecurity
from tasks.alerting.message import Line, Message
from tasks.alerting.slack import Slack
from tests.tasks.alerting import mail_server as mail
from tests.tasks.alerting import providers
from tests.tasks.alerting.certificates import certificate, server_side
from tests.tasks.alerting.channels import (
    HASTY_S,
    PATIENT_S,
    SECRETS,
    WEB,
    assert_tells_no_secret,
    discord_to,
    email_to,
    failure,
    slack_to,
    telegram_to,
)
from tests.tasks.alerting.messages import TRICKY, message
from tests.tasks.alerting.providers import Provider, answers

# ---- what is sent


async def test_slack_gets_escaped_text_with_a_colour_for_each_level() -> None:
    async with providers.slack() as provider:
        channel = slack_to(provider)

        assert await channel.send(message()) == 0

        await channel.aclose()
    [body] = provider.heard
    assert body["text"] == "*kimp paper: CRITICAL ONE_LEG*"
    critical, recovered = body["attachments"]
    assert (critical["color"], recovered["color"]) == ("#DA3633", "#2EA043")
    assert "&lt;5 %&gt; &amp; " in critical["text"]
    assert critical["mrkdwn_in"] == []


async def test_each_level_has_a_colour_or_a_sign_of_its_own_everywhere() -> None:
    shown = []
    for level in ("info", "warning", "critical", "recovered"):
        said = Message(level, "kimp paper", (Line(level, "told"),), "a1-a1")
        async with (
            providers.slack() as slack,
            providers.discord() as discord,
            providers.telegram() as telegram,
            mail.mail_server() as letters,
        ):
            channels = [slack_to(slack), discord_to(discord), telegram_to(telegram)]
            channels.append(email_to(letters.port, SmtpSecurity.NONE))
            for channel in channels:
                await channel.send(said)
                await channel.aclose()
        [attachment], [embed] = slack.heard[0]["attachments"], discord.heard[0]["embeds"]
        colour = attachment["color"]
        assert embed["color"] == int(colour.removeprefix("#"), 16)
        assert colour in str(letters.letters[0])
        shown.append((colour, telegram.heard[0]["text"].splitlines()[1][0]))

    assert shown == [("#2F81F7", "🔵"), ("#D29922", "🟡"), ("#DA3633", "🔴"), ("#2EA043", "🟢")]


async def test_discord_gets_an_embed_that_calls_nobody_and_formats_nothing() -> None:
    async with providers.discord() as provider:
        assert await discord_to(provider).send(message()) == 0

    [body] = provider.heard
    [embed] = body["embeds"]
    assert body["allowed_mentions"] == {"parse": []}
    assert embed["color"] == 0xDA3633
    assert r"p\_1 \*fell\*" in embed["description"]
    assert r"\[here\]\(https" in embed["description"]


async def test_discord_is_left_alone_for_as_long_as_its_headers_say() -> None:
    async with providers.discord(remaining=0) as provider:
        assert await discord_to(provider).send(message()) == 0.4


async def test_telegram_gets_plain_text_with_a_sign_for_each_level() -> None:
    async with providers.telegram() as provider:
        channel = telegram_to(provider)

        assert await channel.send(message()) == 0

        await channel.aclose()
    [body] = provider.heard
    assert body["text"].splitlines() == [
        "kimp paper: CRITICAL ONE_LEG",
        f"🔴 {TRICKY}",
        "🟢 upbit answers again",
    ]
    assert "parse_mode" not in body


async def test_a_letter_goes_to_all_recipients_over_tls_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    async with mail.mail_server(server_side(file)) as server:
        await email_to(server.port, SmtpSecurity.STARTTLS).send(message())
        await email_to(server.port, SmtpSecurity.STARTTLS).send(message())

    first, again = server.letters
    assert server.in_the_clear == ["EHLO", "STARTTLS"] * 2
    assert first["To"] == "one@desk.test, two@desk.test"
    assert first["Subject"] == "kimp paper: CRITICAL ONE_LEG"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["Message-ID"] == again["Message-ID"] == "<kimp.a1-a1@desk.test>"
    plain, html = first.iter_parts()
    assert TRICKY in plain.get_content()
    assert "#DA3633" in html.get_content()
    assert "&lt;5 %&gt;" in html.get_content()


async def test_a_letter_goes_over_tls_from_the_first_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    async with mail.mail_server(server_side(file), at_once=True) as server:
        await email_to(server.port, SmtpSecurity.TLS).send(message())

    assert len(server.letters) == 1


@pytest.mark.parametrize(("provider", "to"), WEB)
async def test_a_message_that_is_too_long_is_cut_to_what_the_provider_takes(
    provider: Any, to: Callable[[Provider], Channel]
) -> None:
    lines = tuple(Line("warning", f"{place} " + "<_&>" * 120) for place in range(30))
    async with provider() as served:
        channel = to(served)

        await channel.send(Message("warning", "x" * 100, lines, "a1-a30"))

        await channel.aclose()
    assert len(served.heard) == 1
    assert "more lines" in served.text()


# ---- trouble


async def sent_into(
    trouble: Any, provider: Any, to: Callable[[Provider, float], Channel]
) -> tuple[DeliveryFailed, int]:
    """How a message fails at a provider that has ``trouble``, and how often it was asked."""
    async with provider() as served:
        served.troubles.append(trouble)
        channel = to(served, HASTY_S if trouble is providers.hangs else PATIENT_S)
        error = await failure(channel.send(message()))
        await channel.aclose()
        return error, len(served.times)


@pytest.mark.parametrize(
    ("provider", "to", "trouble", "seconds"),
    [
        (providers.slack, slack_to, providers.slack_busy(7), 7),
        (providers.discord, discord_to, providers.discord_busy(0.31), 0.31),
        # Cloudflare in front of Discord says it in the header alone.
        (providers.discord, discord_to, answers(429, text="", headers={"Retry-After": "9"}), 9),
        (providers.telegram, telegram_to, providers.telegram_busy(15), 15),
        (providers.slack, slack_to, answers(429, text="", headers={"Retry-After": "soon"}), 5),
        (providers.slack, slack_to, answers(429, text="", headers={"Retry-After": "1e9"}), 3600),
    ],
    ids=["slack", "discord", "cloudflare", "telegram", "no number", "for ever"],
)
async def test_a_provider_that_wants_a_pause_says_how_long(
    provider: Any, to: Callable[[Provider, float], Channel], trouble: Any, seconds: float
) -> None:
    error, asked = await sent_into(trouble, provider, to)

    assert isinstance(error, ChannelBusy)
    assert error.retry_after_s == seconds
    assert asked == 1  # no library has tried again by itself


@pytest.mark.parametrize(("provider", "to"), WEB)
@pytest.mark.parametrize(
    "trouble",
    [
        providers.hangs,
        providers.breaks_off,
        answers(500, text="rollup_error"),
        answers(502, text="<html>Bad Gateway</html>"),
        answers(503, {"ok": False}),
        answers(408, text=""),
    ],
    ids=["hangs", "breaks off", "500", "502", "503", "408"],
)
async def test_a_provider_that_is_away_is_asked_once_and_tells_no_secret(
    provider: Any, to: Callable[[Provider, float], Channel], trouble: Any, caplog: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    error, asked = await sent_into(trouble, provider, to)

    assert isinstance(error, ChannelAway)
    assert asked == 1
    assert_tells_no_secret(caplog, error)


@pytest.mark.parametrize(("provider", "to"), WEB)
async def test_nobody_at_the_address_is_a_channel_that_is_away(
    provider: Any, to: Callable[[Provider], Channel], caplog: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    async with provider() as served:
        channel = to(served)

    error = await failure(channel.send(message()))

    await channel.aclose()
    assert isinstance(error, ChannelAway)
    assert_tells_no_secret(caplog, error)


@pytest.mark.parametrize(
    ("provider", "to", "trouble", "told"),
    [
        (providers.slack, slack_to, answers(404, text="no_service"), "HTTP 404 no_service"),
        (providers.slack, slack_to, answers(410, text="channel_is_archived"), "channel_is_archi"),
        (providers.discord, discord_to, answers(404, {"code": 10015}), "HTTP 404 code 10015"),
        (
            providers.telegram,
            telegram_to,
            answers(401, {"ok": False, "error_code": 401, "description": "Unauthorized"}),
            "HTTP 401 Unauthorized",
        ),
        (
            providers.telegram,
            telegram_to,
            answers(
                400,
                {
                    "ok": False,
                    "error_code": 400,
                    "description": "Bad Request: group chat was upgraded to a supergroup chat",
                    "parameters": {"migrate_to_chat_id": -100987},
                },
            ),
            "telegram_chat_id is -100987 now",
        ),
    ],
)
async def test_a_wrong_address_or_token_is_for_a_person_to_mend(
    provider: Any, to: Callable[[Provider, float], Channel], trouble: Any, told: str, caplog: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    error, _ = await sent_into(trouble, provider, to)

    assert isinstance(error, ChannelRefused)
    assert told in str(error)
    assert_tells_no_secret(caplog, error)


async def test_a_message_that_the_provider_will_never_have_is_told_apart() -> None:
    async with providers.slack() as served:
        served.troubles.append(answers(400, text="invalid_payload"))
        channel = slack_to(served)

        error = await failure(channel.send(message()))

        await channel.aclose()
    assert isinstance(error, MessageRefused)
    assert str(error) == "Slack: HTTP 400 invalid_payload"


async def test_text_of_a_provider_that_is_no_word_of_its_own_is_not_told() -> None:
    async with providers.slack() as served:
        served.troubles.append(answers(403, text=f"no access to {served.url}"))
        channel = slack_to(served)

        error = await failure(channel.send(message()))

        await channel.aclose()
    assert str(error) == "Slack: HTTP 403"


# ---- TLS and mail


async def test_slack_with_a_certificate_that_nobody_signed_gets_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with providers.slack(server_side(certificate(tmp_path))) as served:
        channel = slack_to(served)

        error = await failure(channel.send(message()))

        await channel.aclose()
    assert isinstance(error, ChannelAway)
    assert "Certificate" in str(error)
    assert served.times == []
    assert_tells_no_secret(caplog, error)


@pytest.mark.parametrize("security", [SmtpSecurity.STARTTLS, SmtpSecurity.TLS])
async def test_a_mail_server_with_a_foreign_certificate_gets_neither_password_nor_letter(
    tmp_path: Path, security: SmtpSecurity
) -> None:
    tls = server_side(certificate(tmp_path))
    async with mail.mail_server(tls, at_once=security is SmtpSecurity.TLS) as server:
        error = await failure(email_to(server.port, security).send(message()))

    assert isinstance(error, ChannelRefused)
    assert "certificate" in str(error)
    assert "AUTH" not in server.in_the_clear
    assert server.letters == []


async def test_a_mail_server_without_starttls_gets_no_password_in_the_clear() -> None:
    async with mail.mail_server() as server:
        error = await failure(email_to(server.port, SmtpSecurity.STARTTLS).send(message()))

    assert isinstance(error, ChannelRefused)
    assert not {"AUTH", "MAIL", "DATA"} & set(server.in_the_clear)


@pytest.mark.parametrize(
    ("command", "answer", "kind"),
    [
        ("AUTH", "454 4.7.0 temporary authentication failure", ChannelAway),
        ("MAIL", "550 5.7.1 not from you", ChannelRefused),
        ("MAIL", "451 4.3.0 try later", ChannelAway),
        ("RCPT", "450 4.2.0 greylisted", ChannelAway),
        ("DATA", "554 5.6.0 no", MessageRefused),
        ("DATA", "452 4.2.2 full", ChannelAway),
        ("greeting", "421 4.3.2 closing", ChannelAway),
        ("greeting", "hang", ChannelAway),
        ("EHLO", "hang", ChannelAway),
        ("DATA", "hang", ChannelAway),
    ],
)
async def test_what_a_mail_server_says_decides_what_is_done(
    command: str, answer: str, kind: type[DeliveryFailed], caplog: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    async with mail.mail_server() as server:
        server.fail(command, *[answer] * 2)  # of both recipients
        within_s = HASTY_S if answer == "hang" else PATIENT_S
        channel = email_to(server.port, SmtpSecurity.NONE, within_s=within_s)
        error = await failure(channel.send(message()))

    assert type(error) is kind
    assert server.letters == []
    assert_tells_no_secret(caplog, error)


async def test_a_wrong_mail_password_is_for_a_person_to_mend(caplog: Any) -> None:
    async with mail.mail_server() as server:
        wrong = email_to(server.port, SmtpSecurity.NONE, "wrongSECRET")
        error = await failure(wrong.send(message()))

    assert isinstance(error, ChannelRefused)
    assert str(error) == "the mail server refused log-in: SMTP 535"
    assert "wrongSECRET" not in caplog.text


def test_no_channel_shows_its_secret() -> None:
    shown = [
        repr(Slack(SecretStr(f"https://x.test/{providers.SLACK_SECRET}"), 1)),
        repr(vars(Slack(SecretStr(f"https://x.test/{providers.SLACK_SECRET}"), 1))),
        repr(vars(Discord(SecretStr(f"https://x.test/{providers.DISCORD_SECRET}"), 1))),
        repr(vars(email_to(25, SmtpSecurity.NONE))),
    ]

    assert not [secret for secret in SECRETS if secret in " ".join(shown)]
