"""What the simulated Upbit tells its streams: orders and balances of an account, and trades."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from exchanges.simulator.upbit.order import SimulatedOrder, Trade
from exchanges.simulator.upbit.print import Print


class OrderNews(StrEnum):
    """``state`` of a ``myOrder`` event (Upbit docs, WebSocket MyOrder)."""

    WAIT = "wait"
    TRADE = "trade"
    DONE = "done"
    CANCEL = "cancel"
    PREVENTED = "prevented"
    """Self-match prevention took a part away and left the rest."""


@dataclass(frozen=True, slots=True)
class OrderEvent:
    key: str
    """Access key of the account."""
    news: OrderNews
    order: SimulatedOrder
    """As it stood right after; never changed later."""
    trade: Trade | None
    time_ms: int


@dataclass(frozen=True, slots=True)
class AssetEvent:
    key: str
    """Access key of the account."""
    assets: tuple[tuple[str, Decimal, Decimal], ...]
    """(currency, available, locked) of what has changed."""
    time_ms: int


@dataclass(frozen=True, slots=True)
class PrintEvent:
    native: str
    printed: Print


Event = OrderEvent | AssetEvent | PrintEvent
Listener = Callable[[Event], None]


class News:
    """Those who listen. Nothing is prepared for nobody."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    @property
    def is_heard(self) -> bool:
        return bool(self._listeners)

    def subscribe(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def unsubscribe(self, listener: Listener) -> None:
        self._listeners.remove(listener)

    def tell(self, event: Event) -> None:
        for listener in tuple(self._listeners):
            listener(event)
