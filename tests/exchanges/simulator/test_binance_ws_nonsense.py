"""Whatever a client sends over a WebSocket, it is answered and the connection goes on."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.simulator.binance.streams import control_frame
from exchanges.simulator.binance.ws_api import frame as api_frame
from tests.exchanges.simulator.binance_streams import connected
from tests.exchanges.simulator.binance_venue import running_venue

NASTY = (
    "",
    "nul",
    '{"id": "\\ud800", "method": "depth"}',
    '{"id": 1, "method": "\\ud800"}',
    '{"id": 1, "method": "depth", "params": {"symbol": "\\udfff"}}',
    f'{{"id": {"9" * 5_000}, "method": "depth"}}',
    f'{{"id": 1e400, "method": "depth", "params": {{"limit": {"9" * 5_000}}}}}',
    '{"id": NaN, "method": "SUBSCRIBE", "params": [null]}',
    '{"id": true, "method": ["SUBSCRIBE"], "params": {}}',
    '{"id": 1, "method": "order.place", "params": {"timestamp": [], "apiKey": {}}}',
    "[" * 2_000,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
FRAMES = st.one_of(
    st.text(),
    st.binary(),
    st.fixed_dictionaries(
        {
            "id": JSON,
            "method": st.sampled_from([*control_frame.METHODS, "order.place"]) | JSON,
            "params": JSON,
        }
    ).map(json.dumps),
)


@pytest.mark.parametrize("path", ["/public/ws", "/ws-fapi/v1"])
async def test_nasty_frames_are_answered(path: str) -> None:
    async with running_venue() as venue:
        for sent in NASTY:
            async with connected(venue, path) as client:
                await client.socket.send_str(sent)
                answer = await client.next()
                await client.socket.send_bytes(b"\xff\xfe")
                other = await client.next()

                assert "error" in answer, sent
                assert "error" in other


@given(FRAMES)
def test_a_frame_is_a_request_or_refused_and_either_can_be_answered(sent: str | bytes) -> None:
    try:
        control = control_frame.parse_control_frame(sent)
        orjson.dumps({"result": control.params, "id": control.id})
    except control_frame.BadFrame as bad:
        orjson.dumps(bad.answer)
    try:
        request = api_frame.parse_request(sent)
        orjson.dumps({"id": request.id, "params": request.params, "method": request.method})
    except api_frame.BadFrame as refused:
        orjson.dumps({"id": refused.request_id, "msg": refused.refused.message})
