"""Many records, one fdatasync: what bounds the loss of a power cut to a few milliseconds."""

from __future__ import annotations

import threading
from types import TracebackType

from warehouse.journal import Journal


class GroupSync:
    """A thread that syncs the journal every ``every_s`` seconds while there is something new.

    A failure refuses the journal's next write (JournalUnwritable); nothing is raised here.
    """

    def __init__(self, journal: Journal, every_s: float = 0.005) -> None:
        self._journal = journal
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal-sync", daemon=True)
        self._synced_seq = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Return when the thread has ended; before ``journal.close()``."""
        self._stop.set()
        self._thread.join()

    def __enter__(self) -> GroupSync:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            seq = self._journal.position.seq
            if seq != self._synced_seq:
                self._journal.sync_now()
                self._synced_seq = seq
