"""Requests to Hyperliquid: within its limits, signed with the venue's time, sent once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import orjson

from exchanges.clock import Clock
from exchanges.clock_offset import ClockOffset
from exchanges.credentials import Credentials
from exchanges.endpoints import Endpoints
from exchanges.errors import AuthenticationFailed, BadReply, RateLimited, VenueUnavailable
from exchanges.hyperliquid import limits, outcomes
from exchanges.hyperliquid.action_hash import Action
from exchanges.hyperliquid.address import parse_address
from exchanges.hyperliquid.address_budget import AddressBudget
from exchanges.hyperliquid.nonces import Nonces, milliseconds
from exchanges.hyperliquid.parsing import parse_time
from exchanges.hyperliquid.signing import parse_key, sign_action
from exchanges.instrument import Venue
from exchanges.rate_budget import Booking, RateBudget
from exchanges.transport import Request, Response, Transport
from exchanges.venue_client import Costs, VenueClient, key_of

T = TypeVar("T")

_VENUE = Venue.HYPERLIQUID
_HEADERS = {"content-type": "application/json"}

ORDER_LIFE_MS = 5_000
"""After so long the venue takes an order no more: longer than we wait for the reply, so that none
dies that could still be answered; short enough that one held up on the wire neither trades on the
price of a minute ago nor keeps its fate open."""

_EXPIRED = "expired"
_CLOCK_CODES = (_EXPIRED, "nonce")
"""Refusals (see refusals.py) of an action whose times were not the venue's."""
_NOBODY = "0x" + "0" * 40
"""An address like any other, to ask for the time without an account."""


class HyperliquidClient:
    """One account's way to Hyperliquid over HTTP.

    ``access_key`` of the credentials is the account's address, ``secret_key`` the private key that
    signs for it: an API wallet's, or the account's own.
    """

    def __init__(
        self,
        transport: Transport,
        credentials: Credentials | None,
        endpoints: Endpoints,
        clock: Clock,
        timeout_s: float,
        limits_file: Path | None = None,
    ) -> None:
        """``limits_file``: see :class:`~exchanges.rate_budget.RateBudget`.

        Raises ValueError, which does not show them, for credentials that are none, and OSError.
        """
        self._credentials = credentials
        self._key = None if credentials is None else parse_key(credentials.secret_key)
        if credentials is not None:
            parse_address(credentials.access_key)
        self.address_budget = AddressBudget(clock)
        self._budget = RateBudget(limits.POOLS, clock, limits_file)
        self._rest = VenueClient(
            _VENUE, transport, self._budget, outcomes.REPLIES, clock, timeout_s=timeout_s
        )
        # Anywhere but on the test network signatures are those of the main one.
        self._is_mainnet = "testnet" not in (urlsplit(endpoints.rest).hostname or "")
        self._clock = clock
        self._offset = ClockOffset()
        self._doubts_clock = False
        self._nonces = Nonces()

    @property
    def account(self) -> str:
        """The account's address, lower case. Raises AuthenticationFailed when no key is set."""
        return key_of(_VENUE, self._credentials).access_key.lower()

    def venue_time(self) -> datetime:
        """The venue's clock as far as we know it."""
        return self._clock.now() + self._offset.value

    async def ask_time(self, *, urgent: bool = False) -> datetime:
        """Ask for the venue's clock, and learn how far ours is from it. There is no question for
        it alone: it stands in the state of an account, which is told with the time of the chain's
        latest block, by which nonces and expiries are judged. Raises as :meth:`info` does."""
        sent = self._clock.now()
        question = {"type": "clearinghouseState", "user": _NOBODY}
        venue_time = parse_time(await self.info(question, limits.LIGHT, urgent=urgent))
        self._offset.observe(sent, venue_time, self._clock.now())
        self._doubts_clock = False
        return venue_time

    @property
    def clock_in_doubt(self) -> bool:
        return self._doubts_clock or not self._offset.is_believed

    def order_room(self) -> int:
        return min(self._budget.room(limits.WEIGHT), self.address_budget.room())

    def book_order(self, *, urgent: bool) -> Booking:
        """A place in the limits of the IP address and of the account. Raises RateLimited."""
        wait_s = self.address_budget.wait_s(urgent=urgent)
        if wait_s > 0:
            raise RateLimited(
                _VENUE,
                "not sent: the address has used up its actions",
                retry_after_s=wait_s,
                banned=False,
            )
        return self._rest.book(limits.ACTION, urgent=urgent)

    async def info(
        self, question: Mapping[str, object], costs: Costs, *, urgent: bool = False
    ) -> bytes:
        """The 2xx reply to a question; ``urgent`` may use the reserve.

        Raises VenueUnavailable (RateLimited too), BadReply, OrderNotFound or AuthenticationFailed.
        """
        request = Request("POST", "/info", headers=_HEADERS, body=orjson.dumps(question))
        return (await self._rest.ask(request, costs, urgent=urgent)).body

    async def cancel(self, action: Action) -> None:
        """Send a cancel. Raises as :meth:`info` does."""
        request = self._signed(action, expires_after=None)
        self.address_budget.spend()
        response = await self._rest.ask(request, limits.ACTION, urgent=True)
        try:
            outcomes.cancel_taken(response.body)
        except RateLimited:
            self.address_budget.refused()
            raise

    async def place(self, action: Action, booking: Booking) -> outcomes.Placed:
        """Send an order, which dies after :data:`ORDER_LIFE_MS`. Raises as ``Exchange.submit``
        does, and outcomes.NothingMatched."""
        return await self._carry_out(action, booking, outcomes.placed)

    async def move_margin(self, action: Action) -> None:
        """Send a change of a position's margin, once. Raises as ``Exchange.add_margin`` does."""
        booking = self.book_order(urgent=True)
        try:
            await self._carry_out(action, booking, outcomes.margin_moved)
        finally:
            booking.release()  # changes nothing when it was sent

    async def _carry_out(self, action: Action, booking: Booking, judge: Callable[[bytes], T]) -> T:
        await self._settle_clock()
        expires_after = milliseconds(self.venue_time()) + ORDER_LIFE_MS
        request = self._signed(action, expires_after=expires_after)
        self.address_budget.spend()
        response: Response = await self._rest.place(request, limits.ACTION, booking)
        try:
            return judge(response.body)
        except RateLimited:
            self.address_budget.refused()
            raise
        except AuthenticationFailed as error:
            if error.code == _EXPIRED:
                self.address_budget.came_too_late()
            if error.code in _CLOCK_CODES:
                self._doubts_clock = True
                self._offset = ClockOffset()
            raise

    async def _settle_clock(self) -> None:
        """Ask for the time again if the venue did not agree with what we signed.

        Raises VenueUnavailable: what was to be sent is not.
        """
        if not self._doubts_clock:
            return
        try:
            await self.ask_time(urgent=True)
        except BadReply as error:
            raise VenueUnavailable(_VENUE, f"its clock cannot be read: {error.message}") from None

    async def aclose(self) -> None:
        await self._rest.aclose()
        self._budget.close()

    def _signed(self, action: Action, *, expires_after: int | None) -> Request:
        key_of(_VENUE, self._credentials)
        assert self._key is not None
        nonce = self._nonces.next(self.venue_time())
        signature = sign_action(
            action, nonce, self._key, expires_after=expires_after, is_mainnet=self._is_mainnet
        )
        body = {
            "action": action,
            "nonce": nonce,
            "signature": signature.wire(),
            "vaultAddress": None,
            "expiresAfter": expires_after,
        }
        return Request("POST", "/exchange", headers=_HEADERS, body=orjson.dumps(body))
