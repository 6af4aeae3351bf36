"""What reaches the log of the executor's run, and how much of it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from exchanges.instrument import Venue
from exchanges.side import Side
from flows.run_log import LineBudget, RunLog
from flows.signal_story import told_as_one
from tasks.outcome import Outcome, OutcomeLeg, OutcomeStatus
from tasks.signal import Signal, parse_signal


class Heard:
    """In the place of the run's logger."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, str]] = []

    def log(self, level: int, text: str, *args: object, **_: Any) -> None:
        self.lines.append((level, text % args))

    def warning(self, text: str) -> None:
        self.log(logging.WARNING, "%s", text)


def a_signal() -> Signal:
    return parse_signal(
        {
            "id": "alpha-1",
            "action": "ENTER",
            "symbol": "BTC",
            "quantity": "0.010",
            "created_at": datetime(2026, 1, 5, 5, 3, 20, 123_000, tzinfo=UTC),
            "key_id": "strategy",
        }
    )


def hedged() -> Outcome:
    leg = OutcomeLeg(
        venue=Venue.UPBIT,
        side=Side.BUY,
        quantity=Decimal("0.010"),
        average_price=Decimal(65_000_000),
        fee=Decimal(325),
        fee_currency="KRW",
        client_order_ids=("kimp-p0123456789ab-s001",),
    )
    timings = {"received_to_gate": 540, "gate_to_settled": 12_000, "total": 13_000}
    return Outcome(
        signal_id="alpha-1",
        status=OutcomeStatus.HEDGED,
        pair_id="p0123456789ab",
        legs=(leg,),
        timings_us=timings,
    )


def test_a_signal_is_one_story_from_its_arrival_to_its_result() -> None:
    told = told_as_one(a_signal(), hedged(), "fast").splitlines()

    assert told == [
        "signal alpha-1 through the fast door: ENTER BTC 0.01, signed by strategy at "
        "14:03:20.123 KST",
        "  gate: passed after 0.54 ms",
        "  Hedged: pair p0123456789ab.",
        "  upbit: buy 0.010 at 65,000,000 KRW, fee 325 KRW (kimp-p0123456789ab-s001)",
        "  took 13.00 ms: received to gate 0.54, gate to settled 12.00",
    ]


def test_a_refusal_names_the_gate_that_refused() -> None:
    denied = Outcome(
        signal_id="alpha-1",
        status=OutcomeStatus.DENIED,
        reason="book_stale: the upbit book is 4.2 s old",
    )

    told = told_as_one(a_signal(), denied, "prefect").splitlines()

    assert told[1] == "  gate: refused, book stale"
    assert told[2] == "  Denied (book stale): the upbit book is 4.2 s old."


def test_what_the_desk_logs_and_decides_is_in_the_run_and_nothing_after_its_end() -> None:
    heard = Heard()
    with RunLog(heard, 10) as run_log:
        logging.getLogger("tasks.recovery").info("hedging %s", "p0123456789ab")
        logging.getLogger("aiohttp").error("not the desk's")
        run_log.decided(a_signal(), hedged(), "fast")
    logging.getLogger("tasks.recovery").error("too late")

    assert heard.lines[0] == (logging.INFO, "hedging p0123456789ab")
    assert heard.lines[1] == (logging.INFO, told_as_one(a_signal(), hedged(), "fast"))
    assert len(heard.lines) == 2


def test_a_flood_of_one_level_leaves_room_for_the_others_and_is_counted() -> None:
    minute = [0.0]
    budget = LineBudget(3, lambda: minute[0])

    taken = [budget.take(logging.INFO) for _ in range(5)]
    urgent = [budget.take(level) for level in (logging.WARNING, logging.ERROR, logging.CRITICAL)]
    too_soon = budget.over()
    minute[0] = 60.0
    told = budget.over()

    assert taken == [True, True, True, False, False]
    assert urgent == [True, True, True]
    assert too_soon is None
    assert told is not None
    assert "left out of this log in the last minute: 2 others" in told
    assert budget.dropped == 2
    assert budget.take(logging.INFO)
    assert budget.over() is None


def test_a_run_is_told_no_more_than_its_share_of_lines_and_stories() -> None:
    heard = Heard()
    with RunLog(heard, 3) as run_log:
        for number in range(10):
            logging.getLogger("tasks.feeds").info("line %s", number)
        for _ in range(10):
            run_log.decided(a_signal(), hedged(), "fast")
        logging.getLogger("tasks.feeds").error("this is read all the same")

    assert [text for _, text in heard.lines] == [
        "line 0",
        "line 1",
        "line 2",
        "this is read all the same",
    ]
    assert run_log.dropped == 17
