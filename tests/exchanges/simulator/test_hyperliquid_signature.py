"""Who may act, as the simulated Hyperliquid finds out."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from exchanges.hyperliquid.signing import Signature, address_of, sign_action
from exchanges.simulator.hyperliquid.actions import parse_action
from exchanges.simulator.hyperliquid.snapshot import HyperliquidSnapshot
from exchanges.simulator.snapshot_json import to_json
from tests.exchanges.simulator.hyperliquid_venue import (
    AGENT,
    KEY,
    MAIN,
    STRANGER,
    Reply,
    RunningVenue,
    batch,
    limit,
    running_venue,
)

NOOP: dict[str, Any] = {"type": "noop"}
ORDER = limit("buy", "49000", "0.1", c="0x" + "a" * 32)
OK = {"status": "ok", "response": {"type": "default"}}
DAY_MS = 86_400_000


async def post(venue: RunningVenue, body: dict[str, Any]) -> Reply:
    return await venue.send("/exchange", json.dumps(body).encode())


async def test_the_api_wallet_acts_for_the_main_wallet_and_nobody_else_does() -> None:
    async with running_venue() as venue:
        allowed = await venue.act(NOOP)
        refused = await venue.act(NOOP, key=STRANGER)

        assert allowed.json == OK
        assert refused.status == 200
        assert refused.json == {
            "status": "err",
            "response": f"User or API Wallet {address_of(STRANGER)} does not exist.",
        }
        assert await venue.info("userRole", user=AGENT) == {"role": "agent", "data": {"user": MAIN}}
        assert await venue.info("userRole", user=MAIN) == {"role": "user"}
        assert await venue.info("userRole", user="0x" + "00" * 20) == {"role": "missing"}


async def test_a_second_api_wallet_may_be_let_in_but_never_for_two_accounts() -> None:
    async with running_venue() as venue:
        venue.engine.add_agent(MAIN, address_of(STRANGER))

        allowed = await venue.act(NOOP, key=STRANGER)

        assert allowed.json == OK
        assert [one["address"] for one in await venue.info("extraAgents", user=MAIN)] == [
            AGENT,
            address_of(STRANGER),
        ]
        with pytest.raises(ValueError, match="signs for another account"):
            venue.engine.add_account("0x" + "cd" * 20, AGENT, {})


@pytest.mark.parametrize("change", ["price", "nonce", "expiry", "r", "v", "side"])
async def test_one_changed_byte_is_a_signature_of_somebody_who_does_not_exist(change: str) -> None:
    async with running_venue() as venue:
        body = venue.signed(batch(ORDER))
        body = deepcopy(body)
        match change:
            case "price":
                body["action"]["orders"][0]["p"] = "49001"
            case "side":
                body["action"]["orders"][0]["b"] = False
            case "nonce":
                body["nonce"] += 1
            case "expiry":
                body["expiresAfter"] = venue.now_ms() + 60_000
            case "r":
                body["signature"]["r"] = hex(int(body["signature"]["r"], 16) ^ 0b100)
            case "v":
                body["signature"]["v"] = 55 - body["signature"]["v"]

        reply = await post(venue, body)

        assert reply.status == 200
        assert reply.json["status"] == "err"
        assert AGENT not in reply.json["response"]
        assert reply.json["response"].startswith(("User or API Wallet 0x", "Unable to recover"))
        assert await venue.info("openOrders", user=MAIN) == []


async def test_what_was_signed_must_have_the_venue_s_form() -> None:
    async with running_venue() as venue:
        closing_zero = await venue.act(batch({**ORDER, "p": "49000.0"}))
        wrong_order = await venue.act(batch(dict(reversed(ORDER.items()))))
        wrong_type_place = await venue.act({"orders": [ORDER], "grouping": "na", "type": "order"})

        for reply in (closing_zero, wrong_order, wrong_type_place):
            assert reply.json["response"].endswith("does not exist.")


async def test_how_the_json_is_written_does_not_matter_to_the_signature() -> None:
    async with running_venue() as venue:
        body = venue.signed(batch(ORDER))
        sent = {**dict(reversed(ORDER.items())), "p": "49000.000", "c": "0x" + "A" * 32}
        body["action"] = {"grouping": "na", "orders": [sent], "type": "order"}

        reply = await post(venue, body)

        assert "resting" in reply.statuses[0]


async def test_leading_zeros_of_a_signature_may_be_there_or_not() -> None:
    async with running_venue() as venue:
        body = venue.signed(NOOP)
        while len(body["signature"]["r"]) == 66:
            body = venue.signed(NOOP)
        padded = deepcopy(venue.signed(NOOP))
        padded["signature"]["s"] = f"0x{int(padded['signature']['s'], 16):064x}"

        short, full = await post(venue, body), await post(venue, padded)

        assert short.json == full.json == OK


@pytest.mark.parametrize("is_mainnet", [True, False])
async def test_a_signature_for_the_other_network_is_somebody_else_s(is_mainnet: bool) -> None:
    async with running_venue(is_mainnet=is_mainnet) as venue:
        replies = []
        for network in (is_mainnet, not is_mainnet):
            nonce = venue.nonce()
            signature: Signature = sign_action(NOOP, nonce, KEY, is_mainnet=network)
            body = {"action": NOOP, "nonce": nonce, "signature": signature.wire()}
            replies.append((await post(venue, body)).json)

        own, other = replies
        assert own == OK
        assert other["response"].endswith("does not exist.")


async def test_a_nonce_is_used_once_even_by_an_action_that_is_refused() -> None:
    async with running_venue() as venue:
        nonce = venue.nonce()
        await venue.act({"type": "updateLeverage", "asset": 9, "isCross": True, "leverage": 1},
                        nonce=nonce)  # fmt: skip

        again = await venue.act(NOOP, nonce=nonce)

        assert again.json["response"] == f"Invalid nonce: duplicate nonce {nonce}"


async def test_nonces_keep_to_the_venue_s_window() -> None:
    async with running_venue() as venue:
        now = venue.now_ms()
        old = await venue.act(NOOP, nonce=now - 2 * DAY_MS - 1)
        early = await venue.act(NOOP, nonce=now + DAY_MS + 1)
        oldest = await venue.act(NOOP, nonce=now - 2 * DAY_MS)
        last = await venue.act(NOOP, nonce=now + DAY_MS)

        assert old.json["response"] == (
            f"Invalid nonce: nonce too low {now - 2 * DAY_MS - 1} < {now - 2 * DAY_MS}"
        )
        assert early.json["response"] == (
            f"Invalid nonce: nonce too high {now + DAY_MS + 1} > {now + DAY_MS}"
        )
        assert oldest.json == last.json == OK


async def test_only_nonces_above_the_lowest_of_the_hundred_highest_are_taken() -> None:
    async with running_venue() as venue:
        now = venue.now_ms()
        for number in range(100):
            assert (await venue.act(NOOP, nonce=now + 2 * number)).json == OK

        between = await venue.act(NOOP, nonce=now + 3)
        below = await venue.act(NOOP, nonce=now + 1)

        assert between.json == OK
        assert below.json["response"] == f"Invalid nonce: nonce too low {now + 1} < {now + 2}"


async def test_an_action_expires_and_uses_up_its_nonce() -> None:
    async with running_venue() as venue:
        nonce = venue.nonce()
        in_time = await venue.act(NOOP, expiresAfter=venue.now_ms())
        late = await venue.act(NOOP, nonce=nonce, expiresAfter=venue.now_ms() - 1)
        again = await venue.act(NOOP, nonce=nonce)

        assert in_time.json == OK
        assert late.json == {"status": "err", "response": "Action already expired"}
        assert again.json["response"].startswith("Invalid nonce: duplicate")


async def test_an_action_that_has_expired_counts_five_times() -> None:
    async with running_venue() as venue:
        await venue.act(NOOP, expiresAfter=venue.now_ms())
        before = await venue.info("userRateLimit", user=MAIN)
        await venue.act(batch(ORDER), expiresAfter=venue.now_ms() - 1)
        after = await venue.info("userRateLimit", user=MAIN)

        assert after["nRequestsUsed"] - before["nRequestsUsed"] == 5
        assert await venue.info("openOrders", user=MAIN) == []


async def test_a_restart_gives_no_nonce_back() -> None:
    async with running_venue() as venue:
        nonce = venue.nonce()
        changes = venue.engine.changes
        await venue.act(NOOP, nonce=nonce, expiresAfter=venue.now_ms() - 1)
        noticed = venue.engine.changes > changes
        saved = HyperliquidSnapshot.model_validate_json(to_json(venue.engine.snapshot()))
        venue.engine.restore(saved)
        venue.engine.add_account(MAIN, AGENT, {})

        again = await venue.act(NOOP, nonce=nonce)

        assert noticed
        assert again.json["response"] == f"Invalid nonce: duplicate nonce {nonce}"


async def test_nobody_has_a_vault_here() -> None:
    async with running_venue() as venue:
        reply = await venue.act(NOOP, vaultAddress="0x" + "11" * 20)

        assert reply.json["response"] == f"Vault not registered: 0x{'11' * 20}"


@pytest.mark.parametrize(
    ("headers", "body", "status", "text"),
    [
        ({}, b"{}", 415, "Expected request with `Content-Type: application/json`"),
        (None, b"{", 400, "Failed to parse the request body as JSON"),
        (None, b"[]", 422, "Failed to deserialize the JSON body into the target type"),
        (None, b'{"action": {}}', 422, "Failed to deserialize the JSON body into the target type"),
    ],
)
async def test_garbage_is_answered_in_plain_text(
    headers: dict[str, str] | None, body: bytes, status: int, text: str
) -> None:
    async with running_venue() as venue:
        for path in ("/exchange", "/info"):
            wanted = {"Content-Type": "application/json"} if headers is None else headers
            reply = await venue.send(path, body, wanted or {"Content-Type": "text/plain"})

            assert (reply.status, reply.text) == (status, text)


@pytest.mark.parametrize(
    "action",
    [
        {"type": "withdraw3"},
        {"type": "order", "orders": [], "grouping": "other"},
        {"type": "order", "orders": {}, "grouping": "na"},
        batch({**ORDER, "p": 49000}),
        batch({**ORDER, "p": "4.9e4"}),
        batch({**ORDER, "p": "-49000"}),
        batch({**ORDER, "s": "0.000000001"}),
        batch({**ORDER, "s": ""}),
        batch({**ORDER, "c": "mine"}),
        batch({**ORDER, "r": None}),
        batch({**ORDER, "a": -1}),
        batch({**ORDER, "t": {"limit": {"tif": "Fok"}}}),
        {"type": "cancel", "cancels": [{"a": 0, "o": "1"}]},
        {"type": "cancelByCloid", "cancels": [{"a": 0, "cloid": ORDER["c"]}]},
        {"type": "updateLeverage", "asset": 0, "isCross": 1, "leverage": 3},
        {"type": "noop", "more": 1},
    ],
)
async def test_actions_of_another_form_reach_no_account(action: dict[str, Any]) -> None:
    async with running_venue() as venue:
        signature = {"r": "0x1", "s": "0x1", "v": 27}
        body = {"action": action, "nonce": venue.nonce(), "signature": signature}

        reply = await post(venue, body)

        assert (reply.status, reply.text) == (
            422,
            "Failed to deserialize the JSON body into the target type",
        )


@pytest.mark.parametrize(
    "action",
    [
        batch(ORDER),
        {**batch(ORDER), "builder": {"b": "0x" + "1" * 40, "f": 10}},
        {**batch(ORDER), "grouping": {"p": 3}},
        {"type": "cancel", "cancels": [{"a": 0, "o": 1}]},
        {"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": ORDER["c"]}]},
        {"type": "modify", "oid": 1, "order": ORDER},
        {"type": "batchModify", "modifies": [{"oid": ORDER["c"], "order": ORDER}]},
        {"type": "updateLeverage", "asset": 0, "isCross": True, "leverage": 3},
        {"type": "updateIsolatedMargin", "asset": 0, "isBuy": True, "ntli": -5},
        {"type": "scheduleCancel"},
        {"type": "scheduleCancel", "time": 5},
        NOOP,
    ],
)
def test_an_action_in_the_sdk_s_form_is_written_back_as_it_came(action: dict[str, Any]) -> None:
    assert json.dumps(parse_action(action).wire()) == json.dumps(action)
