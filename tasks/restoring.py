"""The desk's memory out of the journal: start-up is recovery.

Reads every record once, in order, and leaves pairs, orders, decisions,
funding and the lasting switches as they were when the last record was
written. What was under way then (an order intended, a signal received) is
left *undecided*; finding out is the venues' part, afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

from exchanges.funding import FundingPayment
from exchanges.instrument import Venue
from exchanges.order import Order, OrderType, TimeInForce
from exchanges.side import Side
from tasks.adoption import Adoption
from tasks.alerting.alert_book import AlertBook
from tasks.circuit_breaker import CircuitBreaker
from tasks.circuit_memory import remember
from tasks.decisions import Decisions
from tasks.funding_ledger import FundingLedger
from tasks.halt_memory import HaltMemory
from tasks.kill_switch import RESUME, KillSwitch
from tasks.margin_reserve import MarginReserve, TopUp
from tasks.order_watch import OrderWatch
from tasks.outcome import Outcome
from tasks.pair import LegName, Pair
from tasks.pair_book import PairBook
from tasks.settled_order import Baseline, LegOrder, Purpose, SettledOrder
from tasks.signal import Signal, parse_signal
from tasks.stop_board import StopBoard
from tasks.wire_text import read_utc
from warehouse import Record
from warehouse.records import AdoptionRecord, RecordType


@dataclass(slots=True)
class Memory:
    """What the desk keeps between two runs."""

    pairs: PairBook
    watch: OrderWatch
    decisions: Decisions
    funding: FundingLedger
    kill: KillSwitch
    reserve: MarginReserve
    halts: HaltMemory
    board: StopBoard
    alerts: AlertBook
    circuits: dict[Venue, CircuitBreaker] = field(default_factory=dict)
    undecided_signals: dict[str, Signal] = field(default_factory=dict)
    """Received and not answered when the journal ended."""
    written_at: str = ""
    """Time of the record that is being read."""


def restore(memory: Memory, records: Iterable[Record]) -> int:
    """Feed every record into ``memory``, the last of the journal included; returns how many there
    were."""
    count = take_in(memory, records)
    for signal in memory.undecided_signals.values():
        # Who sends it again before start-up has answered it waits for that answer.
        memory.decisions.begin(signal)
    return count


def take_in(memory: Memory, records: Iterable[Record]) -> int:
    """Feed records into ``memory``; more will follow. Returns how many there were."""
    readers: Mapping[str, Callable[[Memory, Mapping[str, Any]], None]] = {
        RecordType.SIGNAL_RECEIVED: _signal_received,
        RecordType.SIGNAL_DECIDED: _signal_decided,
        RecordType.PAIR_EVENT: _pair_event,
        RecordType.ORDER_INTENDED: _order_intended,
        RecordType.ORDER_OUTCOME: _order_outcome,
        RecordType.ADOPTION: _adoption,
        RecordType.FUNDING: _funding,
        RecordType.SWITCH: _switch,
        RecordType.CIRCUIT: _circuit,
        RecordType.MARGIN: _margin,
        RecordType.HALT: _halt,
        RecordType.CONTRADICTION: _contradiction,
        RecordType.WATERMARK: _watermark,
        RecordType.ALERT: _alert,
        RecordType.ALERT_ACKNOWLEDGED: _alert_acknowledged,
        RecordType.ALERTS_DELIVERED: _alerts_delivered,
    }
    count = 0
    for count, record in enumerate(records, start=1):  # noqa: B007 - the count is the result
        reader = readers.get(record.type)
        if reader is not None:
            memory.written_at = record.time
            reader(memory, record.body)
    return count


def _signal_received(memory: Memory, body: Mapping[str, Any]) -> None:
    signal = parse_signal(body["signal"])
    if not memory.decisions.knows(signal):
        memory.undecided_signals[signal.id] = signal


def _signal_decided(memory: Memory, body: Mapping[str, Any]) -> None:
    if not body["binding"]:
        return
    outcome = Outcome.model_validate(body["outcome"])
    signal = memory.undecided_signals.pop(outcome.signal_id, None)
    if signal is not None:  # else its id was used before: the first decision holds
        memory.decisions.restore(signal, outcome)


def _pair_event(memory: Memory, body: Mapping[str, Any]) -> None:
    memory.pairs.restore(Pair.from_snapshot(body["pair"]), body.get("result"))


def _order_intended(memory: Memory, body: Mapping[str, Any]) -> None:
    price = body["price"]
    time_in_force = body["time_in_force"]
    beside = body.get("beside")
    memory.pairs.intended(
        LegOrder(
            body["pair_id"],
            LegName(body["leg"]),
            body["attempt"],
            Purpose(body["purpose"]),
            Order(
                client_order_id=body["client_order_id"],
                symbol=body["symbol"],
                side=Side(body["side"]),
                type=OrderType(body["type"]),
                quantity=Decimal(body["quantity"]),
                price=None if price is None else Decimal(price),
                time_in_force=None if time_in_force is None else TimeInForce(time_in_force),
                reduce_only=body["reduce_only"],
            ),
            Baseline(read_utc(memory.written_at), None if beside is None else Decimal(beside)),
        )
    )


def _order_outcome(memory: Memory, body: Mapping[str, Any]) -> None:
    leg_order = memory.pairs.leg_order(body["client_order_id"])
    settled = SettledOrder(
        leg_order,
        body["final"],
        Decimal(body["filled"] or 0),
        Decimal(body["value"] or 0),
        Decimal(body["fee"] or 0),
        body["error"],
        acknowledged=body["venue_order_id"] is not None,
        never_received=body["outcome"] == "not_found",
    )
    memory.pairs.settled(settled)
    memory.watch.note(settled, read_utc(memory.written_at))


def _adoption(memory: Memory, body: Mapping[str, Any]) -> None:
    memory.pairs.restore_adoption(Adoption.from_snapshot(cast(AdoptionRecord, body)))


def _funding(memory: Memory, body: Mapping[str, Any]) -> None:
    payment = FundingPayment(
        transaction_id=body["transaction_id"],
        symbol=body["symbol"],
        amount=Decimal(body["amount"]),
        currency=body["currency"],
        time=read_utc(body["time"]),
    )
    memory.funding.note(payment, memory.pairs)


def _switch(memory: Memory, body: Mapping[str, Any]) -> None:
    memory.kill.remember(body)
    memory.board.remember(body, memory.written_at)
    if body.get("is_restored"):
        memory.pairs.skip_lost_attempts()
    if body["switch"] == RESUME:
        memory.halts.acknowledge()
        memory.pairs.contradictions.forget()


def _circuit(memory: Memory, body: Mapping[str, Any]) -> None:
    remember(memory.circuits, body)


def _margin(memory: Memory, body: Mapping[str, Any]) -> None:
    amount, at = Decimal(body["amount"]), read_utc(memory.written_at)
    memory.reserve.note(TopUp(body["margin_id"], body["symbol"], amount, body["status"], at))


def _halt(memory: Memory, body: Mapping[str, Any]) -> None:
    memory.halts.remember(body)


def _contradiction(memory: Memory, body: Mapping[str, Any]) -> None:
    memory.pairs.contradictions.remember(body)


def _watermark(memory: Memory, _: Mapping[str, Any]) -> None:
    memory.pairs.is_stale = False


def _alert(memory: Memory, body: Mapping[str, Any]) -> None:
    memory.alerts.restore(body, memory.written_at)


def _alert_acknowledged(memory: Memory, body: Mapping[str, Any]) -> None:
    memory.alerts.restore_acknowledged(body, memory.written_at)


def _alerts_delivered(memory: Memory, body: Mapping[str, Any]) -> None:
    memory.alerts.restore_delivered(body)
