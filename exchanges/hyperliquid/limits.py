"""Hyperliquid's rate limits as data.

Source: Hyperliquid docs, "Rate limits and user limits": 1,200 weight a minute per IP address for
all requests together, an unbatched action weighs 1; l2Book, clearinghouseState and orderStatus
weigh 2, the other questions asked here 20, histories one more for every 20 rows. What the rows will
weigh is taken beforehand, as a page may have them, and corrected when they are here. Nothing is
said in headers.
"""

from __future__ import annotations

import orjson

from exchanges.rate_budget import RateBudget
from exchanges.rate_window import RatePool
from exchanges.transport import Request, Response
from exchanges.venue_client import Costs

WEIGHT = "weight"

POOLS = (RatePool(WEIGHT, limit=1_200, interval_s=60, reserve=300),)

ACTION: Costs = {WEIGHT: 1}
LIGHT: Costs = {WEIGHT: 2}
QUESTION: Costs = {WEIGHT: 20}
CANDLES: Costs = {WEIGHT: 25}
"""A day of five minutes each: one more for every 60 rows."""
ORDER_FILLS: Costs = {WEIGHT: 22}
"""An order rarely has more than 40 trades."""
LEDGER: Costs = {WEIGHT: 22}
"""Money is not moved more than 40 times in a few days."""
HISTORY: Costs = {WEIGHT: 45}
"""A page of 500 rows."""

RETRY_S = 10.0
"""After a 429 that does not say how long."""
BAN_S = 120.0
"""After a 418 that does not say how long."""


_ROWS = 20
_CANDLES = 60
"""So many rows weigh one more."""


def weighed(request: Request, response: Response, costs: Costs) -> Costs:
    """What a question has weighed, by the rows of its answer where these weigh: it is not said
    whether those beyond the last full 20 do, so they count. An answer that cannot be read leaves it
    as it was booked."""
    if costs[WEIGHT] <= QUESTION[WEIGHT]:
        return costs
    try:
        rows = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return costs
    if not isinstance(rows, list):
        return costs
    each = _CANDLES if orjson.loads(request.body)["type"] == "candleSnapshot" else _ROWS
    return {WEIGHT: QUESTION[WEIGHT] + -(-len(rows) // each)}


def observe_headers(budget: RateBudget, response: Response) -> None:
    """There is nothing to learn from them."""
