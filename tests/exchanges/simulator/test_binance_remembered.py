"""Over a restart the simulated Binance remembers what waits as well as what was done."""

from __future__ import annotations

from decimal import Decimal

from exchanges.simulator.simulation import Simulation, SimulationSnapshot
from exchanges.simulator.snapshot_json import to_json
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.binance_venue import KEY, SYMBOL, move_market, running_venue
from tests.exchanges.simulator.still_market import still_path


def restarted(simulation: Simulation, clock: ManualClock) -> Simulation:
    remembered = SimulationSnapshot.model_validate_json(to_json(simulation.snapshot()))
    return Simulation(still_path(), clock, remembered=remembered)


async def test_what_waits_goes_on_waiting_after_a_restart() -> None:
    async with running_venue() as venue:
        await venue.signed("POST", "/fapi/v1/marginType", symbol=SYMBOL, marginType="ISOLATED")
        await venue.order(quantity="0.300")
        until = venue.now_ms() + 700_000
        await venue.limit("48000.0", "GTD", goodTillDate=until, newClientOrderId="dated")
        await venue.limit("48000.0", newClientOrderId="counted")
        await venue.signed(
            "PUT", "/fapi/v1/order", symbol=SYMBOL, origClientOrderId="counted", side="BUY",
            quantity="0.020", price="48000.0",
        )  # fmt: skip
        await venue.signed("POST", "/fapi/v1/positionMargin", symbol=SYMBOL, amount="7", type=1)
        await venue.signed(
            "POST", "/fapi/v1/countdownCancelAll", symbol=SYMBOL, countdownTime=5_000
        )
        await venue.signed(
            "POST", "/fapi/v1/algoOrder", algoType="CONDITIONAL", symbol=SYMBOL, side="SELL",
            type="STOP_MARKET", triggerPrice="49900.0", quantity="0.300", clientAlgoId="stop",
        )  # fmt: skip

        again = restarted(venue.simulation, venue.clock)

        before, after = venue.simulation.binance.account(KEY), again.binance.account(KEY)
        assert list(after.orders) == list(before.orders)
        assert list(after.algos) == list(before.algos)
        assert after.positions == before.positions
        assert after.margin_changes == before.margin_changes
        assert after.countdowns == before.countdowns == {SYMBOL: venue.now_ms() + 5_000}

        venue.clock.advance(5)
        again.binance.advance()
        move_market(again, Decimal("49899.0"), Decimal("49901.0"))

        assert [order.status.value for order in after.orders] == [
            "FILLED", "CANCELED", "CANCELED", "FILLED",
        ]  # fmt: skip
        assert [algo.status.value for algo in after.algos] == ["FINISHED"]
        assert not list(after.held())


async def test_ids_of_conditional_orders_are_never_given_twice() -> None:
    async with running_venue() as venue:
        stop = {"algoType": "CONDITIONAL", "symbol": SYMBOL, "side": "SELL",
                "type": "STOP_MARKET", "triggerPrice": "49000.0", "quantity": "0.3"}  # fmt: skip
        placed = await venue.signed("POST", "/fapi/v1/algoOrder", **stop)

        again = restarted(venue.simulation, venue.clock)

        assert again.binance.algos.ids.next > placed.json["algoId"]
