"""Requests to Binance: budgeted, signed with the venue's time, sent once, failures named."""

from __future__ import annotations

from collections.abc import Mapping

from exchanges.binance import limits, outcomes
from exchanges.binance.parsing import parse_time
from exchanges.binance.signing import Parameters, query_string, signed_query
from exchanges.clock import Clock
from exchanges.clock_offset import ClockOffset
from exchanges.credentials import Credentials
from exchanges.errors import AuthenticationFailed, RateLimited
from exchanges.instrument import Venue
from exchanges.rate_budget import OverBudget, RateBudget
from exchanges.transport import Request, Response, Transport, TransportError

_VENUE = Venue.BINANCE


class BinanceClient:
    """One account's way to Binance."""

    def __init__(
        self,
        transport: Transport,
        credentials: Credentials | None,
        clock: Clock,
        timeout_s: float,
    ) -> None:
        self._transport = transport
        self._credentials = credentials
        self._clock = clock
        self._timeout_s = timeout_s
        self._budget = RateBudget(limits.POOLS, clock)
        self._offset = ClockOffset()

    def order_room(self) -> int:
        return min(self._budget.room(pool) for pool in limits.ORDER_POOLS)

    async def ask_time(self) -> Response:
        """Ask for the venue's clock, and learn how far ours is from it."""
        sent = self._clock.now()
        response = await self.ask_public("/fapi/v1/time", (), limits.ONE)
        self._offset.observe(sent, parse_time(response.body), self._clock.now())
        return response

    async def ask_public(
        self, path: str, parameters: Parameters, costs: Mapping[str, int]
    ) -> Response:
        """A question about the market. Raises VenueUnavailable or BadReply."""
        return await self._ask(Request("GET", path, query_string(parameters)), costs, urgent=False)

    async def ask(
        self,
        method: str,
        path: str,
        parameters: Parameters,
        costs: Mapping[str, int],
        *,
        urgent: bool = False,
    ) -> Response:
        """A question about the account, or a cancel; ``urgent`` may use the rate reserve.

        Raises VenueUnavailable, BadReply, OrderNotFound or AuthenticationFailed.
        """
        return await self._ask(self._signed(method, path, parameters), costs, urgent=urgent)

    async def place(self, parameters: Parameters) -> Response:
        """Send an order; returns only on a 2xx reply. Raises as ``Exchange.submit`` does."""
        request = self._signed("POST", "/fapi/v1/order", parameters)
        self._take(limits.PLACE, urgent=True)
        try:
            response = await self._transport.send(request, timeout_s=self._timeout_s)
        except TransportError as error:
            raise outcomes.submit_transport_error(error) from None
        self._note(response)
        if 200 <= response.status < 300:
            return response
        raise outcomes.submit_error(response)

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def _ask(self, request: Request, costs: Mapping[str, int], *, urgent: bool) -> Response:
        self._take(costs, urgent=urgent)
        try:
            response = await self._transport.send(request, timeout_s=self._timeout_s)
        except TransportError as error:
            raise outcomes.read_transport_error(error) from None
        self._note(response)
        if 200 <= response.status < 300:
            return response
        raise outcomes.read_error(response)

    def _take(self, costs: Mapping[str, int], *, urgent: bool) -> None:
        try:
            self._budget.take(costs, urgent=urgent)
        except OverBudget as over:
            raise RateLimited(
                _VENUE, f"not sent: {over}", retry_after_s=over.wait_s, banned=False
            ) from None

    def _note(self, response: Response) -> None:
        """Learn from the reply how much may still be asked. Limits are per address, and asking on
        grows into a ban, so one refusal silences everything that shares its limit."""
        limits.observe_headers(self._budget, response)
        limited = outcomes.rate_limit(response)
        if limited is not None:
            blocked = limits.ORDER_POOLS if outcomes.is_order_limit(response) else None
            self._budget.block(limited.retry_after_s, blocked)

    def _signed(self, method: str, path: str, parameters: Parameters) -> Request:
        if self._credentials is None:
            raise AuthenticationFailed(
                _VENUE, "no key is set, and this needs one", code="no_key", status=0
            )
        venue_time = self._clock.now() + self._offset.value
        query = signed_query(self._credentials, parameters, venue_time)
        return Request(method, path, query, {"x-mbx-apikey": self._credentials.access_key})
