"""A circuit that is open stays so over a restart: its changes stand in the journal."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from exchanges.clock import Clock
from exchanges.instrument import Venue
from tasks.circuit_breaker import CircuitBreaker, CircuitState
from tasks.wire_text import read_utc, utc_text
from warehouse import JournalError
from warehouse.block_records import CircuitRecord
from warehouse.records import RecordType

log = logging.getLogger(__name__)


def journalling(
    write: Callable[[RecordType, Mapping[str, Any]], int], clock: Clock, venue: Venue
) -> Callable[[CircuitState], None]:
    """What hears of the changes of ``venue``'s circuit. A change that cannot be written is told
    in the log: it happens inside calls to the venue, whose outcome must not be lost for it."""

    def changed(state: CircuitState) -> None:
        log.warning("the circuit of %s is %s", venue, state)
        record = CircuitRecord(venue=venue, state=state.value, since=utc_text(clock.now()))
        try:
            write(RecordType.CIRCUIT, record)
        except JournalError as error:
            log.error("the change of the circuit is not in the journal: %s", error)

    return changed


def remember(circuits: Mapping[Venue, CircuitBreaker], body: Mapping[str, Any]) -> None:
    """Take a :class:`~warehouse.block_records.CircuitRecord` in; that of a venue that the desk no
    longer trades at says nothing."""
    breaker = circuits.get(Venue(body["venue"]))
    if breaker is not None:
        breaker.restore(CircuitState(body["state"]), read_utc(body["since"]))
