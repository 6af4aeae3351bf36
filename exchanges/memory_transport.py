"""A transport that calls a simulated venue in the same process.

What is known after a failure is the same as over HTTP: a venue that does not
answer, or not in time, leaves the request's fate open. A request that timed
out goes on at the venue, as it would behind a real connection.
"""

from __future__ import annotations

import asyncio

from exchanges.simulator.faults import ConnectionRefused, Vanish
from exchanges.simulator.front import RequestFront
from exchanges.transport import Interrupted, NotSent, Request, Response


class MemoryTransport:
    """A :class:`exchanges.transport.Transport` over ``front``."""

    def __init__(self, front: RequestFront) -> None:
        self._front = front
        self._running: set[asyncio.Task[Response]] = set()
        self._closed = False

    async def send(self, request: Request, *, timeout_s: float) -> Response:
        """Hand ``request`` to the venue. Raises NotSent once closed, and Interrupted."""
        if self._closed:
            raise NotSent("the transport is closed")
        task = asyncio.create_task(self._front.handle(request))
        self._running.add(task)
        task.add_done_callback(self._forget)
        done, _ = await asyncio.wait([task], timeout=timeout_s)
        if not done:
            raise Interrupted(f"no answer within {timeout_s:g} s")
        try:
            return task.result()
        except ConnectionRefused:
            raise NotSent("nobody listens") from None
        except Vanish:
            raise Interrupted("the connection broke before an answer came") from None

    async def aclose(self) -> None:
        """Refuse further requests; what the venue is still working on is waited for."""
        self._closed = True
        if self._running:
            await asyncio.wait(self._running)

    def _forget(self, task: asyncio.Task[Response]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # seen: a late Vanish is nobody's to handle
