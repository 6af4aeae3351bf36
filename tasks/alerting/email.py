"""Alerts by e-mail, over SMTP.

Sources: RFC 5321 (4yz: for now, 5yz: for good), RFC 3207 (STARTTLS; a server that does not offer it
gets no message in the clear), RFC 4954 (535: credentials), RFC 3834 (Auto-Submitted).
"""

from __future__ import annotations

import contextlib
import logging
import smtplib
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from enum import StrEnum
from html import escape

from pydantic import SecretStr

from exchanges.clock import Clock
from tasks.alerting.channel import ChannelAway, ChannelRefused, DeliveryFailed, MessageRefused
from tasks.alerting.daemon_work import DaemonWork
from tasks.alerting.message import COLOURS, Message

log = logging.getLogger(__name__)

FOR_GOOD = 500
"""Codes from here on; a refusal below is for now."""


class SmtpSecurity(StrEnum):
    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"
    """In the clear: to a mail server on this machine only."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in, and for whom."""

    host: str
    port: int
    security: SmtpSecurity
    user: str | None
    password: SecretStr | None
    sender: str
    recipients: tuple[str, ...]


class Email:
    """See :class:`tasks.alerting.channel.Channel`."""

    name = "email"
    pace_s = 30.0
    """Mail providers count messages by the hour and day."""

    def __init__(self, server: MailServer, timeout_s: float, clock: Clock) -> None:
        self._server = server
        self._timeout_s = timeout_s
        self._clock = clock
        self._work = DaemonWork("email")
        self._connection: smtplib.SMTP | None = None
        self._handed_in: tuple[str, frozenset[str]] = ("", frozenset())
        """Name of the last message, and for whom the server has taken it or never will."""

    async def send(self, message: Message) -> float:
        """One that the server takes for some only is tried again for the others."""
        letter = _letter(message, self._server, self._clock.now())
        name, served = self._handed_in
        if name != message.name:
            self._handed_in = (message.name, frozenset())
            served = frozenset()
        to = [person for person in self._server.recipients if person not in served]
        try:
            await self._work.run(lambda: self._hand_in(letter, to))
        finally:
            self._break_off()
        return 0.0

    async def aclose(self) -> None:
        self._break_off()

    def _hand_in(self, letter: EmailMessage, to: Sequence[str]) -> None:
        """Once, in a thread."""
        failure: DeliveryFailed
        try:
            smtp = self._connection = self._connect()
            try:
                if self._server.security is SmtpSecurity.STARTTLS:
                    smtp.starttls(context=ssl.create_default_context())
                if self._server.user is not None and self._server.password is not None:
                    smtp.login(self._server.user, self._server.password.get_secret_value())
                refused = smtp.send_message(letter, to_addrs=to)
            finally:
                _part(smtp)
            self._settle(to, {person: code for person, (code, _) in refused.items()})
            return
        except DeliveryFailed:
            raise
        except smtplib.SMTPNotSupportedError:
            failure = ChannelRefused("the mail server offers no STARTTLS, or no log-in over it")
        except ssl.SSLCertVerificationError as error:
            failure = ChannelRefused(f"the mail server's certificate: {error.verify_message}")
        except smtplib.SMTPAuthenticationError as error:
            failure = _by_code(error.smtp_code, "log-in", ChannelRefused)
        except smtplib.SMTPRecipientsRefused as error:
            code = max(code for code, _ in error.recipients.values())
            failure = _by_code(code, "all recipients", ChannelRefused)
        except smtplib.SMTPSenderRefused as error:
            failure = _by_code(error.smtp_code, "the sender", ChannelRefused)
        except smtplib.SMTPResponseException as error:
            failure = _by_code(error.smtp_code, "the message", MessageRefused)
        except TimeoutError:
            failure = ChannelAway("the mail server did not answer in time")
        except (OSError, smtplib.SMTPException, ValueError) as error:
            failure = ChannelAway(f"the mail server cannot be reached: {type(error).__name__}")
        raise failure  # outside of the handler: some exceptions hold what was sent

    def _settle(self, to: Sequence[str], refused: Mapping[str, int]) -> None:
        """The server has taken it for all but some of ``to``. Raises ChannelAway where it may take
        it for these later."""
        later = {person: code for person, code in refused.items() if code < FOR_GOOD}
        for person in refused.keys() - later.keys():
            log.error("the mail server never takes alerts for %s: SMTP %d", person, refused[person])
        name, served = self._handed_in
        self._handed_in = (name, served | (frozenset(to) - later.keys()))
        if later:
            what = f"{len(later)} of {len(self._server.recipients)} recipients"
            raise _by_code(max(later.values()), what, ChannelRefused)

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.security is SmtpSecurity.TLS:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(
                server.host, server.port, timeout=self._timeout_s, context=context
            )
        return smtplib.SMTP(server.host, server.port, timeout=self._timeout_s)

    def _break_off(self) -> None:
        """Wake a thread that a server has kept past its time, so that it ends."""
        connection, self._connection = self._connection, None
        handle = getattr(connection, "sock", None)
        if isinstance(handle, socket.socket):
            with contextlib.suppress(OSError):  # closed already
                handle.shutdown(socket.SHUT_RDWR)


def _part(smtp: smtplib.SMTP) -> None:
    """Say QUIT and wait for no answer: what was taken is taken."""
    with contextlib.suppress(OSError, smtplib.SMTPException):
        smtp.putcmd("quit")
    smtp.close()


def _letter(message: Message, server: MailServer, now: datetime) -> EmailMessage:
    letter = EmailMessage()
    letter["Subject"] = " ".join(message.title.split())
    letter["From"] = server.sender
    letter["To"] = ", ".join(server.recipients)
    letter["Date"] = format_datetime(now)
    # The same for every try, so that mail programs show a message once that arrived twice.
    domain = server.sender.rpartition("@")[2].rstrip(">") or "localhost"
    letter["Message-ID"] = f"<kimp.{message.name}@{domain}>"
    letter["Auto-Submitted"] = "auto-generated"
    if message.level == "critical":
        letter["Importance"] = "high"
    letter.set_content("\n".join(line.text for line in message.lines))
    rows = "".join(
        f'<p style="border-left:6px solid #{COLOURS[line.level]:06X};padding-left:8px">'
        f"{escape(line.text)}</p>"
        for line in message.lines
    )
    title = escape(message.title)
    letter.add_alternative(f"<html><body><h3>{title}</h3>{rows}</body></html>", subtype="html")
    return letter


def _by_code(code: int, what: str, for_good: type[DeliveryFailed]) -> DeliveryFailed:
    told = f"the mail server refused {what}: SMTP {code}"
    return for_good(told) if code >= FOR_GOOD else ChannelAway(told)
