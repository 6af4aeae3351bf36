"""The protocol that every venue adapter speaks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from exchanges.account import Balance, Position
from exchanges.book import Book
from exchanges.fill import NONE_KNOWN, Fill, KnownOrders
from exchanges.funding import FundingPayment
from exchanges.instrument import Instrument, InstrumentKind, Venue
from exchanges.market_state import MarketState
from exchanges.order import Order, OrderReport
from exchanges.rate_budget import Booking
from exchanges.rules import Rules
from exchanges.transfer import Transfer


class Exchange(Protocol):
    """One account at one venue. ``symbol`` is the coin, e.g. ``BTC``.

    Every method raises errors of :mod:`exchanges.errors` and nothing else.
    """

    @property
    def venue(self) -> Venue: ...

    @property
    def kind(self) -> InstrumentKind: ...

    def instrument(self, symbol: str) -> Instrument:
        """The market of ``symbol`` at this venue."""
        ...

    @property
    def clock_in_doubt(self) -> bool:
        """What would be signed now has a time that the venue is not expected to take: it has just
        refused one, or the last answer about its clock cannot be believed. False at a venue that
        nothing is signed for with a time. :meth:`server_time` asks again."""
        ...

    def order_room(self) -> int:
        """How many orders the rate limits let through right now, the reserve that is kept for
        cancels and recovery not counted."""
        ...

    def book_order(self, *, urgent: bool = False) -> Booking:
        """Take one order's place in the rate limits before it is sent; ``urgent`` (recovery) may
        use the reserve. Release it when the order is not sent after all.

        Raises RateLimited.
        """
        ...

    async def submit(self, order: Order, booking: Booking | None = None) -> OrderReport:
        """Place ``order`` once; never retried here. Without a ``booking`` it takes an urgent one.

        The report may be a bare acknowledgement (not terminal, nothing filled).

        Raises:
            OrderDenied: breaks the market's rules; nothing was sent.
            OrderRejected: the venue's definite no.
            AuthenticationFailed: the venue's definite no to who or when.
            VenueUnavailable: certainly not processed.
            OutcomeUnknown: may have been processed.
        """
        ...

    async def cancel(self, symbol: str, client_order_id: str) -> None:
        """Ask for a cancel. Returning means *asked*, not cancelled: read the order.

        Raises OrderNotFound when the venue says that there is nothing to cancel.
        """
        ...

    async def order(
        self, symbol: str, client_order_id: str, *, urgent: bool = False
    ) -> OrderReport:
        """The order and its fills, from the venue. Raises OrderNotFound.

        Here and below ``urgent`` (the fate of an order, which recovery waits for) may use the
        reserve of the rate limits.
        """
        ...

    async def open_orders(self, symbol: str, *, urgent: bool = False) -> Sequence[OrderReport]:
        """All resting orders of the account in this market (without fills)."""
        ...

    async def fills(
        self,
        symbol: str,
        since: datetime,
        *,
        known: KnownOrders = NONE_KNOWN,
        urgent: bool = False,
    ) -> Sequence[Fill]:
        """Own trades at or after ``since``, oldest first. Where each order is a question, one that
        executed what is ``known`` of it is not asked for, and its trades may be missing."""
        ...

    async def funding(self, symbol: str, since: datetime) -> Sequence[FundingPayment]:
        """Funding settlements at or after ``since``, oldest first; empty at a spot venue."""
        ...

    async def transfers(self, since: datetime) -> Sequence[Transfer]:
        """What came to the account or left it at or after ``since`` otherwise than by trading or
        funding, of all currencies, oldest first; what is still under way is not there.

        Raises AuthenticationFailed too when the key may trade and may not read this.
        """
        ...

    async def balances(self) -> Sequence[Balance]: ...

    async def position(self, symbol: str, *, urgent: bool = False) -> Position:
        """The signed position; at a spot venue the coin balance as a long position."""
        ...

    async def add_margin(self, symbol: str, amount: Decimal) -> None:
        """Move ``amount`` (quote currency, at most 6 decimals) from the wallet to the isolated
        position, once; never retried here.

        Raises:
            OrderDenied: a spot venue, or no such amount; nothing was sent.
            OrderRejected: the venue's definite no, such as to a position that is not isolated.
            AuthenticationFailed: the venue's definite no to who or when.
            VenueUnavailable: certainly not processed.
            OutcomeUnknown: may have been processed: the position shows it.
        """
        ...

    async def book(self, symbol: str, *, urgent: bool = False) -> Book: ...

    async def rules(self, symbol: str) -> Rules:
        """Read from the venue on each call."""
        ...

    async def market_state(self, symbol: str) -> MarketState:
        """Does the market trade, can its coin be moved, and how much is traded? Read from the venue
        on each call, with two or three light questions."""
        ...

    async def server_time(self) -> datetime:
        """The venue's clock. Upbit has no such call: there it is the reply's Date header."""
        ...

    def stream_books(self, symbols: Sequence[str]) -> AsyncGenerator[Book, None]:
        """Whole books as they change, best 5 levels a side at least; endless.

        Reconnects by itself. A book is yielded only when it is known to be the venue's: after a
        gap, not before a snapshot has closed it. While the stream is down or mute nothing is
        yielded, and the last book ages. Raises AuthenticationFailed only.
        """
        ...

    def stream_orders(self) -> AsyncGenerator[OrderReport, None]:
        """Every change of the account's orders, with the trades known so far; endless.

        A hint: REST is the truth. Reconnects by itself; after a gap the orders that may have
        changed are read over REST and yielded, so that no order's end and no fill is missed. The
        same news may come twice, and late. Raises AuthenticationFailed only.
        """
        ...

    async def aclose(self) -> None:
        """End the streams and close all connections."""
        ...
