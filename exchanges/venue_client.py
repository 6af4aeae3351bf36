"""Requests to a venue: within its limits, sent once, and their failures named.

What the REST clients of all venues share. A venue adds its signing, and the table of what its
replies mean as :class:`Replies`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from exchanges.clock import Clock
from exchanges.credentials import Credentials
from exchanges.errors import (
    AuthenticationFailed,
    ExchangeError,
    OutcomeUnknown,
    RateLimited,
    VenueUnavailable,
)
from exchanges.instrument import Venue
from exchanges.rate_budget import Booking, OverBudget, RateBudget
from exchanges.transport import Interrupted, NotSent, Request, Response, Transport, TransportError

Costs = Mapping[str, int]
"""Units of a request by the name of the pool they come from."""

_BANS_IN_A_ROW_S = 3_600.0
"""A ban within an hour of the end of the last one is the next in a row."""
_LONGEST_UNSAID_BAN_S = 86_400.0


def has_retry_after(response: Response) -> bool:
    """Whether a refusal says in the usual header how long to wait."""
    return "retry-after" in response.headers


def as_booked(request: Request, response: Response, costs: Costs) -> Costs:
    """Most venues' questions cost the same whatever the answer."""
    return costs


@dataclass(frozen=True, slots=True)
class Replies:
    """A venue's table of what its replies mean. "Error" is every status other than 2xx."""

    submit_error: Callable[[Response], ExchangeError]
    """What an error in answer to an order means."""
    read_error: Callable[[Response], ExchangeError]
    """What an error in answer to a question or a cancel means."""
    observe_headers: Callable[[RateBudget, Response], None]
    """Learns from the headers of any reply how much of the limits is left."""
    silenced: Callable[[Response, Costs], Iterable[str] | None]
    """The pools that stay closed after a RateLimited in answer to a request of these costs;
    None: all."""
    states_ban: Callable[[Response], bool] = has_retry_after
    """Whether a ban says how long it lasts; one that does not is taken to be longer each time."""
    weighed: Callable[[Request, Response, Costs], Costs] = as_booked
    """What a question that was booked for these costs has cost, by the good reply to it."""


class VenueClient:
    """One account's way to one venue over ``transport``. Retries nothing."""

    def __init__(
        self,
        venue: Venue,
        transport: Transport,
        budget: RateBudget,
        replies: Replies,
        clock: Clock,
        *,
        timeout_s: float,
    ) -> None:
        self.budget = budget
        self._venue = venue
        self._transport = transport
        self._replies = replies
        self._timeout_s = timeout_s
        self._bans = _Bans(clock)

    def book(self, costs: Costs, *, urgent: bool) -> Booking:
        """A place in the limits; ``urgent`` may use the reserve. Raises RateLimited."""
        try:
            return self.budget.take(costs, urgent=urgent)
        except OverBudget as over:
            raise RateLimited(
                self._venue, f"not sent: {over}", retry_after_s=over.wait_s, banned=False
            ) from None

    async def room(self, costs: Costs, *, longest_s: float, urgent: bool = False) -> None:
        """Wait until one more request of these costs fits: for what takes many questions and has
        time.

        Raises RateLimited when that would take longer than ``longest_s`` seconds.
        """
        await wait_for_room(self._venue, self.budget, costs, longest_s=longest_s, urgent=urgent)

    async def ask(self, request: Request, costs: Costs, *, urgent: bool = False) -> Response:
        """The 2xx reply to a question or a cancel; ``urgent`` may use the reserve.

        Raises VenueUnavailable (RateLimited too), BadReply, OrderNotFound or AuthenticationFailed.
        """
        booking = self.book(costs, urgent=urgent)
        try:
            response = await self._send(request, booking)
        except TransportError as error:
            failure = read_failure(self._venue, error)
        else:
            if self._is_good(response):
                booking.weighed(self._replies.weighed(request, response, costs))
                return response
            failure = self._noted(self._replies.read_error(response), response, costs)
        raise failure

    async def place(self, request: Request, costs: Costs, booking: Booking) -> Response:
        """Send an order on its ``booking``; the 2xx reply. Raises as ``Exchange.submit`` does."""
        try:
            response = await self._send(request, booking)
        except TransportError as error:
            failure = submit_failure(self._venue, error)
        else:
            if self._is_good(response):
                return response
            failure = self._noted(self._replies.submit_error(response), response, costs)
        raise failure

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def _send(self, request: Request, booking: Booking) -> Response:
        booking.use()
        try:
            return await self._transport.send(request, timeout_s=self._timeout_s)
        finally:
            booking.arrived()

    def _is_good(self, response: Response) -> bool:
        self._replies.observe_headers(self.budget, response)
        return 200 <= response.status < 300

    def _noted(self, error: ExchangeError, response: Response, costs: Costs) -> ExchangeError:
        """``error``; when it is about asking too often, nothing more is sent until it is over."""
        if isinstance(error, RateLimited):
            if error.banned and not self._replies.states_ban(response):
                error.retry_after_s = self._bans.lengthened(error.retry_after_s)
            self.budget.block(error.retry_after_s, self._replies.silenced(response, costs))
        return error


class _Bans:
    """How long the bans last that do not say so: each in a row twice as long as the last, because
    venues lengthen them for clients that do not learn."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._row = 0
        self._ends = float("-inf")

    def lengthened(self, first_s: float) -> float:
        now = self._clock.monotonic()
        self._row = self._row + 1 if now < self._ends + _BANS_IN_A_ROW_S else 1
        length_s: float = min(first_s * 2 ** min(self._row - 1, 20), _LONGEST_UNSAID_BAN_S)
        self._ends = now + length_s
        return length_s


async def wait_for_room(
    venue: Venue, budget: RateBudget, costs: Costs, *, longest_s: float, urgent: bool
) -> None:
    """Wait until a request of these costs fits ``budget``. Raises RateLimited when that would
    take longer than ``longest_s`` seconds."""
    while (wait_s := budget.wait(costs, urgent=urgent)) > 0:
        if wait_s > longest_s:
            raise RateLimited(venue, "silenced by the venue", retry_after_s=wait_s, banned=False)
        await asyncio.sleep(wait_s)


def submit_failure(venue: Venue, error: TransportError) -> ExchangeError:
    """An order whose sending broke."""
    if isinstance(error, NotSent):
        return VenueUnavailable(venue, f"the order was not sent: {error}")
    return OutcomeUnknown(venue, f"no complete reply to the order: {error}")


def read_failure(venue: Venue, error: TransportError) -> ExchangeError:
    """A question whose sending broke; its fate does no harm."""
    told = "interrupted" if isinstance(error, Interrupted) else "not sent"
    return VenueUnavailable(venue, f"the request was {told}: {error}")


def key_of(venue: Venue, credentials: Credentials | None) -> Credentials:
    """The key that a private request needs. Raises AuthenticationFailed when none is set."""
    if credentials is None:
        raise AuthenticationFailed(
            venue, "no key is set, and this needs one", code="no_key", status=0
        )
    return credentials
