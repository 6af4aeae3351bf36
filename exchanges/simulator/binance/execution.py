"""Booking executions: order, position, fee, profit, wallet and the public tape in one step."""

from __future__ import annotations

from decimal import Decimal

from exchanges.side import Side
from exchanges.simulator.binance.account import VenueAccount
from exchanges.simulator.binance.id_counter import IdCounter
from exchanges.simulator.binance.matching import Execution
from exchanges.simulator.binance.order import VenueOrder
from exchanges.simulator.binance.position import money
from exchanges.simulator.binance.records import Income, IncomeType, VenueTrade
from exchanges.simulator.binance.rules import MAKER_FEE, TAKER_FEE
from exchanges.simulator.binance.tape import Tape


class Booking:
    """Writes what happened to an account; decides nothing."""

    def __init__(self, now_ms: int) -> None:
        self.trade_ids = IdCounter(now_ms)
        self.transaction_ids = IdCounter(now_ms)
        self._tapes: dict[str, Tape] = {}

    def tape(self, symbol: str) -> Tape:
        if symbol not in self._tapes:
            self._tapes[symbol] = Tape(self.trade_ids)
        return self._tapes[symbol]

    def fill(
        self,
        account: VenueAccount,
        order: VenueOrder,
        execution: Execution,
        now_ms: int,
        *,
        maker: bool,
    ) -> VenueTrade:
        """Book one execution of ``order``."""
        price, quantity = execution.price, execution.quantity
        fee = money(price * quantity * (MAKER_FEE if maker else TAKER_FEE))
        order.execute(price, quantity, now_ms)
        realized = account.position(order.symbol, order.position_side).trade(
            quantity * order.sign, price, fee, now_ms
        )
        buyer_is_maker = maker == (order.side is Side.BUY)
        trade_id = self.tape(order.symbol).add(
            price, quantity, now_ms, buyer_is_maker=buyer_is_maker
        )
        trade = VenueTrade(
            trade_id=trade_id,
            order_id=order.order_id,
            client_order_id=order.client_order_id,
            symbol=order.symbol,
            side=order.side,
            position_side=order.position_side,
            price=price,
            quantity=quantity,
            commission=fee,
            realized=realized,
            maker=maker,
            time_ms=now_ms,
            forced_by=order.forced_by,
        )
        account.book_trade(trade, self.transaction_ids.take())
        return trade

    def fund(
        self, account: VenueAccount, symbol: str, rate: Decimal, mark: Decimal, now_ms: int
    ) -> None:
        """Settle funding on every position of ``symbol``; at a positive rate longs pay."""
        for name, _, position in account.held():
            if name == symbol:
                account.book_income(
                    Income(
                        transaction_id=self.transaction_ids.take(),
                        type=IncomeType.FUNDING_FEE,
                        symbol=symbol,
                        amount=-money(position.quantity * mark * rate),
                        trade_id=None,
                        info="FUNDING_FEE",
                        time_ms=now_ms,
                    )
                )
