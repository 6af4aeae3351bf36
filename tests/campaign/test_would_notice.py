"""A desk that is broken in one place does not pass a campaign."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from exchanges.errors import OutcomeUnknown, VenueUnavailable
from exchanges.instrument import Venue
from exchanges.transport import Request, Response
from tasks.exit_judge import ExitJudge, Judged
from tasks.leg_venue import LegVenue
from tasks.pair import Pair
from tasks.trading import Trading
from tests.campaign.batch import run_batch
from tests.campaign.mortal import MortalJournal, MortalTransport
from tests.campaign.tally import Tally
from tests.tasks.desks import PLACE
from warehouse.records import RecordType

T = TypeVar("T")
Break = Callable[[pytest.MonkeyPatch], None]

ENOUGH = 200
"""Schedules within which each of these shows."""


def takes_unequal_legs_for_hedged(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Trading, "is_matched", lambda self, pair: True)


def takes_unknown_for_not_sent(patch: pytest.MonkeyPatch) -> None:
    call = LegVenue.call

    async def careless(venue: LegVenue, awaitable: Awaitable[T]) -> T:
        try:
            return await call(venue, awaitable)
        except OutcomeUnknown as error:
            raise VenueUnavailable(error.venue, error.message) from None

    patch.setattr(LegVenue, "call", careless)


def sends_each_order_twice(patch: pytest.MonkeyPatch) -> None:
    send = MortalTransport.send

    async def twice(wire: MortalTransport, request: Request, *, timeout_s: float) -> Response:
        if f"{request.method} {request.path}" in PLACE.values():
            await send(wire, request, timeout_s=timeout_s)
        return await send(wire, request, timeout_s=timeout_s)

    patch.setattr(MortalTransport, "send", twice)


def keeps_no_record_of_what_it_sends(patch: pytest.MonkeyPatch) -> None:
    write = MortalJournal.write

    def forgetful(journal: MortalJournal, kind: RecordType, body: Mapping[str, Any]) -> int:
        return 0 if kind == RecordType.ORDER_INTENDED else write(journal, kind, body)

    patch.setattr(MortalJournal, "write", forgetful)


def leaves_at_any_price(patch: pytest.MonkeyPatch) -> None:
    judge = ExitJudge.judge

    def careless(self: ExitJudge, pair: Pair, slippage_bps: int, **_: object) -> Judged:
        return judge(self, pair, slippage_bps, at_least_krw=Decimal(-(10**9)))

    patch.setattr(ExitJudge, "judge", careless)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (takes_unequal_legs_for_hedged, "is hedged with"),
        (takes_unknown_for_not_sent, "had executed .* when the journal called it unavailable"),
        (sends_each_order_twice, "was sent 2 times"),
        (keeps_no_record_of_what_it_sends, "is not in the journal"),
        (leaves_at_any_price, "was closed at a loss"),
    ],
)
def test_a_broken_desk_does_not_pass(
    monkeypatch: pytest.MonkeyPatch, broken: Break, says: str
) -> None:
    broken(monkeypatch)

    with pytest.raises(AssertionError, match=says):
        run_batch(Venue.BINANCE, 1, ENOUGH, Tally(), shrinks=False)
