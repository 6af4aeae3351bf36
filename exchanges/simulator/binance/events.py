"""What happens at the venue, told at the moment it happens to whoever listens.

The engine publishes and knows no listener; streams listen and write frames. A listener is called
at once, in the middle of the engine's work: it reads what it needs now (orders and positions go
on changing) and does nothing else to the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from exchanges.simulator.binance.account import VenueAccount
from exchanges.simulator.binance.order import VenueOrder
from exchanges.simulator.binance.position import PositionSide
from exchanges.simulator.binance.records import VenueTrade
from exchanges.simulator.binance.tape import Print


class ExecutionType(StrEnum):
    """What happened to an order (Binance docs, user data stream, field ``x``)."""

    NEW = "NEW"
    TRADE = "TRADE"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    CALCULATED = "CALCULATED"
    """An execution of the venue's own: liquidation and auto-deleveraging."""
    AMENDMENT = "AMENDMENT"


@dataclass(frozen=True, slots=True)
class Filled:
    """The first notice of an execution; an OrderChanged and an AccountChanged follow."""

    account: VenueAccount
    order: VenueOrder
    trade: VenueTrade


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """``order`` as it is now; ``trade`` is what executed, if that is what happened."""

    account: VenueAccount
    order: VenueOrder
    execution: ExecutionType
    time_ms: int
    trade: VenueTrade | None = None


class Reason(StrEnum):
    """Why money or positions changed (``m`` of ACCOUNT_UPDATE)."""

    ORDER = "ORDER"
    FUNDING_FEE = "FUNDING_FEE"
    MARGIN_TRANSFER = "MARGIN_TRANSFER"
    MARGIN_TYPE_CHANGE = "MARGIN_TYPE_CHANGE"
    INSURANCE_CLEAR = "INSURANCE_CLEAR"
    DEPOSIT = "DEPOSIT"
    WITHDRAW = "WITHDRAW"


@dataclass(frozen=True, slots=True)
class AccountChanged:
    """The margin asset's balance, and the positions that are named, as they are now."""

    account: VenueAccount
    reason: Reason
    time_ms: int
    positions: tuple[tuple[str, PositionSide], ...] = ()
    change: Decimal = Decimal(0)
    """Of the balance, but for profit and commission."""
    symbol: str | None = None
    """Whose funding it was."""


@dataclass(frozen=True, slots=True)
class LeverageChanged:
    account: VenueAccount
    symbol: str
    leverage: int
    time_ms: int


@dataclass(frozen=True, slots=True)
class AlgoChanged:
    """``order`` is the ``o`` of ALGO_UPDATE, as it is sent."""

    account: VenueAccount
    order: Mapping[str, Any]
    time_ms: int


@dataclass(frozen=True, slots=True)
class Printed:
    """A public trade."""

    symbol: str
    trade: Print


Event = Filled | OrderChanged | AccountChanged | LeverageChanged | AlgoChanged | Printed
Listener = Callable[[Event], None]


class Events:
    """Passes each event to every listener, in the order in which things happen."""

    def __init__(self) -> None:
        self._listeners: dict[int, Listener] = {}
        self._last = 0

    def publish(self, event: Event) -> None:
        for listener in tuple(self._listeners.values()):
            listener(event)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Returns what ends the subscription; ending it twice does no harm."""
        self._last += 1
        number = self._last
        self._listeners[number] = listener

        def end() -> None:
            self._listeners.pop(number, None)

        return end
