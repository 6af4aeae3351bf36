"""What server, control and in-memory transports see of a simulated venue."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any, Protocol

from exchanges.transport import Request, Response
from exchanges.web_socket import Frame


class ChannelClosed(Exception):
    """The client has gone, or a fault has cut the wire: the conversation is over."""


class HandshakeRefused(Exception):
    """The venue does not open a WebSocket; ``response`` is what it answers instead."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"refused with HTTP {response.status}")
        self.response = response


class Channel(Protocol):
    """The venue's end of one WebSocket. Protocol pings of the client are answered underneath."""

    @property
    def heard_at(self) -> float:
        """When anything (a ping or pong too) last came from the client; monotonic seconds. Pings
        are noticed while somebody waits in :meth:`receive`."""
        ...

    async def send(self, frame: Frame) -> None:
        """Raises ChannelClosed."""
        ...

    async def receive(self) -> Frame:
        """The client's next message; may be cancelled and called again. Raises ChannelClosed."""
        ...

    async def ping(self) -> None:
        """Send a protocol ping; the pong shows in :attr:`heard_at`. Raises ChannelClosed."""
        ...

    async def close(self, code: int, reason: str = "") -> None:
        """Say goodbye and end it."""
        ...

    def cut(self) -> None:
        """Break the wire without a word."""
        ...


Conversation = Callable[[Channel], Awaitable[None]]
"""Serves one WebSocket until it ends; may end by ChannelClosed, and by being cancelled."""


class RequestFront(Protocol):
    """Requests in a venue's wire format."""

    async def handle(self, request: Request) -> Response:
        """Answer one request. Raises Vanish and ConnectionRefused of
        :mod:`exchanges.simulator.faults`."""
        ...


class SocketFront(Protocol):
    """WebSockets in a venue's wire format."""

    async def accept(self, handshake: Request) -> Conversation:
        """Take a WebSocket (``handshake`` is its HTTP GET). Raises HandshakeRefused, and Vanish
        and ConnectionRefused of :mod:`exchanges.simulator.faults`."""
        ...


class Front(RequestFront, SocketFront, Protocol):
    """A venue's wire format over its engine."""


class Engine(Protocol):
    """A venue's accounts, rules and matching."""

    @property
    def changes(self) -> int:
        """Rises with everything that is worth remembering."""
        ...

    def add_account(self, key: str, secret: str, balances: Mapping[str, Decimal]) -> None:
        """Open an account, or give a remembered one, which keeps its balances, its secret.

        Raises ValueError for a key in use or a negative balance.
        """
        ...

    def transfer(self, account: str, currency: str, amount: Decimal) -> None:
        """Money or coin comes to an account or, negative, leaves it, as the venue's lists show.

        Raises ValueError naming the field that is wrong.
        """
        ...

    def set_clock_offset(self, ms: int) -> None:
        """Shift the venue's clock; positive is ahead."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """What the venue remembers over a restart, without secrets."""
        ...

    def state(self) -> dict[str, Any]:
        """Everything about the accounts, JSON-ready, without secrets."""
        ...


class PerpetualEngine(Engine, Protocol):
    """Of a venue whose positions are funded, and can be taken away."""

    def settle_funding(self, rate: Decimal) -> None:
        """Now, on every position; a fraction of its value, positive: longs pay shorts."""
        ...

    def force_close(self, account: str, symbol: str, quantity: Decimal, reason: str) -> None:
        """Take away part of a position for the ``reason`` ``ADL`` or ``liquidation``.

        Raises ValueError naming the field that is wrong.
        """
        ...


def check_amount(amount: Decimal) -> None:
    """Raises ValueError for what nobody can move."""
    if not amount.is_finite() or not amount:
        raise ValueError("amount: expected a number other than 0")
