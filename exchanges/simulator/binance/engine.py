"""The simulated venue: accounts on a market, without any I/O."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from exchanges.clock import Clock
from exchanges.instrument import Venue
from exchanges.side import Side
from exchanges.simulator.binance.account import VenueAccount
from exchanges.simulator.binance.execution import Booking
from exchanges.simulator.binance.funding_rate import FundingRate
from exchanges.simulator.binance.margin import AccountMargin, account_margin
from exchanges.simulator.binance.order import (
    OrderRequest,
    VenueOrder,
    VenueOrderStatus,
    VenueOrderType,
    VenueTimeInForce,
)
from exchanges.simulator.binance.order_book import OrderBook
from exchanges.simulator.binance.order_checks import Situation, check_order
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
from exchanges.simulator.market import Market, Quote
from exchanges.simulator.venue_clock import VenueClock

FORCED_ID_PREFIX = {"ADL": "adl_autoclose-", "liquidation": "autoclose-"}
"""How the client order ids of the venue's own orders begin (Binance docs, user data stream)."""


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
        self.funding_rates: list[FundingRate] = []
        self.contracts: Mapping[str, SymbolRules] = {
            listing.native: CONTRACTS[listing.native]
            for listing in market.listings(Venue.BINANCE)
            if listing.native in CONTRACTS
        }
        market.subscribe(self._market_moved)
        self._market_moved()

    # ---- time and market

    def now_ms(self) -> int:
        return self._clock.now_ms()

    def set_clock_offset(self, offset_ms: int) -> None:
        """Shift the venue's clock; positive runs ahead."""
        self._clock.offset_ms = offset_ms

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

    def levels(self, symbol: str, resting: Side, count: int) -> list[tuple[Decimal, Decimal]]:
        """(price, quantity) of one side of the public book, best first."""
        return self._book.levels(self.rules(symbol), resting, count)

    def tape(self, symbol: str) -> Tape:
        return self._booking.tape(symbol)

    def _market_moved(self) -> None:
        now_ms = self.now_ms()
        for symbol in self.contracts:
            price, tape = self.mark(symbol), self.tape(symbol)
            if price != tape.last_price:
                tape.add(price, self.rules(symbol).min_quantity, now_ms, buyer_is_maker=False)
        for account in self._accounts.values():
            if self._book.match_resting(account, now_ms):
                self.changes += 1

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
            raise Refused(-2015, status=401) from None

    def margin(self, account: VenueAccount) -> AccountMargin:
        return account_margin(account, tuple(self.contracts), self.mark)

    # ---- orders

    def place(
        self, account: VenueAccount, request: OrderRequest, *, fraction: Decimal | None = None
    ) -> VenueOrder:
        """Check and place; ``fraction`` lets only that share trade. Raises Refused."""
        rules, quote = self.rules(request.symbol), self.quote(request.symbol)
        mark = self.mark(request.symbol)
        touch = quote.ask if request.side is Side.BUY else quote.bid
        check_order(account, request, Situation(rules, mark, touch, self.margin(account)))
        return self._book.enter(account, request, rules, mark, self.now_ms(), fraction=fraction)

    def cancel(
        self, account: VenueAccount, symbol: str, order_id: int | None, client_id: str | None
    ) -> VenueOrder:
        """Cancel an open order; refused with -2011 when there is none."""
        order = account.orders.find(symbol, order_id, client_id)
        if order is None or not order.is_open:
            raise Refused(-2011)
        order.end(VenueOrderStatus.CANCELED, self.now_ms())
        return order

    def cancel_all(self, account: VenueAccount, symbol: str) -> None:
        for order in account.orders.open(symbol):
            order.end(VenueOrderStatus.CANCELED, self.now_ms())

    # ---- what the venue does by itself

    def settle_funding(self, rate: Decimal) -> None:
        """Settle funding now on every contract; at a positive rate longs pay shorts."""
        self.changes += 1
        now_ms = self.now_ms()
        for symbol in self.contracts:
            mark = self.mark(symbol)
            self.funding_rates.append(FundingRate(symbol, rate, mark, now_ms))
            for account in self._accounts.values():
                self._booking.fund(account, symbol, rate, mark, now_ms)

    def force_close(self, account: str, symbol: str, quantity: Decimal, reason: str) -> None:
        """Cancel the account's orders in ``symbol`` and close ``quantity`` of its larger position
        at the mark price, with the taker fee. ``reason`` is ``ADL`` or ``liquidation``.

        Raises ValueError naming the field that is wrong.
        """
        if account not in self._accounts:
            raise ValueError("account: no such account")
        if symbol not in self.contracts:
            raise ValueError(f"symbol: no contract {symbol!r}")
        if reason not in FORCED_ID_PREFIX:
            raise ValueError('reason: expected "ADL" or "liquidation"')
        owner = self._accounts[account]
        held = [(side, p) for name, side, p in owner.held() if name == symbol]
        side, position = max(held, key=lambda one: abs(one[1].quantity), default=(None, None))
        if side is None or position is None or not 0 < quantity <= abs(position.quantity):
            raise ValueError("quantity: expected a quantity above 0 and not more than is held")
        self.cancel_all(owner, symbol)
        now_ms = self.now_ms()
        request = OrderRequest(
            symbol=symbol,
            side=Side.SELL if position.quantity > 0 else Side.BUY,
            position_side=side,
            type=VenueOrderType.LIMIT,
            quantity=quantity,
            price=self.mark(symbol),
            time_in_force=VenueTimeInForce.IOC,
            reduce_only=True,
            reduce_only_sent=False,
            client_order_id=f"{FORCED_ID_PREFIX[reason]}{now_ms}{len(owner.trades):06d}",
            result_wanted=False,
        )
        self._book.enter_forced(owner, request, reason.upper(), now_ms)
        self.changes += 1

    # ---- over a restart

    def snapshot(self) -> dict[str, Any]:
        """What :class:`BinanceSnapshot` reads, for ``snapshot_json.to_json``; no secrets."""
        return {
            "next_order_id": self._book.order_ids.next,
            "next_trade_id": self._booking.trade_ids.next,
            "next_transaction_id": self._booking.transaction_ids.next,
            "funding_rates": self.funding_rates[-KEPT_FUNDING_RATES:],
            "accounts": self._snapshots.accounts(self._accounts),
        }

    def restore(self, snapshot: BinanceSnapshot) -> None:
        """Hold the accounts of ``snapshot``, each without a secret until it is added again."""
        self._book.order_ids.go_beyond(snapshot.next_order_id)
        self._booking.trade_ids.go_beyond(snapshot.next_trade_id)
        self._booking.transaction_ids.go_beyond(snapshot.next_transaction_id)
        self.funding_rates = list(snapshot.funding_rates)
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
