"""Work of a library that blocks, in a thread that can be left behind.

A pool's threads are waited for when the program ends; one that hangs in a half-dead connection
would hold the executor's end up. One at a time: a second one is refused while the first hangs.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

from tasks.alerting.channel import ChannelAway

T = TypeVar("T")


class DaemonWork:
    """Runs one piece of work at a time in a daemon thread."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._is_free = threading.Event()
        self._is_free.set()

    async def run(self, work: Callable[[], T]) -> T:
        """The result of ``work`` or its exception. Cancelled, it leaves the work to itself.

        Raises:
            ChannelAway: the work before still hangs.
        """
        if not self._is_free.is_set():
            raise ChannelAway("the attempt before still hangs")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def finish(result: T | None, error: BaseException | None) -> None:
            if done.done():  # nobody waits any more
                return
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(result)  # type: ignore[arg-type]

        def body() -> None:
            result, error = None, None
            try:
                result = work()
            except BaseException as failure:
                error = failure
            # Before its end is told: whoever hears of that may come with the next work at once.
            self._is_free.set()
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(finish, result, error)

        self._is_free.clear()
        try:
            threading.Thread(target=body, name=self._name, daemon=True).start()
        except RuntimeError:  # the machine has no more of them
            self._is_free.set()
            raise
        return await done
