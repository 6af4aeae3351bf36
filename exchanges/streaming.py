"""Keeping a stream alive: connect, serve, and again when it breaks.

What one connection yields is a venue's affair (:data:`Serve`); coming back is
the same everywhere: a pause that doubles, with jitter so that many clients do
not return in one instant, and a connection that is open but mute counts as
dead.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

from exchanges.clock import Clock
from exchanges.errors import AuthenticationFailed, ExchangeError, RateLimited
from exchanges.web_socket import Connection, Disconnected, Frame, WebSocketError

log = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 10.0
HEALTHY_S = 3.0
"""A connection that lasted this long starts the pauses anew: one that is cut now and then is worth
opening again at once, only one that never holds is not."""

HELD_S = 1.0
"""A connection that lasted at least this long is waited for no longer than it lasted: where
connections are cut in a rhythm, the pauses would otherwise eat up more and more of the next one."""

Connect = Callable[[], Awaitable[Connection]]
"""Opens a connection, minting what is good for one only. Raises WebSocketError or ExchangeError,
and :class:`StreamClosed` when there is to be no further one."""

Serve = Callable[[Connection], AsyncGenerator[T, None]]
"""Subscribes, closes the gap since the last connection, then yields what comes. An async
generator; ends by raising WebSocketError or ExchangeError, or by returning to be reconnected."""

Once = Callable[[], AsyncGenerator[T, None]]
"""Connects and serves, and closes its connection. Ends as :data:`Serve` does, and by raising
:class:`StreamClosed`."""


class StreamClosed(Exception):
    """The adapter was closed, and its streams end."""


class Backoff:
    """Pauses between connections."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._pause_s = FIRST_PAUSE_S

    def next_s(self, lasted_s: float) -> float:
        """Seconds to wait now that a connection (or the try) lasted ``lasted_s``."""
        if lasted_s >= HEALTHY_S:
            self._pause_s = FIRST_PAUSE_S
        elif lasted_s >= HELD_S:
            self._pause_s = min(self._pause_s, lasted_s)
        pause_s = self._pause_s * self._chance.uniform(0.5, 1.0)
        self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)
        return pause_s


async def keep_streaming(
    name: str,
    connect: Connect,
    serve: Serve[T],
    clock: Clock,
    *,
    silence_s: float | None,
    chance: random.Random | None = None,
) -> AsyncGenerator[T, None]:
    """Everything that connection after connection yields; ends only with :class:`StreamClosed`.

    Args:
        name: The stream in log lines.
        connect: See :data:`Connect`.
        serve: See :data:`Serve`.
        clock: Where the time is read.
        silence_s: A connection that brings no frame for so long is dropped; None: it may be mute.
        chance: Of the jitter; None: a seed of its own.

    Raises:
        AuthenticationFailed: coming back would not help.
    """

    async def once() -> AsyncGenerator[T, None]:
        connection = await connect()
        try:
            heard = connection if silence_s is None else _Listened(connection, silence_s)
            async with aclosing(serve(heard)) as items:
                async for item in items:
                    yield item
        finally:
            await connection.aclose()

    async with aclosing(keep_coming_back(name, once, clock, chance=chance)) as items:
        async for item in items:
            yield item


async def keep_coming_back(
    name: str, once: Once[T], clock: Clock, *, chance: random.Random | None = None
) -> AsyncGenerator[T, None]:
    """Everything that ``once`` yields, called again and again; ends only with
    :class:`StreamClosed`. Raises AuthenticationFailed: coming back would not help."""
    backoff = Backoff(chance or random.Random())
    while True:
        began = clock.monotonic()
        least_pause_s = 0.0
        try:
            async with aclosing(once()) as items:
                async for item in items:
                    yield item
            reason = "the venue ended it"
        except StreamClosed:
            return
        except AuthenticationFailed:
            raise
        except RateLimited as error:
            reason, least_pause_s = str(error), error.retry_after_s
        except (ExchangeError, WebSocketError) as error:
            reason = str(error)
        pause_s = max(backoff.next_s(clock.monotonic() - began), least_pause_s)
        log.info("%s: %s; connecting again in %.1f s", name, reason, pause_s)
        await asyncio.sleep(pause_s)


async def together(*streams: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """What all of ``streams`` yield, in the order in which it comes: none waits for another, and
    what one knew earlier is not told after what another knew later. Ends or raises with the first
    of them that does, after what the others have ready; closes them all."""
    ready: asyncio.Queue[tuple[asyncio.Task[T], AsyncGenerator[T, None]]] = asyncio.Queue()
    waiting: set[asyncio.Task[T]] = set()

    def ask(stream: AsyncGenerator[T, None]) -> None:
        task = asyncio.ensure_future(anext(stream))
        waiting.add(task)
        task.add_done_callback(lambda done: ready.put_nowait((done, stream)))

    try:
        for stream in streams:
            ask(stream)
        ended: list[asyncio.Task[T]] = []
        while not ended or not ready.empty():
            task, stream = await ready.get()
            waiting.discard(task)
            if task.exception() is not None:
                ended.append(task)
                continue
            yield task.result()
            if not ended:
                ask(stream)
        for task in ended:
            try:
                task.result()
            except StopAsyncIteration:
                return
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for stream in streams:
            await stream.aclose()


class _Listened:
    """A connection that counts as gone when it stays mute."""

    def __init__(self, connection: Connection, silence_s: float) -> None:
        self._connection = connection
        self._silence_s = silence_s

    async def send(self, frame: Frame) -> None:
        await self._connection.send(frame)

    async def receive(self) -> Frame:
        try:
            async with asyncio.timeout(self._silence_s):
                return await self._connection.receive()
        except TimeoutError:
            raise Disconnected(reason=f"mute for {self._silence_s:g} s") from None

    async def aclose(self) -> None:
        await self._connection.aclose()
