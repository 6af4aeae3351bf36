"""One process of a desk that asks as much as its limits let it: ``python -m
tests.exchanges.spending ADAPTER SECONDS LIMITS_DIR API_WALLET VENUE=URL …``.

``API_WALLET``: the key that signs at Hyperliquid, where each process needs one of its own. The
process says ``ready``, waits for a line, and in the end says what it did as JSON (:class:`Spent`
by venue).
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import partial
from itertools import count
from pathlib import Path

from exchanges.adapter_names import AdapterName
from exchanges.clock import SystemClock
from exchanges.credentials import Credentials
from exchanges.endpoints import Endpoints
from exchanges.errors import RateLimited
from exchanges.exchange import Exchange
from exchanges.factory import create_exchange
from exchanges.instrument import Venue
from exchanges.order import Order, OrderType, TimeInForce
from exchanges.side import Side
from tests.exchanges.simulated_desk import CREDENTIALS, TOUCH

_QUANTITY = Decimal("0.01")
_ORDERS_AT_ONCE = 15
_DEAR_AT_ONCE = 15
_OTHERS_AT_ONCE = 7
_PAUSE_S = 0.01
_TIMEOUT_S = 30.0


@dataclass(slots=True)
class Spent:
    orders: int = 0
    questions: int = 0
    held_back: int = 0
    """What our own limits did not let through."""
    cancels: int = 0
    silenced: int = 0
    """Cancels that the venue wanted later."""


class _Spender:
    """One account."""

    def __init__(self, exchange: Exchange, name: str) -> None:
        self._exchange = exchange
        self._names = (f"{name}-{number}" for number in count())
        self.spent = Spent()

    async def spend(self, seconds: float) -> None:
        """More orders and questions at once than are let through, again and again for
        ``seconds``; then a cancel."""
        resting = self._order(resting=True)
        await self._exchange.submit(resting)
        clock = SystemClock()
        end = clock.monotonic() + seconds
        while clock.monotonic() < end:
            placed = await asyncio.gather(*map(self._try, [self._place] * _ORDERS_AT_ONCE))
            asked = await asyncio.gather(*map(self._try, self._questions()))
            self.spent.orders += sum(placed)
            self.spent.questions += sum(asked)
            await asyncio.sleep(_PAUSE_S)
        await self._cancel(resting)

    async def _cancel(self, resting: Order) -> None:
        """Our own limits always have room for it. Where a request before it came too late to be
        within them, as those of starved processes may, it waits until the venue's word is over."""
        while not self.spent.cancels:
            try:
                await self._exchange.cancel("BTC", resting.client_order_id)
            except RateLimited as error:
                if "used up" in str(error):
                    return
                self.spent.silenced += 1
                await asyncio.sleep(error.retry_after_s)
            else:
                self.spent.cancels += 1

    async def _try(self, work: Callable[[], Awaitable[object]]) -> bool:
        try:
            await work()
        except RateLimited:
            self.spent.held_back += 1
            return False
        return True

    async def _place(self) -> None:
        booking = self._exchange.book_order()
        await self._exchange.submit(self._order(), booking)

    def _questions(self) -> Sequence[Callable[[], Awaitable[object]]]:
        """Many of the dearest, and some of the others."""
        exchange, since = self._exchange, SystemClock().now()
        dear = partial(exchange.funding, "BTC", since)
        others = (
            partial(exchange.open_orders, "BTC"),
            partial(exchange.fills, "BTC", since),
            partial(exchange.position, "BTC"),
            partial(exchange.book, "BTC"),
            exchange.balances,
        )
        return [*[dear] * _DEAR_AT_ONCE, *others * _OTHERS_AT_ONCE]

    def _order(self, *, resting: bool = False) -> Order:
        """Of no effect: nothing is there to trade with."""
        return Order(
            next(self._names),
            "BTC",
            Side.BUY,
            OrderType.LIMIT,
            _QUANTITY,
            TOUCH[self._exchange.venue].bid,
            None if resting else TimeInForce.IOC,
        )


async def main(
    adapter: AdapterName, seconds: float, limits: Path, api_wallet: str, urls: Sequence[str]
) -> None:
    account = CREDENTIALS[Venue.HYPERLIQUID].access_key
    credentials = {**CREDENTIALS, Venue.HYPERLIQUID: Credentials(account, api_wallet)}
    async with AsyncExitStack() as stack:
        spenders: dict[str, _Spender] = {}
        for venue, _, url in (each.partition("=") for each in urls):
            exchange = create_exchange(
                Venue(venue),
                adapter=adapter,
                credentials=credentials[Venue(venue)],
                endpoints=Endpoints(url),
                clock=SystemClock(),
                timeout_s=_TIMEOUT_S,
                limits_file=limits / venue,
            )
            stack.push_async_callback(exchange.aclose)
            await exchange.rules("BTC")
            spenders[venue] = _Spender(exchange, f"kimp-{SystemClock().now():%M%S%f}")
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        async with asyncio.TaskGroup() as group:
            for spender in spenders.values():
                group.create_task(spender.spend(seconds))
        print(json.dumps({venue: asdict(one.spent) for venue, one in spenders.items()}))


if __name__ == "__main__":
    _, _adapter, _seconds, _limits, _wallet, *_urls = sys.argv
    _named: AdapterName = "ccxt" if _adapter == "ccxt" else "direct"
    asyncio.run(main(_named, float(_seconds), Path(_limits), _wallet, _urls))
