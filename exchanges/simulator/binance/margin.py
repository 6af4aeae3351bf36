"""What positions and open orders bind, and what is left.

Binance docs, USDⓈ-M: one-way mode binds for each contract the larger of what
would be held if all buys or all sells filled; hedge mode binds both sides. An
isolated position has its margin set aside; its profit and loss are its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from exchanges.side import Side
from exchanges.simulator.binance.account import VenueAccount
from exchanges.simulator.binance.leverage_brackets import bracket_of, maintenance_margin
from exchanges.simulator.binance.order import VenueOrder
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
    """Sums over all contracts, USDT; ``cross_…`` leaves isolated positions out."""

    wallet: Decimal
    isolated: Decimal
    """Set aside for isolated positions."""
    unrealized: Decimal
    cross_unrealized: Decimal
    position_initial: Decimal
    cross_position_initial: Decimal
    order_initial: Decimal
    maintenance: Decimal
    cross_maintenance: Decimal

    @property
    def initial(self) -> Decimal:
        return self.position_initial + self.order_initial

    @property
    def balance(self) -> Decimal:
        return self.wallet + self.unrealized

    @property
    def cross_wallet(self) -> Decimal:
        return self.wallet - self.isolated

    @property
    def cross_balance(self) -> Decimal:
        """What stands behind all cross positions together."""
        return self.cross_wallet + self.cross_unrealized

    @property
    def free(self) -> Decimal:
        """What may be bound yet; negative when too much is bound already."""
        return self.cross_balance - self.cross_position_initial - self.order_initial

    @property
    def available(self) -> Decimal:
        return max(ZERO, self.free)


def binding(
    account: VenueAccount,
    symbol: str,
    mark: Decimal,
    extra: Pending | None = None,
    without: VenueOrder | None = None,
) -> Binding:
    """Margin of ``symbol`` as it stands, or with ``extra`` added and an order left out."""
    pending = [
        Pending(order.side, order.position_side, order.remaining * order.price)
        for order in account.orders.open(symbol)
        if not order.reduce_only and order is not without
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
    bindings = {symbol: binding(account, symbol, mark(symbol)) for symbol in symbols}
    held = list(account.held())
    cross = [(symbol, p) for symbol, _, p in held if symbol not in account.isolated]
    return AccountMargin(
        wallet=account.usdt,
        isolated=sum((p.isolated_margin for _, _, p in held), ZERO),
        unrealized=sum((p.unrealized(mark(s)) for s, _, p in held), ZERO),
        cross_unrealized=sum((p.unrealized(mark(s)) for s, p in cross), ZERO),
        position_initial=sum((bound.position for bound in bindings.values()), ZERO),
        cross_position_initial=sum(
            (bound.position for s, bound in bindings.items() if s not in account.isolated), ZERO
        ),
        order_initial=sum((bound.orders for bound in bindings.values()), ZERO),
        maintenance=sum((maintenance(p, mark(s)) for s, _, p in held), ZERO),
        cross_maintenance=sum((maintenance(p, mark(s)) for s, p in cross), ZERO),
    )


def liquidation_price(
    account: VenueAccount, symbol: str, side: PositionSide, mark: MarkOf
) -> Decimal:
    """Estimate: where the margin behind the position falls to its maintenance margin, the other
    contracts standing still. Long and short of one contract move together in cross mode and have
    one price. 0 when no price would do it."""
    position = account.position(symbol, side)
    if not position.quantity:
        return ZERO
    if symbol in account.isolated:
        collateral, legs = position.isolated_margin, [position]
    else:
        held = list(account.held())
        others = [(name, p) for name, _, p in held if name not in {symbol, *account.isolated}]
        collateral = account.usdt - sum((p.isolated_margin for _, _, p in held), ZERO)
        collateral += sum(
            (p.unrealized(mark(name)) - maintenance(p, mark(name)) for name, p in others), ZERO
        )
        legs = [p for name, _, p in held if name == symbol]
    brackets = [bracket_of(abs(leg.quantity) * mark(symbol)) for leg in legs]
    slope = ZERO
    for leg, bracket in zip(legs, brackets, strict=True):
        collateral += bracket.cumulative - leg.cost
        slope += abs(leg.quantity) * bracket.maintenance_rate - leg.quantity
    return max(ZERO, collateral / slope) if slope else ZERO


def maintenance(position: VenuePosition, mark: Decimal) -> Decimal:
    """What must stand behind a position at a mark price."""
    return maintenance_margin(abs(position.quantity) * mark)


def _value(pending: list[Pending], side: Side, position_side: PositionSide) -> Decimal:
    return sum(
        (p.value for p in pending if p.side is side and p.position_side is position_side), ZERO
    )
