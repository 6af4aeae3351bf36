"""One record as one line."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.record_line import DamagedLine, decode_line, encode_line

MOMENT = datetime(2026, 3, 4, 1, 2, 3, 456789, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda children: st.lists(children) | st.dictionaries(TEXT, children),
    max_leaves=10,
)


@given(st.dictionaries(TEXT, JSON))
def test_a_record_reads_as_it_was_written(body: dict[str, object]) -> None:
    line = encode_line(7, MOMENT, 3, "fill", body)

    record = decode_line(line[:-1], 2, 500)

    assert line.count(b"\n") == 1
    assert (record.seq, record.epoch, record.type, record.body) == (7, 3, "fill", body)
    assert record.at == MOMENT
    assert record.position == (2, 500, 7)


def test_a_change_of_any_byte_is_noticed() -> None:
    line = encode_line(7, MOMENT, 3, "fill", {"price": "100", "note": 'a ,"crc":1} inside'})[:-1]

    for place in range(len(line)):
        changed = line[:place] + bytes([line[place] ^ 1]) + line[place + 1 :]
        with pytest.raises(DamagedLine):
            decode_line(changed, 1, 0)


def test_a_decimal_in_a_body_is_refused_because_the_contract_has_texts() -> None:
    with pytest.raises(TypeError):
        encode_line(1, MOMENT, 1, "fill", {"price": Decimal("1.5")})
