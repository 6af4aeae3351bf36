"""The bank rate, KRW per USD, from an address that answers in Upbit CRIX shape.

A JSON array of objects of which ``code`` ``FRX.KRWUSD`` counts: ``basePrice``
is KRW per 1 USD (a number; some mirrors send text), ``timestamp`` milliseconds.
The address is undocumented and unversioned, so every field is checked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from urllib.parse import urlsplit

from exchanges.transport import Request, Transport, TransportError
from tasks.errors import FxUnreadable

CODE = "FRX.KRWUSD"
LOWEST, HIGHEST = Decimal(500), Decimal(5000)
"""Outside is a fault of the source: KRW per USD has kept within 700 to 2,000 since 1997."""

MOST_DECIMALS = 8
"""The bank rate has two; a number that goes on for ever could not be booked exactly."""


@dataclass(frozen=True, slots=True)
class FxReading:
    krw_per_usd: Decimal
    observed_at: datetime
    """As the source dates it."""
    source: str
    """The host that said it."""


class FxSource:
    """Reads one address."""

    def __init__(self, url: str, transport: Transport, timeout_s: float) -> None:
        parts = urlsplit(url)
        self._host = parts.netloc
        self._request = Request("GET", parts.path, parts.query)
        self._transport = transport
        self._timeout_s = timeout_s

    async def read(self) -> FxReading:
        """Ask once; raises FxUnreadable with one sentence."""
        try:
            response = await self._transport.send(self._request, timeout_s=self._timeout_s)
        except TransportError as error:
            raise FxUnreadable(f"{self._host}: no answer: {error}") from error
        if response.status != 200:
            raise FxUnreadable(f"{self._host}: expected HTTP 200, got {response.status}")
        return parse_crix(response.body, self._host)

    async def aclose(self) -> None:
        await self._transport.aclose()


def parse_crix(body: bytes, source: str) -> FxReading:
    """Read a CRIX answer; raises FxUnreadable naming the field and what was expected."""
    try:
        rows = json.loads(body, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise FxUnreadable(f"{source}: expected JSON, got something else") from error
    if not isinstance(rows, list):
        raise FxUnreadable(f"{source}: expected a JSON array")
    row = next((item for item in rows if isinstance(item, dict) and item.get("code") == CODE), None)
    if row is None:
        raise FxUnreadable(f"{source}: expected a row with code {CODE}")
    try:
        rate = Decimal(str(row["basePrice"]))
        observed_at = datetime.fromtimestamp(int(row["timestamp"]) / 1000, UTC)
    except (KeyError, ValueError, TypeError, InvalidOperation, OverflowError, OSError) as error:
        raise FxUnreadable(f"{source}: expected numbers basePrice and timestamp") from error
    if not rate.is_finite() or not LOWEST <= rate <= HIGHEST or rate != round(rate, MOST_DECIMALS):
        raise FxUnreadable(
            f"{source}: basePrice: expected {LOWEST} to {HIGHEST} with at most {MOST_DECIMALS} "
            f"decimals, got {rate!s:.40}"
        )
    return FxReading(rate, observed_at, source)
