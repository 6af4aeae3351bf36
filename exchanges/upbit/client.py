"""Requests and connections to Upbit: within its limits, signed, each with a nonce of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import orjson

from exchanges.clock import Clock
from exchanges.credentials import Credentials
from exchanges.endpoints import Endpoints
from exchanges.errors import RateLimited
from exchanges.instrument import Venue
from exchanges.rate_budget import Booking, RateBudget
from exchanges.streaming import StreamClosed
from exchanges.transport import Request, Response, Transport
from exchanges.upbit import limits, outcomes
from exchanges.upbit.signing import Parameters, fresh_nonce, query_string, token
from exchanges.venue_client import Costs, Replies, VenueClient, key_of
from exchanges.web_socket import Connection, Connector, NotConnected

_VENUE = Venue.UPBIT
_LONGEST_WAIT_S = 2.0
"""Two windows of the rate limit."""
_ORDER: Costs = {limits.ORDER: 1}
_CONNECT: Costs = {limits.WEBSOCKET_CONNECT: 1}
REPLIES = Replies(
    outcomes.submit_error,
    outcomes.read_error,
    limits.observe_headers,
    outcomes.silenced,
    outcomes.states_ban,
)


class UpbitClient:
    """One account's way to Upbit."""

    def __init__(
        self,
        transport: Transport,
        connector: Connector,
        credentials: Credentials | None,
        endpoints: Endpoints,
        clock: Clock,
        timeout_s: float,
        limits_file: Path | None = None,
    ) -> None:
        """``limits_file``: see :class:`~exchanges.rate_budget.RateBudget`. Raises OSError."""
        self._connector = connector
        self._credentials = credentials
        self._endpoints = endpoints
        self._timeout_s = timeout_s
        self._is_closed = False
        self._budget = RateBudget(limits.POOLS, clock, limits_file)
        self._venue = VenueClient(
            _VENUE, transport, self._budget, REPLIES, clock, timeout_s=timeout_s
        )

    def order_room(self) -> int:
        return self._budget.room(limits.ORDER)

    def book_order(self, *, urgent: bool) -> Booking:
        """Raises RateLimited."""
        return self._venue.book(_ORDER, urgent=urgent)

    async def ask_public(
        self,
        path: str,
        parameters: Parameters,
        pool: str = limits.ORDERBOOK,
        *,
        urgent: bool = False,
    ) -> Response:
        """A question about a market, by default its order book; ``urgent`` may use the rate
        reserve. Raises VenueUnavailable or BadReply."""
        request = Request("GET", path, query_string(parameters))
        return await self._venue.ask(request, {pool: 1}, urgent=urgent)

    async def ask(
        self, method: str, path: str, parameters: Parameters = (), *, urgent: bool = False
    ) -> Response:
        """A question about the account, or a cancel; ``urgent`` may use the rate reserve.

        Raises VenueUnavailable, BadReply, OrderNotFound or AuthenticationFailed.
        """
        headers = self._signed(parameters)
        request = Request(method, path, query_string(parameters), headers)
        return await self._venue.ask(request, {limits.DEFAULT: 1}, urgent=urgent)

    async def room_to_ask(self, pool: str = limits.DEFAULT, *, urgent: bool = False) -> None:
        """Wait until one more question fits the budget: for what takes many questions and has
        time; ``urgent`` may use the rate reserve.

        Raises RateLimited when the venue has silenced us for longer.
        """
        await self._venue.room({pool: 1}, longest_s=_LONGEST_WAIT_S, urgent=urgent)

    async def place(self, parameters: Parameters, booking: Booking | None) -> Response:
        """Send an order; returns only on a 2xx reply. Raises as ``Exchange.submit`` does."""
        headers = self._signed(parameters)
        request = Request(
            "POST",
            "/v1/orders",
            headers={**headers, "content-type": "application/json; charset=utf-8"},
            body=orjson.dumps(dict(parameters)),
        )
        place = self.book_order(urgent=True) if booking is None else booking
        return await self._venue.place(request, _ORDER, place)

    async def connect_public(self) -> Connection:
        """A WebSocket for market data. Raises NotConnected or RateLimited, and StreamClosed."""
        return await self._connect("/websocket/v1", {})

    async def connect_private(self) -> Connection:
        """A WebSocket for what happens to the account, with a token of its own: the venue takes
        each only once. Raises AuthenticationFailed too."""
        return await self._connect("/websocket/v1/private", self._signed(()))

    async def aclose(self) -> None:
        self._is_closed = True
        await self._connector.aclose()
        await self._venue.aclose()
        self._budget.close()

    async def _connect(self, path: str, headers: Mapping[str, str]) -> Connection:
        if self._is_closed:
            raise StreamClosed
        self._venue.book(_CONNECT, urgent=False).use()
        try:
            return await self._connector.connect(
                f"{self._endpoints.stream_base}{path}", headers=headers, timeout_s=self._timeout_s
            )
        except NotConnected as error:
            failure = outcomes.handshake_error(error, is_signed=bool(headers))
        if isinstance(failure, RateLimited):
            pools = None if failure.banned else (limits.WEBSOCKET_CONNECT,)
            self._budget.block(failure.retry_after_s, pools)
        raise failure

    def _signed(self, parameters: Parameters) -> Mapping[str, str]:
        key = key_of(_VENUE, self._credentials)
        return {"authorization": f"Bearer {token(key, fresh_nonce(), parameters)}"}
