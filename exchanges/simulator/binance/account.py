"""One futures account: wallet, positions, settings and history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from exchanges.simulator.binance.algo_store import AlgoStore
from exchanges.simulator.binance.leverage_brackets import DEFAULT_LEVERAGE
from exchanges.simulator.binance.order import VenueOrder
from exchanges.simulator.binance.order_store import OrderStore
from exchanges.simulator.binance.position import PositionSide, VenuePosition
from exchanges.simulator.binance.records import (
    Income,
    IncomeType,
    MarginChange,
    VenueTrade,
)

MARGIN_ASSET = "USDT"


@dataclass(slots=True)
class VenueAccount:
    """``wallet`` holds every asset; only USDT is margin."""

    key: str
    secret: str | None = field(repr=False)
    """None: remembered from an earlier run; nobody can sign for it."""
    wallet: dict[str, Decimal]
    created_ms: int
    positions: dict[tuple[str, PositionSide], VenuePosition] = field(default_factory=dict)
    leverages: dict[str, int] = field(default_factory=dict)
    isolated: set[str] = field(default_factory=set)
    hedge_mode: bool = False
    pays_in_bnb: bool = False
    """Asked for and shown; the simulated venue takes its fees in USDT all the same."""
    orders: OrderStore = field(default_factory=OrderStore)
    trades: list[VenueTrade] = field(default_factory=list)
    income: list[Income] = field(default_factory=list)
    algos: AlgoStore = field(default_factory=AlgoStore)
    countdowns: dict[str, int] = field(default_factory=dict)
    """When all orders of a symbol are cancelled unless it is put off, venue milliseconds."""
    margin_changes: list[MarginChange] = field(default_factory=list)

    @property
    def usdt(self) -> Decimal:
        return self.wallet.get(MARGIN_ASSET, Decimal(0))

    def leverage(self, symbol: str) -> int:
        return self.leverages.get(symbol, DEFAULT_LEVERAGE)

    @property
    def sides(self) -> tuple[PositionSide, ...]:
        """Those that the position mode has."""
        if self.hedge_mode:
            return (PositionSide.LONG, PositionSide.SHORT)
        return (PositionSide.BOTH,)

    def position(self, symbol: str, side: PositionSide) -> VenuePosition:
        """The position, created flat when it does not exist."""
        return self.positions.setdefault((symbol, side), VenuePosition())

    def held(self) -> Iterator[tuple[str, PositionSide, VenuePosition]]:
        """Every position that is not flat."""
        for (symbol, side), position in self.positions.items():
            if position.quantity:
                yield symbol, side, position

    def reducible(self, order: VenueOrder) -> Decimal:
        """How much of the order would only shrink its position, coin."""
        held = self.position(order.symbol, order.position_side).quantity
        return abs(held) if held * order.sign < 0 else Decimal(0)

    def book_trade(self, trade: VenueTrade, transaction_id: int) -> None:
        """Record a trade and move its profit and commission through the wallet."""
        self.trades.append(trade)
        if trade.realized:
            self._book(IncomeType.REALIZED_PNL, trade, trade.realized, transaction_id)
        if trade.commission:
            self._book(IncomeType.COMMISSION, trade, -trade.commission, transaction_id)

    def book_income(self, income: Income) -> None:
        """The only way the wallet changes."""
        self.income.append(income)
        self.wallet[MARGIN_ASSET] = self.usdt + income.amount

    def _book(
        self, type_: IncomeType, trade: VenueTrade, amount: Decimal, transaction_id: int
    ) -> None:
        self.book_income(
            Income(
                transaction_id,
                type_,
                trade.symbol,
                amount,
                trade.trade_id,
                str(trade.trade_id),
                trade.time_ms,
            )
        )
