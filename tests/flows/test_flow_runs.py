"""The flows, run by Prefect's own engine against a real server and a stand-in executor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client

from flows.emergency_stop import emergency_stop
from flows.entry import entry
from flows.exit_validation import exit_validation
from flows.market_rates import market_rates
from flows.one_leg_recovery import one_leg_recovery
from flows.reconcile import reconcile
from flows.signal_intake import signal_intake
from tasks.key_store import KeyStore
from tasks.signal import parse_signal
from tasks.signing import is_signed_by
from tests.fake_executor import FakeExecutor, running_fake_executor
from tests.prefect_runs import PREFECT_MARKS, artifacts_of, log_of, state_of

pytestmark = PREFECT_MARKS

CHECK = {
    "signal_id": "x",
    "would_trade": False,
    "reasons": [{"code": "book_stale", "message": "the upbit book is 4.2 s old"}],
    "timings_us": {"verify": 23, "gate": 40},
}


@pytest.fixture
async def executor(kimp_home: Path) -> AsyncIterator[FakeExecutor]:
    KeyStore(kimp_home / "keys").generate("operator")
    async with running_fake_executor(kimp_home / "run" / "executor.sock") as fake:
        fake.answers["POST /v1/check"] = CHECK
        yield fake


def an_entry(signal_id: str) -> dict[str, Any]:
    return {
        "id": signal_id,
        "action": "ENTER",
        "symbol": "BTC",
        "quantity": "0.010",
        "created_at": datetime.now(UTC).isoformat(),
        "key_id": "alpha",
        "signature": "00" * 64,
    }


@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        ("hedged", "Hedged", "COMPLETED"),
        ("denied", "Denied", "COMPLETED"),
        ("naked", "Naked", "FAILED"),
    ],
)
async def test_a_signal_ends_its_run_by_name(
    executor: FakeExecutor, status: str, name: str, kind: str
) -> None:
    executor.outcome = {"status": status, "reason": "why: because", "pair_id": "p0123456789ab"}

    state = await state_of(signal_intake, signal=an_entry(f"story-{status}"))

    assert (state.name, state.type.value) == (name, kind)
    async with get_client() as client:
        run_id = state.state_details.flow_run_id
        assert run_id is not None
        run = await client.read_flow_run(run_id)
        assert run.name == f"enter-BTC-0.010-{f'story-{status}'[-8:]}"
        assert f'"status": "{status}"' in (await artifacts_of(client, run_id))["signal-outcome"]
        assert f"{name} (why): pair p0123456789ab: because" in await log_of(client, run_id)


async def test_a_bad_signal_ends_in_one_sentence_and_is_not_sent(executor: FakeExecutor) -> None:
    state = await state_of(signal_intake, signal=an_entry("s-1") | {"quantity": "-1"})

    assert state.name == "BadSignal"
    assert state.is_failed()
    assert "quantity: expected a positive decimal" in (state.message or "")
    assert executor.heard == []


async def test_without_a_signal_a_canary_is_checked_and_nothing_is_traded(
    executor: FakeExecutor, kimp_home: Path
) -> None:
    state = await state_of(signal_intake)

    assert state.name == "Alive"
    assert "due to flow " in (state.message or "")
    assert "to executor and back " in (state.message or "")
    [body] = executor.bodies("POST /v1/check")
    assert is_signed_by(parse_signal(body), KeyStore(kimp_home / "keys").trusted()["operator"])
    assert executor.bodies("POST /v1/signals") == []
    async with get_client() as client:
        run_id = state.state_details.flow_run_id
        assert run_id is not None
        shown = (await artifacts_of(client, run_id))["canary"]
    assert "| book stale | the upbit book is 4.2 s old |" in shown
    for stage in ("due to flow", "verify 0.02", "gate 0.04", "to executor and back"):
        assert stage in shown


async def test_without_an_executor_the_run_says_what_to_start(kimp_home: Path) -> None:
    KeyStore(kimp_home / "keys").generate("operator")

    state = await state_of(signal_intake, signal=an_entry("s-gone"))

    assert state.is_failed()
    assert "executor/live" in (state.message or "")


async def test_readiness_lists_why_not(executor: FakeExecutor) -> None:
    state = await state_of(entry)

    assert state.name == "NotReady"
    assert state.is_completed()
    assert "would not trade: the upbit book is 4.2 s old" in (state.message or "")
    async with get_client() as client:
        run_id = state.state_details.flow_run_id
        assert run_id is not None
        assert "4.2 s old" in (await artifacts_of(client, run_id))["readiness"]


async def test_readiness_looks_at_every_coin_of_the_desk(
    executor: FakeExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIMP_SYMBOLS", '["BTC", "ETH"]')
    executor.answers["POST /v1/check"] = {**CHECK, "would_trade": True, "reasons": []}

    state = await state_of(entry)

    assert (state.name, state.message) == ("Ready", "BTC: would trade. ETH: would trade.")
    assert [body["symbol"] for body in executor.bodies("POST /v1/check")] == ["BTC", "ETH"]
    assert executor.bodies("POST /v1/signals") == []


async def test_an_operators_entry_is_signed_and_the_key_shows_nowhere(
    executor: FakeExecutor, kimp_home: Path
) -> None:
    secret = KeyStore(kimp_home / "keys").private_key("operator").secret.hex()

    state = await state_of(entry, quantity="0.010", premium_limit_pct="3", reason="a test")

    assert state.name == "Hedged"
    [heard] = [item for item in executor.heard if item[0] == "POST /v1/signals"]
    assert heard[1] == {"door": "operator"}
    assert is_signed_by(parse_signal(heard[2]), KeyStore(kimp_home / "keys").trusted()["operator"])
    async with get_client() as client:
        run_id = state.state_details.flow_run_id
        assert run_id is not None
        run = await client.read_flow_run(run_id)
        shown = [await log_of(client, run_id), str(run), str(await artifacts_of(client, run_id))]
    assert secret not in "".join(shown)


async def test_one_pair_is_closed_by_a_signed_exit(executor: FakeExecutor) -> None:
    executor.answers["GET /v1/pairs/p0123456789ab"] = {"symbol": "BTC", "state": "hedged"}
    executor.outcome = {"status": "held", "reason": "loss: it would lose 1,200 KRW"}

    state = await state_of(exit_validation, pair_id="p0123456789ab", close=True)

    assert state.name == "Held"
    assert "1,200 KRW" in (state.message or "")
    [body] = executor.bodies("POST /v1/signals")
    assert (body["action"], body["pair_id"]) == ("EXIT", "p0123456789ab")


async def test_an_automatic_exit_that_goes_wrong_fails_the_run(executor: FakeExecutor) -> None:
    executor.answers["POST /v1/exits/validate"] = [
        {
            "pair_id": "p0123456789ab",
            "net_krw": "9",
            "target_krw": "1",
            "decision": "close",
            "sentence": "9 KRW are enough",
            "outcome": {"signal_id": "s", "status": "naked", "reason": "one leg is left"},
        }
    ]

    state = await state_of(exit_validation)

    assert state.name == "Naked"
    assert state.is_failed()


async def test_a_pair_that_stays_naked_fails_the_recovery(executor: FakeExecutor) -> None:
    executor.answers["POST /v1/recover"] = [recovered("naked", "hedge sell 0.01 BTC")]

    state = await state_of(one_leg_recovery)

    assert state.name == "Naked"
    assert "p0123456789ab" in (state.message or "")


async def test_pair_that_nobody_can_decide_yet_fails_the_recovery(executor: FakeExecutor) -> None:
    executor.answers["POST /v1/recover"] = [recovered("unknown")]

    state = await state_of(one_leg_recovery)

    assert (state.is_failed(), state.name) == (True, "Undecided")
    assert "p0123456789ab" in (state.message or "")


async def test_recovery_of_a_pair_that_nobody_knows_says_what_to_do(executor: FakeExecutor) -> None:
    sentence = "pair_id: expected a known pair, got p0123456789ab"
    executor.answers["POST /v1/recover"] = (409, {"error": sentence})

    state = await state_of(one_leg_recovery, pair_id="p0123456789ab")

    assert (state.is_failed(), state.name) == (True, "Refused")
    assert sentence in (state.message or "")
    assert "`kimp pairs`" in (state.message or "")


async def test_recovery_tells_its_story_step_by_step(executor: FakeExecutor) -> None:
    executor.answers["POST /v1/recover"] = [recovered("hedged", "first this", "then that")]

    state = await state_of(one_leg_recovery)

    assert state.message == "p0123456789ab hedged"
    run_id = state.state_details.flow_run_id
    assert run_id is not None
    async with get_client() as client:
        log = await log_of(client, run_id)
    story = ["was unknown", "1. first this", "2. then that", "is hedged: spot 0.01, perpetual 0.01"]
    places = [log.index(part) for part in story]
    assert places == sorted(places)


def recovered(state: str, *steps: str) -> dict[str, Any]:
    return {
        "pair_id": "p0123456789ab",
        "was": "unknown",
        "state": state,
        "holds": "spot 0.01, perpetual 0.01 BTC",
        "steps": list(steps),
    }


async def test_an_unexplained_difference_fails_the_reconciliation(executor: FakeExecutor) -> None:
    executor.answers["POST /v1/reconcile"] = {
        "reconciliation_id": "r",
        "agreed": False,
        "differences": [
            {
                "kind": "position",
                "venue": "binance",
                "symbol": "BTC",
                "journal": "-0.010",
                "venue_says": "0",
                "difference": "0.010",
                "explained": None,
            }
        ],
    }

    state = await state_of(reconcile)

    assert state.name == "Disagreed"
    assert "journal -0.010, venue 0" in (state.message or "")
    async with get_client() as client:
        run_id = state.state_details.flow_run_id
        assert run_id is not None
        artifacts = await artifacts_of(client, run_id)
        assert "binance" in str(artifacts["reconciliation"])
        assert "do NOT agree" in str(artifacts["reconciliation-summary"])


async def test_a_venue_that_cannot_be_asked_fails_the_reconciliation_with_other_advice(
    executor: FakeExecutor,
) -> None:
    executor.answers["POST /v1/reconcile"] = {
        "reconciliation_id": "r",
        "agreed": False,
        "differences": [
            {
                "kind": "unreadable",
                "venue": "binance",
                "symbol": "BTC",
                "journal": what,
                "venue_says": "HTTP 503",
                "difference": "unknown",
                "explained": None,
            }
            for what in ("trades", "holdings")
        ],
    }

    state = await state_of(reconcile)

    assert state.name == "NotCompared"
    assert (state.message or "").startswith("binance could not be asked (HTTP 503). Entries stay")
    async with get_client() as client:
        assert state.state_details.flow_run_id is not None
        artifacts = await artifacts_of(client, state.state_details.flow_run_id)
        assert "could not be compared" in str(artifacts["reconciliation-summary"])


async def test_what_a_person_accepts_goes_to_the_executor_and_is_told(
    executor: FakeExecutor,
) -> None:
    explained = {
        "kind": "balance",
        "venue": "upbit",
        "symbol": "BTC",
        "journal": "0.5",
        "venue_says": "0",
        "difference": "-0.5",
        "explained": "accepted: cold storage",
    }
    executor.answers["POST /v1/reconcile"] = {
        "reconciliation_id": "r",
        "agreed": True,
        "differences": [explained],
    }

    state = await state_of(reconcile, accept="cold storage")

    assert state.name == "Agreed"
    assert executor.bodies("POST /v1/reconcile") == [{"accept": "cold storage"}]
    run_id = state.state_details.flow_run_id
    assert run_id is not None
    async with get_client() as client:
        summary = str((await artifacts_of(client, run_id))["reconciliation-summary"])
    assert "accepted: cold storage" in summary


async def test_missing_rates_are_called_missing(executor: FakeExecutor) -> None:
    executor.answers["POST /v1/rates/refresh"] = {
        "krw_per_usd": None,
        "krw_per_usdt": "1310",
        "dollar": "USDC",
        "fx_source": None,
        "fx_age_s": None,
        "premiums": [
            {
                "symbol": "BTC",
                "quantity": "0.010",
                "enter_fx_pct": None,
                "enter_tether_pct": "2.5",
                "leave_fx_pct": None,
                "leave_tether_pct": "2.4",
            }
        ],
    }

    state = await state_of(market_rates)

    assert state.message == (
        "BTC: enter missing fx / 2.500 % tether, leave missing fx / 2.400 % tether"
    )


async def test_an_unconfirmed_stop_stops_nothing(executor: FakeExecutor) -> None:
    state = await state_of(emergency_stop, reason="a test", confirm="STOP", liquidate=True)

    assert state.name == "NotConfirmed"
    assert executor.heard == []
