"""Histories that come in pages."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable

from exchanges.hyperliquid.nonces import milliseconds
from exchanges.hyperliquid.parsing import parse_times

_FULL = 500
"""Rows of a full page; some histories have longer ones (Hyperliquid docs, "Info endpoint")."""

AskPage = Callable[[int, int], Awaitable[bytes]]
"""The rows from a first to a last millisecond. Raises as questions do."""


async def pages(what: str, ask: AskPage, start: int, end: int) -> AsyncGenerator[bytes, None]:
    """Replies that together hold every row from the first to the last millisecond; a row may come
    twice.

    The docs continue with the last row's time as the next start. Pages were also seen with the
    newest row first; then the rest is before them. Raises as ``ask`` does.
    """
    while start <= end:
        body = await ask(start, end)
        yield body
        times = [milliseconds(time) for time in parse_times(what, body)]
        if len(times) < _FULL:
            return
        if times[0] <= times[-1]:
            start = max(times[-1], start + 1)
        else:
            end = min(times[-1], end - 1)
