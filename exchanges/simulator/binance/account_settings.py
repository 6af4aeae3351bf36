"""Leverage, margin type, isolated margin and position mode: what may be changed when."""

from __future__ import annotations

from decimal import Decimal

from exchanges.simulator.binance.account import VenueAccount
from exchanges.simulator.binance.leverage_brackets import MAX_LEVERAGE, max_notional
from exchanges.simulator.binance.margin import MarkOf, account_margin, binding
from exchanges.simulator.binance.position import PositionSide
from exchanges.simulator.binance.records import MarginChange
from exchanges.simulator.binance.refusal import Refused


def set_leverage(
    account: VenueAccount, symbol: str, leverage: int, symbols: tuple[str, ...], mark: MarkOf
) -> None:
    """Refused with -4028 out of range, -2027 for too large a position, -4161 when it is
    lowered under an isolated position, -2028 for too little margin behind what is held and
    ordered."""
    if not 1 <= leverage <= MAX_LEVERAGE:
        raise Refused(-4028, leverage)
    if binding(account, symbol, mark(symbol)).largest_notional > max_notional(leverage):
        raise Refused(-2027)
    before = account.leverage(symbol)
    if leverage < before and any(
        name == symbol and name in account.isolated for name, _, _ in account.held()
    ):
        raise Refused(-4161)
    account.leverages[symbol] = leverage
    margin = account_margin(account, symbols, mark)
    if leverage < before and margin.free < 0:
        account.leverages[symbol] = before
        raise Refused(-2028)


def set_margin_type(account: VenueAccount, symbol: str, *, isolated: bool) -> None:
    """Refused with -4046 when it is so already, -4047/-4048 with open orders or a position."""
    if (symbol in account.isolated) == isolated:
        raise Refused(-4046)
    if account.orders.open(symbol):
        raise Refused(-4047)
    if any(name == symbol for name, _, _ in account.held()):
        raise Refused(-4048)
    if isolated:
        account.isolated.add(symbol)
    else:
        account.isolated.discard(symbol)


def change_margin(
    account: VenueAccount,
    symbol: str,
    side: PositionSide,
    amount: Decimal,
    symbols: tuple[str, ...],
    mark: MarkOf,
    now_ms: int,
) -> None:
    """Add margin to an isolated position or, with a negative ``amount``, take it back.

    Refused with -4049 in cross mode, -4054 when flat, -4050 when there is not so much to add,
    -4051 when what would be left does not carry the position.
    """
    if symbol not in account.isolated:
        raise Refused(-4049)
    position = account.position(symbol, side)
    if not position.quantity:
        raise Refused(-4054)
    if amount > account_margin(account, symbols, mark).available:
        raise Refused(-4050)
    needed = abs(position.quantity) * mark(symbol) / account.leverage(symbol)
    left = position.isolated_margin + amount + min(position.unrealized(mark(symbol)), Decimal(0))
    if amount < 0 and left < needed:
        raise Refused(-4051)
    position.isolated_margin += amount
    account.margin_changes.append(MarginChange(symbol, side, amount, now_ms))


def set_hedge_mode(account: VenueAccount, *, hedge: bool) -> None:
    """Refused with -4059 when it is so already, -4067/-4068 with open orders or positions."""
    if account.hedge_mode == hedge:
        raise Refused(-4059)
    if account.orders.open() or account.algos.open():
        raise Refused(-4067)
    if any(account.held()):
        raise Refused(-4068)
    account.hedge_mode = hedge
