"""What a stream of the simulated Upbit makes of what it is sent."""

from __future__ import annotations

import contextlib
import json

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchanges.simulator.upbit.subscription import StreamError, parse_frame
from tests.exchanges.simulator.running import Running
from tests.exchanges.simulator.upbit_stream import public_stream

MARKETS = ("KRW-BTC", "KRW-USDT")
TICKET = {"ticket": "x"}


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("WRONG_FORMAT", "subscribe"),
        ("WRONG_FORMAT", '{"ticket": "x"}'),
        ("WRONG_FORMAT", '[{"ticket": "x"}, "ticker"]'),
        ("NO_TICKET", json.dumps([{"type": "ticker", "codes": ["KRW-BTC"]}])),
        ("NO_TICKET", "[]"),
        ("NO_TYPE", json.dumps([TICKET])),
        ("NO_TYPE", json.dumps([TICKET, {"codes": ["KRW-BTC"]}])),
        ("NO_CODES", json.dumps([TICKET, {"type": "ticker"}])),
        ("NO_CODES", json.dumps([TICKET, {"type": "trade", "codes": []}])),
        ("INVALID_PARAM", json.dumps([TICKET, {"type": "candle.2m", "codes": ["KRW-BTC"]}])),
        ("INVALID_PARAM", json.dumps([TICKET, {"type": "ticker", "codes": ["krw-btc"]}])),
        ("INVALID_PARAM", json.dumps([TICKET, {"type": "ticker", "codes": ["KRW-BTC.5"]}])),
        ("INVALID_PARAM", json.dumps([TICKET, {"type": "orderbook", "codes": ["KRW-BTC.7"]}])),
        ("INVALID_PARAM", json.dumps([TICKET, {"method": "UNSUBSCRIBE"}])),
        (
            "INVALID_PARAM",
            json.dumps([TICKET, {"type": "ticker", "codes": ["KRW-BTC"]}, {"format": "XML"}]),
        ),
        ("INVALID_AUTH", json.dumps([TICKET, {"type": "myAsset"}])),
    ],
)
async def test_a_bad_frame_is_answered_by_name_and_the_connection_goes_on(
    venues: Running, name: str, frame: str
) -> None:
    async with public_stream(venues) as stream:
        await stream.socket.send_str(frame)
        error = await stream.next()
        await stream.ask({"type": "ticker", "codes": ["KRW-BTC"]})
        ticker = await stream.next()

    assert error["error"]["name"] == name
    assert error["error"]["message"]
    assert ticker["type"] == "ticker"


def test_assets_are_of_all_markets() -> None:
    with pytest.raises(StreamError) as caught:
        parse_frame(
            json.dumps([TICKET, {"type": "myAsset", "codes": ["KRW-BTC"]}]),
            MARKETS,
            is_private=True,
        )

    assert caught.value.name == "WRONG_FORMAT"


async def test_binary_frames_are_read_like_text(venues: Running) -> None:
    async with public_stream(venues) as stream:
        await stream.socket.send_bytes(
            json.dumps([TICKET, {"type": "ticker", "codes": ["KRW-BTC"]}]).encode()
        )

        assert (await stream.next())["type"] == "ticker"


async def test_a_sixth_message_within_a_second_ends_the_connection(venues: Running) -> None:
    async with public_stream(venues) as stream:
        for _ in range(6):
            await stream.ask({"method": "LIST_SUBSCRIPTIONS"})
        answers = await stream.several(5)
        end = await stream.frame()

    assert len(answers) == 5
    assert (end.type, end.data) == (aiohttp.WSMsgType.CLOSE, 1008)


async def test_a_hundred_messages_a_minute_are_the_most(venues: Running) -> None:
    async with public_stream(venues) as stream:
        for asked in range(101):
            await stream.ask({"method": "LIST_SUBSCRIPTIONS"})
            if asked < 100:
                await stream.next()
            venues.clock.advance(0.25)
        end = await stream.frame()

    assert end.type is aiohttp.WSMsgType.CLOSE


words = st.sampled_from(
    ["ticket", "x", "type", "codes", "format", "method", "level", "is_only_snapshot", "ticker",
     "orderbook", "myOrder", "KRW-BTC", "KRW-BTC.5", "SIMPLE", "LIST_SUBSCRIPTIONS", "", "\ud800"]
)  # fmt: skip
scalars = st.one_of(words, st.integers(), st.booleans(), st.none(), st.floats())
values = scalars | st.lists(scalars, max_size=3) | st.dictionaries(words, scalars, max_size=3)
frames = st.one_of(
    st.lists(st.dictionaries(words, values, max_size=4), max_size=4).map(json.dumps),
    st.text(),
    st.binary(),
    st.just(json.dumps([TICKET, {"type": "orderbook", "codes": ["KRW-BTC"], "level": "1e999"}])),
    st.just("[" * 100_000),
)


@settings(max_examples=150, deadline=None)
@given(frames, st.booleans())
def test_whatever_is_sent_is_a_subscription_or_an_error_by_name(
    frame: str | bytes, is_private: bool
) -> None:
    with contextlib.suppress(StreamError):
        asked = parse_frame(frame, MARKETS, is_private=is_private)

        assert asked.ticket.encode()
        assert asked.feeds is None or asked.feeds
