"""Accounts and orders of the simulated Upbit. No I/O.

A new order is acknowledged as it stands before it meets the book; what it
traded shows when it is read again and on the streams, as at the real venue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

from exchanges.clock import Clock
from exchanges.instrument import Venue
from exchanges.simulator.front import check_amount
from exchanges.simulator.ledger import InsufficientFunds, Ledger
from exchanges.simulator.market import Market
from exchanges.simulator.random_ids import RandomIds
from exchanges.simulator.upbit.account import UpbitAccount
from exchanges.simulator.upbit.events import News, PrintEvent
from exchanges.simulator.upbit.matching import Matching
from exchanges.simulator.upbit.order import OrderState, SimulatedOrder
from exchanges.simulator.upbit.order_request import OrderKind, OrderRequest, check_total
from exchanges.simulator.upbit.print import Print
from exchanges.simulator.upbit.refusal import (
    insufficient_funds,
    market_halted,
    order_not_found,
    validation_error,
)
from exchanges.simulator.upbit.snapshot import (
    SnapshotWriter,
    UpbitSnapshot,
    restored_accounts,
)
from exchanges.simulator.upbit.state import account_state
from exchanges.simulator.upbit.tape import Tape
from exchanges.simulator.upbit.transfer import VenueTransfer
from exchanges.simulator.venue_clock import VenueClock

ONE, ZERO = Decimal(1), Decimal(0)


class UpbitEngine:
    """One simulated Upbit. Refusals of :mod:`exchanges.simulator.upbit.refusal` are its no."""

    def __init__(self, market: Market, clock: Clock, chance: Random | None = None) -> None:
        """``chance``: what its ids come from (:class:`RandomIds`)."""
        self.market = market
        self.clock = VenueClock(clock)
        self.news = News()
        self._ids = RandomIds(chance)
        self.is_halted: Callable[[str], bool] = lambda native: False
        """Whether a market takes no orders and trades nothing; told by the front."""
        self.tapes = {
            listing.native: Tape(market, listing, self.clock, self._printed)
            for listing in market.listings(Venue.UPBIT)
        }
        self._matching = Matching(
            market,
            self.clock,
            self.news,
            self._ids,
            lambda native, price, volume, taker: self.tapes[native].record(price, volume, taker),
        )
        self._accounts: dict[str, UpbitAccount] = {}
        self._snapshots = SnapshotWriter()
        self._changes = 0
        market.subscribe(self._market_moved)

    @property
    def changes(self) -> int:
        """Rises with everything that is worth remembering."""
        return self._changes + sum(account.changes for account in self._accounts.values())

    def add_account(self, key: str, secret: str, balances: Mapping[str, Decimal]) -> None:
        """Open an account, or give a remembered one, which keeps its balances, its secret.

        Raises ValueError for a key in use or a negative balance.
        """
        remembered = self._accounts.get(key)
        if remembered is None:
            ledger = Ledger(balances)
            self._accounts[key] = UpbitAccount(key, secret, ledger, self.clock.now())
        elif remembered.secret is None:
            remembered.secret = secret
        else:
            raise ValueError(f"upbit account {key!r} exists already")
        self._changes += 1

    def account(self, key: str) -> UpbitAccount | None:
        return self._accounts.get(key)

    def set_clock_offset(self, ms: int) -> None:
        """Positive: the venue's clock runs ahead."""
        self.clock.offset_ms = ms

    # ---- money and coin moved

    def transfer(self, account: str, currency: str, amount: Decimal) -> None:
        """See :class:`exchanges.simulator.front.Engine`."""
        self.finish_transfer(account, self.begin_transfer(account, currency, amount))

    def begin_transfer(
        self, account: str, currency: str, amount: Decimal, fee: Decimal = ZERO
    ) -> VenueTransfer:
        """A deposit (a positive amount) or a withdrawal that is under way from now on. Raises
        ValueError."""
        owner = self._accounts.get(account)
        if owner is None:
            raise ValueError("account: no such account")
        check_amount(amount)
        name, now = self._ids.take(), self.clock.now()
        begun = VenueTransfer(name, currency, abs(amount), amount > 0, fee, now)
        owner.transfers.append(begun)
        owner.changes += 1
        return begun

    def finish_transfer(self, account: str, transfer: VenueTransfer) -> None:
        """Raises ValueError for more than there is; then it stays under way."""
        owner = self._accounts[account]
        try:
            if transfer.is_deposit:
                owner.ledger.credit(transfer.currency, transfer.amount - transfer.fee)
            else:
                owner.ledger.debit(transfer.currency, transfer.amount + transfer.fee)
        except InsufficientFunds as error:
            raise ValueError(f"amount: {error}") from None
        transfer.done_at = self.clock.now()
        owner.changes += 1
        self._matching.tell_assets(owner, transfer.currency)

    # ---- orders

    def use_identifier(self, account: UpbitAccount, identifier: str | None) -> None:
        """An identifier is good for one attempt, for ever (Upbit docs, new order)."""
        if identifier is None:
            return
        if identifier in account.identifiers:
            raise validation_error("identifier has already been used")
        account.changes += 1
        account.identifiers[identifier] = None

    def rehearse(self, account: UpbitAccount, request: OrderRequest) -> SimulatedOrder:
        """The order as it would be acknowledged; nothing is changed. Raises Refusal."""
        return self._admit(account, request, ONE)

    def place(
        self,
        account: UpbitAccount,
        request: OrderRequest,
        fill_share: Decimal | None = None,
        *,
        rests: bool = False,
    ) -> SimulatedOrder:
        """Take the order and match it; returns it as it was before matching. Raises Refusal.

        ``fill_share`` bounds what trades; the rest is cancelled at once, or with ``rests`` by its
        owner alone.
        """
        order = self._admit(account, request, ONE if fill_share is None else fill_share)
        account.changes += 1
        acknowledged = replace(order, trades=[])
        self._matching.take_in(account, order)
        self._matching.match_new(account, order, bounded=fill_share is not None, rests=rests)
        return acknowledged

    def cancel(self, account: UpbitAccount, order: SimulatedOrder) -> SimulatedOrder:
        """Cancel an open order; returns it as it was before. Raises Refusal when it has ended."""
        if order.state is not OrderState.WAIT:
            raise order_not_found()
        account.changes += 1
        accepted = replace(order, trades=list(order.trades))
        self._matching.end(account, order, OrderState.CANCEL)
        return accepted

    def reorder(
        self,
        account: UpbitAccount,
        order: SimulatedOrder,
        request: OrderRequest,
        fill_share: Decimal | None = None,
        *,
        rests: bool = False,
    ) -> tuple[SimulatedOrder, SimulatedOrder]:
        """Cancel ``order`` and place ``request``; what the old one frees may be used. Returns the
        old one as it was before, and the new one as it was acknowledged.

        Raises Refusal, and then both are as if nothing was asked.
        """
        if order.state is OrderState.WAIT:
            self._admit(account, request, ONE, freed=order.locked)
        cancelled = self.cancel(account, order)
        return cancelled, self.place(account, request, fill_share, rests=rests)

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
        self,
        account: UpbitAccount,
        request: OrderRequest,
        fill_share: Decimal,
        freed: Decimal = ZERO,
    ) -> SimulatedOrder:
        """Check what an order's form does not show: its value at the market, and the funds."""
        if self.is_halted(request.market):
            raise market_halted()
        if request.kind is not OrderKind.LIMIT and request.volume is not None:
            bid = self.market.quote(Venue.UPBIT, request.market).bid
            check_total(request, bid * request.volume)
        order = SimulatedOrder(self._ids.take(), request, self.clock.now(), fill_share)
        order.locked = order.needed_lock
        currency = request.pays_with
        if account.ledger.available(currency) + freed < order.locked:
            raise insufficient_funds(request.wire_side, currency)
        return order

    # ---- the market

    def _market_moved(self) -> None:
        for native, tape in self.tapes.items():
            if not self.is_halted(native):
                tape.observe()
        for account in self._accounts.values():
            for order in tuple(account.open.values()):
                if not self.is_halted(order.request.market):
                    self._matching.match_resting(account, order)

    def _printed(self, native: str, printed: Print) -> None:
        self.news.tell(PrintEvent(native, printed))

    # ---- over a restart

    def snapshot(self) -> dict[str, Any]:
        """What :class:`UpbitSnapshot` reads, for ``snapshot_json.to_json``; no secrets."""
        return self._snapshots.write(self._accounts)

    def restore(self, snapshot: UpbitSnapshot) -> None:
        """Hold the accounts of ``snapshot``, each without a secret until it is added again.

        Raises ValueError for money that cannot be.
        """
        self._accounts = restored_accounts(snapshot, self.clock.now())

    # ---- for people and tests

    def state(self) -> dict[str, Any]:
        """Accounts with balances and their last orders, JSON-ready; no secrets."""
        return {
            "clock_offset_ms": self.clock.offset_ms,
            "accounts": {key: account_state(account) for key, account in self._accounts.items()},
        }
