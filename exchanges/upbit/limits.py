"""Upbit's rate limits as data.

Source: Upbit docs, "Rate limits" (2026-10). Private calls are counted by pocket, market data by
address, messages of a stream by connection. Orders: 12 a second since 2026-08-21. A cancel counts
as a private call, not as an order; cancelling many at once has a limit of its own.
"""

from __future__ import annotations

import re

from exchanges.rate_budget import LATE_S, RateBudget
from exchanges.rate_window import RatePool
from exchanges.transport import Response

ORDER = "order"
ORDER_CANCEL_ALL = "order-cancel-all"
DEFAULT = "default"
ORDERBOOK = "orderbook"
CANDLES = "candles"
TICKER = "ticker"
WEBSOCKET_CONNECT = "websocket-connect"
WEBSOCKET_MESSAGE = "websocket-message"
WEBSOCKET_MESSAGE_1M = "websocket-message-1m"

SECOND_S = 1 + LATE_S
"""The venue counts by arrival: two requests that leave a second apart may arrive closer together,
by as much as their ways differ."""

POOLS = (
    RatePool(ORDER, limit=12, interval_s=SECOND_S, reserve=4),
    RatePool(ORDER_CANCEL_ALL, limit=1, interval_s=2, reserve=0),
    RatePool(DEFAULT, limit=30, interval_s=SECOND_S, reserve=10),
    RatePool(ORDERBOOK, limit=10, interval_s=SECOND_S, reserve=1),
    RatePool(CANDLES, limit=10, interval_s=SECOND_S, reserve=0),
    RatePool(TICKER, limit=10, interval_s=SECOND_S, reserve=0),
    RatePool(WEBSOCKET_CONNECT, limit=5, interval_s=SECOND_S, reserve=0),
)
CONNECTION_POOLS = (
    RatePool(WEBSOCKET_MESSAGE, limit=5, interval_s=SECOND_S, reserve=0),
    RatePool(WEBSOCKET_MESSAGE_1M, limit=100, interval_s=60, reserve=0),
)
"""Of each WebSocket by itself."""

RETRY_S = 1.0
"""After a 429: one window."""
BAN_S = 60.0
"""After the first 418 that does not say how long."""

_REMAINING = re.compile(r"group=([\w.-]+);.*?\bsec=(\d{1,6})(?!\d)")


def observe_headers(budget: RateBudget, response: Response) -> None:
    """Believe ``Remaining-Req: group=default; min=1800; sec=29``; ``min`` has been dead for
    years. Group names may carry a prefix (``exchange.default``); unknown ones are passed over."""
    match = _REMAINING.search(response.headers.get("remaining-req", ""))
    if match is None:
        return
    group = match[1].rpartition(".")[2]
    if budget.has_pool(group):
        budget.observe_left(group, int(match[2]))
