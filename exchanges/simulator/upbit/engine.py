"""Accounts, orders and matching of the simulated Upbit. No I/O.

A new order is acknowledged as it stands before it meets the book; what it
traded shows when it is read again, as at the real venue. Other people's
liquidity is the market's book; own orders never trade with each other.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import takewhile
from typing import Any

from exchanges.clock import Clock
from exchanges.instrument import Venue
from exchanges.side import Side
from exchanges.simulator.ledger import Ledger
from exchanges.simulator.market import Market
from exchanges.simulator.upbit.account import UpbitAccount
from exchanges.simulator.upbit.order import OrderState, SimulatedOrder, Trade
from exchanges.simulator.upbit.order_request import (
    FEE,
    OrderKind,
    OrderRequest,
    Tif,
    check_total,
)
from exchanges.simulator.upbit.refusal import Refusal, validation_error
from exchanges.simulator.upbit.snapshot import (
    SnapshotWriter,
    UpbitSnapshot,
    restored_accounts,
)
from exchanges.simulator.upbit.state import account_state
from exchanges.simulator.upbit.tape import Tape
from exchanges.simulator.venue_clock import VenueClock


class UpbitEngine:
    """One simulated Upbit. Refusals of :mod:`exchanges.simulator.upbit.refusal` are its no."""

    def __init__(self, market: Market, clock: Clock) -> None:
        self.market = market
        self.clock = VenueClock(clock)
        self.tapes = {
            listing.native: Tape(market, listing, self.clock)
            for listing in market.listings(Venue.UPBIT)
        }
        self._accounts: dict[str, UpbitAccount] = {}
        self._snapshots = SnapshotWriter()
        self.changes = 0
        """Rises with everything that is worth remembering."""
        market.subscribe(self._market_moved)

    def add_account(self, key: str, secret: str, balances: Mapping[str, Decimal]) -> None:
        """Open an account, or give a remembered one, which keeps its balances, its secret.

        Raises ValueError for a key in use or a negative balance.
        """
        remembered = self._accounts.get(key)
        if remembered is None:
            self._accounts[key] = UpbitAccount(key, secret, Ledger(balances))
        elif remembered.secret is None:
            remembered.secret = secret
        else:
            raise ValueError(f"upbit account {key!r} exists already")
        self.changes += 1

    def account(self, key: str) -> UpbitAccount | None:
        return self._accounts.get(key)

    def set_clock_offset(self, ms: int) -> None:
        """Positive: the venue's clock runs ahead."""
        self.clock.offset_ms = ms

    # ---- orders

    def use_identifier(self, account: UpbitAccount, identifier: str | None) -> None:
        """An identifier is good for one attempt, for ever (Upbit docs, new order)."""
        if identifier is None:
            return
        if identifier in account.identifiers:
            raise validation_error("identifier has already been used")
        self.changes += 1
        account.identifiers[identifier] = None

    def rehearse(self, account: UpbitAccount, request: OrderRequest) -> SimulatedOrder:
        """The order as it would be acknowledged; nothing is changed. Raises Refusal."""
        return self._admit(account, request, Decimal(1))

    def place(
        self, account: UpbitAccount, request: OrderRequest, fill_share: Decimal | None = None
    ) -> SimulatedOrder:
        """Take the order and match it; returns it as it was before matching. Raises Refusal.

        ``fill_share`` bounds what trades; the rest is cancelled at once.
        """
        order = self._admit(account, request, Decimal(1) if fill_share is None else fill_share)
        self.changes += 1
        account.ledger.lock(request.pays_with, order.locked)
        account.orders[order.uuid] = order
        account.open[order.uuid] = order
        if request.identifier is not None:
            account.identifiers[request.identifier] = order
        acknowledged = replace(order, trades=[])
        self._match_new(account, order, bounded=fill_share is not None)
        return acknowledged

    def cancel(self, account: UpbitAccount, order: SimulatedOrder) -> SimulatedOrder:
        """Cancel an open order; returns it as it was before. Raises Refusal when it has ended."""
        if order.state is not OrderState.WAIT:
            raise order_not_found()
        self.changes += 1
        accepted = replace(order, trades=list(order.trades))
        self._end(account, order)
        return accepted

    def find(
        self, account: UpbitAccount, order_uuid: str | None, identifier: str | None
    ) -> SimulatedOrder:
        """By uuid, which wins, or by identifier. Raises Refusal."""
        if order_uuid is None and identifier is None:
            raise validation_error("uuid or identifier is missing")
        order = (
            account.orders.get(order_uuid)
            if order_uuid is not None
            else account.identifiers.get(identifier or "")
        )
        if order is None:
            raise order_not_found()
        return order

    def _admit(
        self, account: UpbitAccount, request: OrderRequest, fill_share: Decimal
    ) -> SimulatedOrder:
        """Check what an order's form does not show: its value at the market, and the funds."""
        if request.kind is not OrderKind.LIMIT and request.volume is not None:
            bid = self.market.quote(Venue.UPBIT, request.market).bid
            check_total(bid * request.volume, request.wire_side)
        order = SimulatedOrder(str(uuid.uuid4()), request, self.clock.now(), fill_share)
        order.locked = order.needed_lock
        currency = request.pays_with
        if account.ledger.available(currency) < order.locked:
            raise Refusal(
                400,
                f"insufficient_funds_{request.wire_side}",
                f"주문가능한 금액({currency})이 부족합니다.",
            )
        return order

    # ---- matching

    def _match_new(self, account: UpbitAccount, order: SimulatedOrder, *, bounded: bool) -> None:
        request = order.request
        levels = self._reachable(order)
        if request.tif is Tif.POST_ONLY:
            if levels:
                self._end(account, order)
                return
        elif request.tif is not Tif.FOK or _fills_whole(request, levels):
            for price, quantity in levels:
                volume = min(quantity, order.room(price))
                if not volume:
                    break
                self._fill(account, order, price, volume)
        rests = request.kind is OrderKind.LIMIT and request.tif in (None, Tif.POST_ONLY)
        if order.is_used_up or not rests or bounded:
            self._end(account, order)

    def _reachable(self, order: SimulatedOrder) -> list[tuple[Decimal, Decimal]]:
        """Levels of the book that ``order`` may take."""
        request = order.request
        levels = self.market.levels(Venue.UPBIT, request.market, request.side.opposite)
        if request.kind is OrderKind.BEST:
            levels = levels[:1]
        return list(takewhile(lambda level: order.crosses(level[0]), levels))

    def _market_moved(self) -> None:
        for tape in self.tapes.values():
            tape.observe()
        for account in self._accounts.values():
            for order in tuple(account.open.values()):
                self._match_resting(account, order)

    def _match_resting(self, account: UpbitAccount, order: SimulatedOrder) -> None:
        """A resting order trades at its own price once the book reaches it."""
        limit = order.request.limit
        available = sum((quantity for _, quantity in self._reachable(order)), Decimal(0))
        if limit is None or not available:
            return
        self._fill(account, order, limit, min(available, order.room(limit)))
        if order.is_used_up:
            self._end(account, order)

    def _fill(
        self, account: UpbitAccount, order: SimulatedOrder, price: Decimal, volume: Decimal
    ) -> None:
        if volume <= 0:
            return
        self.changes += 1
        request = order.request
        funds = price * volume
        trade = Trade(str(uuid.uuid4()), price, volume, funds * FEE, self.clock.now())
        ledger = account.ledger
        if request.side is Side.BUY:
            self._remember_cost(account, request.coin, funds, volume)
            spent = funds + trade.fee
            ledger.spend_locked("KRW", spent)
            ledger.credit(request.coin, volume)
        else:
            spent = volume
            ledger.spend_locked(request.coin, spent)
            ledger.credit("KRW", funds - trade.fee)
        order.locked -= spent
        order.trades.append(trade)
        order.executed_volume += volume
        order.executed_funds += funds
        order.paid_fee += trade.fee
        self._release(account, order, order.locked - order.needed_lock)
        self.tapes[request.market].record(price, volume, request.side)

    def _end(self, account: UpbitAccount, order: SimulatedOrder) -> None:
        self._release(account, order, order.locked)
        order.state = OrderState.DONE if order.is_used_up else OrderState.CANCEL
        account.open.pop(order.uuid, None)

    @staticmethod
    def _release(account: UpbitAccount, order: SimulatedOrder, amount: Decimal) -> None:
        account.ledger.unlock(order.request.pays_with, amount)
        order.locked -= amount

    @staticmethod
    def _remember_cost(account: UpbitAccount, coin: str, funds: Decimal, volume: Decimal) -> None:
        held = account.ledger.total(coin)
        before = account.average_prices.get(coin, Decimal(0))
        average = (before * held + funds) / (held + volume)
        account.average_prices[coin] = average.quantize(Decimal("0.0001"))

    # ---- over a restart

    def snapshot(self) -> dict[str, Any]:
        """What :class:`UpbitSnapshot` reads, for ``snapshot_json.to_json``; no secrets."""
        return self._snapshots.write(self._accounts)

    def restore(self, snapshot: UpbitSnapshot) -> None:
        """Hold the accounts of ``snapshot``, each without a secret until it is added again.

        Raises ValueError for money that cannot be.
        """
        self._accounts = restored_accounts(snapshot)

    # ---- for people and tests

    def state(self) -> dict[str, Any]:
        """Accounts with balances and their last orders, JSON-ready; no secrets."""
        return {
            "clock_offset_ms": self.clock.offset_ms,
            "accounts": {key: account_state(account) for key, account in self._accounts.items()},
        }


def order_not_found() -> Refusal:
    return Refusal(404, "order_not_found", "주문을 찾지 못했습니다.")


def _fills_whole(request: OrderRequest, levels: list[tuple[Decimal, Decimal]]) -> bool:
    if request.budget is not None:
        return sum(price * quantity for price, quantity in levels) >= request.budget
    return sum(quantity for _, quantity in levels) >= (request.volume or 0)
