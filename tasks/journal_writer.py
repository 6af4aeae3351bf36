"""How the desk writes its journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tasks.desk_blocks import JOURNAL, DeskBlocks
from warehouse import Journal, JournalError, LeaseLost
from warehouse.records import RecordType


class JournalWriter:
    """The journal's ``write`` for the desk: a failure blocks entries until a write succeeds."""

    def __init__(self, journal: Journal, blocks: DeskBlocks) -> None:
        self._journal = journal
        self._blocks = blocks
        self.lease_held = True
        self.listeners: list[Callable[[RecordType, Mapping[str, Any]], None]] = []
        """Hear of each record that was written."""

    def __call__(self, record_type: RecordType, body: Mapping[str, Any]) -> int:
        try:
            seq = self._journal.write(record_type, body)
        except LeaseLost:
            self.lease_held = False
            raise
        except JournalError as error:
            self._blocks.set(JOURNAL, f"the journal cannot be written: {error}")
            raise
        self._blocks.clear(JOURNAL)
        for listener in self.listeners:
            listener(record_type, body)
        return seq

    def check_lease(self) -> None:
        """Raises LeaseLost."""
        try:
            self._journal.check_lease()
        except LeaseLost:
            self.lease_held = False
            raise
