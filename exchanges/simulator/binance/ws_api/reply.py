"""Replies of the WebSocket API: ``result`` or ``error``, and the counters.

Binance docs, USDⓈ-M WebSocket API: ``{"id", "status", "result" | "error", "rateLimits"}``; a
429 or 418 says in ``error.data`` when to come back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from exchanges.simulator.binance.rate_limits import (
    ORDERS_PER_10_SECONDS,
    ORDERS_PER_MINUTE,
    WEIGHT_PER_MINUTE,
)
from exchanges.simulator.binance.refusal import Refused, banned
from exchanges.simulator.faults import Answers
from exchanges.transport import Response

_UNAVAILABLE = {"code": -1008, "msg": "Service Unavailable."}


def refusal(refused: Refused, now_ms: int) -> Response:
    """The error in a frame's words."""
    error: dict[str, Any] = {"code": refused.code, "msg": refused.message}
    if "retry-after" in refused.headers:
        until_ms = now_ms + 1_000 * int(refused.headers["retry-after"])
        error["data"] = {"serverTime": now_ms, "retryAfter": until_ms}
    return _error(refused.status, error)


def answers(now_ms: int) -> Answers:
    """What is said around a request. A status that leaves the outcome open is a 503 with -1007
    here; over REST the same has words of its own."""

    def limited(seconds: int, is_ban: bool) -> Response:
        if is_ban:
            return refusal(banned(now_ms + seconds * 1_000, now_ms), now_ms)
        headers = {"retry-after": str(seconds)}
        return refusal(Refused(-1003, WEIGHT_PER_MINUTE, "minute", headers=headers), now_ms)

    unknown = Refused(-1007)
    return Answers(
        server_error=lambda: refusal(Refused(-1000), now_ms),
        status_unknown=lambda: _error(503, {"code": unknown.code, "msg": unknown.message}),
        maintenance=lambda: _error(503, _UNAVAILABLE),
        limited=limited,
    )


def content(response: Response) -> dict[str, Any]:
    """``status`` and ``result`` or ``error``, ready for a frame."""
    body: dict[str, Any] = orjson.loads(response.body)
    return {"status": response.status, **body}


def rate_limits(headers: Mapping[str, str]) -> list[dict[str, Any]]:
    """The counters that REST writes into headers; those of orders only where orders count."""
    rows = (
        ("ORDERS", "SECOND", 10, ORDERS_PER_10_SECONDS, "x-mbx-order-count-10s"),
        ("ORDERS", "MINUTE", 1, ORDERS_PER_MINUTE, "x-mbx-order-count-1m"),
        ("REQUEST_WEIGHT", "MINUTE", 1, WEIGHT_PER_MINUTE, "x-mbx-used-weight-1m"),
    )
    return [
        {
            "rateLimitType": kind,
            "interval": interval,
            "intervalNum": number,
            "limit": limit,
            "count": int(headers[name]),
        }
        for kind, interval, number, limit, name in rows
        if name in headers
    ]


def _error(status: int, error: Mapping[str, Any]) -> Response:
    return Response(status, {}, orjson.dumps({"error": error}))
