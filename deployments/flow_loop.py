"""The thread in which a hot worker's flows run, apart from the one that takes signals in.

A flow that blocks its loop, or leaves it with ``sys.exit``, then holds up other flows' telling and
no signal's decision.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any

import uvloop
from prefect.context import AsyncClientContext

log = logging.getLogger(__name__)

TICK_S = 0.2
STOP_S = 3.0


@dataclass(slots=True)
class FlowTask:
    """Something that runs in a flow loop."""

    loop: asyncio.AbstractEventLoop
    ended: Future[None] = field(default_factory=Future)
    """Done when nothing of it goes on any more, however it ended."""
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    """Belongs to the loop's thread."""

    def cancel(self) -> None:
        """From any thread."""
        self.loop.call_soon_threadsafe(lambda: [task.cancel() for task in self.tasks])

    async def wait(self, timeout_s: float | None = None) -> bool:
        """From any loop: has it ended within ``timeout_s``?"""
        ended = asyncio.wrap_future(self.ended)
        await asyncio.wait({ended}, timeout=timeout_s)
        return self.ended.done()


class FlowLoop:
    """An event loop in a thread of its own, with one Prefect client for all that runs in it."""

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._inside = Context()
        self._ticked = time.monotonic()
        # A daemon: a flow that never gives way must not keep the process from ending.
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._work,), name="flows", daemon=True
        )

    async def start(self) -> None:
        """Returns when it takes work; raises RuntimeError when it cannot."""
        self._thread.start()
        await asyncio.to_thread(self._ready.wait)
        if not self._thread.is_alive():
            raise RuntimeError("the thread for flows has ended at its start; the log says why")

    @property
    def blocked_s(self) -> float:
        """For how long nothing in it could go on, in seconds."""
        return max(0.0, time.monotonic() - self._ticked - TICK_S)

    def run(self, work: Callable[[], Coroutine[Any, Any, None]]) -> FlowTask:
        """Start ``work`` in it, from any thread."""
        started = FlowTask(self._loop)

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()):
                log.error("a flow's task failed: %s", error)
            started.ended.set_result(None)

        def begin() -> None:
            task = self._loop.create_task(work())
            started.tasks.append(task)
            task.add_done_callback(ended)

        self._loop.call_soon_threadsafe(begin, context=self._inside.copy())
        return started

    def current_task(self) -> asyncio.Task[Any] | None:
        """What has its thread now."""
        return asyncio.current_task(self._loop)

    def stack(self) -> str:
        """Where its thread is now."""
        frame = sys._current_frames().get(self._thread.ident or 0)
        return "".join(traceback.format_stack(frame)) if frame else ""

    async def stop(self) -> None:
        """End it. A thread that does not give way is left to the end of the process."""
        self._loop.call_soon_threadsafe(self._stop.set)
        await asyncio.to_thread(self._thread.join, STOP_S)

    def _work(self) -> None:
        asyncio.set_event_loop(self._loop)
        living = self._loop.create_task(self._live())
        while not living.done():
            try:
                self._loop.run_until_complete(living)
            # sys.exit() in a task that a flow has left behind breaks out of the loop. It goes on.
            except BaseException:
                log.exception("the loop for flows was left")
        self._ready.set()
        self._loop.run_until_complete(self._end_rest())
        self._loop.close()

    async def _end_rest(self) -> None:
        rest = asyncio.all_tasks(self._loop) - {asyncio.current_task(self._loop)}
        for task in rest:
            task.cancel()
        if rest:
            await asyncio.wait(rest, timeout=STOP_S)
        await self._loop.shutdown_asyncgens()

    async def _live(self) -> None:
        async with AsyncClientContext():
            self._inside = copy_context()
            self._ready.set()
            while not self._stop.is_set():
                self._ticked = time.monotonic()
                await asyncio.sleep(TICK_S)
