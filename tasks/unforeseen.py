"""What the desk's loops do about a failure that nobody has foreseen: entries stop, it goes on.

A loop looks after open pairs, so its end is worse than one round of it that failed. The fault is a
trace in the log, once for as long as it lasts, and the reason of an automatic stop, after which
only a person lets entries in again. Two failures still end the whole desk, because it can do
nothing more: the lease is another executor's, or the journal takes nothing although there is room
(whoever starts next opens it anew).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager

from exchanges.errors import ExchangeError
from warehouse import JournalError, JournalFull, JournalUnwritable, LeaseLost

log = logging.getLogger(__name__)

AGAIN_S = 1.0
"""A loop that has ended in spite of all is begun again after this."""


class Unforeseen:
    """One for all loops of a desk."""

    def __init__(self) -> None:
        self.stop: Callable[[str], None] = lambda _: None
        """Stops entries for the reason given; must return at once."""
        self.count = 0
        """Rounds that have failed so since the desk began."""
        self._failing: dict[str, str] = {}
        """What failed when it was last done → how."""

    @contextmanager
    def survived(self, doing: str) -> Iterator[None]:
        """One round of a loop: what fails inside is told as ``doing`` and ends there. Venues and a
        full disk may fail at any time, so their errors stop nothing."""
        try:
            yield
        except Exception as error:
            met = causes(error)
            if any(map(_ends_the_desk, met)):
                raise
            told = "; ".join(f"{type(cause).__name__}: {cause}" for cause in met)
            if all(isinstance(cause, ExchangeError | JournalError) for cause in met):
                log.info("%s: %s", doing, told)
                return
            self.count += 1
            if self._failing.get(doing) != told:
                log.exception("%s failed", doing)
            self._failing[doing] = told
            self.stop(f"{doing} failed: {told}")
        else:
            if self._failing.pop(doing, None) is not None:
                log.warning("%s works again", doing)

    async def kept_up(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Until cancelled: ``run``, which is a loop or several, begun again should it fail."""
        while True:
            with self.survived(name):
                await run()
            await asyncio.sleep(AGAIN_S)


def causes(error: BaseException) -> Sequence[BaseException]:
    """The errors that a group holds, however deep; else the error itself."""
    if isinstance(error, BaseExceptionGroup):
        return [cause for inner in error.exceptions for cause in causes(inner)]
    return [error]


def _ends_the_desk(error: BaseException) -> bool:
    if isinstance(error, JournalFull):
        return False
    return isinstance(error, LeaseLost | JournalUnwritable)
