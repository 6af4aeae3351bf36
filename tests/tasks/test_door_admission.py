"""Who the fast door lets in, and how often."""

from __future__ import annotations

import pytest

from tasks import door_admission
from tasks.door_admission import CONNECTIONS, CONNECTIONS_EACH, STRANGERS_BURST, DoorAdmission
from tests.tasks.venue_keys.samples import a_clock

PER_S = 5


def admission(*allowed: str) -> DoorAdmission:
    return DoorAdmission(allowed, PER_S, a_clock())


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_without_a_list_this_machine_comes_in(host: str) -> None:
    assert admission().connect(host) is None


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "192.168.1.9", "2001:db8::1", "::ffff:10.0.0.1", "", "?", "localhost"]
)
def test_without_a_list_nobody_else_does(host: str) -> None:
    assert admission().connect(host) == "its address is not in fast_door_allow"


def test_a_list_names_who_comes_in_and_leaves_this_machine_out() -> None:
    door = admission("10.1.0.0/16", "2001:db8::/32")

    assert [door.connect(host) for host in ("10.1.2.3", "::ffff:10.1.9.9", "2001:db8::7")] == [
        None,
        None,
        None,
    ]
    assert all(door.connect(host) is not None for host in ("10.2.0.1", "127.0.0.1", "2001:db9::"))


def test_one_caller_cannot_take_every_connection() -> None:
    door = admission("10.0.0.0/8")

    taken = [door.connect("10.0.0.1") for _ in range(CONNECTIONS_EACH + 1)]

    assert taken == [None] * CONNECTIONS_EACH + [f"it has {CONNECTIONS_EACH} connections open"]
    assert door.connect("10.0.0.2") is None
    door.disconnect("10.0.0.1")
    assert door.connect("10.0.0.1") is None


def test_many_callers_cannot_take_more_than_there_are() -> None:
    door = admission("10.0.0.0/8")

    taken = [door.connect(f"10.0.0.{number}") for number in range(CONNECTIONS + 1)]

    assert taken == [None] * CONNECTIONS + [f"{CONNECTIONS} connections are open"]


def test_requests_of_one_caller_are_bounded_and_come_back_with_time() -> None:
    clock = a_clock()
    door = DoorAdmission(("10.0.0.0/8",), PER_S, clock)

    at_once = [door.may_ask("10.0.0.1") for _ in range(PER_S + 1)]
    other = door.may_ask("10.0.0.2")
    clock.advance(1 / PER_S)

    assert at_once == [True] * PER_S + [False]
    assert other
    assert [door.may_ask("10.0.0.1") for _ in range(2)] == [True, False]


def test_addresses_of_one_ipv6_subscriber_count_as_one() -> None:
    door = admission("2001:db8::/32")

    asked = [door.may_ask(f"2001:db8:0:1::{number}") for number in range(PER_S + 1)]

    assert asked == [True] * PER_S + [False]
    assert door.may_ask("2001:db8:0:2::1")


def test_signals_of_nobody_we_know_are_bounded_more_tightly() -> None:
    clock = a_clock()
    door = DoorAdmission((), PER_S, clock)

    at_once = [door.may_be_refused("127.0.0.1") for _ in range(STRANGERS_BURST + 1)]
    clock.advance(59)
    in_a_minute = sum(door.may_be_refused("127.0.0.1") for _ in range(100))

    assert at_once == [True] * STRANGERS_BURST + [False]
    assert in_a_minute < STRANGERS_BURST


def test_what_is_remembered_of_callers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_admission, "REMEMBERED", 10)
    clock = a_clock()
    door = DoorAdmission(("10.0.0.0/8",), PER_S, clock)
    connected = [door.connect("10.9.9.9")]
    for number in range(100):
        clock.advance(60)
        door.may_ask(f"10.0.0.{number}")

    again = [door.connect("10.9.9.9") for _ in range(CONNECTIONS_EACH)]

    assert connected == [None]
    assert again[-1] is not None, "an open connection was forgotten"
    assert len(door._callers) <= 11
