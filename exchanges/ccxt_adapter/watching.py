"""ccxt's ``watch_…`` methods as news: called again at once, so that nothing falls between two
calls, and their failures named."""

from __future__ import annotations

import asyncio
import decimal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Generic, TypeVar

import aiohttp

from exchanges.ccxt_adapter.dialect import Watch
from exchanges.errors import ExchangeError
from exchanges.web_socket import Disconnected, NotConnected, WebSocketError

K = TypeVar("K")
V = TypeVar("V")

Watched = tuple[Watch, Callable[[Any], None]]
"""What to call, and who takes what it returns."""


class News(Generic[K, V]):
    """The latest of each kind that was not taken yet."""

    def __init__(self, failure_of: Callable[[NotConnected], Exception]) -> None:
        """``failure_of``: what the refusal of a WebSocket means at the venue."""
        self._failure_of = failure_of
        self._latest: dict[K, V] = {}
        self._failure: Exception | None = None
        self._event = asyncio.Event()

    def put(self, key: K, value: V) -> None:
        self._latest[key] = value
        self._event.set()

    def fail(self, error: BaseException | None) -> None:
        """There will be no more news."""
        failure = _failure(error)
        if isinstance(failure, NotConnected):
            failure = self._failure_of(failure)
        self._failure = self._failure or failure
        self._event.set()

    async def take(self, timeout_s: float) -> dict[K, V]:
        """What is new; empty when nothing is within ``timeout_s`` seconds. When there will be no
        more it raises why."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._event.wait()
        taken, self._latest = self._latest, {}
        if self._failure is None:
            self._event.clear()
        elif not taken:
            raise self._failure
        return taken


@asynccontextmanager
async def watching(watches: Sequence[Watched], news: News[K, V]) -> AsyncIterator[None]:
    """Keep ``watches`` called."""
    tasks = [asyncio.create_task(_pump(watch, take)) for watch, take in watches]

    def ended(task: asyncio.Task[None]) -> None:
        news.fail(None if task.cancelled() else task.exception())

    for task in tasks:
        task.add_done_callback(ended)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _pump(watch: Watch, take: Callable[[Any], None]) -> None:
    # ccxt sets rounding and traps of the decimal context that it finds; what it starts from here
    # finds this one.
    decimal.setcontext(decimal.getcontext().copy())
    while True:
        take(await watch())


def _failure(error: BaseException | None) -> Exception:
    """What has ended a watch, in our terms. ccxt's texts may hold an address with a key."""
    if isinstance(error, ExchangeError | WebSocketError):
        return error
    for cause in (error, *getattr(error, "args", ())):
        if isinstance(cause, aiohttp.WSServerHandshakeError):
            return NotConnected(f"refused with HTTP {cause.status}", status=cause.status)
    return Disconnected(reason="ended" if error is None else type(error).__name__)
