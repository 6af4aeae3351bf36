"""Whether a key can withdraw: what each venue's answer means, and what becomes of the key."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from exchanges.hyperliquid.signing import address_of, parse_key
from exchanges.instrument import Venue
from tasks.errors import KeyRefused
from tasks.settings import Mode, Settings
from tasks.venue_keys.key_check import KeyCheck, Withdrawal
from tasks.venue_keys.key_guard import PROOF, check_key, demand_unable_to_withdraw
from tasks.venue_keys.venue_key import VenueKey
from tests.exchanges.simulator.hyperliquid_venue import MAIN, running_venue
from tests.tasks.venue_keys.fake_venues import (
    RESTRICTIONS,
    FakeVenues,
    Reply,
    running_fake_venues,
    upbit_error,
)
from tests.tasks.venue_keys.samples import ACCESS, SECRET, a_clock, a_key, assert_no_secret, logged

CAN, CANNOT, NOT_TOLD = Withdrawal.CAN, Withdrawal.CANNOT, Withdrawal.NOT_TOLD
ACCOUNT = "0x" + "Ab" * 20
AGENT_SECRET = "7" * 64
AGENT = address_of(parse_key(AGENT_SECRET))


@pytest.fixture
async def venues() -> AsyncIterator[FakeVenues]:
    async with running_fake_venues() as running:
        yield running


async def checked(venues: FakeVenues, key: VenueKey, home: Path) -> KeyCheck:
    told = await check_key(key, venues.settings(home), a_clock())
    assert_no_secret(told)
    return told


@pytest.mark.parametrize(
    ("cancel", "listing", "withdrawal", "asked"),
    [
        (upbit_error(401, "out_of_scope"), (200, []), CANNOT, 1),
        (upbit_error(403, "out_of_scope"), (200, []), CANNOT, 1),
        ((401, {"name": "out_of_scope"}), (200, []), CANNOT, 1),
        (upbit_error(403, "open_api_withdraw_locked"), (200, []), CAN, 1),
        (upbit_error(404, "withdraw_not_found"), (200, []), CAN, 2),
        (upbit_error(400, "validation_error"), (200, []), CAN, 2),
        (upbit_error(404, "withdraw_not_found"), upbit_error(401, "out_of_scope"), NOT_TOLD, 2),
        (upbit_error(401, "invalid_access_key"), (200, []), NOT_TOLD, 1),
        (upbit_error(401, "no_authorization_ip"), (200, []), NOT_TOLD, 1),
        (upbit_error(404, ACCESS), upbit_error(401, SECRET), NOT_TOLD, 2),
        ((404, {"error": {"name": 404}}), (200, []), NOT_TOLD, 1),
        ((200, {}), (200, []), NOT_TOLD, 1),
        ((429, b"Too many requests"), (200, []), NOT_TOLD, 1),
        ((500, b"oops"), (200, []), NOT_TOLD, 1),
        ((403, b"<html>" + SECRET.encode()), (200, []), NOT_TOLD, 1),
    ],
)
async def test_upbit_is_asked_by_trying(
    venues: FakeVenues,
    tmp_path: Path,
    cancel: Reply,
    listing: Reply,
    withdrawal: Withdrawal,
    asked: int,
) -> None:
    venues.upbit_cancel, venues.upbit_list = cancel, listing

    told = await checked(venues, a_key(), tmp_path)

    assert told.withdrawal is withdrawal
    assert venues.asked == ["DELETE /v1/withdraws/coin", "GET /v1/withdraws"][:asked]


@pytest.mark.parametrize(
    ("reply", "withdrawal"),
    [
        ((200, RESTRICTIONS), CANNOT),
        ((200, RESTRICTIONS | {"enableWithdrawals": True}), CAN),
        ((200, {"enableWithdrawals": False}), CANNOT),
        ((200, {"enableWithdrawals": "false"}), NOT_TOLD),
        ((200, {}), NOT_TOLD),
        ((200, []), NOT_TOLD),
        ((404, RESTRICTIONS), NOT_TOLD),
        ((401, {"code": -2015, "msg": f"Invalid API-key {ACCESS}"}), NOT_TOLD),
        ((400, {"code": SECRET, "msg": SECRET}), NOT_TOLD),
        ((418, {"code": -1003, "msg": "banned"}), NOT_TOLD),
        ((502, b"<html>"), NOT_TOLD),
    ],
)
async def test_binance_says_it(
    venues: FakeVenues, tmp_path: Path, reply: Reply, withdrawal: Withdrawal
) -> None:
    venues.binance = reply

    told = await checked(venues, a_key(Venue.BINANCE), tmp_path)

    assert told.withdrawal is withdrawal


async def test_what_else_binance_tells_is_remarked(venues: FakeVenues, tmp_path: Path) -> None:
    venues.binance = (
        200,
        RESTRICTIONS
        | {
            "ipRestrict": False,
            "enableFutures": False,
            "permitsUniversalTransfer": True,
        },
    )

    told = await checked(venues, a_key(Venue.BINANCE), tmp_path)

    assert told.withdrawal is CANNOT
    assert told.remarks == (
        "it is not bound to an address",
        "it is not enabled for futures",
        "it may move money between the account's wallets",
    )


@pytest.mark.parametrize(
    ("reply", "withdrawal"),
    [
        ((200, {"role": "agent", "data": {"user": ACCOUNT.lower()}}), CANNOT),
        ((200, {"role": "user"}), CAN),
        ((200, {"role": "vault"}), CAN),
        ((200, {"role": "subAccount", "data": {"master": ACCOUNT}}), CAN),
        ((200, {"role": "missing"}), NOT_TOLD),
        ((200, {"role": "agent"}), NOT_TOLD),
        ((200, {"role": ["agent"]}), NOT_TOLD),
        ((200, {"role": "king"}), NOT_TOLD),
        ((200, None), NOT_TOLD),
        ((422, b"Failed to deserialize the JSON body"), NOT_TOLD),
    ],
)
async def test_hyperliquid_knows_an_api_wallet(
    venues: FakeVenues, tmp_path: Path, reply: Reply, withdrawal: Withdrawal
) -> None:
    venues.hyperliquid = reply
    key = a_key(Venue.HYPERLIQUID, access=ACCOUNT, secret=f"0x{AGENT_SECRET}")

    told = await checked(venues, key, tmp_path)

    assert told.withdrawal is withdrawal
    assert venues.asked == [AGENT, "POST /info"]
    assert AGENT_SECRET not in repr(told)


@pytest.mark.parametrize(
    ("secret", "withdrawal"),
    [("01" * 32, CANNOT), ("02" * 32, NOT_TOLD)],
    ids=["the account's API wallet", "a stranger's"],
)
async def test_the_simulated_hyperliquid_knows_its_api_wallets(
    tmp_path: Path, secret: str, withdrawal: Withdrawal
) -> None:
    key = a_key(Venue.HYPERLIQUID, access=MAIN, secret=secret)
    async with running_venue() as venue:
        settings = FakeVenues(url=venue.url).settings(tmp_path)

        told = await check_key(key, settings, a_clock())

    assert (told.withdrawal, told.remarks) == (withdrawal, ())


async def test_the_main_wallets_own_key_is_known_without_asking(
    venues: FakeVenues, tmp_path: Path
) -> None:
    key = a_key(Venue.HYPERLIQUID, access=AGENT.upper().replace("X", "x"), secret=AGENT_SECRET)

    told = await checked(venues, key, tmp_path)

    assert (told.withdrawal, venues.asked) == (CAN, [])


async def test_the_api_wallet_of_another_account_is_remarked(
    venues: FakeVenues, tmp_path: Path
) -> None:
    venues.hyperliquid = 200, {"role": "agent", "data": {"user": "0x" + "cd" * 20}}

    told = await checked(
        venues, a_key(Venue.HYPERLIQUID, access=ACCOUNT, secret=AGENT_SECRET), tmp_path
    )

    assert told.remarks == ("it is the API wallet of another account",)


@pytest.mark.parametrize("venue", [Venue.UPBIT, Venue.BINANCE])
async def test_a_venue_that_is_not_there_does_not_tell(venue: Venue, tmp_path: Path) -> None:
    told = await checked(FakeVenues(url="http://127.0.0.1:1"), a_key(venue), tmp_path)

    assert told == KeyCheck(NOT_TOLD, "the venue cannot be reached (NotSent)")


async def guarded(settings: Settings, clock: Any = None) -> None:
    keys = [a_key(), a_key(Venue.BINANCE)]
    await demand_unable_to_withdraw(keys, settings, clock or a_clock())


async def test_in_live_mode_a_key_that_can_withdraw_is_refused(
    venues: FakeVenues, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    venues.binance = 200, RESTRICTIONS | {"enableWithdrawals": True}

    with pytest.raises(KeyRefused) as caught:
        await guarded(venues.settings(tmp_path, allow_unchecked_keys=True))

    assert str(caught.value) == (
        f"{a_key(Venue.BINANCE)} can withdraw (Binance says enableWithdrawals true): make one at "
        "binance that cannot, and take this one back there"
    )
    assert_no_secret(caught.value, logged(caplog))


async def test_in_live_mode_a_venue_that_does_not_tell_needs_a_setting(
    venues: FakeVenues, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    venues.upbit_cancel = upbit_error(401, "jwt_verification")

    with pytest.raises(KeyRefused) as caught:
        await guarded(venues.settings(tmp_path))
    await guarded(venues.settings(tmp_path, allow_unchecked_keys=True))

    assert "not known whether it can withdraw: Upbit answered HTTP 401" in str(caught.value)
    assert "set KIMP_ALLOW_UNCHECKED_KEYS=true" in str(caught.value)
    assert "not known whether it can withdraw" in caplog.text
    assert_no_secret(caught.value, logged(caplog))


async def test_a_restart_while_the_venues_are_down_lives_on_a_fresh_proof(
    venues: FakeVenues, tmp_path: Path
) -> None:
    clock = a_clock()
    await guarded(venues.settings(tmp_path), clock)
    down = FakeVenues(url="http://127.0.0.1:1").settings(tmp_path)

    clock.advance(PROOF.total_seconds() - 1)
    await guarded(down, clock)

    clock.advance(1)
    with pytest.raises(KeyRefused, match="not known whether it can withdraw"):
        await guarded(down, clock)


async def test_a_proof_is_of_one_key_only_and_never_from_a_torn_file(
    venues: FakeVenues, tmp_path: Path
) -> None:
    await guarded(venues.settings(tmp_path))
    down = FakeVenues(url="http://127.0.0.1:1").settings(tmp_path)
    file = tmp_path / "keys" / "checked.json"
    whole = file.read_bytes()

    other = a_key(secret="another-secret")
    with pytest.raises(KeyRefused):
        await demand_unable_to_withdraw([other], down, a_clock())
    without_zone = whole.replace(b"+00:00", b"")
    for torn in (whole[:-5], b"[]", b'{"x": 5}', without_zone):
        file.write_bytes(torn)
        with pytest.raises(KeyRefused):
            await guarded(down)

    file.write_bytes(whole)
    await guarded(down)
    assert_no_secret(whole)


async def test_a_proof_from_the_future_proves_nothing(venues: FakeVenues, tmp_path: Path) -> None:
    late = a_clock()
    late.advance(timedelta(days=1).total_seconds())
    await guarded(venues.settings(tmp_path), late)

    with pytest.raises(KeyRefused):
        await guarded(FakeVenues(url="http://127.0.0.1:1").settings(tmp_path))


async def test_in_paper_mode_nobody_is_asked(venues: FakeVenues, tmp_path: Path) -> None:
    settings = venues.settings(tmp_path).model_copy(update={"mode": Mode.PAPER})

    await guarded(settings)

    assert venues.asked == []
