"""Ids of orders, trades and wallet changes."""

from __future__ import annotations


class IdCounter:
    """Ids that rise by one. Beginning at the venue's time in milliseconds, no two runs ever give
    the same one, because nothing here happens a thousand times a second for long."""

    def __init__(self, now_ms: int) -> None:
        self.next = now_ms
        """The id that is given next."""

    def take(self) -> int:
        number = self.next
        self.next += 1
        return number

    def go_beyond(self, next_number: int) -> None:
        """Give no id below ``next_number`` from here on."""
        self.next = max(self.next, next_number)
