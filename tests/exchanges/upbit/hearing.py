"""A stream read in the background, for scenarios that go on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Generic, TypeVar

T = TypeVar("T")

PATIENCE_S = 10.0


class Hearing(Generic[T]):
    """What came so far."""

    def __init__(self) -> None:
        self.items: list[T] = []
        self._news = asyncio.Event()

    async def read(self, stream: AsyncGenerator[T, None]) -> None:
        async with aclosing(stream) as items:
            async for item in items:
                self.items.append(item)
                self._news.set()

    async def until(self, is_told: Callable[[T], bool], patience_s: float = PATIENCE_S) -> T:
        """The first item of which ``is_told`` holds; waits for it within bounds."""
        async with asyncio.timeout(patience_s):
            while not any(is_told(item) for item in self.items):
                self._news.clear()
                await self._news.wait()
        return next(item for item in self.items if is_told(item))


async def until(holds: Callable[[], bool]) -> None:
    """Wait within bounds until something holds that tells nobody when it does."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@asynccontextmanager
async def hearing(stream: AsyncGenerator[T, None]) -> AsyncIterator[Hearing[T]]:
    """Read ``stream`` until the block ends; when it breaks, the block breaks."""
    heard: Hearing[T] = Hearing()
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(heard.read(stream))
        yield heard
        reading.cancel()
