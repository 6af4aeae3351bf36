"""Booking executions and funding: order, position, fee, cash and the public tape in one step."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from hashlib import sha256

from exchanges.side import Side
from exchanges.simulator.hyperliquid.account import VenueAccount
from exchanges.simulator.hyperliquid.asset import MAKER_FEE, TAKER_FEE, Asset
from exchanges.simulator.hyperliquid.events import Events, Filled, Funded, OrderChanged, Printed
from exchanges.simulator.hyperliquid.numbers import usdc
from exchanges.simulator.hyperliquid.order import VenueOrder
from exchanges.simulator.hyperliquid.order_status import OrderStatus
from exchanges.simulator.hyperliquid.position import direction
from exchanges.simulator.hyperliquid.records import (
    FundingPayment,
    FundingRate,
    LedgerUpdate,
    VenueFill,
)
from exchanges.simulator.hyperliquid.tape import Print, Tape
from exchanges.simulator.id_counter import IdCounter

ADL = "ADL"


class Booking:
    """Writes what happened to an account and tells it; decides nothing."""

    def __init__(self, events: Events, now_ms: int) -> None:
        self._events = events
        self._tapes: dict[str, Tape] = {}
        self.trade_ids = IdCounter(now_ms)
        self.transactions = IdCounter(now_ms)

    def tape(self, coin: str) -> Tape:
        return self._tapes.setdefault(coin, Tape())

    def note(self, account: VenueAccount, order: VenueOrder) -> None:
        """Tell how ``order`` stands now."""
        self._events.add(OrderChanged(account.address, replace(order)))

    def end(
        self, account: VenueAccount, order: VenueOrder, status: OrderStatus, now_ms: int
    ) -> None:
        order.end(status, now_ms)
        self.note(account, order)

    def fill(
        self,
        account: VenueAccount,
        order: VenueOrder,
        asset: Asset,
        price: Decimal,
        size: Decimal,
        now_ms: int,
        *,
        maker: bool,
        mark: Decimal,
    ) -> None:
        """Book one execution of ``order``; ``mark`` is the mark price of the moment."""
        position = account.position(asset.index)
        start = position.size
        signed = size * order.sign
        rate = MAKER_FEE if maker else TAKER_FEE
        # Auto-deleveraging costs nothing: such fills have been seen with a fee of 0.0.
        fee = Decimal(0) if order.forced_by == ADL else usdc(price * size * rate)
        order.execute(price, size, now_ms)
        opened = size - position.closable(signed)
        profit = position.trade(signed, price)
        if asset.index in account.isolated:
            position.isolated_margin += usdc(opened * price / account.leverage(asset))
        account.cash += profit - fee
        account.volume += price * size
        tid, transaction = self.trade_ids.take(), self._transaction()
        taker = order.side.opposite if maker else order.side
        self.print(asset.coin, Print(tid, price, size, taker, now_ms, transaction))
        fill = VenueFill(
            tid=tid,
            oid=order.oid,
            cloid=order.cloid,
            coin=asset.coin,
            side=order.side,
            price=price,
            size=size,
            start_position=start,
            direction=_direction(account, order, start, signed),
            closed_pnl=profit,
            fee=fee,
            crossed=not maker,
            time_ms=now_ms,
            transaction=transaction,
            liquidation_mark=None if order.forced_by is None else mark,
        )
        account.fills.append(fill)
        self._events.add(Filled(account.address, fill))

    def print(self, coin: str, one: Print) -> None:
        """A public trade."""
        self.tape(coin).add(one)
        self._events.add(Printed(coin, one))

    def quote_moved(self, asset: Asset, price: Decimal, now_ms: int) -> None:
        """Others have traded at ``price``: as little as can be, on the side it moved to."""
        last = self.tape(asset.coin).last_price
        if price != last:
            side = Side.SELL if last is not None and price < last else Side.BUY
            size = Decimal(1).scaleb(-asset.size_decimals)
            self.print(
                asset.coin,
                Print(self.trade_ids.take(), price, size, side, now_ms, self._transaction()),
            )

    def fund(self, account: VenueAccount, asset: Asset, rate: FundingRate, oracle: Decimal) -> None:
        """Settle one hour on the position in ``asset``; at a positive rate longs pay."""
        position = account.position(asset.index)
        amount = -usdc(position.size * oracle * rate.rate)
        position.pay_funding(-amount)
        account.cash += amount
        if asset.index in account.isolated:
            position.isolated_margin += amount
        payment = FundingPayment(
            coin=asset.coin,
            amount=amount,
            position=position.size,
            rate=rate.rate,
            time_ms=rate.time_ms,
            transaction=self._transaction(),
        )
        account.funding.append(payment)
        self._events.add(Funded(account.address, payment))

    def transfer(self, account: VenueAccount, amount: Decimal, fee: Decimal, now_ms: int) -> None:
        """USDC comes over the bridge or, negative, leaves; the fee is taken beside it."""
        account.cash += amount - fee
        account.ledger.append(LedgerUpdate(amount, fee, now_ms, self._transaction()))

    def _transaction(self) -> str:
        """A hash that no other transaction has."""
        return f"0x{sha256(str(self.transactions.take()).encode()).hexdigest()}"


def _direction(account: VenueAccount, order: VenueOrder, start: Decimal, signed: Decimal) -> str:
    if order.forced_by is None:
        return direction(start, signed)
    if order.forced_by == ADL:
        return "Auto-Deleveraging"
    mode = "Isolated" if order.asset in account.isolated else "Cross"
    return f"Liquidated {mode} {'Long' if start > 0 else 'Short'}"
