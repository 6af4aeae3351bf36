"""What the breaker hears of each answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from exchanges.errors import (
    AuthenticationFailed,
    BadReply,
    ExchangeError,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    VenueUnavailable,
)
from exchanges.instrument import Venue
from tasks.circuit_breaker import CircuitState
from tasks.pair import LegName
from tests.tasks.desks import Bench, run

UPBIT = Venue.UPBIT


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (VenueUnavailable(UPBIT, "no"), CircuitState.OPEN),
        (OutcomeUnknown(UPBIT, "no"), CircuitState.OPEN),
        (BadReply(UPBIT, "no"), CircuitState.OPEN),
        (AuthenticationFailed(UPBIT, "no", code="x", status=401), CircuitState.OPEN),
        (RateLimited(UPBIT, "no", retry_after_s=60, banned=True), CircuitState.OPEN),
        (RateLimited(UPBIT, "no", retry_after_s=1, banned=False), CircuitState.CLOSED),
        (OrderRejected(UPBIT, "no", code="x", status=400), CircuitState.CLOSED),
        (OrderNotFound(UPBIT, "no"), CircuitState.CLOSED),
    ],
)
def test_illness_opens_the_circuit_and_an_answer_does_not(
    tmp_path: Path, error: ExchangeError, state: CircuitState
) -> None:
    async def fails() -> None:
        raise error

    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            venue = desk.parts.trading.venues[LegName.SPOT]
            for _ in range(5):
                with pytest.raises(type(error)):
                    await venue.call(fails())
            assert venue.breaker.state is state

    run(tmp_path, scenario)


def test_a_currency_without_a_row_is_nothing(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            venue = desk.parts.trading.venues[LegName.SPOT]
            assert venue.available("KRW") == 100_000_000
            assert venue.available("DOGE") == 0

    run(tmp_path, scenario)
