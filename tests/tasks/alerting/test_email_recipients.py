"""A mail server that takes a letter for some of its recipients."""

from __future__ import annotations

from typing import Any

from tasks.alerting.channel import ChannelAway
from tasks.alerting.email import SmtpSecurity
from tests.tasks.alerting import mail_server as mail
from tests.tasks.alerting.channels import email_to, failure
from tests.tasks.alerting.messages import message

ONE, TWO = "one@desk.test", "two@desk.test"


async def test_who_is_refused_for_now_is_tried_again_and_who_has_it_is_not() -> None:
    async with mail.mail_server() as server:
        server.fail("RCPT", "450 4.2.0 greylisted")
        channel = email_to(server.port, SmtpSecurity.NONE)

        error = await failure(channel.send(message()))
        await channel.send(message())
        await channel.send(message(name="a2-a2"))

    assert type(error) is ChannelAway
    assert str(error) == "the mail server refused 1 of 2 recipients: SMTP 450"
    assert server.taken_for == [[TWO], [ONE], [ONE, TWO]]


async def test_who_is_refused_for_good_is_named_and_the_others_have_it(caplog: Any) -> None:
    async with mail.mail_server() as server:
        server.fail("RCPT", "550 5.1.1 no such user")

        await email_to(server.port, SmtpSecurity.NONE).send(message())

    assert server.taken_for == [[TWO]]
    assert f"the mail server never takes alerts for {ONE}: SMTP 550" in caplog.text
