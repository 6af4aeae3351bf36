"""What the venues' order streams say, brought to whoever waits for an order.

News is a hint that the order is worth reading now; what it says is not
believed: the venue's answer to a question is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from exchanges.order import OrderReport


class News:
    """Of one order, for one who waits."""

    def __init__(self) -> None:
        self._heard = asyncio.Event()

    def tell(self) -> None:
        self._heard.set()

    async def wait(self, longest_s: float) -> bool:
        """Until there is news that was not waited for yet, at most ``longest_s`` seconds; was
        there any?"""
        try:
            async with asyncio.timeout(longest_s):
                await self._heard.wait()
        except TimeoutError:
            return False
        self._heard.clear()
        return True


class OrderNews:
    """The waiting of both legs, by client order id."""

    def __init__(self) -> None:
        self._waiting: dict[str, News] = {}
        self.others: Callable[[OrderReport], None] = _not_ours
        """Hears of every order that nobody waits for; must return at once."""

    @contextmanager
    def listening(self, client_order_id: str) -> Iterator[News]:
        """News of the order from now on."""
        news = self._waiting.setdefault(client_order_id, News())
        try:
            yield news
        finally:
            self._waiting.pop(client_order_id, None)

    def heard(self, report: OrderReport) -> None:
        """A stream has told of an order, of anybody's."""
        news = self._waiting.get(report.client_order_id)
        if news is None:
            self.others(report)
        else:
            news.tell()


def told_to(*listeners: Callable[[OrderReport], None]) -> Callable[[OrderReport], None]:
    """All of them, one after the other."""

    def tell(report: OrderReport) -> None:
        for listener in listeners:
            listener(report)

    return tell


def _not_ours(report: OrderReport) -> None:
    """Before somebody wants to hear of such orders."""
