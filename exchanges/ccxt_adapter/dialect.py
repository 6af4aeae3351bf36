"""What one venue wants otherwise than another, as ccxt speaks to it."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar

from exchanges.account import Balance, Position
from exchanges.book import Book
from exchanges.ccxt_adapter import unified
from exchanges.ccxt_adapter.requests import Requests
from exchanges.ccxt_adapter.wire import Terms
from exchanges.credentials import Credentials
from exchanges.endpoints import Endpoints
from exchanges.errors import ExchangeError, OrderDenied
from exchanges.fill import Fill, KnownOrders
from exchanges.funding import FundingPayment
from exchanges.instrument import Instrument, InstrumentKind, Venue
from exchanges.market_state import MarketState
from exchanges.order import Order, OrderReport
from exchanges.order_tracking import OrderKey
from exchanges.rate_window import RatePool
from exchanges.reply import Fields
from exchanges.rules import Rules
from exchanges.transfer import Transfer
from exchanges.transport import Request, Response
from exchanges.venue_client import Costs, Replies
from exchanges.web_socket import NotConnected

Watch = Callable[[], Awaitable[Any]]
"""A ``watch_…`` method of a ccxt client: the next news of it."""

NOTHING: Costs = {}


class Dialect(Terms, ABC):
    """One account at one venue. ``market`` is a market as ccxt calls it. What asks raises as
    questions of :class:`exchanges.exchange.Exchange` do."""

    venue: ClassVar[Venue]
    kind: ClassVar[InstrumentKind]
    pools: ClassVar[Sequence[RatePool]]
    replies: ClassVar[Replies]
    clock_codes: ClassVar[Sequence[str]] = ()
    client_class: ClassVar[Any]
    order_pools: ClassVar[Sequence[str]]
    place_costs: ClassVar[Costs]
    margin_costs: ClassVar[Costs] = NOTHING
    """Of moving money to a position's margin."""
    connect_costs: ClassVar[Costs] = NOTHING
    """Of opening a WebSocket."""
    acknowledges: ClassVar[bool] = False
    """ccxt lets it be seen that the subscriptions of a stream of orders stand."""
    quiet_s: ClassVar[float] = 3.0
    """When nothing was heard for so long of an order that may be live, REST is asked: the stream is
    a hint, and an event can get lost while the connection stands."""
    levels: ClassVar[int]
    """Of a book that is read, a side."""
    id_pattern: ClassVar[re.Pattern[str]]
    ask: Requests

    def begin(self, ask: Requests) -> None:
        """From now on questions go through ``ask``."""
        self.ask = ask

    @abstractmethod
    def configuration(
        self, endpoints: Endpoints, credentials: Credentials | None
    ) -> dict[str, Any]:
        """Addresses, keys and options of a client. Raises ValueError for credentials that are
        none."""

    @abstractmethod
    def costs(self, request: Request) -> Costs: ...

    @abstractmethod
    def is_order(self, request: Request) -> bool: ...

    def goes_once(self, request: Request) -> bool:
        return self.is_order(request)

    def sending(self, request: Request) -> None:
        """Most limits are pools, and counted there."""

    def judge(self, request: Request, response: Response) -> None:
        """Most venues say no with another status than 2xx."""

    @abstractmethod
    def instrument(self, symbol: str) -> Instrument: ...

    @abstractmethod
    def market_name(self, symbol: str) -> str:
        """The market of a coin as ccxt calls it."""

    def is_ours(self, market: Mapping[str, Any], symbol: str) -> bool:
        """What ccxt has read of the market of a coin is about the desk's instrument: its orders go
        to what is called so there."""
        return bool(market["id"] == self.instrument(symbol).native)

    async def market(self, symbol: str) -> str:
        """The market of a coin as ccxt calls it, read again if ccxt knows another by that name.

        Raises BadReply when the venue lists none.
        """
        is_ours = partial(self.is_ours, symbol=symbol)
        return await self.ask.market(self.market_name(symbol), is_ours)

    def coin(self, market: Mapping[str, Any]) -> str | None:
        """The coin of one of ccxt's markets; None for a market of another kind."""
        symbol = str(market["base"])
        return symbol if self.market_name(symbol) == market["symbol"] else None

    # ---- orders

    def breach(self, order: Order) -> str | None:
        """Why the venue has no such order, or None."""
        return None

    def before_order(self, *, urgent: bool) -> None:
        """Raises RateLimited for a limit that is no pool."""

    def order_room(self) -> int | None:
        """What a limit that is no pool leaves; None: there is none."""
        return None

    async def limit(self, order: Order) -> Decimal | None:
        """The limit price to send; None for a market order. Raises VenueUnavailable when it cannot
        be found."""
        return order.price

    @abstractmethod
    def parameters(self, order: Order) -> Mapping[str, object]:
        """What ccxt passes on about an order beside side, quantity and price."""

    def placed(self, order: Order, row: Fields) -> OrderReport:
        """The reply to an order. One of another side or size is of another order, whoever mixed
        them up. Raises BadReply."""
        report = self.answering(self.report(row, order.symbol), order.client_order_id)
        if (report.side, report.quantity) != (order.side, order.quantity):
            raise row.bad("side and amount", "those that were sent")
        return report

    def report(self, row: Fields, symbol: str) -> OrderReport:
        """An order, without its trades."""
        return unified.report_of(row, symbol)

    def answering(self, report: OrderReport, client_order_id: str) -> OrderReport:
        """``report``, if it is about the order that was asked for."""
        return unified.answering(self.venue, report, client_order_id)

    @abstractmethod
    async def cancel(self, market: str, client_order_id: str) -> None: ...

    async def room_to_read(self) -> None:
        """Wait until an order of the stream, which nobody waits for, may be read."""

    @abstractmethod
    async def order(self, market: str, key: OrderKey, *, urgent: bool) -> OrderReport:
        """An order with its trades, by whichever of its ids is known."""

    async def open_orders(self, market: str, symbol: str, *, urgent: bool) -> Sequence[OrderReport]:
        answer = self.ask.client.fetch_open_orders(market)
        rows = await self.ask.rows("orders", answer, urgent=urgent)
        return [self.report(row, symbol) for row in rows]

    # ---- account and market

    @abstractmethod
    async def fills(
        self, market: str, symbol: str, since: datetime, known: KnownOrders, *, urgent: bool
    ) -> Sequence[Fill]: ...

    @abstractmethod
    async def funding(
        self, market: str, symbol: str, since: datetime
    ) -> Sequence[FundingPayment]: ...

    @abstractmethod
    async def transfers(self, since: datetime) -> Sequence[Transfer]: ...

    @abstractmethod
    async def balances(self) -> Sequence[Balance]: ...

    @abstractmethod
    async def position(self, market: str, symbol: str, *, urgent: bool) -> Position: ...

    async def add_margin(self, market: str, symbol: str, amount: Decimal) -> None:
        raise OrderDenied(self.venue, "a spot market has no margin")

    @abstractmethod
    async def rules(self, market: str, symbol: str) -> Rules: ...

    @abstractmethod
    async def market_state(self, market: str, symbol: str) -> MarketState: ...

    async def book(self, market: str, symbol: str, *, urgent: bool = False) -> Book:
        answer = self.ask.client.fetch_order_book(market, self.levels)
        row = await self.ask.row("book", answer, urgent=urgent)
        return self.seen(unified.book_of(row, symbol, self.ask.clock.monotonic()))

    def seen(self, book: Book) -> Book:
        """Take note of a book that was read or streamed."""
        return book

    async def time(self) -> datetime:
        """The venue's clock. Urgent: orders may wait for it."""
        answer = {"time": await self.ask.ask(self.ask.client.fetch_time(), urgent=True)}
        return Fields(self.venue, "server", answer).milliseconds("time")

    # ---- streams

    def watches(self, client: Any) -> Sequence[Watch]:
        """What tells that orders have changed: each returns orders, or trades of orders."""
        return (client.watch_orders,)

    def told(self, row: Fields, symbol: str) -> OrderReport | Fill | None:
        """The change that an order or a trade of a stream tells; None: it does not tell all of it,
        and the order has to be read. Raises BadReply."""
        return None

    def stream_failure(
        self, refused: NotConnected, *, is_signed: bool
    ) -> ExchangeError | NotConnected:
        """What the refusal of a WebSocket means."""
        return refused
