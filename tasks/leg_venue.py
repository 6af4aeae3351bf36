"""One leg's venue with all that the desk currently knows about it.

Every call to the venue passes through :meth:`LegVenue.call`, which keeps the
circuit breaker true: what shows the venue (or the way to it) ill counts as a
failure, a definite business answer counts as health. Having asked too often, which
is often our own budget's word, says nothing about the venue; a ban does.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from exchanges.account import Balance
from exchanges.book import Book
from exchanges.clock import Clock
from exchanges.errors import (
    AuthenticationFailed,
    BadReply,
    OutcomeUnknown,
    RateLimited,
    VenueUnavailable,
)
from exchanges.exchange import Exchange
from exchanges.instrument import Venue
from exchanges.rules import Rules
from tasks.circuit_breaker import CircuitBreaker
from tasks.moment import Moment
from tasks.pair import LegName

log = logging.getLogger(__name__)

T = TypeVar("T")

ILLNESS = (AuthenticationFailed, BadReply, OutcomeUnknown, VenueUnavailable)
"""Errors that speak against the venue's health; all others are its considered answer."""


@dataclass(slots=True)
class LegVenue:
    """Adapter, breaker and last known facts of the venue that one leg trades on."""

    leg: LegName
    exchange: Exchange
    breaker: CircuitBreaker
    books: dict[str, Book] = field(default_factory=dict)
    rules: dict[str, Rules] = field(default_factory=dict)
    balances: dict[str, Balance] = field(default_factory=dict)
    balances_asked_at: float | None = None
    """Monotonic; they are at least as young as that."""
    unfit: dict[str, str] = field(default_factory=dict)
    """Symbol → why its market is none to enter a pair on; only those that are none."""
    clock_offset_ms: int | None = None
    """Venue clock minus ours; None until first measured."""
    clock_compared: Moment | None = None
    """When that was."""
    latency_ms: float | None = None
    """How long its last answer to :meth:`server_time` took; None until there was one."""

    @property
    def venue(self) -> Venue:
        return self.exchange.venue

    def available(self, currency: str) -> Decimal:
        """Free amount of ``currency``; 0 when the account has no such row."""
        balance = self.balances.get(currency)
        return balance.available if balance else Decimal(0)

    async def server_time(self, clock: Clock) -> datetime:
        """The venue's clock. Raises ExchangeError."""
        asked = clock.monotonic()
        answer = await self.call(self.exchange.server_time())
        self.latency_ms = (clock.monotonic() - asked) * 1000
        return answer

    async def call(self, awaitable: Awaitable[T]) -> T:
        """Await a call to the adapter and let the circuit breaker hear how it ended."""
        try:
            result = await awaitable
        except RateLimited as error:
            if error.banned:
                self.breaker.failed()
            log.debug("%s", error)
            raise
        except ILLNESS as error:
            self.breaker.failed()
            log.debug("%s", error)
            raise
        except Exception:
            self.breaker.succeeded()
            raise
        self.breaker.succeeded()
        return result
