"""Events that a pair's state did not allow: its symbol takes no entries until a person has looked.

They stand in the journal, and so does the person's word (``kimp resume``): a desk that starts anew
knows of both.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from tasks.leg_execution import Write
from warehouse import JournalError
from warehouse.block_records import ContradictionRecord
from warehouse.records import RecordType

log = logging.getLogger(__name__)


CONTRADICTED = "contradiction"
"""Subject of the alert."""


class Contradictions:
    """By symbol, the last one of each."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._standing: dict[str, str] = {}
        self._unwritten: dict[str, ContradictionRecord] = {}
        self._pairs: dict[str, None] = {}
        """All that nobody has looked at, in their order."""

    def note(self, pair_id: str, symbol: str, sentence: str) -> bool:
        """Something happened to a pair; False when it is what stands there already."""
        record = ContradictionRecord(pair_id=pair_id, symbol=symbol, sentence=sentence)
        is_new = self._standing.get(symbol) != _told(record)
        if is_new:
            self.remember(record)
            self._unwritten[symbol] = record
            self._write_down()
        return is_new

    def of(self, symbol: str) -> str | None:
        """What nobody has looked at yet; None: nothing."""
        return self._standing.get(symbol)

    def forget(self) -> list[str]:
        """A person has looked, and venues and journal agree; the ids of the pairs that it was
        about."""
        pairs = list(self._pairs)
        self._standing.clear()
        self._unwritten.clear()
        self._pairs.clear()
        return pairs

    def remember(self, body: Mapping[str, Any] | ContradictionRecord) -> None:
        """Take a :class:`~warehouse.block_records.ContradictionRecord` in."""
        self._standing[body["symbol"]] = _told(body)
        self._pairs[body["pair_id"]] = None

    def written(self, record_type: RecordType, body: Mapping[str, Any]) -> None:
        """The journal takes records: it gets those that it did not take before."""
        if self._unwritten and record_type is not RecordType.CONTRADICTION:
            self._write_down()

    def _write_down(self) -> None:
        for symbol, record in tuple(self._unwritten.items()):
            try:
                self._write(RecordType.CONTRADICTION, record)
            except JournalError as error:
                log.error("the contradiction of %s is not in the journal: %s", symbol, error)
                return
            del self._unwritten[symbol]


def _told(body: Mapping[str, Any] | ContradictionRecord) -> str:
    return f"{body['pair_id']}: {body['sentence']}"
