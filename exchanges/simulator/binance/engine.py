"""The simulated venue: accounts on a market, without any I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from exchanges.clock import Clock
from exchanges.instrument import Venue
from exchanges.side import Side
from exchanges.simulator.binance.account import MARGIN_ASSET, VenueAccount
from exchanges.simulator.binance.account_settings import change_margin
from exchanges.simulator.binance.algo_desk import AlgoDesk
from exchanges.simulator.binance.algo_order import AlgoOrder, AlgoRequest, WorkingType
from exchanges.simulator.binance.book_sequence import BookSequence
from exchanges.simulator.binance.charts import Charts
from exchanges.simulator.binance.events import AccountChanged, Events, Reason
from exchanges.simulator.binance.execution import Booking
from exchanges.simulator.binance.forced_closing import REASONS, ForcedClosing
from exchanges.simulator.binance.funding_schedule import FundingRate, FundingSchedule
from exchanges.simulator.binance.listen_keys import ListenKeys
from exchanges.simulator.binance.margin import AccountMargin, account_margin
from exchanges.simulator.binance.order_book import OrderBook
from exchanges.simulator.binance.order_desk import OrderDesk
from exchanges.simulator.binance.position import PositionSide
from exchanges.simulator.binance.refusal import Refused
from exchanges.simulator.binance.rules import CONTRACTS, SymbolRules
from exchanges.simulator.binance.snapshot import (
    KEPT_FUNDING_RATES,
    BinanceSnapshot,
    SnapshotWriter,
    restored_accounts,
)
from exchanges.simulator.binance.state import account_state
from exchanges.simulator.binance.tape import Tape
from exchanges.simulator.front import check_amount
from exchanges.simulator.market import DEPTH, Ladder, Market, Quote
from exchanges.simulator.venue_clock import VenueClock


class BinanceEngine:
    """Accounts, their orders and their money. All methods act at the venue's present moment."""

    def __init__(self, market: Market, clock: Clock) -> None:
        self.market = market
        self._clock = VenueClock(clock)
        self._booking = Booking(self.now_ms())
        self._book = OrderBook(market, self._booking, self.now_ms())
        self._accounts: dict[str, VenueAccount] = {}
        self._snapshots = SnapshotWriter()
        self.changes = 0
        """Rises with everything that is worth remembering; a front counts what it lets write."""
        self.funding = FundingSchedule(self.now_ms())
        self.charts = Charts(self.events)
        self.orders = OrderDesk(self, self._book)
        self.algos = AlgoDesk(
            self._trigger_price, self.orders.place_triggered, self.events, self.now_ms()
        )
        self._forced = ForcedClosing(self._book, self._booking, self.mark)
        self.is_halted: Callable[[str], bool] = lambda symbol: False
        """Does the contract take no orders and trade nothing?"""
        self.contracts: Mapping[str, SymbolRules] = {
            listing.native: CONTRACTS[listing.native]
            for listing in market.listings(Venue.BINANCE)
            if listing.native in CONTRACTS
        }
        self.books = BookSequence(lambda symbol, side: self.levels(symbol, side), self.now_ms)
        self.listen_keys = ListenKeys(self.now_ms)
        market.subscribe(self._market_moved)
        self._market_moved()

    # ---- time and market

    def now_ms(self) -> int:
        return self._clock.now_ms()

    def set_clock_offset(self, offset_ms: int) -> None:
        """Shift the venue's clock; positive runs ahead."""
        self._clock.offset_ms = offset_ms

    @property
    def events(self) -> Events:
        return self._booking.events

    def rules(self, symbol: str) -> SymbolRules:
        """Refused with -1121 for a contract that is not listed."""
        try:
            return self.contracts[symbol]
        except KeyError:
            raise Refused(-1121) from None

    def mark(self, symbol: str) -> Decimal:
        """Mark price: the middle of the market."""
        return self.market.last_price(Venue.BINANCE, symbol)

    def quote(self, symbol: str) -> Quote:
        return self.market.quote(Venue.BINANCE, symbol)

    def levels(self, symbol: str, resting: Side, count: int = DEPTH) -> Ladder:
        """(price, quantity) of one side of the public book, best first."""
        return self._book.levels(self.rules(symbol), resting, count)

    def tape(self, symbol: str) -> Tape:
        return self._booking.tape(symbol)

    def open_interest(self, symbol: str) -> Decimal:
        """Coins held long or held short, whichever is more; the market holds the other side."""
        held = [
            position.quantity
            for account in self._accounts.values()
            for name, _, position in account.held()
            if name == symbol
        ]
        longs = sum((one for one in held if one > 0), Decimal(0))
        return max(longs, longs - sum(held, Decimal(0)))

    def _market_moved(self) -> None:
        now_ms = self.now_ms()
        for symbol in self.contracts:
            price, tape = self.mark(symbol), self.tape(symbol)
            self.charts.see_mark(symbol, price, now_ms)
            if price != tape.last_price and not self.is_halted(symbol):
                tape.add(price, self.rules(symbol).min_quantity, now_ms, buyer_is_maker=False)
        self.books.market_moved()
        symbols = tuple(self.contracts)
        for account in self._accounts.values():
            changes = (
                self._book.match_resting(account, now_ms, self.is_halted),
                self.algos.market_moved(account, self.is_halted, now_ms),
                self._forced.liquidate_due(account, symbols, self.is_halted, now_ms),
            )
            self.changes += any(changes)
        self.advance()

    def advance(self) -> None:
        """Do whatever the venue's time has made due, as a front does before it answers."""
        now_ms = self.now_ms()
        for account in self._accounts.values():
            self.changes += self._book.expire_void(account, now_ms)
            for symbol in [s for s, due_ms in account.countdowns.items() if due_ms <= now_ms]:
                del account.countdowns[symbol]
                self._book.cancel_all(account, symbol, now_ms)
                self.changes += 1
        for due_ms in self.funding.due(now_ms):
            for symbol in self.contracts:
                self._settle(symbol, self.funding.rate(symbol), due_ms)

    def _trigger_price(self, symbol: str, working: WorkingType) -> Decimal:
        last = self.tape(symbol).last_price
        return self.mark(symbol) if working is WorkingType.MARK_PRICE or last is None else last

    # ---- accounts

    def add_account(self, key: str, secret: str, balances: Mapping[str, Decimal]) -> None:
        """Open an account, or give a remembered one, which keeps its balances, its secret.

        Raises ValueError for a key in use or a negative balance.
        """
        for asset, amount in balances.items():
            if not amount.is_finite() or amount < 0:
                raise ValueError(f"{asset}: a balance must be 0 or more")
        remembered = self._accounts.get(key)
        if remembered is None:
            self._accounts[key] = VenueAccount(key, secret, dict(balances), self.now_ms())
        elif remembered.secret is None:
            remembered.secret = secret
        else:
            raise ValueError(f"binance account {key!r} exists already")
        self.changes += 1

    def account(self, key: str) -> VenueAccount:
        """Refused with -2015 for an unknown key."""
        try:
            return self._accounts[key]
        except KeyError:
            raise Refused(-2015) from None

    def margin(self, account: VenueAccount) -> AccountMargin:
        return account_margin(account, tuple(self.contracts), self.mark)

    def adl_quantile(self, account: VenueAccount, symbol: str, side: PositionSide) -> int:
        """Where in the queue of auto-deleveraging the position stands: 0 (last, or flat) to 4
        (first). By profit over margin; the venue ranks against all others, who are not here."""
        position, mark = account.position(symbol, side), self.mark(symbol)
        if not position.quantity:
            return 0
        margin = abs(position.quantity) * mark / account.leverage(symbol)
        return min(4, max(0, int(position.unrealized(mark) / margin * 4) + 1))

    def change_margin(
        self, account: VenueAccount, symbol: str, side: PositionSide, amount: Decimal
    ) -> None:
        """Add to the margin of an isolated position, or take from it. Raises Refused."""
        now_ms = self.now_ms()
        change_margin(account, symbol, side, amount, tuple(self.contracts), self.mark, now_ms)
        held = ((symbol, side),)
        self.events.publish(AccountChanged(account, Reason.MARGIN_TRANSFER, now_ms, held))

    def place_algo(self, account: VenueAccount, request: AlgoRequest) -> AlgoOrder:
        """Take a conditional order. Raises Refused."""
        rules = self.rules(request.symbol)
        if self.is_halted(request.symbol):
            raise Refused(-4108)
        return self.algos.place(account, request, rules, self.now_ms())

    # ---- what the venue does by itself

    def settle_funding(self, rate: Decimal) -> None:
        """Settle funding now on every contract; at a positive rate longs pay shorts."""
        for symbol in self.contracts:
            self._settle(symbol, rate, self.now_ms())

    def _settle(self, symbol: str, rate: Decimal, time_ms: int) -> None:
        self.changes += 1
        mark = self.mark(symbol)
        self.funding.settled.append(FundingRate(symbol, rate, mark, time_ms))
        for account in self._accounts.values():
            self._booking.fund(account, symbol, rate, mark, time_ms)

    def transfer(self, account: str, currency: str, amount: Decimal) -> None:
        """See :class:`exchanges.simulator.front.Engine`."""
        owner = self._accounts.get(account)
        if owner is None:
            raise ValueError("account: no such account")
        if currency != MARGIN_ASSET:
            raise ValueError(f"currency: expected {MARGIN_ASSET}")
        check_amount(amount)
        if -amount > self.margin(owner).available:
            raise ValueError("amount: expected no more than is available")
        self._booking.transfer(owner, amount, self.now_ms())
        self.changes += 1

    def force_close(self, account: str, symbol: str, quantity: Decimal, reason: str) -> None:
        """Cancel the account's orders in ``symbol`` and close ``quantity`` of its larger position
        at the mark price, with the fees that has. ``reason`` is ``ADL`` or ``liquidation``.

        Raises ValueError naming the field that is wrong.
        """
        if account not in self._accounts:
            raise ValueError("account: no such account")
        if symbol not in self.contracts:
            raise ValueError(f"symbol: no contract {symbol!r}")
        if reason not in REASONS:
            raise ValueError('reason: expected "ADL" or "liquidation"')
        owner = self._accounts[account]
        held = [(side, p) for name, side, p in owner.held() if name == symbol]
        side, position = max(held, key=lambda one: abs(one[1].quantity), default=(None, None))
        if side is None or position is None or not 0 < quantity <= abs(position.quantity):
            raise ValueError("quantity: expected a quantity above 0 and not more than is held")
        self._forced.force(owner, symbol, side, quantity, reason, self.now_ms())
        self.changes += 1

    # ---- over a restart

    def snapshot(self) -> dict[str, Any]:
        """What :class:`BinanceSnapshot` reads, for ``snapshot_json.to_json``; no secrets."""
        return {
            "next_order_id": self._book.order_ids.next,
            "next_trade_id": self._booking.trade_ids.next,
            "next_transaction_id": self._booking.transaction_ids.next,
            "next_algo_id": self.algos.ids.next,
            "funding_rates": self.funding.settled[-KEPT_FUNDING_RATES:],
            "accounts": self._snapshots.accounts(self._accounts),
        }

    def restore(self, snapshot: BinanceSnapshot) -> None:
        """Hold the accounts of ``snapshot``, each without a secret until it is added again."""
        self._book.order_ids.go_beyond(snapshot.next_order_id)
        self._booking.trade_ids.go_beyond(snapshot.next_trade_id)
        self._booking.transaction_ids.go_beyond(snapshot.next_transaction_id)
        self.algos.ids.go_beyond(snapshot.next_algo_id)
        self.funding.settled = list(snapshot.funding_rates)
        self._accounts = restored_accounts(snapshot)

    # ---- for the control API

    def state(self) -> dict[str, Any]:
        """All accounts, JSON-ready, numbers as decimal strings; no secrets."""
        return {
            "clock_offset_ms": self._clock.offset_ms,
            "accounts": {
                key: account_state(account, tuple(self.contracts), self.mark)
                for key, account in self._accounts.items()
            },
        }
