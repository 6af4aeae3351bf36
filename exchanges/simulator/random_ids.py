"""Ids that nobody can foresee: version 4 of RFC 9562."""

from __future__ import annotations

from random import Random, SystemRandom
from uuid import UUID


class RandomIds:
    """A generator of one's own repeats its ids; without one they never come again."""

    def __init__(self, chance: Random | None = None) -> None:
        self._chance = chance or SystemRandom()

    def take(self) -> str:
        return str(UUID(int=self._chance.getrandbits(128), version=4))
