"""Binance USDⓈ-M rate limits as data.

Source: Binance docs, USDⓈ-M futures, exchangeInfo ``rateLimits`` and the weight
of each endpoint: 2,400 weight a minute per address; 300 orders in 10 s and
1,200 a minute per account.
"""

from __future__ import annotations

from collections.abc import Mapping

from exchanges.rate_budget import RateBudget, RatePool
from exchanges.transport import Response

WEIGHT = "weight"
ORDERS_10S = "orders-10s"
ORDERS_1M = "orders-1m"

POOLS = (
    RatePool(WEIGHT, limit=2_400, interval_s=60, reserve=400),
    RatePool(ORDERS_10S, limit=300, interval_s=10, reserve=60),
    RatePool(ORDERS_1M, limit=1_200, interval_s=60, reserve=200),
)
ORDER_POOLS = (ORDERS_10S, ORDERS_1M)

PLACE: Mapping[str, int] = {ORDERS_10S: 1, ORDERS_1M: 1}
ONE: Mapping[str, int] = {WEIGHT: 1}
DEPTH: Mapping[str, int] = {WEIGHT: 2}
ACCOUNT: Mapping[str, int] = {WEIGHT: 5}
COMMISSION: Mapping[str, int] = {WEIGHT: 20}
INCOME: Mapping[str, int] = {WEIGHT: 30}

RETRY_S = 10.0
"""After a 429 that does not say how long: the shorter order window."""
BAN_S = 120.0
"""After a 418 that does not say how long: the shortest ban."""

_USED_HEADERS = {
    "x-mbx-used-weight-1m": WEIGHT,
    "x-mbx-order-count-10s": ORDERS_10S,
    "x-mbx-order-count-1m": ORDERS_1M,
}


def observe_headers(budget: RateBudget, response: Response) -> None:
    """Believe what the venue says is used."""
    for header, pool in _USED_HEADERS.items():
        used = response.headers.get(header, "")
        if used.isascii() and used.isdigit() and len(used) <= 9:
            budget.observe_used(pool, int(used))
