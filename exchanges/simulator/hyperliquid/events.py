"""What happens at the venue, told once it is complete to whoever listens.

What one action causes is told together, as the venue tells what one block has brought.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from exchanges.simulator.hyperliquid.order import VenueOrder
from exchanges.simulator.hyperliquid.records import FundingPayment, VenueFill
from exchanges.simulator.hyperliquid.tape import Print


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """``order`` is a copy, as it was then."""

    address: str
    order: VenueOrder


@dataclass(frozen=True, slots=True)
class Filled:
    address: str
    fill: VenueFill


@dataclass(frozen=True, slots=True)
class Funded:
    address: str
    payment: FundingPayment


@dataclass(frozen=True, slots=True)
class Printed:
    """A public trade."""

    coin: str
    trade: Print


Event = OrderChanged | Filled | Funded | Printed
Listener = Callable[[tuple[Event, ...]], None]


class Events:
    """Collects what happens and passes it on, in order, when :meth:`flush` says so."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._pending: list[Event] = []

    def add(self, event: Event) -> None:
        self._pending.append(event)

    def flush(self) -> bool:
        """Tell what has been collected; was there anything?"""
        pending, self._pending = tuple(self._pending), []
        if pending:
            for listener in tuple(self._listeners):
                listener(pending)
        return bool(pending)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Returns what ends the subscription; ending it twice does no harm."""
        self._listeners.append(listener)

        def end() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return end
