"""One comparison, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.desk_operations import IN_DOUBT
from tasks.paper_desk import PaperDesk
from warehouse.records import Difference


async def compared(desk: PaperDesk) -> tuple[bool, Sequence[Difference]]:
    """Reconcile on fresh books, and repair: did all agree, and the differences."""
    await desk.parts.feeds.read_prices()
    record = await desk.parts.operations.reconcile()
    await desk.parts.operations.recover(None, IN_DOUBT)
    return record["agreed"], record["differences"]
