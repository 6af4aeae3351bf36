"""The wire under an adapter: one request, one response, and what is known when it breaks.

Injected, never patched: :mod:`exchanges.http_transport` speaks HTTP,
:mod:`exchanges.memory_transport` calls a simulated venue in the same process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request. ``query`` is already percent-encoded, without the question mark; like
    headers and body it may hold a signature and is therefore not in the repr."""

    method: str
    path: str
    query: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class TransportError(Exception):
    """Base of what can break on the wire."""


class NotSent(TransportError):
    """No connection: not one byte of the request reached the other side."""


class Interrupted(TransportError):
    """The request was, or may have been, written; no complete response came back."""


class Transport(Protocol):
    async def send(self, request: Request, *, timeout_s: float) -> Response:
        """Carry out ``request``; raises :class:`NotSent` or :class:`Interrupted`. Never retries."""
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...
