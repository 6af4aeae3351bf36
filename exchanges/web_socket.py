"""The WebSocket under a stream: connect, frames in and out, and what is known when it breaks.

Injected like :mod:`exchanges.transport`: :mod:`exchanges.http_web_socket` dials real servers,
:mod:`exchanges.memory_web_socket` a simulated venue in the same process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

Frame = str | bytes
"""One whole message; venues send JSON in text and in binary frames."""

NO_HEADERS: Mapping[str, str] = {}


class WebSocketError(Exception):
    """Base of what can break on a WebSocket. Never holds an address, which may hold a key."""


class NotConnected(WebSocketError):
    """The connection did not come about. ``status``: the HTTP status of a refusal, 0 when the
    venue gave none."""

    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Disconnected(WebSocketError):
    """The connection has ended. What was sent last may or may not have arrived. ``code`` is the
    close code, 1006 when there was none."""

    def __init__(self, code: int = 1006, reason: str = "") -> None:
        super().__init__(f"disconnected with code {code}{f': {reason}' if reason else ''}")
        self.code = code
        self.reason = reason


class Connection(Protocol):
    """One open WebSocket. Protocol pings are answered underneath, and a server that leaves ours
    unanswered counts as gone."""

    async def send(self, frame: Frame) -> None:
        """Write one message. Raises Disconnected: it may or may not have left."""
        ...

    async def receive(self) -> Frame:
        """The next message; may be cancelled and called again. Raises Disconnected."""
        ...

    async def aclose(self) -> None:
        """Close; harmless when it is closed."""
        ...


class Connector(Protocol):
    async def connect(
        self, url: str, *, headers: Mapping[str, str] = NO_HEADERS, timeout_s: float
    ) -> Connection:
        """Open ``ws(s)://HOST[:PORT]/PATH[?QUERY]`` (percent-encoded) within ``timeout_s``
        seconds. Raises NotConnected."""
        ...

    async def aclose(self) -> None:
        """Close every connection made here."""
        ...
