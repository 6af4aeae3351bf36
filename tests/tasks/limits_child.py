"""A process that places as many Upbit orders as the limits of its KIMP_HOME let through
without their reserve.

``python -m tests.tasks.limits_child NAME SECONDS``; begins at a line on stdin, ends with the number
of orders sent and of refusals by the venue on stdout.
"""

from __future__ import annotations

import asyncio
import sys
from decimal import Decimal

from exchanges.clock import SystemClock
from exchanges.credentials import Credentials
from exchanges.errors import RateLimited
from exchanges.instrument import Venue
from exchanges.order import Order, OrderType
from exchanges.side import Side
from tasks.pair import LegName
from tasks.settings_loading import load_settings
from tasks.venue_connections import connect
from tests.tasks.executors import KEY, SECRET


async def main(name: str, seconds: float) -> None:
    clock, key = SystemClock(), Credentials(KEY, SECRET)
    exchanges = connect(load_settings(), {Venue.UPBIT: key, Venue.BINANCE: key}, clock)
    spot = exchanges[LegName.SPOT]
    rules = await spot.rules("BTC")
    print("ready", flush=True)
    sys.stdin.readline()
    ends = clock.monotonic() + seconds
    sent = refused = number = 0
    while clock.monotonic() < ends:
        number += 1
        price = rules.price_down(Decimal(50_000_000))
        order = Order(f"{name}-{number}", "BTC", Side.BUY, OrderType.LIMIT, Decimal("0.001"), price)
        try:
            await spot.submit(order, spot.book_order())
            sent += 1
        except RateLimited as error:
            refused += not error.message.startswith("not sent")
            await asyncio.sleep(min(error.retry_after_s, 0.05))
    for exchange in exchanges.values():
        await exchange.aclose()
    print(sent, refused)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
