"""The cause of a stop that comes again while the stop stands: no alert, but a line in the books.

Nobody is told anew of what is stopped already. But whoever reads the books later, or asks before a
resume, is to see that it was not over after the first time.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from exchanges.clock import Clock
from tasks.stop_reason import Stop, StopReason, time_text
from tasks.wire_text import read_utc, utc_text
from warehouse.block_records import SwitchRecord

log = logging.getLogger(__name__)

AGAIN = "again"
"""What a ``switch`` record says of a cause that came again."""
GOES_ON_S = 660.0
"""What is told again within this has gone on: two rounds of ``reconcile/live``, which comes round
least often of all that stops."""
KINDS_KEPT = 32
"""Causes of one stop that are told apart; of more, the one that was told longest ago is new."""

_WORD = re.compile(r"[\w.,]+")


@dataclass(slots=True)
class _Repeats:
    told_at: dict[str, float] = field(default_factory=dict)
    """When each kind of cause was told last, monotonic; the latest last."""
    times: int = 0
    last_at: datetime | None = None
    sentence: str = ""


class StopRepeats:
    """Of the stops that stand, by switch and reason."""

    def __init__(self, clock: Clock, keep: Callable[[SwitchRecord], None]) -> None:
        self._clock = clock
        self._keep = keep
        self._known: dict[tuple[str, StopReason], _Repeats] = {}

    def begin(self, stop: Stop) -> None:
        """It stands from now on."""
        self._is_news(stop, stop.sentence)

    def come(self, stop: Stop, sentence: str) -> None:
        """Something asks for ``stop``, which stands. It is kept unless the same has gone on since
        it was told last; of what the desk says, the same but for its numbers is the same."""
        if not self._is_news(stop, sentence):
            return
        repeats = self._of(stop.switch, stop.reason)
        repeats.times += 1
        repeats.last_at, repeats.sentence = self._clock.now(), sentence
        log.warning("%s is paused already: %s again: %s", stop.switch, stop.reason, sentence)
        self._keep(
            SwitchRecord(
                switch=AGAIN,
                name=stop.switch,
                code=stop.reason,
                reason=sentence,
                times=repeats.times,
            )
        )

    def remember(self, body: Mapping[str, Any], written_at: str) -> None:
        """Take in a record of the journal that :meth:`come` has made."""
        repeats = self._of(body["name"], StopReason(body["code"]))
        repeats.times, repeats.sentence = body["times"], body["reason"]
        repeats.last_at = read_utc(written_at)

    def forget(self, name: str) -> None:
        """The stops of a switch are over."""
        for key in [key for key in self._known if key[0] == name]:
            del self._known[key]

    def told(self, stop: Stop) -> str:
        """What follows the stop's own sentence; empty: it came once."""
        repeats = self._known.get((stop.switch, stop.reason))
        if repeats is None or repeats.last_at is None:
            return ""
        times = "once more" if repeats.times == 1 else f"{repeats.times} times more"
        return f", {times}, last at {time_text(repeats.last_at)}: {repeats.sentence}"

    def last(self, stop: Stop) -> str:
        """What was said when it came again the last time; empty: it came once."""
        repeats = self._known.get((stop.switch, stop.reason))
        return "" if repeats is None else repeats.sentence

    def shown(self, stop: Stop) -> dict[str, Any] | None:
        """As :meth:`told`, for ``/v1/state``."""
        repeats = self._known.get((stop.switch, stop.reason))
        if repeats is None or repeats.last_at is None:
            return None
        last_at = utc_text(repeats.last_at)
        return {"times": repeats.times, "last_at": last_at, "sentence": repeats.sentence}

    def _of(self, name: str, reason: StopReason) -> _Repeats:
        return self._known.setdefault((name, reason), _Repeats())

    def _is_news(self, stop: Stop, sentence: str) -> bool:
        """Note that it is told now."""
        repeats, now = self._of(stop.switch, stop.reason), self._clock.monotonic()
        # A person's number is a ticket's, and another one is another reason.
        by_hand = stop.reason is StopReason.MANUAL_STOP
        kind = sentence if by_hand else _WORD.sub(_unnumbered, sentence)
        before = repeats.told_at.pop(kind, None)
        repeats.told_at[kind] = now
        if len(repeats.told_at) > KINDS_KEPT:
            del repeats.told_at[next(iter(repeats.told_at))]
        return before is None or now - before > GOES_ON_S


def _unnumbered(word: re.Match[str]) -> str:
    # One pattern for words with a digit would take time by the square of a long word.
    return "#" if any(map(str.isdecimal, word[0])) else word[0]
