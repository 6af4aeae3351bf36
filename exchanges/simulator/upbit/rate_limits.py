"""Requests per second that the simulated Upbit lets through.

Counted in windows of one second per group: by account on the exchange API,
together for everyone on the quotation API, where the venue counts by address
(Upbit docs, rate limits).
"""

from __future__ import annotations

from enum import StrEnum

from exchanges.clock import Clock
from exchanges.simulator.upbit.refusal import Refusal


class Group(StrEnum):
    ORDER = "order"
    ORDER_TEST = "order-test"
    DEFAULT = "default"
    MARKET = "market"
    CANDLE = "candles"
    TRADE = "crix-trades"
    TICKER = "ticker"
    ORDERBOOK = "orderbook"


PER_SECOND = {
    Group.ORDER: 12,
    Group.ORDER_TEST: 8,
    Group.DEFAULT: 30,
    Group.MARKET: 10,
    Group.CANDLE: 10,
    Group.TRADE: 10,
    Group.TICKER: 10,
    Group.ORDERBOOK: 10,
}


class RateLimits:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[tuple[Group, str], tuple[int, int]] = {}

    def take(self, group: Group, who: str) -> str:
        """Count one request of ``who``; the value of its ``Remaining-Req`` header.

        Raises Refusal 429 when the second is used up. ``min`` no longer means anything.
        """
        second = int(self._clock.monotonic())
        window, used = self._windows.get((group, who), (second, 0))
        if window != second:
            used = 0
        if used >= PER_SECOND[group]:
            raise Refusal(429, "too_many_requests", "요청 수 제한을 초과했습니다.")
        self._windows[group, who] = (second, used + 1)
        limit = PER_SECOND[group]
        return f"group={group}; min={limit * 60}; sec={limit - used - 1}"
