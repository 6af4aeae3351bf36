"""Requests to Binance: budgeted, signed with the venue's time, sent once, failures named."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from exchanges.binance import limits, outcomes
from exchanges.binance.parsing import parse_time
from exchanges.binance.signing import Parameters, Signer, query_string
from exchanges.clock import Clock
from exchanges.clock_offset import ClockOffset
from exchanges.credentials import Credentials
from exchanges.errors import AuthenticationFailed, BadReply, ExchangeError, VenueUnavailable
from exchanges.instrument import Venue
from exchanges.rate_budget import Booking, RateBudget
from exchanges.transport import Request, Response, Transport
from exchanges.venue_client import Costs, VenueClient, key_of

POSITION_MARGIN = "/fapi/v1/positionMargin"

_VENUE = Venue.BINANCE


class BinanceClient:
    """One account's way to Binance's REST API."""

    def __init__(
        self,
        transport: Transport,
        credentials: Credentials | None,
        clock: Clock,
        timeout_s: float,
        limits_file: Path | None = None,
    ) -> None:
        """``limits_file``: see :class:`~exchanges.rate_budget.RateBudget`.

        Raises ValueError when the secret cannot be signed with, and OSError.
        """
        self._credentials = credentials
        self._signer = None if credentials is None else Signer(credentials)
        self.budget = RateBudget(limits.POOLS, clock, limits_file)
        self._rest = VenueClient(
            _VENUE, transport, self.budget, outcomes.REPLIES, clock, timeout_s=timeout_s
        )
        self._clock = clock
        self._offset = ClockOffset()
        self._doubts_clock = False

    @property
    def signer(self) -> Signer:
        """Raises AuthenticationFailed when no key is set."""
        if self._signer is None:
            self._signer = Signer(key_of(_VENUE, self._credentials))
        return self._signer

    @property
    def clock_in_doubt(self) -> bool:
        return self._doubts_clock or not self._offset.is_believed

    def order_room(self) -> int:
        return min(self.budget.room(pool) for pool in limits.ORDER_POOLS)

    def book_order(self, *, urgent: bool) -> Booking:
        """A place in the order limits. Raises RateLimited."""
        return self._rest.book(limits.PLACE, urgent=urgent)

    def venue_time(self) -> datetime:
        """The venue's clock as far as we know it: what is signed."""
        return self._clock.now() + self._offset.value

    async def ask_time(self, *, urgent: bool = False) -> Response:
        """Ask for the venue's clock, and learn how far ours is from it."""
        sent = self._clock.now()
        response = await self.ask_public("/fapi/v1/time", (), limits.ONE, urgent=urgent)
        self._offset.observe(sent, parse_time(response.body), self._clock.now())
        self._doubts_clock = False
        return response

    async def ask_public(
        self, path: str, parameters: Parameters, costs: Costs, *, urgent: bool = False
    ) -> Response:
        """A question about the market. Raises VenueUnavailable or BadReply."""
        request = Request("GET", path, query_string(parameters))
        return await self._rest.ask(request, costs, urgent=urgent)

    async def ask_for_key(self, method: str, path: str, costs: Costs) -> Response:
        """A question of the user data stream, which is not signed: the key alone is enough.
        Raises as :meth:`ask` does."""
        return await self._rest.ask(Request(method, path, headers=self._headers()), costs)

    async def ask(
        self,
        method: str,
        path: str,
        parameters: Parameters,
        costs: Costs,
        *,
        urgent: bool = False,
    ) -> Response:
        """A question about the account, or a cancel; ``urgent`` may use the rate reserve.

        Raises VenueUnavailable, BadReply, OrderNotFound or AuthenticationFailed.
        """
        await self.settle_clock()
        try:
            return await self._rest.ask(
                self._signed(method, path, parameters), costs, urgent=urgent
            )
        except AuthenticationFailed as error:
            self.doubt_clock_after(error)
            raise

    async def place(self, parameters: Parameters, booking: Booking) -> Response:
        """Send an order; returns only on a 2xx reply. Raises as ``Exchange.submit`` does."""
        await self.settle_clock()
        request = self._signed("POST", "/fapi/v1/order", parameters)
        try:
            return await self._rest.place(request, limits.PLACE, booking)
        except ExchangeError as error:
            self.doubt_clock_after(error)
            raise

    async def move_margin(self, parameters: Parameters) -> Response:
        """Send a change of a position's margin, once; returns only on a 2xx reply. Raises as
        ``Exchange.add_margin`` does."""
        booking = self._rest.book(limits.ONE, urgent=True)
        try:
            await self.settle_clock()
            request = self._signed("POST", POSITION_MARGIN, parameters)
            return await self._rest.place(request, limits.ONE, booking)
        except ExchangeError as error:
            self.doubt_clock_after(error)
            raise
        finally:
            booking.release()  # changes nothing when it was sent

    async def settle_clock(self) -> None:
        """Ask for the time again if the venue did not agree with what we signed.

        Raises VenueUnavailable: what was to be sent is not.
        """
        if not self._doubts_clock:
            return
        try:
            await self.ask_time(urgent=True)
        except BadReply as error:
            raise VenueUnavailable(_VENUE, f"its clock cannot be read: {error.message}") from None

    def doubt_clock_after(self, error: ExchangeError) -> None:
        """If ``error`` is about the time, what we know of it counts no more."""
        if isinstance(error, AuthenticationFailed) and error.code == outcomes.CLOCK_CODE:
            self._doubts_clock = True
            self._offset = ClockOffset()

    def while_streaming(self, error: AuthenticationFailed) -> ExchangeError:
        """What ``error`` means to a stream: about the time it passes, about the key it does not."""
        if error.code != outcomes.CLOCK_CODE:
            return error
        self.doubt_clock_after(error)
        return VenueUnavailable(_VENUE, error.message)

    async def aclose(self) -> None:
        await self._rest.aclose()
        self.budget.close()

    def _headers(self) -> dict[str, str]:
        return {"x-mbx-apikey": self.signer.access_key}

    def _signed(self, method: str, path: str, parameters: Parameters) -> Request:
        query = self.signer.query(parameters, self.venue_time())
        return Request(method, path, query, self._headers())
