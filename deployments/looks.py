"""How often something that is waited for is looked at."""

from __future__ import annotations

from collections.abc import Iterator

FIRST_S = 0.1
LONGEST_S = 0.5
GROWTH = 1.2


def pauses_between_looks() -> Iterator[float]:
    """Seconds, for ever, and longer for what takes longer: a look may be a question to Prefect,
    which works for its answer on the core that what is waited for needs."""
    pause = FIRST_S
    while True:
        yield pause
        pause = min(pause * GROWTH, LONGEST_S)
