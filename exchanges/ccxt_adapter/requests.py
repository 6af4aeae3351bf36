"""Calls of ccxt's methods for one account: within its limits, failures named, arithmetic kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from decimal import localcontext
from pathlib import Path
from typing import Any

from exchanges.ccxt_adapter.wire import CALL, Call, Terms, Wire
from exchanges.clock import Clock
from exchanges.clock_offset import ClockOffset
from exchanges.credentials import Credentials
from exchanges.endpoints import Endpoints
from exchanges.errors import AuthenticationFailed, BadReply, ExchangeError
from exchanges.http_transport import HttpTransport
from exchanges.rate_budget import RateBudget
from exchanges.reply import Fields, fields, objects
from exchanges.venue_client import VenueClient, key_of


class Requests:
    """One account's ccxt client."""

    def __init__(
        self,
        terms: Terms,
        make_client: Callable[..., Any],
        credentials: Credentials | None,
        endpoints: Endpoints,
        clock: Clock,
        *,
        timeout_s: float,
        limits_file: Path | None,
    ) -> None:
        """
        Args:
            terms: The venue's.
            make_client: A new ccxt client over the wire given, with more configuration by name.
            credentials: The account's key, if any.
            endpoints: Addresses of the venue.
            clock: Where the time is read.
            timeout_s: A venue's time to answer one request, seconds.
            limits_file: See :class:`~exchanges.rate_budget.RateBudget`.

        Raises OSError.
        """
        self.venue = terms.venue
        self.clock = clock
        self.budget = RateBudget(terms.pools, clock, limits_file)
        self.rest = VenueClient(
            terms.venue,
            HttpTransport(endpoints),
            self.budget,
            terms.replies,
            clock,
            timeout_s=timeout_s,
        )
        self._terms = terms
        self._credentials = credentials
        self._offset = ClockOffset()
        self._doubts_clock = False
        self._make_client = make_client
        self._wire = Wire(self.rest, terms, self.venue_time)
        self.client = make_client(self._wire)
        """ccxt's. Its methods are called as ``await ask(client.method(…))``."""

    def venue_time(self) -> datetime:
        """The venue's clock as far as we know it: what is signed."""
        return self.clock.now() + self._offset.value

    def observe_time(self, sent: datetime, venue_time: datetime) -> None:
        """The venue has answered a question of ``sent`` (our clock) with its time."""
        self._offset.observe(sent, venue_time, self.clock.now())
        self._doubts_clock = False

    @property
    def doubts_clock(self) -> bool:
        """The venue did not agree with the time that was signed, and has to be asked for it."""
        return self._doubts_clock

    @property
    def clock_in_doubt(self) -> bool:
        return self._doubts_clock or not self._offset.is_believed

    def need_key(self) -> Credentials:
        """Raises AuthenticationFailed when no key is set."""
        return key_of(self.venue, self._credentials)

    async def ask(self, answer: Awaitable[Any], *, urgent: bool = False) -> Any:
        """What a method of ccxt returns for a question or a cancel; ``urgent`` may use the rate
        reserve.

        Raises VenueUnavailable (RateLimited too), BadReply, OrderNotFound or AuthenticationFailed.
        """
        return await self.run(answer, Call(urgent))

    async def row(self, what: str, answer: Awaitable[Any], *, urgent: bool = False) -> Fields:
        """One object; ``what`` names it in error messages. Raises as :meth:`ask` does."""
        return fields(self.venue, what, await self.ask(answer, urgent=urgent))

    async def rows(
        self, what: str, answer: Awaitable[Any], *, urgent: bool = False
    ) -> Sequence[Fields]:
        """A list of objects. Raises as :meth:`ask` does."""
        return objects(self.venue, what, await self.ask(answer, urgent=urgent))

    def parsed(self, method: str, answer: object) -> object:
        """``answer`` through a parser of ccxt's. Raises BadReply."""
        try:
            with localcontext():
                parsed: object = getattr(self.client, method)(answer)
                return parsed
        except Exception as error:
            failure = self._unreadable(error)
        raise failure

    async def run(self, answer: Awaitable[Any], call: Call) -> Any:
        """As :meth:`ask`, and as ``Exchange.submit`` when ``call`` has a booking.

        ccxt fails in any way it likes on a reply that it cannot read, and its texts hold addresses
        with signatures: all of that is BadReply, and nothing of it hangs on the error.
        """
        token = CALL.set(call)
        try:
            # ccxt sets rounding and traps of the decimal context that it finds.
            with localcontext():
                return await answer
        except ExchangeError as error:
            self._doubt_clock_after(error)
            raise
        except Exception as error:
            failure = self._unreadable(error)
        finally:
            CALL.reset(token)
        raise failure

    async def load_markets(self) -> None:
        """Read the markets that ccxt has to know, once."""
        if self.client.markets is None:
            await self.reload_markets()

    async def reload_markets(self) -> None:
        """Not with ccxt's ``load_markets``, which asks for the coins and networks too."""
        markets = await self.ask(self.client.fetch_markets())
        self.parsed("set_markets", markets)

    async def market(self, name: str, is_ours: Callable[[Mapping[str, Any]], bool]) -> str:
        """``name``, a market as ccxt calls it, if there is one and what ccxt knows of it
        ``is_ours``."""
        await self.load_markets()
        if not self._has(name, is_ours):
            await self.reload_markets()
        if not self._has(name, is_ours):
            raise BadReply(self.venue, f"markets: expected {name} among them")
        return name

    def _has(self, name: str, is_ours: Callable[[Mapping[str, Any]], bool]) -> bool:
        return name in self.client.markets and is_ours(self.client.markets[name])

    def new_client(self, **more: Any) -> Any:
        """One more client, for a stream, that knows the same markets."""
        client = self._make_client(self._wire, **more)
        client.set_markets_from_exchange(self.client)
        return client

    async def aclose(self) -> None:
        await self.rest.aclose()
        self.budget.close()

    def _unreadable(self, error: Exception) -> BadReply:
        return BadReply(self.venue, f"ccxt cannot read the reply ({type(error).__name__})")

    def _doubt_clock_after(self, error: ExchangeError) -> None:
        """If ``error`` is about the time, what we know of it counts no more."""
        if isinstance(error, AuthenticationFailed) and error.code in self._terms.clock_codes:
            self._doubts_clock = True
            self._offset = ClockOffset()
