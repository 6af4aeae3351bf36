from __future__ import annotations

from exchanges.hyperliquid.address_budget import EVERY_S, RESERVE, AddressBudget
from tests.exchanges.manual_clock import ManualClock


def test_new_address_has_what_every_address_starts_with() -> None:
    assert AddressBudget(ManualClock()).room() == 10_000 - RESERVE


def test_room_is_what_the_venue_says_less_what_was_sent_since() -> None:
    budget = AddressBudget(ManualClock())

    budget.observe(used=2_900, cap=5_000)
    budget.spend()

    assert budget.room() == 2_100 - 1 - RESERVE
    assert budget.wait_s(urgent=False) == 0


def test_reserve_is_for_the_urgent() -> None:
    budget = AddressBudget(ManualClock())

    budget.observe(used=4_900, cap=5_000)

    assert budget.room() == 0
    assert budget.wait_s(urgent=False) == EVERY_S
    assert budget.wait_s(urgent=True) == 0


def test_after_a_refusal_one_is_tried_every_ten_seconds() -> None:
    clock = ManualClock()
    budget = AddressBudget(clock)

    budget.refused()
    clock.advance(4)

    assert budget.wait_s(urgent=True) == EVERY_S - 4
    clock.advance(6)
    assert budget.wait_s(urgent=True) == 0
    assert budget.room() == 0
    budget.observe(used=10, cap=5_000)
    assert budget.room() == 4_990 - RESERVE


def test_an_action_that_came_too_late_counts_five_times() -> None:
    budget = AddressBudget(ManualClock())
    budget.observe(used=0, cap=5_000)

    budget.spend()
    budget.came_too_late()

    assert budget.room() == 5_000 - 5 - RESERVE
