"""Booking executions: order, position, fee, profit, wallet and the public tape in one step."""

from __future__ import annotations

from decimal import Decimal

from exchanges.side import Side
from exchanges.simulator.binance.account import VenueAccount
from exchanges.simulator.binance.events import (
    AccountChanged,
    Events,
    ExecutionType,
    Filled,
    OrderChanged,
    Printed,
    Reason,
)
from exchanges.simulator.binance.matching import Execution
from exchanges.simulator.binance.order import VenueOrder
from exchanges.simulator.binance.position import money
from exchanges.simulator.binance.records import Income, IncomeType, VenueTrade
from exchanges.simulator.binance.rules import MAKER_FEE, TAKER_FEE
from exchanges.simulator.binance.tape import Tape
from exchanges.simulator.id_counter import IdCounter


class Booking:
    """Writes what happened to an account; decides nothing."""

    def __init__(self, now_ms: int) -> None:
        self.trade_ids = IdCounter(now_ms)
        self.transaction_ids = IdCounter(now_ms)
        self.events = Events()
        self._tapes: dict[str, Tape] = {}

    def tape(self, symbol: str) -> Tape:
        if symbol not in self._tapes:
            self._tapes[symbol] = Tape(
                self.trade_ids, lambda one: self.events.publish(Printed(symbol, one))
            )
        return self._tapes[symbol]

    def fill(
        self,
        account: VenueAccount,
        order: VenueOrder,
        execution: Execution,
        now_ms: int,
        *,
        maker: bool,
        trade_id: int | None = None,
    ) -> VenueTrade:
        """Book one execution of ``order``; ``trade_id`` is that of the other side when it is
        booked already."""
        price, quantity = execution.price, execution.quantity
        fee = money(price * quantity * (MAKER_FEE if maker else TAKER_FEE))
        order.execute(price, quantity, now_ms)
        leverage = account.leverage(order.symbol) if order.symbol in account.isolated else None
        realized = account.position(order.symbol, order.position_side).trade(
            quantity * order.sign, price, fee, now_ms, isolated_leverage=leverage
        )
        if trade_id is None:
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
        self._tell(account, order, trade)
        return trade

    def _tell(self, account: VenueAccount, order: VenueOrder, trade: VenueTrade) -> None:
        how = ExecutionType.CALCULATED if order.forced_by else ExecutionType.TRADE
        held = ((order.symbol, order.position_side),)
        self.events.publish(Filled(account, order, trade))
        self.events.publish(AccountChanged(account, Reason.ORDER, trade.time_ms, held))
        self.events.publish(OrderChanged(account, order, how, trade.time_ms, trade))

    def fund(
        self, account: VenueAccount, symbol: str, rate: Decimal, mark: Decimal, now_ms: int
    ) -> None:
        """Settle funding on every position of ``symbol``; at a positive rate longs pay. What is
        isolated pays and gets it itself."""
        for name, side, position in account.held():
            if name == symbol:
                amount = -money(position.quantity * mark * rate)
                if symbol in account.isolated:
                    position.isolated_margin += amount
                self._change_wallet(account, IncomeType.FUNDING_FEE, symbol, amount, now_ms)
                held = ((symbol, side),) if symbol in account.isolated else ()
                self.events.publish(
                    AccountChanged(account, Reason.FUNDING_FEE, now_ms, held, amount, symbol)
                )

    def insure(self, account: VenueAccount, symbol: str, amount: Decimal, now_ms: int) -> None:
        """Move ``amount`` from the insurance fund to the account (negative: to the fund)."""
        self._change_wallet(account, IncomeType.INSURANCE_CLEAR, symbol, amount, now_ms)
        self.events.publish(AccountChanged(account, Reason.INSURANCE_CLEAR, now_ms, (), amount))

    def transfer(self, account: VenueAccount, amount: Decimal, now_ms: int) -> None:
        """Move ``amount`` here from another wallet of the account's (negative: there)."""
        self._change_wallet(account, IncomeType.TRANSFER, "", amount, now_ms)
        reason = Reason.DEPOSIT if amount > 0 else Reason.WITHDRAW
        self.events.publish(AccountChanged(account, reason, now_ms, (), amount))

    def _change_wallet(
        self, account: VenueAccount, type_: IncomeType, symbol: str, amount: Decimal, now_ms: int
    ) -> None:
        account.book_income(
            Income(
                transaction_id=self.transaction_ids.take(),
                type=type_,
                symbol=symbol,
                amount=amount,
                trade_id=None,
                info=type_.value,
                time_ms=now_ms,
            )
        )
