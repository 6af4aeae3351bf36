"""The desk's log in the run of the executor: readable, and bounded.

Prefect keeps each line of a run in its database for ever, and shows them all on one page. So a
signal is told as one story when it is decided, and each level has its share of lines a minute;
what is above is counted and the count is told. Nothing of this happens on the desk's own thread.
"""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self

from flows.signal_story import told_as_one
from tasks.outcome import Outcome
from tasks.signal import Signal

PACKAGES = ("tasks", "exchanges", "warehouse", "flows")
MINUTE_S = 60.0
LEVELS = (logging.ERROR, logging.WARNING, logging.NOTSET)
"""Each has its own share, so that many lines of one never crowd out another's."""


class LineBudget:
    """So many lines of each level a minute."""

    def __init__(self, lines: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._lines = lines
        self._monotonic = monotonic
        self._minute = self._monotonic()
        self._used: Counter[int] = Counter()
        self._left_out: Counter[int] = Counter()
        self.dropped = 0
        """Lines left out since the beginning."""

    def take(self, level: int) -> bool:
        """May a line of ``level`` be written?"""
        share = next(floor for floor in LEVELS if level >= floor)
        if self._used[share] >= self._lines:
            self._left_out[share] += 1
            self.dropped += 1
            return False
        self._used[share] += 1
        return True

    def over(self) -> str | None:
        """To be asked often: when a minute is over the next begins; what the last has left out."""
        now = self._monotonic()
        if now - self._minute < MINUTE_S:
            return None
        self._minute = now
        self._used.clear()
        left_out, self._left_out = self._left_out, Counter()
        if not left_out:
            return None
        names = {logging.ERROR: "errors", logging.WARNING: "warnings", logging.NOTSET: "others"}
        parts = ", ".join(f"{count} {names[share]}" for share, count in left_out.items())
        return (
            f"left out of this log in the last minute: {parts} (more than {self._lines} a minute; "
            f"{self.dropped} since the start); the journal has every order and decision"
        )


class RunLog(logging.Handler):
    """A context manager: inside, what the desk logs goes to ``logger``, the run's own."""

    def __init__(self, logger: Any, lines_per_minute: int) -> None:
        super().__init__(logging.INFO)
        self._logger = logger
        self._budget = LineBudget(lines_per_minute)
        self._lock_of_budget = threading.Lock()
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        # In the caller's context: which server Prefect's own handlers send to stands in it.
        context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=context.run, args=(self._write,), name="run-log", daemon=True
        )
        self._levels: dict[str, int] = {}

    def __enter__(self) -> Self:
        for name in PACKAGES:
            logger = logging.getLogger(name)
            self._levels[name] = logger.level
            logger.setLevel(logging.INFO)
            logger.addHandler(self)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for name, level in self._levels.items():
            logger = logging.getLogger(name)
            logger.removeHandler(self)
            logger.setLevel(level)
        self._queue.put(None)
        self._thread.join(5.0)

    @property
    def dropped(self) -> int:
        return self._budget.dropped

    def emit(self, record: logging.LogRecord) -> None:
        """From any thread; returns at once."""
        if self._may(record.levelno):
            self._queue.put(lambda: self._tell(record))

    def decided(self, signal: Signal, outcome: Outcome, door: str) -> None:
        """Tell a decided signal as one story. From the desk's thread; returns at once."""
        level = logging.ERROR if outcome.is_failure else logging.INFO
        if self._may(level):
            self._queue.put(
                lambda: self._logger.log(level, "%s", told_as_one(signal, outcome, door))
            )

    def _may(self, level: int) -> bool:
        with self._lock_of_budget:
            left_out = self._budget.over()
            may = self._budget.take(level)
        if left_out:
            self._queue.put(lambda: self._logger.warning(left_out))
        return may

    def _tell(self, record: logging.LogRecord) -> None:
        self._logger.log(record.levelno, "%s", record.getMessage(), exc_info=record.exc_info)

    def _write(self) -> None:
        while True:
            try:
                tell = self._queue.get(timeout=MINUTE_S)
            except Empty:
                self._say_what_is_left_out()
                continue
            if tell is None:
                break
            tell()
        self._say_what_is_left_out()

    def _say_what_is_left_out(self) -> None:
        with self._lock_of_budget:
            left_out = self._budget.over()
        if left_out:
            self._logger.warning(left_out)
