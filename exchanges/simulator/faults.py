"""Faults that a simulated venue is told to show, and the one place that plays the wire's own.

Three sorts:

* of a request (``reject`` … ``partial``): sits in the book until used up; the first one that
  matches a request is taken. What happens on the wire is the same at every venue and is done by
  :func:`with_faults`; what a venue decides (``reject``, ``insufficient``, ``partial``) is handed
  to the front, which answers in the venue's own words.
* of a stream (``duplicate_event``, ``drop_event``, ``drop_stream``): taken by the front with
  :meth:`Faults.take_event` when it is about to send an event.
* a condition (``stale_book``, ``halt_market``, ``wallet_closed``, ``maintenance``): holds until
  faults are cleared; fronts and engines ask :meth:`Faults.holds`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from exchanges.instrument import Venue
from exchanges.transport import Request, Response


class Vanish(Exception):
    """No answer comes. ``processed`` tells whether the venue carried the request out."""

    def __init__(self, *, processed: bool) -> None:
        super().__init__("the simulated venue gives no answer")
        self.processed = processed


class ConnectionRefused(Exception):
    """Nobody listens: not one byte of the request arrives."""


class BadFault(ValueError):
    """A fault that cannot be set; ``str()`` is one sentence naming the field."""


class FaultKind(StrEnum):
    REJECT = "reject"
    """A definite no. args may carry ``code`` and ``message`` of the venue's own."""
    INSUFFICIENT = "insufficient"
    """An order is refused for want of money, in the venue's words."""
    REFUSE_CONNECTION = "refuse_connection"
    """Nobody listens. Over HTTP for ``ms`` milliseconds (default 1000) or until faults are cleared,
    all connections cut; in memory for ``times`` requests."""
    LOSE_REQUEST = "lose_request"
    """Never processed, no answer."""
    LOSE_REPLY = "lose_reply"
    """Processed, no answer."""
    DELAY = "delay"
    """Processed and answered ``ms`` milliseconds later."""
    HTTP_500 = "http_500"
    """Not processed; the answer is a server error that does not say so."""
    HTTP_503_UNKNOWN = "http_503_unknown"
    """Processed; the answer is a 503 that leaves it open (Binance: "Unknown error, …")."""
    RATE_LIMITED = "rate_limited"
    """Not processed: 429, with ``seconds`` (default 1) to wait."""
    BANNED = "banned"
    """Not processed: 418, with ``seconds`` (default 120) to wait."""
    PARTIAL = "partial"
    """The order fills at most the share ``fraction`` of its size, the rest ends unfilled; at Upbit
    it stays open with ``rests``, as in a venue that takes orders faster than it matches them."""
    DUPLICATE_EVENT = "duplicate_event"
    """An event of the stream is sent twice."""
    DROP_EVENT = "drop_event"
    """An event of the stream is not sent."""
    DROP_STREAM = "drop_stream"
    """The connection is cut when the event is due; the event is lost with it."""
    STALE_BOOK = "stale_book"
    """Books stand still, over REST and in streams (arg ``market``; else all)."""
    HALT_MARKET = "halt_market"
    """No order is taken and the market is shown as halted (arg ``market``; else all)."""
    WALLET_CLOSED = "wallet_closed"
    """Deposits and withdrawals of ``currency`` (else all) are shown as paused; Upbit only."""
    MAINTENANCE = "maintenance"
    """Every request is answered as during the venue's maintenance, streams are closed."""


EVENT_KINDS = frozenset((FaultKind.DUPLICATE_EVENT, FaultKind.DROP_EVENT, FaultKind.DROP_STREAM))
CONDITIONS = frozenset(
    (
        FaultKind.STALE_BOOK,
        FaultKind.HALT_MARKET,
        FaultKind.WALLET_CLOSED,
        FaultKind.MAINTENANCE,
    )
)

ALLOWED_ARGS: Mapping[FaultKind, tuple[str, ...]] = {
    FaultKind.REJECT: ("code", "message"),
    FaultKind.REFUSE_CONNECTION: ("ms",),
    FaultKind.DELAY: ("ms",),
    FaultKind.RATE_LIMITED: ("seconds",),
    FaultKind.BANNED: ("seconds",),
    FaultKind.PARTIAL: ("fraction", "rests"),
    FaultKind.STALE_BOOK: ("market",),
    FaultKind.HALT_MARKET: ("market",),
    FaultKind.WALLET_CLOSED: ("currency",),
}
"""A kind that is not listed takes none."""

LONGEST_MS = 600_000
_DEFAULT_MS = {FaultKind.REFUSE_CONNECTION: 1_000}
_DEFAULT_SECONDS = {FaultKind.RATE_LIMITED: 1, FaultKind.BANNED: 120}
_ORDER_KINDS = frozenset((FaultKind.PARTIAL, FaultKind.INSUFFICIENT))


@dataclass(slots=True)
class Fault:
    """``endpoint`` is ``"POST /v1/orders"``, the beginning of a path, or ``"*"``. Of a fault of a
    stream it is the beginning of the event's name (``"myOrder"``, ``"ORDER_TRADE_UPDATE"``,
    ``"btcusdt@depth"``, ``"l2Book"``), or ``"*"``; over Binance's WebSocket API a request's
    endpoint is ``"WS order.place"``."""

    venue: Venue
    endpoint: str
    kind: FaultKind
    times: int
    """Requests it still applies to."""
    args: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.endpoint:
            raise BadFault('endpoint: expected "METHOD /path", a path prefix or "*"')
        if self.times < 1:
            raise BadFault("times: expected a whole number of at least 1")
        for name in self.args:
            allowed = ALLOWED_ARGS.get(self.kind, ())
            if name not in allowed:
                raise BadFault(f"args.{name}: {self.kind} takes {_listed(allowed)}")
        if self.kind in CONDITIONS and self.times != 1:
            raise BadFault(f"times: {self.kind} holds until faults are cleared; leave times out")
        if self.kind is FaultKind.WALLET_CLOSED and self.venue is not Venue.UPBIT:
            raise BadFault("venue: wallet_closed is a condition of upbit")
        match self.kind:  # refuse bad args now, not when the request comes
            case FaultKind.DELAY | FaultKind.REFUSE_CONNECTION:
                _ = self.delay_s
            case FaultKind.RATE_LIMITED | FaultKind.BANNED:
                _ = self.seconds
            case FaultKind.STALE_BOOK | FaultKind.HALT_MARKET | FaultKind.WALLET_CLOSED:
                self._check_about()
            case FaultKind.PARTIAL:
                _ = self.fraction, self.rests
            case FaultKind.REJECT:
                self._check_code()

    @property
    def delay_s(self) -> float:
        """Seconds of a ``delay`` or ``refuse_connection``."""
        milliseconds = self.args.get("ms", _DEFAULT_MS.get(self.kind))
        if isinstance(milliseconds, bool) or not isinstance(milliseconds, int):
            raise BadFault('args.ms: expected a whole number of milliseconds, e.g. {"ms": 250}')
        if not 0 <= milliseconds <= LONGEST_MS:
            raise BadFault(f"args.ms: expected a number from 0 to {LONGEST_MS}")
        return milliseconds / 1000

    @property
    def seconds(self) -> int:
        """What a 429 or 418 tells the client to wait."""
        seconds = self.args.get("seconds", _DEFAULT_SECONDS.get(self.kind))
        if isinstance(seconds, bool) or not isinstance(seconds, int) or not 1 <= seconds <= 259_200:
            raise BadFault("args.seconds: expected a whole number from 1 to 259200")
        return seconds

    @property
    def about(self) -> str | None:
        """The market or currency that a condition is about; None: all."""
        about: str | None = self.args.get("market", self.args.get("currency"))
        return about

    @property
    def fraction(self) -> Decimal:
        """The share of an order's size that a ``partial`` lets through, 0 ≤ share < 1."""
        try:
            share = Decimal(str(self.args.get("fraction")))
        except InvalidOperation:
            share = Decimal(-1)
        if not (share.is_finite() and 0 <= share < 1):
            raise BadFault('args.fraction: expected a decimal string from 0 to below 1, e.g. "0.4"')
        return share

    @property
    def rests(self) -> bool:
        """Does what a ``partial`` leaves unfilled stay open, whatever the order's time in force?"""
        rests = self.args.get("rests", False)
        if not isinstance(rests, bool):
            raise BadFault("args.rests: expected true or false")
        if rests and self.venue is not Venue.UPBIT:
            raise BadFault("args.rests: only orders of upbit can be kept open")
        return rests

    def _check_about(self) -> None:
        if self.about is not None and not isinstance(self.about, str):
            name = "currency" if self.kind is FaultKind.WALLET_CLOSED else "market"
            raise BadFault(f'args.{name}: expected text, e.g. "KRW-BTC" or "BTC"')

    def _check_code(self) -> None:
        """Binance numbers its refusals, Upbit names them, Hyperliquid has only words."""
        code = self.args.get("code")
        if code is not None and self.venue is Venue.HYPERLIQUID:
            raise BadFault("args.code: hyperliquid has no codes, only args.message")
        wanted = int if self.venue is Venue.BINANCE else str
        if code is not None and (isinstance(code, bool) or not isinstance(code, wanted)):
            example = "-2019" if wanted is int else '"insufficient_funds_bid"'
            raise BadFault(f"args.code: expected the venue's code, e.g. {example}")

    def matches(self, venue: Venue, method: str, path: str) -> bool:
        """Is it due for this request?"""
        if venue is not self.venue or self.kind in EVENT_KINDS or self.kind in CONDITIONS:
            return False
        if self.kind in _ORDER_KINDS and (method == "GET" or path == "/info"):
            return False  # a book that is read meanwhile must not use it up
        if self.endpoint == "*":
            return True
        if " " in self.endpoint:
            return self.endpoint == f"{method} {path}"
        return path.startswith(self.endpoint)


class Faults:
    """The faults that are set, oldest first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._listeners: list[Callable[[], None]] = []
        self.clearings = 0
        """How often faults were cleared."""

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)
        self._notify()

    def clear(self) -> None:
        self._faults.clear()
        self.clearings += 1
        self._notify()

    def pending(self) -> tuple[Fault, ...]:
        return tuple(self._faults)

    def subscribe(self, callback: Callable[[], None]) -> None:
        """``callback()`` is called when faults were added or cleared."""
        self._listeners.append(callback)

    def take(self, venue: Venue, method: str, path: str) -> Fault | None:
        """The oldest fault of a request that matches, used once; None if there is none."""
        return self._use(lambda fault: fault.matches(venue, method, path))

    def take_event(self, venue: Venue, event: str) -> FaultKind | None:
        """What is to happen to an event that is about to be sent; None: just send it."""
        fault = self._use(
            lambda fault: (
                fault.venue is venue
                and fault.kind in EVENT_KINDS
                and (fault.endpoint == "*" or event.startswith(fault.endpoint))
            )
        )
        return None if fault is None else fault.kind

    def take_refusal(self, venue: Venue) -> Fault | None:
        """A ``refuse_connection`` for a server to play by itself: taken off as a whole."""
        for fault in self._faults:
            if fault.venue is venue and fault.kind is FaultKind.REFUSE_CONNECTION:
                self._faults.remove(fault)
                return fault
        return None

    def holds(self, kind: FaultKind, venue: Venue, about: str | None = None) -> bool:
        """Is the condition set, for this market or currency or for all?"""
        for fault in self._faults:
            if fault.kind is kind and fault.venue is venue and fault.about in (None, about):
                return True
        return False

    def _use(self, is_due: Callable[[Fault], bool]) -> Fault | None:
        for fault in self._faults:
            if is_due(fault):
                fault.times -= 1
                if fault.times == 0:
                    self._faults.remove(fault)
                return fault
        return None

    def _notify(self) -> None:
        for listener in self._listeners:
            listener()


def _listed(names: tuple[str, ...]) -> str:
    return f"only {' and '.join(names)}" if names else "no args"


Process = Callable[[Request, Fault | None], Awaitable[Response]]
"""A front's own handling: the request, and a ``reject``, ``insufficient`` or ``partial`` to show
(or None)."""


@dataclass(frozen=True, slots=True)
class Answers:
    """A venue's words for what happens around a request rather than to it."""

    server_error: Callable[[], Response]
    """HTTP 500."""
    status_unknown: Callable[[], Response]
    """HTTP 503 that leaves open whether the request was carried out."""
    maintenance: Callable[[], Response]
    limited: Callable[[int, bool], Response]
    """``limited(seconds, banned)``: 429, or 418 when banned."""


async def with_faults(
    process: Process, request: Request, *, venue: Venue, faults: Faults, answers: Answers
) -> Response:
    """Answer ``request`` through ``process``, playing the fault that is due for it.

    Raises :class:`Vanish` when no answer is to come, ConnectionRefused when nobody listens.
    """
    if faults.holds(FaultKind.MAINTENANCE, venue):
        return answers.maintenance()
    fault = faults.take(venue, request.method, request.path)
    if fault is None:
        return await process(request, None)
    match fault.kind:
        case FaultKind.REFUSE_CONNECTION:
            raise ConnectionRefused
        case FaultKind.LOSE_REQUEST:
            raise Vanish(processed=False)
        case FaultKind.LOSE_REPLY:
            await process(request, None)
            raise Vanish(processed=True)
        case FaultKind.DELAY:
            await asyncio.sleep(fault.delay_s)
            return await process(request, None)
        case FaultKind.HTTP_500:
            return answers.server_error()
        case FaultKind.HTTP_503_UNKNOWN:
            await process(request, None)
            return answers.status_unknown()
        case FaultKind.RATE_LIMITED | FaultKind.BANNED:
            return answers.limited(fault.seconds, fault.kind is FaultKind.BANNED)
        case _:  # what the venue decides: reject, insufficient, partial
            return await process(request, fault)
