"""Signals from arrival to outcome: who may speak, what counts once, what stops entries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exchanges.instrument import Venue
from tasks.errors import SwitchesUnreadable
from tasks.key_store import KeyStore
from tasks.outcome import Outcome, OutcomeStatus
from tasks.pair_transitions import PairState
from tasks.paper_desk import PaperDesk
from tasks.signing import sign
from tasks.switch_guard import ENTRY, EXECUTOR, EXIT_VALIDATION, SIGNAL_INTAKE
from tests.tasks.desks import Bench, assert_agreed, entered, run
from warehouse import JournalFull
from warehouse.records import RecordType


def code(outcome: Outcome) -> str:
    return (outcome.reason or "").partition(":")[0]


# ---- who may speak


def test_a_bad_signature_does_not_use_up_the_id(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            good = desk.signal(action="ENTER", quantity="0.010")
            forged = good.model_copy(update={"quantity": Decimal(1)})

            refused = await desk.parts.desk.submit(forged, "fast")
            assert code(refused) == "bad_signature"
            assert (await desk.parts.desk.submit(good, "fast")).status is OutcomeStatus.HEDGED
            decided = [r.body["binding"] for r in bench.records(RecordType.SIGNAL_DECIDED)]
            assert decided == [False, True]

    run(tmp_path, scenario)


def test_an_unknown_key_is_denied(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            stranger = desk.signal(action="ENTER", quantity="0.010").model_copy(
                update={"key_id": "stranger"}
            )
            assert code(await desk.parts.desk.submit(stranger, "fast")) == "unknown_key"
            assert bench.orders_placed() == []

    run(tmp_path, scenario)


def test_the_operator_key_trades_only_when_it_may(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        keys = KeyStore(bench.settings.keys_dir)
        keys.generate("operator")
        async with bench.desk() as desk:
            signal = sign(
                desk.signal(action="ENTER", quantity="0.010").model_copy(
                    update={"key_id": "operator"}
                ),
                keys.private_key("operator"),
            )
            outcome = await desk.parts.desk.submit(signal, "operator")
            assert code(outcome) == "operator_not_allowed"
            assert bench.orders_placed() == []

    run(tmp_path, scenario, operator_may_trade=False)


@pytest.mark.parametrize(
    ("age", "expected"), [(timedelta(seconds=4), "expired"), (timedelta(seconds=-2), "from_future")]
)
def test_a_signal_must_be_of_now(tmp_path: Path, age: timedelta, expected: str) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            made = (bench.clock.now() - age).isoformat()
            assert code(await entered(desk, created_at=made)) == expected
            assert bench.orders_placed() == []

    run(tmp_path, scenario)


# ---- what counts once


def test_the_same_signal_from_both_doors_trades_once(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            signal = desk.signal(action="ENTER", quantity="0.010")
            first, second = await asyncio.gather(
                desk.parts.desk.submit(signal, "fast"), desk.parts.desk.submit(signal, "prefect")
            )
            later = await desk.parts.desk.submit(signal, "prefect")

            assert first.status is OutcomeStatus.HEDGED
            assert second.status is later.status is OutcomeStatus.DUPLICATE
            assert second.settled == later.settled == first
            assert len(bench.orders_placed()) == 2
            assert [door for _, _, door in desk.decided] == ["fast"]

    run(tmp_path, scenario)


def test_an_id_with_other_content_is_refused(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await entered(desk, "0.010", id="mine")
            assert code(await entered(desk, "0.020", id="mine")) == "id_reused"
            assert len(bench.orders_placed()) == 2

    run(tmp_path, scenario)


def test_a_duplicate_is_known_after_a_restart(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            signal = desk.signal(action="ENTER", quantity="0.010")
            first = await desk.parts.desk.submit(signal, "fast")
        await asyncio.sleep(2)
        async with bench.desk() as desk:
            again = await desk.parts.desk.submit(signal, "fast")
            assert again.status is OutcomeStatus.DUPLICATE
            assert again.pair_id == first.pair_id
            assert again.settled.status is OutcomeStatus.HEDGED
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_who_sends_may_leave_and_the_decision_goes_on(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(Venue.UPBIT, "delay", ms=500)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(entered(desk), 0.1)
            await asyncio.sleep(1)

            [pair] = desk.parts.trading.pairs
            assert pair.state is PairState.HEDGED

    run(tmp_path, scenario)


def test_signals_of_one_coin_are_decided_one_after_the_other(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            outcomes = await asyncio.gather(*(entered(desk, "0.100") for _ in range(4)))

            assert [outcome.status for outcome in outcomes].count(OutcomeStatus.HEDGED) == 2
            assert {code(outcome) for outcome in outcomes[2:]} == {"too_many_pairs"}
            await assert_agreed(desk)

    run(tmp_path, scenario, max_open_pairs=2)


# ---- what stops entries: the table of switches

SWITCHES: tuple[tuple[str, str, bool, bool], ...] = (
    # paused, code of an ENTER, does a signalled EXIT go on, does an automatic exit go on
    (ENTRY, "paused", True, True),
    (SIGNAL_INTAKE, "paused", False, True),
    (EXIT_VALIDATION, "", True, False),
    (EXECUTOR, "paused", True, True),
)


@pytest.mark.parametrize(("switch", "entry", "exits", "automatic"), SWITCHES)
def test_a_paused_switch_stops_what_it_says_and_nothing_else(
    tmp_path: Path, switch: str, entry: str, exits: bool, automatic: bool
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await entered(desk)
            await entered(desk)
            desk.switches.paused[switch] = True
            await asyncio.sleep(0.5)

            refused = await entered(desk)
            assert code(refused) == entry

            bench.spot_at(62_000_000)
            await asyncio.sleep(0.5)
            first = next(iter(desk.parts.trading.pairs))
            left = await desk.submit(action="EXIT", pair_id=first.pair_id)
            assert (left.status is OutcomeStatus.CLOSED) is exits
            judged = await desk.parts.desk.validate_exits()
            decisions = {item["decision"] for item in judged}
            assert decisions == ({"close"} if automatic else {"hold"})
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_a_paused_intake_still_lets_an_operator_close_by_hand(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        keys = KeyStore(bench.settings.keys_dir)
        keys.generate("operator")
        async with bench.desk() as desk:
            opened = await entered(desk)
            desk.switches.paused[SIGNAL_INTAKE] = True
            bench.spot_at(61_000_000)
            await asyncio.sleep(0.5)
            by_hand = desk.signal(action="EXIT", pair_id=opened.pair_id)
            by_hand = by_hand.model_copy(update={"key_id": "operator"})
            by_hand = sign(by_hand, keys.private_key("operator"))
            outcome = await desk.parts.desk.submit(by_hand, "operator")

            assert outcome.status is OutcomeStatus.CLOSED
            # The word alone does not help: it takes the operator's key.
            research = desk.signal(action="EXIT", pair_id=opened.pair_id)
            refused = await desk.parts.desk.submit(research, "operator")
            assert code(refused) == "paused"

    run(tmp_path, scenario)


def test_silence_of_prefect_stops_entries_and_not_exits(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk)

            async def unreadable() -> Mapping[str, bool]:
                raise SwitchesUnreadable("the server is gone")

            desk.switches.read = unreadable  # type: ignore[method-assign]
            await asyncio.sleep(4)
            assert (await entered(desk)).status is OutcomeStatus.HEDGED
            await asyncio.sleep(2)
            assert code(await entered(desk)) == "switch_silent"
            bench.spot_at(61_000_000)
            await asyncio.sleep(0.5)
            closed = await desk.submit(action="EXIT", pair_id=opened.pair_id)
            assert closed.status is OutcomeStatus.CLOSED

    run(tmp_path, scenario)


def test_the_daily_loss_pauses_entries_in_prefect_again_and_again_until_the_day_is_over(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(Venue.BINANCE, "reject", times=4)
            await entered(desk, "0.100")
            await asyncio.sleep(3)
            assert desk.switches.paused["entry/live"]
            assert code(await entered(desk)) == "paused"
            desk.switches.paused["entry/live"] = False  # somebody resumes too early
            await asyncio.sleep(3)
            assert desk.switches.paused["entry/live"]
            assert not desk.switches.paused["signal-intake/live"]
            types = [record.body["type"] for record in bench.records(RecordType.ALERT)]
            assert types.count("DAILY_LOSS_EXCEEDED") == 1
            assert types.count("RESUME_REFUSED") == 1

    run(tmp_path, scenario, daily_loss_limit_pct="0.002")


# ---- the journal says no


class FullJournal:
    """Stands in for the journal's write of a running desk: full from the nth record on."""

    def __init__(self, desk: PaperDesk, wanted: Callable[[RecordType], bool], times: int) -> None:
        self._journal = desk.parts.write._own()
        self._write = self._journal.write
        self._wanted = wanted
        self.left = times
        self._journal.write = self  # type: ignore[method-assign]

    def __call__(self, record_type: RecordType, body: Mapping[str, Any]) -> int:
        if self.left > 0 and self._wanted(record_type):
            self.left -= 1
            raise JournalFull("A record could not be written: No space left on device.")
        return self._write(record_type, body)


def only(record_types: Iterable[RecordType]) -> Callable[[RecordType], bool]:
    return lambda record_type: record_type in tuple(record_types)


def test_a_signal_that_cannot_be_written_is_denied_and_may_come_again(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            FullJournal(desk, only([RecordType.SIGNAL_RECEIVED]), 1)
            signal = desk.signal(action="ENTER", quantity="0.010")
            refused = await desk.parts.desk.submit(signal, "fast")
            assert code(refused) == "journal_unwritable"
            assert bench.orders_placed() == []

            again = await desk.parts.desk.submit(signal, "fast")
            assert again.status is OutcomeStatus.HEDGED
        await asyncio.sleep(2)
        async with bench.desk() as desk:
            assert (await desk.parts.desk.submit(signal, "fast")).status is OutcomeStatus.DUPLICATE

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    ("record_type", "times"),
    [
        (RecordType.PAIR_EVENT, 1),
        (RecordType.PAIR_EVENT, 3),
        (RecordType.ORDER_INTENDED, 1),
        (RecordType.ORDER_OUTCOME, 1),
        (RecordType.ORDER_OUTCOME, 4),
        (RecordType.FILL, 2),
        (RecordType.SIGNAL_DECIDED, 1),
        (RecordType.ALERT, 3),
        (RecordType.PREMIUM, 20),
        (RecordType.BALANCE, 20),
    ],
)
@pytest.mark.parametrize("leaving", [False, True])
def test_a_full_disk_in_the_middle_of_a_trade_leaves_no_leg_alone(
    tmp_path: Path, record_type: RecordType, times: int, leaving: bool
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            signal = desk.signal(action="ENTER", quantity="0.010")
            if leaving:
                opened = await desk.parts.desk.submit(signal, "fast")
                bench.spot_at(61_000_000)
                await asyncio.sleep(0.5)
                signal = desk.signal(action="EXIT", pair_id=opened.pair_id)
            FullJournal(desk, only([record_type]), times)
            await desk.parts.desk.submit(signal, "fast")
            await asyncio.sleep(30)

            for pair in desk.parts.trading.pairs:
                assert pair.state in (PairState.HEDGED, PairState.CLOSED, PairState.FAILED)
            await assert_agreed(desk)
            pairs = [pair.snapshot() for pair in desk.parts.trading.pairs]
        await asyncio.sleep(2)
        async with bench.desk() as desk:
            assert [pair.snapshot() for pair in desk.parts.trading.pairs] == pairs
            await assert_agreed(desk)

    run(tmp_path, scenario, book_poll_ms=1_000)


# ---- looking without trading


def test_a_check_shows_every_refusal_and_sends_nothing(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            good = desk.signal(action="ENTER", quantity="0.010")
            assert desk.parts.desk.check(good)["would_trade"] is True
            bad = desk.signal(action="ENTER", quantity="0.0105", premium_limit_pct="1")
            desk.switches.paused[ENTRY] = True
            await asyncio.sleep(0.5)
            checked = desk.parts.desk.check(bad)

            assert checked["would_trade"] is False
            codes = [reason["code"] for reason in checked["reasons"]]
            assert codes == ["paused", "off_lot", "premium_worse"]
            assert bench.orders_placed() == []
            assert bench.records(RecordType.SIGNAL_RECEIVED) == []

    run(tmp_path, scenario)
