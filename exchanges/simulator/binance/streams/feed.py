"""What every stream of a connection is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

Emit = Callable[[Any], None]
"""Takes a payload, ready to be written."""

UM = 1
"""``st``: the symbol is of USDⓈ-M (2 would be COIN-M)."""


class Feed(Protocol):
    """One stream of one connection; made when it is subscribed to."""

    @property
    def interval_s(self) -> float:
        """How often it is polled."""
        ...

    def poll(self) -> None:
        """Emit what is due."""
        ...

    def close(self) -> None:
        """Emit nothing more."""
        ...
