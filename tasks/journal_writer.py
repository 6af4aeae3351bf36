"""How the desk writes its journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tasks.desk_blocks import JOURNAL, DeskBlocks
from warehouse import Journal, JournalError, JournalFull, JournalUnwritable, LeaseLost
from warehouse.records import RecordType


class JournalWriter:
    """The journal's ``write`` for the desk: a failure blocks entries until a write succeeds.

    Without a journal (its lease is another executor's still) every write is refused, and with it
    whatever the write would permit.
    """

    def __init__(self, journal: Journal | None, blocks: DeskBlocks) -> None:
        self._journal = journal
        self._blocks = blocks
        self.lease_held = journal is not None
        self.listeners: list[Callable[[RecordType, Mapping[str, Any]], None]] = []
        """Hear of each record that was written."""
        self.on_trouble: Callable[[str], None] = lambda _: None
        """Hears of a journal that fails for another reason than a full disk, which mends itself."""

    @property
    def epoch(self) -> int:
        """Of the lease; 0: not held yet."""
        return 0 if self._journal is None else self._journal.epoch

    def begin(self, journal: Journal) -> None:
        """The lease is ours from now on."""
        self._journal = journal
        self.lease_held = True

    def __call__(self, record_type: RecordType, body: Mapping[str, Any]) -> int:
        try:
            seq = self._own().write(record_type, body)
        except LeaseLost:
            self.lease_held = False
            raise
        except JournalError as error:
            told = f"the journal cannot be written: {error}"
            self._blocks.set(JOURNAL, told)
            if isinstance(error, JournalUnwritable) and not isinstance(error, JournalFull):
                self.on_trouble(told)
            raise
        self._blocks.clear(JOURNAL)
        for listener in self.listeners:
            listener(record_type, body)
        return seq

    def check_lease(self) -> None:
        """Raises LeaseLost."""
        try:
            self._own().check_lease()
        except LeaseLost:
            self.lease_held = False
            raise

    def _own(self) -> Journal:
        if self._journal is None:
            raise LeaseLost("this executor does not hold the journal's lease yet")
        return self._journal
