"""Margin in cross mode: what positions and open orders bind, and what is left.

Binance docs, USDⓈ-M: one-way mode binds for each contract the larger of what
would be held if all buys or all sells filled; hedge mode binds both sides.
Isolated positions bind the same amount; only their liquidation price differs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from exchanges.side import Side
from exchanges.simulator.binance.account import VenueAccount
from exchanges.simulator.binance.leverage_brackets import bracket_of, maintenance_margin
from exchanges.simulator.binance.position import PositionSide, VenuePosition

ZERO = Decimal(0)
MarkOf = Callable[[str], Decimal]
"""Mark price of a contract."""


@dataclass(frozen=True, slots=True)
class Binding:
    """Initial margin of one contract, USDT."""

    position: Decimal
    total: Decimal
    """Position and open orders together."""
    largest_notional: Decimal

    @property
    def orders(self) -> Decimal:
        return self.total - self.position


@dataclass(frozen=True, slots=True)
class Pending:
    """An order that is open or about to be: what it would add."""

    side: Side
    position_side: PositionSide
    value: Decimal


@dataclass(frozen=True, slots=True)
class AccountMargin:
    """Sums over all contracts, USDT."""

    wallet: Decimal
    unrealized: Decimal
    position_initial: Decimal
    order_initial: Decimal
    maintenance: Decimal

    @property
    def initial(self) -> Decimal:
        return self.position_initial + self.order_initial

    @property
    def balance(self) -> Decimal:
        return self.wallet + self.unrealized

    @property
    def available(self) -> Decimal:
        return max(ZERO, self.balance - self.initial)


def binding(
    account: VenueAccount, symbol: str, mark: Decimal, extra: Pending | None = None
) -> Binding:
    """Margin of ``symbol`` as it stands, or with ``extra`` added."""
    pending = [
        Pending(order.side, order.position_side, order.remaining * order.price)
        for order in account.orders.open(symbol)
        if not order.reduce_only
    ]
    if extra is not None:
        pending.append(extra)
    leverage = account.leverage(symbol)
    if account.hedge_mode:
        sides = (
            (PositionSide.LONG, Side.BUY),
            (PositionSide.SHORT, Side.SELL),
        )
        held = [abs(account.position(symbol, side).quantity) * mark for side, _ in sides]
        wished = [_value(pending, opening, side) for side, opening in sides]
        total = sum(held, ZERO) + sum(wished, ZERO)
        largest = max(h + w for h, w in zip(held, wished, strict=True))
        return Binding(sum(held, ZERO) / leverage, total / leverage, largest)
    notional = account.position(symbol, PositionSide.BOTH).quantity * mark
    largest = max(
        abs(notional + _value(pending, Side.BUY, PositionSide.BOTH)),
        abs(notional - _value(pending, Side.SELL, PositionSide.BOTH)),
    )
    return Binding(abs(notional) / leverage, largest / leverage, largest)


def pending_value(
    account: VenueAccount, symbol: str, side: Side, position_side: PositionSide
) -> Decimal:
    """Notional of the open orders of one side that would not only reduce."""
    return sum(
        (
            order.remaining * order.price
            for order in account.orders.open(symbol)
            if order.side is side and order.position_side is position_side and not order.reduce_only
        ),
        ZERO,
    )


def account_margin(account: VenueAccount, symbols: tuple[str, ...], mark: MarkOf) -> AccountMargin:
    bindings = [binding(account, symbol, mark(symbol)) for symbol in symbols]
    held = list(account.held())
    return AccountMargin(
        wallet=account.usdt,
        unrealized=sum((p.unrealized(mark(s)) for s, _, p in held), ZERO),
        position_initial=sum((bound.position for bound in bindings), ZERO),
        order_initial=sum((bound.orders for bound in bindings), ZERO),
        maintenance=sum((_maintenance(p, mark(s)) for s, _, p in held), ZERO),
    )


def isolated_wallet(account: VenueAccount, symbol: str, position: VenuePosition) -> Decimal:
    """What an isolated position set aside when it was opened; 0 for a cross one."""
    if symbol not in account.isolated:
        return ZERO
    return abs(position.cost) / account.leverage(symbol)


def liquidation_price(
    account: VenueAccount, symbol: str, side: PositionSide, mark: MarkOf
) -> Decimal:
    """Estimate: where the margin behind the position falls to its maintenance margin, all other
    positions standing still. 0 when no price would do it."""
    position = account.position(symbol, side)
    if not position.quantity:
        return ZERO
    collateral = isolated_wallet(account, symbol, position)
    if symbol not in account.isolated:
        collateral = account.usdt + sum(
            (
                other.unrealized(mark(name)) - _maintenance(other, mark(name))
                for name, other_side, other in account.held()
                if (name, other_side) != (symbol, side)
            ),
            ZERO,
        )
    bracket = bracket_of(abs(position.quantity) * mark(symbol))
    price = (collateral - position.cost + bracket.cumulative) / (
        abs(position.quantity) * bracket.maintenance_rate - position.quantity
    )
    return max(ZERO, price)


def _value(pending: list[Pending], side: Side, position_side: PositionSide) -> Decimal:
    return sum(
        (p.value for p in pending if p.side is side and p.position_side is position_side), ZERO
    )


def _maintenance(position: VenuePosition, mark: Decimal) -> Decimal:
    return maintenance_margin(abs(position.quantity) * mark)
