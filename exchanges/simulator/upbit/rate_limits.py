"""Requests that the simulated Upbit lets through.

Counted per group in windows that begin with their first request: by account (Upbit: pocket) on
the exchange API, together for everyone on the quotation API, where the venue counts by address.
Whoever goes on through 429s is shut out for a while, each time longer (Upbit docs, rate limits).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

from exchanges.clock import Clock
from exchanges.simulator.upbit.refusal import Refusal

EVERYONE = "everyone"
"""Who asks without a key."""


class Group(StrEnum):
    ORDER = "order"
    ORDER_TEST = "order-test"
    ORDER_CANCEL_ALL = "order-cancel-all"
    DEFAULT = "default"
    MARKET = "market"
    CANDLE = "candles"
    TRADE = "crix-trades"
    TICKER = "ticker"
    ORDERBOOK = "orderbook"
    WEBSOCKET_CONNECT = "websocket-connect"
    ORIGIN = "origin"
    """Quotations and WebSockets asked for with an Origin header, as browsers do."""


LIMITS: dict[Group, tuple[int, float]] = {
    Group.ORDER: (12, 1),
    Group.ORDER_TEST: (8, 1),
    Group.ORDER_CANCEL_ALL: (1, 2),
    Group.DEFAULT: (30, 1),
    Group.MARKET: (10, 1),
    Group.CANDLE: (10, 1),
    Group.TRADE: (10, 1),
    Group.TICKER: (10, 1),
    Group.ORDERBOOK: (10, 1),
    Group.WEBSOCKET_CONNECT: (5, 1),
    Group.ORIGIN: (1, 10),
}
"""(requests, seconds)"""
MESSAGE_LIMITS: tuple[tuple[int, float], ...] = ((5, 1), (100, 60))
"""(messages, seconds) from a client on one WebSocket; all of them hold."""

IGNORED = 10
"""So many refused requests within IGNORED_S end in a ban. The venue publishes no numbers."""
IGNORED_S = 60.0
FIRST_BAN_S, LONGEST_BAN_S = 60, 86_400
"""Each ban is twice as long as the one before."""


@dataclass(slots=True)
class Window:
    """So many in so many seconds."""

    limit: int
    seconds: float
    _started: float = float("-inf")
    _used: int = 0

    def take(self, now: float) -> bool:
        """Count one, unless it is used up."""
        if now - self._started >= self.seconds:
            self._started, self._used = now, 0
        if self._used >= self.limit:
            return False
        self._used += 1
        return True

    @property
    def left(self) -> int:
        return self.limit - self._used

    def ends_in(self, now: float) -> float:
        """Seconds until there is room again."""
        return self._started + self.seconds - now


@dataclass(slots=True)
class _Offender:
    refused: Window = field(default_factory=lambda: Window(IGNORED - 1, IGNORED_S))
    bans: int = 0
    banned_until: float = float("-inf")


class RateLimits:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[tuple[Group, str], Window] = {}
        self._offenders: dict[str, _Offender] = {}

    def take(self, group: Group, who: str) -> str:
        """Count one request of ``who``; the value of its ``Remaining-Req`` header.

        Raises Refusal 429 when the window is used up, 418 while shut out.
        """
        now = self._clock.monotonic()
        offender = self._offenders.get(who)
        if offender is not None and now < offender.banned_until:
            raise banned(int(offender.banned_until - now) + 1)
        window = self._windows.get((group, who))
        if window is None:
            window = self._windows[group, who] = Window(*LIMITS[group])
        taken = window.take(now)
        # min no longer means anything, and stays at what it was (Upbit docs, rate limits).
        header = f"group={group}; min={LIMITS[group][0] * 60}; sec={window.left}"
        if taken:
            return header
        self._note_refused(who, now)
        raise too_many_requests(header, seconds=math.ceil(window.ends_in(now)))

    def _note_refused(self, who: str, now: float) -> None:
        offender = self._offenders.setdefault(who, _Offender())
        if offender.refused.take(now):
            return
        seconds = min(FIRST_BAN_S * 2**offender.bans, LONGEST_BAN_S)
        self._offenders[who] = _Offender(bans=offender.bans + 1, banned_until=now + seconds)
        raise banned(seconds)


class MessageLimit:
    """Of one WebSocket."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows = [Window(*limit) for limit in MESSAGE_LIMITS]

    def take(self) -> bool:
        """Count one message in every window; False when it is one too many."""
        now = self._clock.monotonic()
        taken = [window.take(now) for window in self._windows]
        return all(taken)


def too_many_requests(remaining: str | None = None, *, seconds: int = 1) -> Refusal:
    """The body is not published; clients go by the status."""
    headers = {"retry-after": str(seconds)}
    if remaining is not None:
        headers["remaining-req"] = remaining
    return Refusal(429, "too_many_requests", "요청 수 제한을 초과했습니다.", headers)


def banned(seconds: int) -> Refusal:
    """The message says how long (Upbit docs, rate limits)."""
    message = f"과도한 요청으로 {seconds}초 동안 요청이 차단되었습니다."
    return Refusal(418, "too_many_requests", message, {"retry-after": str(seconds)})
