"""Leverage, margin type and position mode: what may be changed when."""

from __future__ import annotations

from exchanges.simulator.binance.account import VenueAccount
from exchanges.simulator.binance.leverage_brackets import MAX_LEVERAGE, max_notional
from exchanges.simulator.binance.margin import MarkOf, account_margin, binding
from exchanges.simulator.binance.refusal import Refused


def set_leverage(
    account: VenueAccount, symbol: str, leverage: int, symbols: tuple[str, ...], mark: MarkOf
) -> None:
    """Refused with -4028 out of range, -2027 for too large a position, -2028 for too little
    margin behind what is held and ordered."""
    if not 1 <= leverage <= MAX_LEVERAGE:
        raise Refused(-4028, leverage)
    if binding(account, symbol, mark(symbol)).largest_notional > max_notional(leverage):
        raise Refused(-2027)
    before = account.leverage(symbol)
    account.leverages[symbol] = leverage
    margin = account_margin(account, symbols, mark)
    if leverage < before and margin.initial > margin.balance:
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


def set_hedge_mode(account: VenueAccount, *, hedge: bool) -> None:
    """Refused with -4059 when it is so already, -4067/-4068 with open orders or positions."""
    if account.hedge_mode == hedge:
        raise Refused(-4059)
    if account.orders.open():
        raise Refused(-4067)
    if any(account.held()):
        raise Refused(-4068)
    account.hedge_mode = hedge
