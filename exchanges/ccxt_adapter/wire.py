"""Our wire under ccxt: its requests go out once, within the limits, and refusals are named by the
venue's own table of outcomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol

from exchanges.instrument import Venue
from exchanges.rate_budget import Booking
from exchanges.rate_window import RatePool
from exchanges.transport import Request, Response
from exchanges.venue_client import Costs, Replies, VenueClient


@dataclass(slots=True)
class Call:
    """The call of the adapter that ccxt makes its requests for."""

    urgent: bool = False
    """May use the reserve of the rate limits."""
    booking: Booking | None = None
    """The place of what goes out once; None: nothing of this call does."""
    is_sent: bool = False
    """It has left, or may have."""


CALL: ContextVar[Call | None] = ContextVar("call", default=None)
"""Of the running task; None for what ccxt does by itself (snapshots, listen keys)."""


class Terms(Protocol):
    """What ccxt does not know of a venue's requests."""

    venue: ClassVar[Venue]
    pools: ClassVar[Sequence[RatePool]]
    replies: ClassVar[Replies]
    clock_codes: ClassVar[Sequence[str]]
    """Of an AuthenticationFailed that is about when, not who."""

    def costs(self, request: Request) -> Costs:
        """What a request draws on the rate limits."""
        ...

    def is_order(self, request: Request) -> bool:
        """``request`` places an order."""
        ...

    def goes_once(self, request: Request) -> bool:
        """``request`` places an order or moves money: it needs a booking, and must not be sent
        twice."""
        ...

    def sending(self, request: Request) -> None:
        """Count a request that is about to be sent."""
        ...

    def judge(self, request: Request, response: Response) -> None:
        """Raise for a 2xx reply that is a refusal all the same, as ``Exchange.submit`` does for an
        order and as questions do for anything else."""
        ...


class Wire:
    """What a ccxt client sends its requests over. Errors are those of the direct adapters."""

    def __init__(
        self, client: VenueClient, terms: Terms, venue_time: Callable[[], datetime]
    ) -> None:
        self.venue_time = venue_time
        """The venue's clock as far as we know it: what is signed."""
        self._client = client
        self._terms = terms

    async def send(self, request: Request) -> Response:
        """The 2xx reply. An order, or a change of margin, goes out once, on its call's booking."""
        call = CALL.get()
        costs = self._terms.costs(request)
        if self._terms.goes_once(request):
            if call is None or call.booking is None or call.is_sent:
                raise AssertionError("ccxt is to send what nobody asked for")
            call.is_sent = True
            self._terms.sending(request)
            response = await self._client.place(request, costs, call.booking)
        else:
            urgent = call is not None and call.urgent
            self._terms.sending(request)
            response = await self._client.ask(request, costs, urgent=urgent)
        self._terms.judge(request, response)
        return response
