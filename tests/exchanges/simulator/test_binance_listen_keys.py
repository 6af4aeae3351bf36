"""The life of a listen key, over REST and as its stream shows it."""

from __future__ import annotations

from exchanges.simulator.binance.listen_keys import LIFE_MS, Fate, ListenKeys
from tests.exchanges.simulator.binance_streams import connected, listen_key
from tests.exchanges.simulator.binance_venue import running_venue

PATH = "/fapi/v1/listenKey"
LIFE_S = LIFE_MS / 1_000


async def test_a_second_post_gives_the_same_key_and_another_hour() -> None:
    async with running_venue() as venue:
        first = await listen_key(venue)
        venue.clock.advance(LIFE_S - 1)
        second = await listen_key(venue)
        venue.clock.advance(LIFE_S - 1)
        third = await listen_key(venue)

        assert first == second == third
        assert len(first) == 64


async def test_a_put_extends_and_an_hour_without_one_ends_the_key() -> None:
    async with running_venue() as venue:
        key = await listen_key(venue)
        venue.clock.advance(LIFE_S - 1)
        extended = await venue.send("PUT", PATH)
        venue.clock.advance(LIFE_S - 1)
        once_more = await venue.send("PUT", PATH)
        venue.clock.advance(LIFE_S)
        late = await venue.send("PUT", PATH)
        renewed = await listen_key(venue)

        assert extended.json == once_more.json == {"listenKey": key}
        assert (late.status, late.code) == (400, -1125)
        assert renewed != key


async def test_the_api_key_alone_is_asked_for() -> None:
    async with running_venue() as venue:
        without = await venue.send("POST", PATH, key=None)
        unknown = await venue.send("POST", PATH, key="somebody")

        assert without.code == -2014
        assert unknown.code == -2015


async def test_a_key_that_ends_by_age_says_so_and_then_nothing() -> None:
    async with running_venue() as venue:
        key = await listen_key(venue)
        async with connected(venue, f"/private/ws/{key}") as client:
            await client.ask("LIST_SUBSCRIPTIONS")
            venue.clock.advance(LIFE_S)
            expired = await client.next()
            await venue.order(quantity="0.010")

            assert expired == {"e": "listenKeyExpired", "E": venue.now_ms(), "listenKey": key}
            assert await client.is_quiet()


async def test_a_key_that_was_replaced_after_its_hour_has_expired_too() -> None:
    async with running_venue() as venue:
        key = await listen_key(venue)
        async with connected(venue, f"/private/ws/{key}") as client:
            await client.ask("LIST_SUBSCRIPTIONS")
            venue.clock.advance(LIFE_S)
            await listen_key(venue)

            assert (await client.next())["e"] == "listenKeyExpired"


async def test_a_deleted_key_closes_its_stream_without_a_word() -> None:
    async with running_venue() as venue:
        key = await listen_key(venue)
        async with connected(venue, f"/private/ws/{key}") as client:
            await client.ask("LIST_SUBSCRIPTIONS")
            deleted = await venue.send("DELETE", PATH)

            assert deleted.json == {}
            assert await client.close_code() == 1000
        assert (await venue.send("PUT", PATH)).code == -1125


def test_keys_show_in_no_repr() -> None:
    keys = ListenKeys(lambda: 0)
    key = keys.start("account")

    assert key not in repr(vars(keys))
    assert keys.fate(key) is Fate.ALIVE
    assert keys.owner("another") is None
