"""When a venue is left alone, and when it is tried again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tasks.circuit_breaker import CircuitBreaker, CircuitState


class HandClock:
    """A clock that only a test moves."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def breaker(clock: HandClock) -> CircuitBreaker:
    return CircuitBreaker(clock, failures=5, reset_s=30.0)


def fail(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        breaker.failed()


def test_five_failures_in_a_row_open_it(breaker: CircuitBreaker) -> None:
    fail(breaker, 4)
    assert breaker.allow()

    fail(breaker, 1)

    assert breaker.state is CircuitState.OPEN
    assert not breaker.allow()


def test_a_success_between_failures_starts_the_count_again(breaker: CircuitBreaker) -> None:
    fail(breaker, 4)
    breaker.succeeded()
    fail(breaker, 4)

    assert breaker.state is CircuitState.CLOSED


def test_one_probe_passes_after_the_reset(breaker: CircuitBreaker, clock: HandClock) -> None:
    fail(breaker, 5)
    clock.seconds += 29.9
    assert not breaker.allow()

    clock.seconds += 0.1

    assert breaker.allow()
    assert breaker.state is CircuitState.HALF_OPEN
    assert not breaker.allow()


def test_the_probes_success_closes(breaker: CircuitBreaker, clock: HandClock) -> None:
    fail(breaker, 5)
    clock.seconds += 30
    breaker.allow()

    breaker.succeeded()

    assert breaker.state is CircuitState.CLOSED
    fail(breaker, 4)
    assert breaker.allow()


def test_the_probes_failure_opens_for_another_whole_reset(
    breaker: CircuitBreaker, clock: HandClock
) -> None:
    fail(breaker, 5)
    clock.seconds += 30
    breaker.allow()

    fail(breaker, 1)

    assert breaker.state is CircuitState.OPEN
    clock.seconds += 29.9
    assert not breaker.allow()
    clock.seconds += 0.1
    assert breaker.allow()


def test_late_answers_do_not_move_an_open_circuit(
    breaker: CircuitBreaker, clock: HandClock
) -> None:
    fail(breaker, 5)
    clock.seconds += 20
    breaker.succeeded()
    breaker.failed()

    assert breaker.state is CircuitState.OPEN
    clock.seconds += 10
    assert breaker.allow()


def test_a_probe_that_never_reports_is_given_out_again(
    breaker: CircuitBreaker, clock: HandClock
) -> None:
    fail(breaker, 5)
    clock.seconds += 30
    breaker.allow()

    clock.seconds += 30

    assert breaker.allow()


def test_each_new_state_is_told_once(clock: HandClock) -> None:
    told: list[CircuitState] = []
    breaker = CircuitBreaker(clock, failures=2, reset_s=30.0, on_change=told.append)

    breaker.succeeded()
    fail(breaker, 3)
    clock.seconds += 30
    breaker.allow()
    breaker.allow()
    fail(breaker, 1)
    clock.seconds += 30
    breaker.allow()
    breaker.succeeded()
    breaker.succeeded()

    half, opened, closed = CircuitState.HALF_OPEN, CircuitState.OPEN, CircuitState.CLOSED
    assert told == [opened, half, opened, half, closed]


@pytest.mark.parametrize("state", [CircuitState.OPEN, CircuitState.HALF_OPEN])
def test_circuit_that_was_not_closed_is_open_again_until_its_probe_is_due(
    clock: HandClock, breaker: CircuitBreaker, state: CircuitState
) -> None:
    breaker.restore(state, datetime.fromtimestamp(clock.seconds - 20, UTC))

    assert breaker.state is CircuitState.OPEN
    assert not breaker.allow()
    clock.seconds += 10
    assert breaker.allow()


def test_circuit_that_opened_in_our_future_waits_no_longer_than_any(
    clock: HandClock, breaker: CircuitBreaker
) -> None:
    breaker.restore(CircuitState.OPEN, datetime.fromtimestamp(clock.seconds + 9_999, UTC))

    clock.seconds += 30

    assert breaker.allow()


def test_circuit_that_was_closed_lets_everything_through(breaker: CircuitBreaker) -> None:
    breaker.restore(CircuitState.CLOSED, datetime(2021, 1, 1, tzinfo=UTC))

    assert breaker.allow()
    assert breaker.state is CircuitState.CLOSED
