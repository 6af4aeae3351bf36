from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exchanges.hyperliquid.client_order_ids import (
    CLIENT_ORDER_ID,
    client_order_id_of,
    cloid_of,
)

IDS = st.from_regex(CLIENT_ORDER_ID, fullmatch=True)
CLOIDS = st.integers(0, 2**128 - 1).map(lambda number: f"0x{number:032x}")
NEAR_CLOIDS = st.builds(
    lambda mark, number: f"0x{mark << 100 | number:032x}",
    st.sampled_from([0x6B696D7, 0x6B696D8]),
    st.integers(0, 2**100 - 1),
)


@given(IDS)
@example("kimp-p0123456789ab-s001")
@example("kimp-")
@example("kimp-" + "-" * 19)
@example("-" * 19)
@example("0")
@example("00")
def test_id_comes_back(client_order_id: str) -> None:
    cloid = cloid_of(client_order_id)

    assert re.fullmatch("0x[0-9a-f]{32}", cloid)
    assert client_order_id_of(cloid) == client_order_id
    assert client_order_id_of(cloid.upper().replace("X", "x")) == client_order_id


@given(CLOIDS | NEAR_CLOIDS)
def test_any_cloid_survives(cloid: str) -> None:
    assert cloid_of(client_order_id_of(cloid)) == cloid


@given(st.integers(0, 2**64), st.uuids(version=4))
def test_cloids_of_other_programs_keep_their_form(number: int, chance: object) -> None:
    counted, random = f"0x{number:032x}", "0x" + str(chance).replace("-", "")

    assert client_order_id_of(counted) == counted
    assert client_order_id_of(random) == random


@given(st.lists(IDS, unique=True, min_size=2))
def test_no_two_ids_share_a_cloid(ids: list[str]) -> None:
    assert len({cloid_of(each) for each in ids}) == len(ids)


def test_cloid_of_an_id_never_changes() -> None:
    """It is how a restarted desk finds the orders it sent before."""
    assert cloid_of("kimp-p0123456789ab-s001") == "0x6b696d703c694bd09f04678c5637c364"


@pytest.mark.parametrize("text", ["", "A", "a b", "a" * 20, "kimp-" + "a" * 20, "0X12", "ü"])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="client_order_id"):
        cloid_of(text)


@pytest.mark.parametrize("cloid", ["", "0x", "hello", "0x" + "g" * 32])
def test_what_is_no_cloid_is_shown_as_it_is(cloid: str) -> None:
    assert client_order_id_of(cloid) == cloid
