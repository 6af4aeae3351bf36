"""The signature of a request to Binance.

HMAC-SHA256 in hex over the query string exactly as it is sent, with the time
in it. Source: Binance docs, USDⓈ-M futures, "General info", signed endpoints.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from exchanges.credentials import Credentials

Parameters = Sequence[tuple[str, str]]
"""Names and values, unescaped, in the order they are sent."""

RECEIVE_WINDOW_MS = 5_000
"""The venue refuses a request that is older on arrival: an order delayed on the wire must not
trade late."""


def query_string(parameters: Parameters) -> str:
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters)


def signature(credentials: Credentials, payload: str) -> str:
    secret = credentials.secret_key.encode()
    return hmac.digest(secret, payload.encode(), hashlib.sha256).hex()


def signed_query(credentials: Credentials, parameters: Parameters, venue_time: datetime) -> str:
    """The whole query: ``parameters``, window, time on the venue's clock, and the signature."""
    payload = query_string(
        [
            *parameters,
            ("recvWindow", str(RECEIVE_WINDOW_MS)),
            ("timestamp", str(int(venue_time.timestamp() * 1000))),
        ]
    )
    return f"{payload}&signature={signature(credentials, payload)}"
