"""Binance USDⓈ-M rate limits as data.

Source: Binance docs, USDⓈ-M futures, exchangeInfo ``rateLimits`` and the weight of each endpoint:
2,400 weight a minute per address; 300 orders in 10 s and 1,200 a minute per account. Since June
2026 COIN-M draws on the same counters, which is one more reason to believe the headers.
"""

from __future__ import annotations

from collections.abc import Mapping

from exchanges.rate_budget import RateBudget
from exchanges.rate_window import RatePool
from exchanges.transport import Response

WEIGHT = "weight"
ORDERS_10S = "orders-10s"
ORDERS_1M = "orders-1m"
FUNDING_RATES = "funding-rates"

POOLS = (
    RatePool(WEIGHT, limit=2_400, interval_s=60, reserve=400),
    RatePool(ORDERS_10S, limit=300, interval_s=10, reserve=60),
    RatePool(ORDERS_1M, limit=1_200, interval_s=60, reserve=200),
    RatePool(FUNDING_RATES, limit=500, interval_s=300, reserve=0),
)
ORDER_POOLS = (ORDERS_10S, ORDERS_1M)

PLACE: Mapping[str, int] = {ORDERS_10S: 1, ORDERS_1M: 1}
"""An order draws on both of its pools, and on no weight."""
ONE: Mapping[str, int] = {WEIGHT: 1}
"""An order's state, its cancel, one market's open orders, exchangeInfo, time, listenKey."""
KLINES: Mapping[str, int] = {WEIGHT: 2}
"""From 100 to 499 of them."""
DEPTH_50: Mapping[str, int] = {WEIGHT: 2}
DEPTH_1000: Mapping[str, int] = {WEIGHT: 20}
ACCOUNT: Mapping[str, int] = {WEIGHT: 5}
"""Balance, positionRisk, userTrades."""
COMMISSION: Mapping[str, int] = {WEIGHT: 20}
INCOME: Mapping[str, int] = {WEIGHT: 30}
FEE_BURN: Mapping[str, int] = {WEIGHT: 30}
FUNDING: Mapping[str, int] = {FUNDING_RATES: 1}
"""fundingRate and fundingInfo: one pool of their own for both, and no weight."""

RETRY_S = 10.0
"""After a 429 that does not say how long: the shorter order window."""
BAN_S = 120.0
"""After a 418 that does not say how long: the shortest ban."""

USED_WEIGHT_HEADER = "x-mbx-used-weight-1m"
ORDERS_10S_HEADER = "x-mbx-order-count-10s"
ORDERS_1M_HEADER = "x-mbx-order-count-1m"

_POOL_OF_HEADER = {
    USED_WEIGHT_HEADER: WEIGHT,
    ORDERS_10S_HEADER: ORDERS_10S,
    ORDERS_1M_HEADER: ORDERS_1M,
}


def observe_headers(budget: RateBudget, response: Response) -> None:
    """Believe what the venue says is used."""
    for header, pool in _POOL_OF_HEADER.items():
        used = response.headers.get(header, "")
        if used.isascii() and used.isdigit() and len(used) <= 9:
            budget.observe_used(pool, int(used))
