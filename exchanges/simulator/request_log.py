"""What reached the simulated venues and when. Never headers, bodies or signatures."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from exchanges.instrument import Venue

KEPT = 20_000
"""Requests remembered; older ones are forgotten so that memory stays flat."""


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    arrival_ns: int
    """Unix time in nanoseconds."""
    venue: Venue
    method: str
    path: str
    client_order_id: str | None


class RequestLog:
    """The last requests, oldest first, shared by all fronts."""

    def __init__(self, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._now_ns = now_ns
        self._requests: deque[LoggedRequest] = deque(maxlen=KEPT)

    def record(
        self, venue: Venue, method: str, path: str, client_order_id: str | None = None
    ) -> None:
        """Note an arrival. Called first thing by a front, so that a lost request shows too."""
        self._requests.append(LoggedRequest(self._now_ns(), venue, method, path, client_order_id))

    def requests(self) -> tuple[LoggedRequest, ...]:
        return tuple(self._requests)
