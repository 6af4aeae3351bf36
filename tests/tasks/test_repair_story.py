"""The story of a repair is there as long as somebody may ask for it, and no longer."""

from __future__ import annotations

import pytest

from tasks.repair_story import LONGEST, RepairStory
from tests.exchanges.manual_clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def test_sentence_stands_with_its_time_and_once_as_long_as_nothing_else_happens(
    clock: ManualClock,
) -> None:
    story = RepairStory(clock, lambda _: True)
    for sentence in ("hedge", "hedge", "unwind", "hedge"):
        story.add("p1", sentence)

    told = story.since("p1")

    assert [line.split(" KST ", 1)[1] for line in told] == ["hedge", "unwind", "hedge"]
    assert told[0].startswith("12:04:05.000 KST ")
    assert story.since("p1", story.told("p1") - 1) == told[2:]
    assert (story.since("p2"), story.told("p2")) == ([], 0)


def test_pair_that_has_ended_is_told_of_for_a_day(clock: ManualClock) -> None:
    story = RepairStory(clock, lambda pair_id: pair_id == "open")
    story.add("open", "naked")
    story.add("ended", "unwound")
    clock.advance(86_399)
    story.add("other", "hedge")
    assert story.since("ended") != []

    clock.advance(1)
    story.add("other", "unwind")

    assert story.since("ended") == []
    assert len(story.since("open")) == 1
    assert len(story.since("other")) == 2


def test_endless_repair_keeps_its_latest_part(clock: ManualClock) -> None:
    story = RepairStory(clock, lambda _: True)
    for number in range(LONGEST + 500):
        story.add("p1", f"try {number}")

    assert len(story.since("p1")) == LONGEST
    assert story.told("p1") == LONGEST + 500
    assert [line.split(" KST ", 1)[1] for line in story.since("p1", LONGEST + 499)] == ["try 1499"]
    assert len(story.since("p1", 10)) == LONGEST


def test_thousands_of_pairs_leave_those_of_a_day(clock: ManualClock) -> None:
    story = RepairStory(clock, lambda _: False)
    for number in range(5_000):
        clock.advance(600)
        story.add(f"p{number}", "hedge")

    assert len(story) == 144
