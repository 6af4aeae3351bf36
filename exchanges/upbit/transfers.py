"""Deposits and withdrawals, from Upbit's two lists.

Upbit docs, "List deposits" and "List withdrawals": newest first, at most 100 a page, by state. A
deposit counts in the balance once it is ``ACCEPTED``; what a withdrawal takes is locked, and so
still in the balance, until it is ``DONE``. Its fee is taken beside the amount.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from exchanges.errors import BadReply
from exchanges.instrument import Venue
from exchanges.reply import Fields
from exchanges.transfer import Transfer, TransferKind
from exchanges.upbit.signing import Parameters

PAGE = 100
_LISTS = (("deposits", "ACCEPTED", 1), ("withdraws", "DONE", -1))
_LONGEST = timedelta(days=7)
"""Lists go by when a transfer began; one that was under way for longer (a check of its sender) is
found only while it is on the first page."""

AskList = Callable[[str, Parameters], Awaitable[Sequence[Fields]]]
"""The rows of ``deposits`` or ``withdraws``. Raises as questions do."""


async def transfers_since(ask: AskList, since: datetime) -> Sequence[Transfer]:
    """Those done at or after ``since``, oldest first. Raises as ``ask`` does, and BadReply."""
    found: dict[str, Transfer] = {}
    for name, done, sign in _LISTS:
        seen: set[str] = set()
        page, is_last = 0, False
        while not is_last:
            page += 1
            which = [("state", done), ("limit", str(PAGE)), ("page", str(page))]
            rows = await ask(name, [*which, ("order_by", "desc")])
            ids = {row.text("uuid") for row in rows}
            if rows and ids <= seen:
                raise BadReply(Venue.UPBIT, f"{name}: expected the list to go on")
            seen |= ids
            for row in rows:
                transfer = _transfer(row, sign)
                if row.text("state") == done and transfer.time >= since:
                    found[transfer.transfer_id] = transfer
            oldest = min((row.iso_time("created_at") for row in rows), default=since)
            is_last = len(rows) < PAGE or oldest < since - _LONGEST
    return sorted(found.values(), key=lambda it: (it.time, it.transfer_id))


def _transfer(row: Fields, sign: int) -> Transfer:
    return Transfer(
        transfer_id=row.text("uuid"),
        kind=TransferKind.PAYMENT,
        called=row.text("type"),
        currency=row.text("currency"),
        amount=sign * row.not_negative("amount"),
        fee=row.not_negative("fee"),
        time=row.iso_time("done_at" if row.has("done_at") else "created_at"),
    )
