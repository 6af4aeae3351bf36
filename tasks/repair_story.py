"""What was done to repair each pair and when, sentence by sentence, for run logs and outcomes.

The story of a pair that has ended is kept for a day after its last sentence; of one that has been
under repair for very long only the latest part.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from exchanges.clock import Clock
from tasks.kst import KST

KEPT_S = 86_400.0
LONGEST = 1_000
"""Sentences of one pair."""


@dataclass(slots=True)
class _Story:
    told: int = 0
    """Sentences, with those that are not kept any more."""
    at: float = 0.0
    """Monotonic, of the last one."""
    sentences: deque[str] = field(default_factory=lambda: deque(maxlen=LONGEST))


class RepairStory:
    """By pair."""

    def __init__(self, clock: Clock, is_open: Callable[[str], bool]) -> None:
        """``is_open``: is the pair of this id not ended?"""
        self._clock = clock
        self._is_open = is_open
        self._stories: dict[str, _Story] = {}
        """The one that was told of last stands last."""

    def __len__(self) -> int:
        return len(self._stories)

    def add(self, pair_id: str, sentence: str) -> None:
        """Note a step with its time (KST), once as long as nothing else happens."""
        story = self._stories.pop(pair_id, None) or _Story()
        self._stories[pair_id] = story
        story.at = self._clock.monotonic()
        if not story.sentences or not story.sentences[-1].endswith(f" {sentence}"):
            story.sentences.append(f"{_time_text(self._clock.now())} {sentence}")
            story.told += 1
        self._forget_old()

    def told(self, pair_id: str) -> int:
        """How many sentences there have been of the pair."""
        story = self._stories.get(pair_id)
        return 0 if story is None else story.told

    def since(self, pair_id: str, told: int = 0) -> list[str]:
        """The sentences after the first ``told``."""
        story = self._stories.get(pair_id)
        if story is None:
            return []
        gone = story.told - len(story.sentences)
        return list(story.sentences)[max(told - gone, 0) :]

    def _forget_old(self) -> None:
        """Those that must stay go behind, to be looked at again in a day."""
        oldest_id, oldest = next(iter(self._stories.items()))
        now = self._clock.monotonic()
        while now - oldest.at >= KEPT_S:
            del self._stories[oldest_id]
            if self._is_open(oldest_id):
                oldest.at = now
                self._stories[oldest_id] = oldest
            oldest_id, oldest = next(iter(self._stories.items()))


def _time_text(moment: datetime) -> str:
    """``23:53:19.105 KST``, in the zone that runs are named in."""
    return f"{moment.astimezone(KST):%H:%M:%S.%f}"[:-3] + " KST"
