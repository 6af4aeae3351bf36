"""Upbit's lists of deposits and withdrawals, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from exchanges.errors import BadReply
from exchanges.instrument import Venue
from exchanges.reply import Fields
from exchanges.transfer import Transfer
from exchanges.upbit.signing import Parameters
from exchanges.upbit.transfers import PAGE, transfers_since

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def row(number: int, began: datetime, done: datetime | None, **changes: object) -> Fields:
    values = {
        "type": "deposit", "uuid": f"u{number}", "currency": "BTC", "state": "ACCEPTED",
        "created_at": began.isoformat(), "done_at": done and done.isoformat(), "amount": "1.0",
        "fee": "0.0", "txid": None, "transaction_type": "default",
    }  # fmt: skip
    return Fields(Venue.UPBIT, "deposits", {**values, **changes})


async def found(deposits: Sequence[Fields], since: datetime) -> tuple[Sequence[Transfer], int]:
    """What is found, in how many pages of deposits."""
    asked = []

    async def ask(name: str, which: Parameters) -> Sequence[Fields]:
        if name != "deposits":
            return ()
        page = int(dict(which)["page"])
        asked.append(page)
        return deposits[(page - 1) * PAGE : page * PAGE]

    return await transfers_since(ask, since), len(asked)


async def test_pages_are_read_until_they_are_too_old() -> None:
    hours = [NOW - timedelta(hours=number) for number in range(1_000)]
    deposits = [row(number, at, at) for number, at in enumerate(hours)]

    transfers, pages = await found(deposits, NOW - timedelta(hours=150))

    assert len(transfers) == 151
    assert pages == 4  # the fourth ends more than a week before what was asked for


async def test_what_took_long_counts_from_when_it_was_done() -> None:
    slow = row(1, NOW - timedelta(days=3), NOW - timedelta(minutes=1))

    [transfer], _ = await found([slow], NOW - timedelta(hours=1))

    assert (transfer.time, transfer.change) == (NOW - timedelta(minutes=1), Decimal(1))


async def test_what_is_not_done_is_left_out_also_when_the_venue_lists_it() -> None:
    rows = [row(1, NOW, None, state="PROCESSING"), row(2, NOW, NOW, state="REFUNDED")]

    assert await found(rows, NOW - timedelta(hours=1)) == ([], 1)


async def test_a_list_that_does_not_go_on_ends() -> None:
    page = [row(number, NOW, NOW) for number in range(PAGE)]

    with pytest.raises(BadReply, match="go on"):
        await found(page * 3, NOW)


@pytest.mark.parametrize(
    "changes", [{"amount": "-1"}, {"fee": None}, {"done_at": "soon"}, {"uuid": 5}]
)
async def test_a_row_that_makes_no_sense_is_no_transfer(changes: dict[str, object]) -> None:
    with pytest.raises(BadReply):
        await found([row(1, NOW, NOW, **changes)], NOW)
