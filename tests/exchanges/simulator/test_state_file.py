"""Simulated venues that are stopped, killed and started again with ``--state``."""

from __future__ import annotations

import json
import re
import signal
import stat
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exchanges.simulator.replay import shipped_history
from exchanges.simulator.simulation import Simulation
from exchanges.simulator.state_file import BadState, Source, StateFile
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.simulator_process import (
    ACCOUNTS,
    KEY,
    SECRET,
    SimulatorProcess,
    launched,
    simulator,
    until,
)
from tests.exchanges.simulator.still_market import still_path

SYMBOL = "BTCUSDT"
HELD = {
    "upbit": {"KRW-BTC": {"bid": "60000000", "ask": "60010000", "size": "0.5"}},
    "binance": {SYMBOL: {"bid": "49999.0", "ask": "50001.0", "size": "2"}},
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "simulator-state.json"


def remembering(file: Path, *more: str) -> tuple[str, ...]:
    return (*ACCOUNTS, "--state", str(file), *more)


async def trade(venues: SimulatorProcess, run: str) -> None:
    """A filled and a resting order at both venues, an identifier spoilt by a refusal, funding,
    leverage."""
    upbit, binance = venues.upbit, venues.binance
    await venues.control("PUT", "/market", HELD)
    buy = {"market": "KRW-BTC", "side": "bid", "ord_type": "limit"}
    taken = await upbit.order(
        **buy, price="60020000", volume="0.3", time_in_force="ioc", identifier=f"{run}-taken"
    )
    rests = await upbit.order(**buy, price="50000000", volume="0.1", identifier=f"{run}-rests")
    dear = await upbit.order(**buy, price="60000000", volume="9", identifier=f"{run}-dear")
    assert [reply.status for reply in (taken, rests, dear)] == [201, 201, 400]
    await binance("POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=7)
    sell = {"symbol": SYMBOL, "side": "SELL", "newOrderRespType": "RESULT"}
    sold = await binance(
        "POST", "/fapi/v1/order", **sell, type="MARKET", quantity="0.300",
        newClientOrderId=f"{run}-taken",
    )  # fmt: skip
    assert sold["status"] == "FILLED", sold
    resting = await binance(
        "POST", "/fapi/v1/order", **sell, type="LIMIT", timeInForce="GTC", quantity="0.100",
        price="55000.0", newClientOrderId=f"{run}-rests",
    )  # fmt: skip
    assert resting["status"] == "NEW", resting
    await venues.control("POST", "/funding", {"rate": "0.00013"})


async def answers(venues: SimulatorProcess, run: str = "first") -> dict[str, Any]:
    """What a client can ask about its accounts; the market must stand still."""
    upbit, binance = venues.upbit, venues.binance
    state = await venues.state()
    window = {"startTime": 1_700_000_000_000, "limit": 1000}
    return {
        "state": {name: state[name] for name in ("upbit", "binance")},
        "accounts": (await upbit.get("/v1/accounts")).json,
        "taken": (await upbit.get("/v1/order", ("identifier", f"{run}-taken"))).json,
        "closed": (await upbit.get("/v1/orders/closed")).json,
        "open": (await upbit.get("/v1/orders/open")).json,
        "balance": [
            {name: value for name, value in row.items() if name != "updateTime"}
            for row in await binance("GET", "/fapi/v3/balance")
        ],
        "position": await binance("GET", "/fapi/v3/positionRisk", symbol=SYMBOL),
        "settings": await binance("GET", "/fapi/v1/symbolConfig", symbol=SYMBOL),
        "sold": await binance(
            "GET", "/fapi/v1/order", symbol=SYMBOL, origClientOrderId=f"{run}-taken"
        ),
        "orders": await binance("GET", "/fapi/v1/allOrders", symbol=SYMBOL),
        "resting": await binance("GET", "/fapi/v1/openOrders", symbol=SYMBOL),
        "trades": await binance("GET", "/fapi/v1/userTrades", symbol=SYMBOL),
        "income": await binance("GET", "/fapi/v1/income", **window, endTime=9_999_999_999_999),
        "rates": await binance("GET", "/fapi/v1/fundingRate", symbol=SYMBOL),
    }


async def test_after_a_stop_the_venues_answer_as_before_and_trade_on(file: Path) -> None:
    async with simulator(*remembering(file)) as venues:
        await trade(venues, "first")
        before = await answers(venues)
        assert await venues.end() == (0, b"")

    async with simulator(*remembering(file)) as venues:
        assert await answers(venues) == before

        refused = [
            await venues.upbit.order(
                market="KRW-BTC", side="ask", ord_type="market", volume="0.01", identifier=used
            )
            for used in ("first-taken", "first-rests", "first-dear")
        ]
        cancelled = await venues.upbit.delete("/v1/order", ("identifier", "first-rests"))
        ended = await venues.binance(
            "DELETE", "/fapi/v1/order", symbol=SYMBOL, origClientOrderId="first-rests"
        )
        await trade(venues, "second")
        after = await answers(venues)

    assert [reply.status for reply in refused] == [400] * 3
    assert {reply.json["error"]["name"] for reply in refused} == {"validation_error"}
    assert (cancelled.status, ended["status"]) == (200, "CANCELED")
    assert Decimal(after["position"][0]["positionAmt"]) == Decimal("-0.600")
    for listed, number in (("orders", "orderId"), ("trades", "id"), ("income", "tranId")):
        ids = [(row.get("incomeType"), row[number]) for row in after[listed]]
        assert len(ids) > len(before[listed])
        assert len(set(ids)) == len(ids)


async def test_after_a_kill_the_last_save_is_remembered(file: Path) -> None:
    async with simulator(*remembering(file)) as venues:
        await trade(venues, "first")
        before = await answers(venues)
        await until(lambda: "FUNDING_FEE" in file.read_text())  # the last thing that was done
        await venues.end(signal.SIGKILL)

    async with simulator(*remembering(file)) as venues:
        assert await answers(venues) == before


async def test_the_replay_goes_on_where_it_stopped_at_a_pace_of_its_own(file: Path) -> None:
    async with simulator(
        *remembering(file, "--from", "2021-04-03T07:30:00Z", "--speed", "36000")
    ) as venues:
        await venues.reach("2021-04-04")
        await venues.control("PUT", "/speed", {"speed": 0})
        stopped = (await venues.state())["market"]
        await venues.end()

    async with simulator(
        *remembering(file, "--from", "2021-03-01T00:00:00Z", "--speed", "3600")
    ) as venues:
        resumed = (await venues.state())["market"]

    passed = datetime.fromisoformat(resumed["time"]) - datetime.fromisoformat(stopped["time"])
    assert 0 <= passed.total_seconds() < 36_000
    assert resumed["speed"] == 3600


async def test_what_was_held_by_hand_is_still_held_and_a_random_walk_goes_on(file: Path) -> None:
    walk = remembering(file, "--walk", "7", "--speed", "0")
    async with simulator(*walk) as venues:
        await venues.control("PUT", "/speed", {"speed": 36_000})
        await venues.reach("2021-01-01T02")
        await venues.control("PUT", "/speed", {"speed": 0})
        shaped = {"upbit": {"KRW-BTC": {"spread_bps": "7", "size": "0.25"}}}
        await venues.control("PUT", "/market", shaped | {"krw_per_usdt": "1207.5"})
        before = (await venues.state())["market"]
        await venues.end()

    async with simulator(*walk) as venues:
        assert (await venues.state())["market"] == before


async def test_a_remembered_account_keeps_its_money_and_a_new_one_is_opened(file: Path) -> None:
    async with simulator(*remembering(file)) as venues:
        await trade(venues, "first")
        before = (await venues.state())["upbit"]["accounts"][KEY]
        await venues.end()

    other = ("--account", "upbit:other:other-secret:KRW=5000")
    async with simulator("--state", str(file), *other) as venues:
        accounts = (await venues.state())["upbit"]["accounts"]
        unknown = await venues.upbit.get("/v1/accounts")
        also_unknown = await venues.binance("GET", "/fapi/v3/balance")
        await venues.end()

    async with simulator(*remembering(file)) as venues:
        known = await venues.upbit.get("/v1/accounts")

    assert accounts[KEY]["balances"] == before["balances"]
    assert accounts["other"]["balances"]["KRW"]["total"] == "5000"
    assert (unknown.status, unknown.json["error"]["name"]) == (401, "invalid_access_key")
    assert also_unknown["code"] == -2015
    assert known.status == 200


async def test_the_file_is_its_owners_and_holds_no_secret(file: Path) -> None:
    async with simulator(*remembering(file)) as venues:
        await trade(venues, "first")
        await venues.end()

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert KEY in file.read_text()
    assert SECRET not in file.read_text()
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def _change(change: Callable[[dict[str, Any]], None]) -> Callable[[bytes], bytes]:
    def changed(content: bytes) -> bytes:
        parsed = json.loads(content)
        change(parsed)
        return json.dumps(parsed).encode()

    return changed


def _next_version(content: dict[str, Any]) -> None:
    content["version"] += 1


def _locked(content: dict[str, Any]) -> None:
    content["venues"]["upbit"]["accounts"][KEY]["locked"]["KRW"] = "1"


def _no_number(content: dict[str, Any]) -> None:
    content["venues"]["binance"]["accounts"][KEY]["wallet"]["USDT"] = "lots"


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda content: content[: len(content) // 2], "does not hold simulated venues (body: "),
        (lambda content: b"", "does not hold simulated venues (body: "),
        (lambda content: b'{"format": "other", "version": 1}', "(format: "),
        (_change(_next_version), "has version 2 of the format, 1 is expected"),
        (_change(_locked), "locked is not what the open orders have set aside"),
        (_change(_no_number), f"(venues.binance.accounts.{KEY}.wallet.USDT: "),
    ],
    ids=["cut", "empty", "foreign", "newer", "locked", "no-number"],
)
def test_a_damaged_file_is_refused_with_what_is_wrong(
    damage: Callable[[bytes], bytes], sentence: str, file: Path
) -> None:
    simulation = Simulation(still_path(), ManualClock())
    for engine in (simulation.upbit, simulation.binance):
        engine.add_account(KEY, SECRET, {"KRW": Decimal(5000)})
    state = StateFile(file, Source.of_walk(7))
    sound = state.encode(simulation.snapshot())
    state.write(damage(sound))

    with pytest.raises(BadState, match=re.escape(sentence)) as refused:
        state.load()

    assert str(refused.value).startswith(f"{file}: ")
    assert "\n" not in str(refused.value)


async def test_with_a_damaged_file_the_simulators_end_with_one_sentence(file: Path) -> None:
    file.write_bytes(b'{"format": "kimp-sim')

    async with launched(*remembering(file)) as process:
        output, errors = await process.communicate()

    assert (process.returncode, output) == (1, b"")
    text = errors.decode()
    assert text.startswith(f"error: {file}: does not hold simulated venues (")
    assert text.endswith("; start over with another --state file\n")
    assert text.count("\n") == 1
    assert file.read_bytes() == b'{"format": "kimp-sim'


async def test_a_file_of_another_market_is_refused(file: Path) -> None:
    async with simulator(*remembering(file, "--walk", "7")) as venues:
        await venues.end()

    async with launched(*remembering(file)) as process:
        _, errors = await process.communicate()

    assert process.returncode == 1
    assert f"belongs to random walk 7 (walk-7), not to {shipped_history().name} (" in (
        errors.decode()
    )


async def test_a_file_that_cannot_be_written_is_said_at_the_start(tmp_path: Path) -> None:
    file = tmp_path / "missing" / "state.json"

    async with launched(*remembering(file)) as process:
        output, errors = await process.communicate()

    assert (process.returncode, output) == (1, b"")
    assert errors.decode() == f"error: {file}: cannot be written: No such file or directory\n"


async def test_ids_of_runs_that_remember_nothing_do_not_meet() -> None:
    ids: dict[str, list[list[int]]] = {"allOrders": [], "userTrades": [], "income": []}
    for run in ("first", "second"):
        async with simulator(*ACCOUNTS) as venues:
            await trade(venues, run)
            for listed, number in (
                ("allOrders", "orderId"),
                ("userTrades", "id"),
                ("income", "tranId"),
            ):
                rows = await venues.binance("GET", f"/fapi/v1/{listed}", symbol=SYMBOL)
                ids[listed].append([row[number] for row in rows])
            await venues.end()

    for first, second in ids.values():
        assert max(first) < min(second)
