"""Order ids that come out the same after a restart."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.client_order_id import client_order_id, pair_id_for, parse_client_order_id
from tasks.pair import LegName


def test_ids_are_what_they_always_were() -> None:
    # A changed derivation would make a restarted desk blind to its own orders.
    assert pair_id_for("s-1") == "p6a840baf5d8c"
    assert client_order_id("p6a840baf5d8c", LegName.SPOT, 1) == "kimp-p6a840baf5d8c-s001"


@given(st.text(min_size=1, max_size=64), st.sampled_from(LegName), st.integers(1, 999))
def test_an_id_reads_back_and_fits_both_venues(signal_id: str, leg: LegName, attempt: int) -> None:
    pair_id = pair_id_for(signal_id)

    text = client_order_id(pair_id, leg, attempt)

    assert parse_client_order_id(text) == (pair_id, leg, attempt)
    assert re.fullmatch(r"[.A-Z:/a-z0-9_-]{1,36}", text)


@pytest.mark.parametrize("attempt", [0, -1, 1_000])
def test_an_attempt_out_of_range_is_refused(attempt: int) -> None:
    with pytest.raises(ValueError, match="attempt: expected 1 to 999"):
        client_order_id("p0123456789ab", LegName.SPOT, attempt)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "web_abc",
        "kimp-p0123456789ab-x001",
        "kimp-p0123456789ab-s1",
        "kimp-p0123456789ab-s000",
        "kimp-p0123456789AB-s001",
        "kimp-p0123456789ab-s001\n",
        "xkimp-p0123456789ab-s001",
    ],
)
def test_a_strange_id_is_not_ours(text: str) -> None:
    assert parse_client_order_id(text) is None
