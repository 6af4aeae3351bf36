"""What server, control and in-memory transport see of a simulated venue."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol

from exchanges.transport import Request, Response


class Front(Protocol):
    """A venue's wire format over its engine."""

    async def handle(self, request: Request) -> Response:
        """Answer one request. Raises :class:`exchanges.simulator.faults.Vanish`."""
        ...


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

    def set_clock_offset(self, ms: int) -> None:
        """Shift the venue's clock; positive is ahead."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """What the venue remembers over a restart, without secrets."""
        ...

    def state(self) -> dict[str, Any]:
        """Everything about the accounts, JSON-ready, without secrets."""
        ...
