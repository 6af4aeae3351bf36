"""A mail server on loopback: SMTP with STARTTLS or TLS and a log-in, and able to fail.

Sources: RFC 5321 (commands and codes), RFC 3207 (STARTTLS), RFC 4954 (AUTH).
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

USER, PASSWORD = "desk", "smtpSECRETsmtpSECRET"


@dataclass
class MailServer:
    port: int = 0
    tls: ssl.SSLContext | None = None
    offers_starttls: bool = True
    letters: list[EmailMessage] = field(default_factory=list)
    taken_for: list[list[str]] = field(default_factory=list)
    """Of each letter, whose the server let it be."""
    in_the_clear: list[str] = field(default_factory=list)
    """Commands that came outside of TLS."""
    troubles: dict[str, deque[str]] = field(default_factory=dict)
    """Command → answers to its next uses: a line, or ``hang`` for none at all."""
    times: list[float] = field(default_factory=list)
    """When each session began, on the loop's clock."""

    def text(self) -> str:
        """All that was taken."""
        return "".join(letter.as_string() for letter in self.letters)

    def fail(self, command: str, *answers: str) -> None:
        self.troubles.setdefault(command, deque()).extend(answers)


@dataclass
class _Session:
    server: MailServer
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    is_private: bool = False
    is_known: bool = False
    people: list[str] = field(default_factory=list)

    async def run(self) -> None:
        if not await self._answer("greeting", "220 mail.test ESMTP"):
            return
        while line := (await self.reader.readline()).decode().strip():
            command, _, rest = line.partition(" ")
            command = command.upper()
            if not self.is_private:
                self.server.in_the_clear.append(command)
            if command == "QUIT":
                await self._say("221 bye")
                return
            if command == "DATA":
                await self._data()
            elif command == "STARTTLS":
                if await self._answer(command, "220 go ahead"):
                    assert self.server.tls is not None
                    await self.writer.start_tls(self.server.tls)
                    self.is_private = True
            elif command == "AUTH":
                await self._log_in(rest)
            elif command == "RCPT":
                if await self._answer(command, "250 fine"):
                    self.people.append(rest.partition("<")[2].partition(">")[0])
            else:
                await self._answer(command, self._greeting() if command == "EHLO" else "250 fine")

    def _greeting(self) -> str:
        offers = ["mail.test", "8BITMIME", "SMTPUTF8"]
        if self.server.tls is not None and self.server.offers_starttls and not self.is_private:
            offers.append("STARTTLS")
        if self.is_private or self.server.tls is None:
            offers.append("AUTH PLAIN")
        return "\r\n".join([*(f"250-{offer}" for offer in offers[:-1]), f"250 {offers[-1]}"])

    async def _log_in(self, rest: str) -> None:
        _, _, told = rest.partition(" ")
        _, user, password = base64.b64decode(told).decode().split("\0")
        self.is_known = (user, password) == (USER, PASSWORD)
        said = "235 welcome" if self.is_known else "535 5.7.8 authentication credentials invalid"
        await self._answer("AUTH", said)

    async def _data(self) -> None:
        await self._say("354 go on")
        lines = []
        while (line := await self.reader.readline()) != b".\r\n":
            if not line:
                return
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        if await self._answer("DATA", "250 taken"):
            letter = message_from_bytes(b"".join(lines), policy=policy.default)
            assert isinstance(letter, EmailMessage)
            self.server.letters.append(letter)
            self.server.taken_for.append(self.people)

    async def _answer(self, command: str, well: str) -> bool:
        """False when something else was said, or nothing."""
        waiting = self.server.troubles.get(command)
        if not waiting:
            await self._say(well)
            return True
        trouble = waiting.popleft()
        if trouble == "hang":
            await self.reader.read()  # until the other side gives up
        else:
            await self._say(trouble)
        if trouble.startswith("421"):
            self.writer.close()  # with it a server says that it does (RFC 5321, 4.2.3)
        return False

    async def _say(self, text: str) -> None:
        self.writer.write(f"{text}\r\n".encode())
        await self.writer.drain()


@asynccontextmanager
async def mail_server(
    tls: ssl.SSLContext | None = None, *, at_once: bool = False
) -> AsyncIterator[MailServer]:
    """``at_once``: TLS from the first byte, else by STARTTLS."""
    server = MailServer(tls=tls)

    sessions: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.times.append(asyncio.get_running_loop().time())
        session = asyncio.current_task()
        assert session is not None
        sessions.add(session)
        try:
            with suppress(ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
                await _Session(server, reader, writer, is_private=at_once).run()
        finally:
            writer.close()
            sessions.discard(session)

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls if at_once else None)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for session in list(sessions):
            session.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)
