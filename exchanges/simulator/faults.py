"""Faults that a simulated venue is told to show, and the one place that plays the wire's own.

A fault sits in the book until it was used up; the first one that matches a
request is taken. What happens on the wire (a lost request, a lost reply, a
delay, a bare 500) is the same at every venue and is done by
:func:`with_faults`; what a venue decides (``reject``, ``partial``) is handed to
the front, which answers in the venue's own words.
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


class BadFault(ValueError):
    """A fault that cannot be set; ``str()`` is one sentence naming the field."""


class FaultKind(StrEnum):
    REJECT = "reject"
    """A definite no. args may carry ``code`` and ``message`` of the venue's own."""
    LOSE_REQUEST = "lose_request"
    """Never processed, no answer."""
    LOSE_REPLY = "lose_reply"
    """Processed, no answer."""
    DELAY = "delay"
    """Processed and answered ``ms`` milliseconds later."""
    HTTP_500 = "http_500"
    """Not processed; the answer is a server error that does not say so."""
    PARTIAL = "partial"
    """The order fills at most the share ``fraction`` of its size, the rest ends unfilled."""


ALLOWED_ARGS: Mapping[FaultKind, tuple[str, ...]] = {
    FaultKind.REJECT: ("code", "message"),
    FaultKind.LOSE_REQUEST: (),
    FaultKind.LOSE_REPLY: (),
    FaultKind.DELAY: ("ms",),
    FaultKind.HTTP_500: (),
    FaultKind.PARTIAL: ("fraction",),
}


@dataclass(slots=True)
class Fault:
    """``endpoint`` is ``"POST /v1/orders"``, the beginning of a path, or ``"*"``."""

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
            if name not in ALLOWED_ARGS[self.kind]:
                raise BadFault(f"args.{name}: {self.kind} takes {_listed(ALLOWED_ARGS[self.kind])}")
        match self.kind:  # refuse bad args now, not when the request comes
            case FaultKind.DELAY:
                _ = self.delay_s
            case FaultKind.PARTIAL:
                _ = self.fraction
            case FaultKind.REJECT:
                self._check_code()

    @property
    def delay_s(self) -> float:
        """Seconds of a ``delay``."""
        milliseconds = self.args.get("ms")
        if isinstance(milliseconds, bool) or not isinstance(milliseconds, int):
            raise BadFault('args.ms: expected a whole number of milliseconds, e.g. {"ms": 250}')
        if not 0 <= milliseconds <= 600_000:
            raise BadFault("args.ms: expected a number from 0 to 600000")
        return milliseconds / 1000

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

    def _check_code(self) -> None:
        """Binance numbers its refusals, Upbit names them."""
        code = self.args.get("code")
        wanted = int if self.venue is Venue.BINANCE else str
        if code is not None and (isinstance(code, bool) or not isinstance(code, wanted)):
            example = "-2019" if wanted is int else '"insufficient_funds_bid"'
            raise BadFault(f"args.code: expected the venue's code, e.g. {example}")

    def matches(self, venue: Venue, method: str, path: str) -> bool:
        if venue is not self.venue:
            return False
        if self.kind is FaultKind.PARTIAL and method != "POST":
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

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def clear(self) -> None:
        self._faults.clear()

    def pending(self) -> tuple[Fault, ...]:
        return tuple(self._faults)

    def take(self, venue: Venue, method: str, path: str) -> Fault | None:
        """The oldest fault that matches, used once; None if there is none."""
        for fault in self._faults:
            if fault.matches(venue, method, path):
                fault.times -= 1
                if fault.times == 0:
                    self._faults.remove(fault)
                return fault
        return None


def _listed(names: tuple[str, ...]) -> str:
    return f"only {' and '.join(names)}" if names else "no args"


Process = Callable[[Request, Fault | None], Awaitable[Response]]
"""A front's own handling: the request, and a ``reject`` or ``partial`` to show (or None)."""


async def with_faults(
    process: Process,
    request: Request,
    *,
    venue: Venue,
    faults: Faults,
    server_error: Response,
) -> Response:
    """Answer ``request`` through ``process``, playing the fault that is due for it.

    ``server_error`` is the venue's own HTTP 500 answer. Raises :class:`Vanish` when no answer
    is to come.
    """
    fault = faults.take(venue, request.method, request.path)
    if fault is None:
        return await process(request, None)
    match fault.kind:
        case FaultKind.LOSE_REQUEST:
            raise Vanish(processed=False)
        case FaultKind.LOSE_REPLY:
            await process(request, None)
            raise Vanish(processed=True)
        case FaultKind.DELAY:
            await asyncio.sleep(fault.delay_s)
            return await process(request, None)
        case FaultKind.HTTP_500:
            return server_error
        case FaultKind.REJECT | FaultKind.PARTIAL:
            return await process(request, fault)
