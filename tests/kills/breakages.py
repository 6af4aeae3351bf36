"""Executors that are broken in one place each: what the verdict must see. Applied in the child."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from tasks.decisions import Decisions
from tasks.leg_execution import LegExecution
from tasks.leg_venue import LegVenue
from tasks.outcome import Outcome
from tasks.settled_order import LegOrder, SettledOrder
from tasks.signal import Signal
from tests.kills.mortal import MortalJournal
from warehouse.records import RecordType


class Breakage(StrEnum):
    WRITES_ORDERS_DOWN_AFTER_SENDING = "writes_orders_down_after_sending"
    """Dead in between, it has sent what nobody knows of."""
    SENDS_AGAIN_WHAT_WAS_UNDER_WAY = "sends_again_what_was_under_way"
    """Its start takes an order without an end for one that was not sent."""
    FORGETS_WHAT_IT_DECIDED = "forgets_what_it_decided"
    """A signal that is repeated after a restart is traded again."""


def break_it(how: Breakage) -> None:
    """Break every executor that this process bears from now on."""
    _BREAKS[how]()


def _write_orders_down_after_sending() -> None:
    write = MortalJournal.write
    held: list[Mapping[str, Any]] = []

    def late(journal: MortalJournal, kind: RecordType, body: Mapping[str, Any]) -> int:
        if kind == RecordType.ORDER_INTENDED:
            held.append(body)
            return journal.position.seq
        if kind in (RecordType.FILL, RecordType.ORDER_OUTCOME):
            while held:
                write(journal, RecordType.ORDER_INTENDED, held.pop(0))
        return write(journal, kind, body)

    _replace(MortalJournal, "write", late)


def _send_again_what_was_under_way() -> None:
    settle = LegExecution.settle

    async def careless(
        execution: LegExecution,
        venue: LegVenue,
        leg_order: LegOrder,
        *,
        acknowledged: bool,
        again: bool = False,
    ) -> SettledOrder:
        if acknowledged or again:
            return await settle(execution, venue, leg_order, acknowledged=acknowledged, again=again)
        return await execution.send(venue, leg_order, venue.exchange.book_order(urgent=True))

    _replace(LegExecution, "settle", careless)


def _forget_what_it_decided() -> None:
    def forget(decisions: Decisions, signal: Signal, outcome: Outcome) -> None:
        """Nothing is kept."""

    _replace(Decisions, "restore", forget)


def _replace(owner: type, name: str, broken: Callable[..., Any]) -> None:
    setattr(owner, name, broken)


_BREAKS: Mapping[Breakage, Callable[[], None]] = {
    Breakage.WRITES_ORDERS_DOWN_AFTER_SENDING: _write_orders_down_after_sending,
    Breakage.SENDS_AGAIN_WHAT_WAS_UNDER_WAY: _send_again_what_was_under_way,
    Breakage.FORGETS_WHAT_IT_DECIDED: _forget_what_it_decided,
}
