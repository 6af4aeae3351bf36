"""Histories that come in pages."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import TypeVar

_FULL = 500
"""Rows of a full page; some histories have longer ones (Hyperliquid docs, "Info endpoint")."""

P = TypeVar("P")

AskPage = Callable[[int, int], Awaitable[P]]
"""The rows from a first to a last millisecond. Raises as questions do."""


async def pages(
    ask: AskPage[P], times: Callable[[P], Sequence[int]], start: int, end: int
) -> AsyncGenerator[P, None]:
    """Pages that together hold every row from the first to the last millisecond; a row may come
    twice. ``times`` are the milliseconds of a page's rows, in the venue's order.

    The docs continue with the last row's time as the next start. Pages were also seen with the
    newest row first; then the rest is before them. Raises as ``ask`` does.
    """
    while start <= end:
        page = await ask(start, end)
        yield page
        seen = times(page)
        if len(seen) < _FULL:
            return
        if seen[0] <= seen[-1]:
            start = max(seen[-1], start + 1)
        else:
            end = min(seen[-1], end - 1)
