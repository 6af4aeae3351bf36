"""What happens on the desk's accounts without the desk."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import Any

from exchanges.instrument import Venue
from exchanges.order import Order, OrderReport, OrderType, TimeInForce
from exchanges.side import Side
from exchanges.simulator.binance.position import PositionSide
from tasks.pair import LegName
from tasks.paper_desk import PaperDesk
from tests.tasks.desks import Bench

_numbers = count(1)
CASH = {Venue.UPBIT: "KRW", Venue.BINANCE: "USDT", Venue.HYPERLIQUID: "USDC"}


async def trade_by_hand(
    desk: PaperDesk, leg: LegName, side: Side, quantity: str | Decimal, name: str | None = None
) -> OrderReport:
    """An order past the desk that trades at once, under an id that is not the desk's unless it is
    named so. (Upbit takes no market order to buy a quantity.)"""
    is_limit = leg is LegName.SPOT and side is Side.BUY
    return await desk.parts.trading.venues[leg].exchange.submit(
        Order(
            client_order_id=name or f"by-hand-{next(_numbers)}",
            symbol="BTC",
            side=side,
            type=OrderType.LIMIT if is_limit else OrderType.MARKET,
            quantity=Decimal(quantity),
            price=Decimal(61_000_000) if is_limit else None,
            time_in_force=TimeInForce.IOC if is_limit else None,
        )
    )


def force_close(bench: Bench, quantity: str | Decimal, reason: str = "ADL") -> None:
    """The perpetual venue closes a part of the position."""
    if bench.perpetual is Venue.BINANCE:
        engine, symbol = bench.simulation.binance, "BTCUSDT"
        engine.force_close("paper-binance", symbol, Decimal(quantity), reason)
    else:
        address = _account(bench, Venue.HYPERLIQUID).address
        bench.simulation.hyperliquid.force_close(address, "BTC", Decimal(quantity), reason)


def move(bench: Bench, venue: Venue, amount: str | Decimal, currency: str | None = None) -> None:
    """Money, or coin, is moved in (positive) or out, and the venue's list shows it."""
    engine: Any = bench.simulation.engines[venue]
    [account] = engine.state()["accounts"]
    engine.transfer(account, currency or CASH[venue], Decimal(amount))


def pay(bench: Bench, venue: Venue, amount: str | Decimal) -> None:
    """Cash comes or goes, and no list says how."""
    money = Decimal(amount)
    if venue is Venue.UPBIT:
        _add(bench, "KRW", money)
    elif venue is Venue.BINANCE:
        account = _account(bench, Venue.BINANCE)
        account.wallet["USDT"] = account.usdt + money
    else:
        _account(bench, Venue.HYPERLIQUID).cash += money


def conjure(bench: Bench, leg: LegName, quantity: str | Decimal) -> None:
    """Coin that no trade explains, signed."""
    amount = Decimal(quantity)
    if leg is LegName.SPOT:
        _add(bench, "BTC", amount)
    elif bench.perpetual is Venue.BINANCE:
        position = _account(bench, Venue.BINANCE).position("BTCUSDT", PositionSide.BOTH)
        now_ms = bench.simulation.binance.now_ms()
        position.trade(amount, Decimal(50_000), Decimal(0), now_ms)
    else:
        _account(bench, Venue.HYPERLIQUID).position(0).trade(amount, Decimal(50_000))


def _add(bench: Bench, currency: str, amount: Decimal) -> None:
    ledger = _account(bench, Venue.UPBIT).ledger
    if amount > 0:
        ledger.credit(currency, amount)
    else:
        ledger.debit(currency, -amount)


def _account(bench: Bench, venue: Venue) -> Any:
    engine: Any = bench.simulation.engines[venue]
    [name] = engine.state()["accounts"]
    return engine.account(name)
