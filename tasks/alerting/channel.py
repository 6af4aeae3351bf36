"""A way to the people, and what can go wrong on it.

::

    DeliveryFailed
    ├── ChannelBusy      the provider asks for a pause: waited for, then sent again
    ├── ChannelAway      no answer, or a fault of the provider's: sent again, ever more slowly
    ├── ChannelRefused   the token, address or permission is wrong: a person must mend it
    └── MessageRefused   this message it will never take: it is given up

None of them carries a library's own text, which may quote the address, and the address of a webhook
is its secret. ``str()`` is made of status codes and of words that providers document.
"""

from __future__ import annotations

from typing import Protocol

from tasks.alerting.message import Message

LONGEST_PAUSE_S = 3_600.0
"""A provider that asks for more is asked again after this."""


class DeliveryFailed(Exception):
    """Not delivered, or not known to be."""


class ChannelBusy(DeliveryFailed):
    """Too many messages for the provider. The alerts wait ``retry_after_s`` and gather there."""

    def __init__(self, told: str, retry_after_s: float) -> None:
        super().__init__(f"{told}, again in {retry_after_s:g} s")
        self.retry_after_s = min(max(retry_after_s, 0.0), LONGEST_PAUSE_S)


class ChannelAway(DeliveryFailed):
    """It may have arrived: an alert told twice is better than one not told."""


class ChannelRefused(DeliveryFailed):
    """Asking the same again gives the same answer until an operator has mended the setting. The
    alerts stay where they are and it is tried now and then."""


class MessageRefused(DeliveryFailed):
    """Neither later nor again will the provider have it. It is left to the stored list."""


class Channel(Protocol):
    """One provider, one place there. Belongs to the event loop that uses it."""

    @property
    def name(self) -> str: ...

    @property
    def pace_s(self) -> float:
        """The shortest time between two messages that the provider's limits leave."""
        ...

    async def send(self, message: Message) -> float:
        """Deliver; returns the seconds that the provider wants to be left alone, mostly 0. Tries
        once. Raises DeliveryFailed."""
        ...

    async def aclose(self) -> None:
        """Close its connections."""
        ...


def by_status(status: int, told: str, retry_after_s: float | None) -> DeliveryFailed:
    """What an HTTP status other than success means, as all three providers use it.

    ``told``: the status in words without anything secret.
    """
    if status == 429:
        return ChannelBusy(told, 5.0 if retry_after_s is None else retry_after_s)
    if status in (400, 413):
        return MessageRefused(told)
    if 400 < status < 500 and status != 408:
        return ChannelRefused(told)
    return ChannelAway(told)


def seconds(text: object) -> float | None:
    """A pause as providers write it: a number, or its text; None for anything else."""
    try:
        value = float(str(text))
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None
