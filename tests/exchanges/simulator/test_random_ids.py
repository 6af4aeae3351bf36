"""Ids of the simulated Upbit."""

from __future__ import annotations

from random import Random
from uuid import UUID

from exchanges.simulator.random_ids import RandomIds


def test_ids_are_random_uuids_that_only_a_seeded_generator_repeats() -> None:
    seeded, same = RandomIds(Random(7)), RandomIds(Random(7))
    first, second = RandomIds(), RandomIds()

    names = [seeded.take() for _ in range(100)]

    assert names == [same.take() for _ in range(100)]
    assert {UUID(name).version for name in [*names, first.take()]} == {4}
    assert len(set(names)) == 100
    assert first.take() != second.take()
