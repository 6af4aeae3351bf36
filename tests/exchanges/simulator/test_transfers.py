"""Money moved at the simulated venues: as their own lists show it, and over a restart."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from exchanges.simulator.simulation import Simulation, SimulationSnapshot
from exchanges.simulator.snapshot_json import to_json
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.binance_venue import KEY as BINANCE_KEY
from tests.exchanges.simulator.binance_venue import running_venue
from tests.exchanges.simulator.running import KEY, Running
from tests.exchanges.simulator.still_market import still_path


async def moved(venues: Running, venue: str, currency: str, amount: str) -> None:
    body = {"venue": venue, "account": KEY, "currency": currency, "amount": amount}
    reply = await venues.control("POST", "/transfer", body)
    assert reply.status == 200, reply.json


async def test_upbit_lists_have_the_published_fields(venues: Running) -> None:
    await moved(venues, "upbit", "BTC", "0.5")
    await moved(venues, "upbit", "KRW", "-1000")

    [deposit] = (await venues.upbit.get("/v1/deposits", ("state", "ACCEPTED"))).json
    [withdrawal] = (await venues.upbit.get("/v1/withdraws", ("currency", "KRW"))).json

    at = (venues.clock.now() + timedelta(hours=9)).strftime("%Y-%m-%dT%H:%M:%S+09:00")
    assert deposit == {
        "type": "deposit", "uuid": deposit["uuid"], "currency": "BTC", "net_type": "BTC",
        "txid": deposit["txid"], "state": "ACCEPTED", "created_at": at, "done_at": at,
        "amount": "0.5", "fee": "0", "transaction_type": "default",
    }  # fmt: skip
    assert withdrawal["net_type"] is None
    assert (withdrawal["type"], withdrawal["state"]) == ("withdraw", "DONE")
    assert withdrawal["is_cancelable"] is False


async def test_upbit_shows_what_is_under_way_and_does_not_count_it(venues: Running) -> None:
    engine = venues.simulation.upbit
    before = (await venues.upbit.get("/v1/accounts")).json
    begun = engine.begin_transfer(KEY, "BTC", Decimal("0.5"))

    [listed] = (await venues.upbit.get("/v1/deposits")).json
    accepted = (await venues.upbit.get("/v1/deposits", ("state", "ACCEPTED"))).json

    assert (listed["uuid"], listed["state"], listed["done_at"]) == (begun.uuid, "PROCESSING", None)
    assert accepted == []
    assert (await venues.upbit.get("/v1/accounts")).json == before


async def test_upbit_refuses_a_state_that_there_is_not(venues: Running) -> None:
    reply = await venues.upbit.get("/v1/deposits", ("state", "DONE"))

    assert reply.status == 400


async def test_binance_shows_a_transfer_of_no_symbol() -> None:
    async with running_venue() as venue:
        venue.simulation.binance.transfer(BINANCE_KEY, "USDT", Decimal("-25.5"))

        [row] = (await venue.signed("GET", "/fapi/v1/income")).json
        of_symbol = (await venue.signed("GET", "/fapi/v1/income", symbol="BTCUSDT")).json

    assert (row["incomeType"], row["symbol"], row["asset"]) == ("TRANSFER", "", "USDT")
    assert (row["income"], row["info"], row["tradeId"]) == ("-25.50000000", "TRANSFER", "")
    assert of_symbol == []


def test_what_was_moved_is_remembered_over_a_restart() -> None:
    simulation = Simulation(still_path(), ManualClock())
    address, agent = "0x" + "ab" * 20, "0x" + "cd" * 20
    simulation.upbit.add_account(KEY, "s", {"KRW": Decimal(5_000)})
    simulation.binance.add_account(KEY, "s", {"USDT": Decimal(100)})
    simulation.hyperliquid.add_account(address, agent, {"USDC": Decimal(100)})
    under_way = simulation.upbit.begin_transfer(KEY, "BTC", Decimal(1))
    simulation.upbit.transfer(KEY, "KRW", Decimal(-3_000))
    simulation.binance.transfer(KEY, "USDT", Decimal(7))
    simulation.hyperliquid.transfer(address, "USDC", Decimal(-9))

    saved = SimulationSnapshot.model_validate_json(to_json(simulation.snapshot()))
    again = Simulation(still_path(), ManualClock(), remembered=saved)

    owner = again.upbit.account(KEY)
    assert owner is not None
    assert [it.uuid for it in owner.transfers if it.done_at is None] == [under_way.uuid]
    assert len(owner.transfers) == 2
    assert owner.ledger.total("KRW") == 2_000
    assert again.binance.account(KEY).income == simulation.binance.account(KEY).income
    wallet = again.hyperliquid.account(address)
    assert wallet is not None
    assert wallet.cash == 90
    assert [(it.amount, it.fee) for it in wallet.ledger] == [(Decimal(-9), Decimal(1))]
