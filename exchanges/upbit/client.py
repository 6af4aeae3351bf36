"""Requests to Upbit: budgeted, signed, sent once, and their failures named."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import orjson

from exchanges.clock import Clock
from exchanges.credentials import Credentials
from exchanges.errors import AuthenticationFailed, RateLimited
from exchanges.instrument import Venue
from exchanges.rate_budget import OverBudget, RateBudget
from exchanges.transport import Request, Response, Transport, TransportError
from exchanges.upbit import limits, outcomes
from exchanges.upbit.signing import Parameters, fresh_nonce, query_string, token

_VENUE = Venue.UPBIT
_LONGEST_WAIT_S = 2.0
"""Two windows of the rate limit."""


class UpbitClient:
    """One account's way to Upbit. Every request gets a nonce of its own."""

    def __init__(
        self,
        transport: Transport,
        credentials: Credentials | None,
        clock: Clock,
        timeout_s: float,
    ) -> None:
        self._transport = transport
        self._credentials = credentials
        self._timeout_s = timeout_s
        self._budget = RateBudget(limits.POOLS, clock)

    def order_room(self) -> int:
        return self._budget.room(limits.ORDER)

    async def ask_public(self, path: str, parameters: Parameters) -> Response:
        """A question about an order book. Raises VenueUnavailable or BadReply."""
        request = Request("GET", path, query_string(parameters))
        return await self._ask(request, limits.ORDERBOOK, urgent=False)

    async def ask(
        self, method: str, path: str, parameters: Parameters = (), *, urgent: bool = False
    ) -> Response:
        """A question about the account, or a cancel; ``urgent`` may use the rate reserve.

        Raises VenueUnavailable, BadReply, OrderNotFound or AuthenticationFailed.
        """
        headers = self._headers(parameters)
        request = Request(method, path, query_string(parameters), headers)
        return await self._ask(request, limits.DEFAULT, urgent=urgent)

    async def room_to_ask(self, pool: str = limits.DEFAULT) -> None:
        """Wait until one more ordinary question fits the budget: for what takes many questions
        and has time.

        Raises RateLimited when the venue has silenced us for longer.
        """
        while (wait_s := self._budget.wait({pool: 1}, urgent=False)) > 0:
            if wait_s > _LONGEST_WAIT_S:
                raise RateLimited(
                    _VENUE, "silenced by the venue", retry_after_s=wait_s, banned=False
                )
            await asyncio.sleep(wait_s)

    async def place(self, parameters: Parameters) -> Response:
        """Send an order; returns only on a 2xx reply. Raises as ``Exchange.submit`` does."""
        headers = self._headers(parameters)
        request = Request(
            "POST",
            "/v1/orders",
            headers={**headers, "content-type": "application/json; charset=utf-8"},
            body=orjson.dumps(dict(parameters)),
        )
        self._take(limits.ORDER, urgent=True)
        try:
            response = await self._transport.send(request, timeout_s=self._timeout_s)
        except TransportError as error:
            raise outcomes.submit_transport_error(error) from None
        self._note(response, limits.ORDER)
        if 200 <= response.status < 300:
            return response
        raise outcomes.submit_error(response)

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def _ask(self, request: Request, pool: str, *, urgent: bool) -> Response:
        self._take(pool, urgent=urgent)
        try:
            response = await self._transport.send(request, timeout_s=self._timeout_s)
        except TransportError as error:
            raise outcomes.read_transport_error(error) from None
        self._note(response, pool)
        if 200 <= response.status < 300:
            return response
        raise outcomes.read_error(response)

    def _take(self, pool: str, *, urgent: bool) -> None:
        try:
            self._budget.take({pool: 1}, urgent=urgent)
        except OverBudget as over:
            raise RateLimited(
                _VENUE, f"not sent: {over}", retry_after_s=over.wait_s, banned=False
            ) from None

    def _note(self, response: Response, pool: str) -> None:
        """Learn from the reply how much may still be asked."""
        limits.observe_headers(self._budget, response)
        limited = outcomes.rate_limit(response)
        if limited is not None:
            blocked: Sequence[str] | None = None if limited.banned else (pool,)
            self._budget.block(limited.retry_after_s, blocked)

    def _headers(self, parameters: Parameters) -> Mapping[str, str]:
        if self._credentials is None:
            raise AuthenticationFailed(
                _VENUE, "no key is set, and this needs one", code="no_key", status=0
            )
        signed = token(self._credentials, fresh_nonce(), parameters)
        return {"authorization": f"Bearer {signed}"}
