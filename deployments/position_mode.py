"""Whether the perpetual account nets its positions, as the desk needs it.

In hedge mode Binance keeps a long and a short side by side and refuses ``reduceOnly`` (Binance
USDⓈ-M docs, "Get Current Position Mode").
"""

from __future__ import annotations

from pathlib import Path

import orjson

from exchanges.binance.client import BinanceClient
from exchanges.binance.limits import WEIGHT
from exchanges.clock import Clock
from exchanges.credentials import Credentials
from exchanges.endpoints import Endpoints
from exchanges.errors import BadReply
from exchanges.http_transport import HttpTransport
from exchanges.instrument import Venue

COST = {WEIGHT: 30}
TIMEOUT_S = 3.0


async def hedge_mode(
    endpoints: Endpoints, credentials: Credentials, clock: Clock, limits_file: Path
) -> bool:
    """True for hedge mode, False for one-way mode. Raises ExchangeError and OSError."""
    client = BinanceClient(HttpTransport(endpoints), credentials, clock, TIMEOUT_S, limits_file)
    try:
        await client.ask_time()
        response = await client.ask("GET", "/fapi/v1/positionSide/dual", (), COST)
    finally:
        await client.aclose()
    try:
        return bool(orjson.loads(response.body)["dualSidePosition"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise BadReply(Venue.BINANCE, "the position mode cannot be read") from None
