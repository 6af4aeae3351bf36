"""Request weight and order counts in fixed windows, and what comes of going on regardless.

Binance docs, USDⓈ-M general info and exchange information: 2,400 weight a minute for an address,
300 orders in 10 seconds and 1,200 a minute for an account, 500 requests in 5 minutes for the
funding endpoints. Windows begin at whole multiples of their length. Who goes on after 429 is
banned with 418, from two minutes to three days, longer each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from exchanges.simulator.binance.refusal import Refused, banned

WEIGHT_PER_MINUTE = 2_400
ORDERS_PER_10_SECONDS = 300
ORDERS_PER_MINUTE = 1_200
FUNDING_READS_PER_5_MINUTES = 500

IGNORED_UNTIL_BAN = 10
"""So many requests into a used-up window make a ban; the venue does not say how many it bears."""
FIRST_BAN_MS = 120_000
LONGEST_BAN_MS = 3 * 86_400_000


@dataclass(slots=True)
class Window:
    """A counter that starts again at each multiple of ``length_ms``."""

    length_ms: int
    limit: int
    _number: int = -1
    _used: int = 0

    def used(self, now_ms: int) -> int:
        if now_ms // self.length_ms != self._number:
            self._number = now_ms // self.length_ms
            self._used = 0
        return self._used

    def fits(self, now_ms: int, amount: int) -> bool:
        return self.used(now_ms) + amount <= self.limit

    def add(self, now_ms: int, amount: int) -> None:
        self._used = self.used(now_ms) + amount

    def retry_after(self, now_ms: int) -> str:
        """Whole seconds until the window ends, at least 1."""
        return str(-(-(self.length_ms - now_ms % self.length_ms) // 1_000))


@dataclass(slots=True)
class _OrderWindows:
    ten_seconds: Window = field(default_factory=lambda: Window(10_000, ORDERS_PER_10_SECONDS))
    minute: Window = field(default_factory=lambda: Window(60_000, ORDERS_PER_MINUTE))


@dataclass(slots=True)
class _Ban:
    """Of one address."""

    until_ms: int = 0
    next_ms: int = FIRST_BAN_MS
    _ignored: int = 0
    _window: int = -1

    def note_ignored(self, now_ms: int, window: int) -> None:
        """Another request was made into the used-up ``window``."""
        if window != self._window:
            self._window, self._ignored = window, 0
        self._ignored += 1
        if self._ignored > IGNORED_UNTIL_BAN:
            self.until_ms = now_ms + self.next_ms
            self.next_ms = min(self.next_ms * 2, LONGEST_BAN_MS)
            self._ignored = 0


@dataclass(slots=True)
class RateLimits:
    """All counters of the venue; every caller counts as one address."""

    _weight: Window = field(default_factory=lambda: Window(60_000, WEIGHT_PER_MINUTE))
    _funding: Window = field(default_factory=lambda: Window(300_000, FUNDING_READS_PER_5_MINUTES))
    _orders: dict[str, _OrderWindows] = field(default_factory=dict)
    _ban: _Ban = field(default_factory=_Ban)

    def check_ban(self, now_ms: int) -> None:
        """Refuse with 418 whatever a banned address asks."""
        if now_ms < self._ban.until_ms:
            raise banned(self._ban.until_ms, now_ms)

    def spend_weight(self, now_ms: int, weight: int) -> None:
        """Count a request; refused with 429 and -1003 when the minute is used up, and with 418
        when that is not heeded."""
        fits = self._weight.fits(now_ms, weight)
        self._weight.add(now_ms, weight)
        if not fits:
            self._ban.note_ignored(now_ms, now_ms // self._weight.length_ms)
            self.check_ban(now_ms)
            raise _too_many(self._weight, now_ms)

    def count_funding_read(self, now_ms: int) -> None:
        """Refused with 429 and -1003 when the five minutes are used up."""
        if not self._funding.fits(now_ms, 1):
            raise _too_many(self._funding, now_ms)
        self._funding.add(now_ms, 1)

    def count_order(self, account: str, now_ms: int, counts: tuple[int, int] = (1, 1)) -> None:
        """Count what an order route counts in ten seconds and in a minute; refused with 429 and
        -1015 when a window is full."""
        windows = self._orders.setdefault(account, _OrderWindows())
        in_windows = (
            (windows.ten_seconds, counts[0], "TEN_SECONDS"),
            (windows.minute, counts[1], "MINUTE"),
        )
        for window, count, name in in_windows:
            if not window.fits(now_ms, count):
                headers = {"retry-after": window.retry_after(now_ms)}
                raise Refused(-1015, window.limit, name, headers=headers)
        for window, count, _ in in_windows:
            window.add(now_ms, count)

    def weight_headers(self, now_ms: int) -> Mapping[str, str]:
        return {"x-mbx-used-weight-1m": str(self._weight.used(now_ms))}

    def order_headers(self, account: str, now_ms: int) -> Mapping[str, str]:
        windows = self._orders.setdefault(account, _OrderWindows())
        return {
            "x-mbx-order-count-10s": str(windows.ten_seconds.used(now_ms)),
            "x-mbx-order-count-1m": str(windows.minute.used(now_ms)),
        }


def _too_many(window: Window, now_ms: int) -> Refused:
    headers = {"retry-after": window.retry_after(now_ms)}
    minutes = window.length_ms // 60_000
    span = "minute" if minutes == 1 else f"{minutes} minutes"
    return Refused(-1003, window.limit, span, headers=headers)
