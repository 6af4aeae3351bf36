"""Request weight and order counts in fixed windows.

Binance docs, USDⓈ-M exchange information: 2,400 weight a minute for an
address, 300 orders in 10 seconds and 1,200 a minute for an account. Windows
begin at whole multiples of their length.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from exchanges.simulator.binance.refusal import Refused

WEIGHT_PER_MINUTE = 2_400
ORDERS_PER_10_SECONDS = 300
ORDERS_PER_MINUTE = 1_200

TOO_MANY = 429


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
class RateLimits:
    """All counters of the venue; every caller counts as one address."""

    _weight: Window = field(default_factory=lambda: Window(60_000, WEIGHT_PER_MINUTE))
    _orders: dict[str, _OrderWindows] = field(default_factory=dict)

    def spend_weight(self, now_ms: int, weight: int) -> None:
        """Count a request; refused with 429 and -1003 when the minute is used up."""
        fits = self._weight.fits(now_ms, weight)
        self._weight.add(now_ms, weight)
        if not fits:
            raise Refused(
                -1003,
                WEIGHT_PER_MINUTE,
                status=TOO_MANY,
                headers={"retry-after": self._weight.retry_after(now_ms)},
            )

    def count_order(self, account: str, now_ms: int, orders: int = 1) -> None:
        """Count orders of an account; refused with 429 and -1015 when a window is full."""
        windows = self._orders.setdefault(account, _OrderWindows())
        for window, name in ((windows.ten_seconds, "TEN_SECONDS"), (windows.minute, "MINUTE")):
            if not window.fits(now_ms, orders):
                raise Refused(
                    -1015,
                    window.limit,
                    name,
                    status=TOO_MANY,
                    headers={"retry-after": window.retry_after(now_ms)},
                )
        windows.ten_seconds.add(now_ms, orders)
        windows.minute.add(now_ms, orders)

    def weight_headers(self, now_ms: int) -> Mapping[str, str]:
        return {"x-mbx-used-weight-1m": str(self._weight.used(now_ms))}

    def order_headers(self, account: str, now_ms: int) -> Mapping[str, str]:
        windows = self._orders.setdefault(account, _OrderWindows())
        return {
            "x-mbx-order-count-10s": str(windows.ten_seconds.used(now_ms)),
            "x-mbx-order-count-1m": str(windows.minute.used(now_ms)),
        }
