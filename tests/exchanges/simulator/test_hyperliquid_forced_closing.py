"""Positions that the simulated Hyperliquid closes itself."""

from __future__ import annotations

from decimal import Decimal

import pytest

from exchanges.simulator.hyperliquid.asset import TAKER_FEE
from exchanges.simulator.hyperliquid.snapshot import HyperliquidSnapshot, restored_accounts
from exchanges.simulator.snapshot_json import to_json
from tests.exchanges.simulator.hyperliquid_venue import MAIN, limit, running_venue


async def test_a_position_without_maintenance_margin_is_liquidated_with_its_orders() -> None:
    async with running_venue(Decimal(3_000)) as venue:
        await venue.buy("1")
        end = Decimal((await venue.position())["liquidationPx"])
        placed = await venue.order(limit("sell", "60000", "1", r=True))

        venue.move("47700", "47702")
        alive = await venue.position()
        venue.move("47400", "47402")

        (fill, *_) = await venue.info("userFills", user=MAIN)
        (record, *_) = await venue.info("historicalOrders", user=MAIN)
        assert 47_402 < end < 47_700
        assert alive is not None
        assert await venue.position() is None
        assert (fill["dir"], fill["px"]) == ("Liquidated Cross Long", "47400.0")
        assert fill["liquidation"] == {
            "liquidatedUser": MAIN,
            "markPx": "47401.0",
            "method": "market",
        }
        assert record["order"]["tif"] == "LiquidationMarket"
        assert (await venue.status(placed.oid))["status"] == "liquidatedCanceled"


async def test_an_isolated_position_is_liquidated_alone_and_loses_its_margin_at_most() -> None:
    async with running_venue(Decimal(10_000)) as venue:
        await venue.act({"type": "updateLeverage", "asset": 0, "isCross": False, "leverage": 40})
        await venue.buy("1")

        venue.move("30000", "30002")

        (fill, *_) = await venue.info("userFills", user=MAIN)
        assert fill["dir"] == "Liquidated Isolated Long"
        assert fill["px"] == "30000.0"
        fee, margin = Decimal(50_001) * TAKER_FEE, Decimal(50_001) / 40
        left = Decimal((await venue.state())["marginSummary"]["accountValue"])
        assert left == 10_000 - fee - margin


async def test_what_cross_positions_lose_beyond_the_account_is_not_owed() -> None:
    async with running_venue(Decimal(3_000)) as venue:
        await venue.buy("1")

        venue.move("30000", "30002")

        account = venue.engine.account(MAIN)
        assert account is not None
        first, last = account.fills
        assert account.cash == 0
        assert account.forgiven == first.fee + last.fee - last.closed_pnl - 3_000
        saved = HyperliquidSnapshot.model_validate_json(to_json(venue.engine.snapshot()))
        assert restored_accounts(saved)[MAIN].forgiven == account.forgiven > 0


async def test_the_operator_closes_positions_by_force() -> None:
    async with running_venue() as venue:
        await venue.sell("2")
        kept = await venue.order(limit("buy", "49000", "1"))
        venue.engine.force_close(MAIN.upper().replace("X", "x"), "BTC", Decimal("0.5"), "ADL")
        adl = (await venue.info("userFills", user=MAIN))[0]
        venue.engine.force_close(MAIN, "BTC", Decimal(1), "liquidation")
        liquidation = (await venue.info("userFills", user=MAIN))[0]

        assert (adl["dir"], adl["px"], adl["fee"]) == ("Auto-Deleveraging", "50000.0", "0.0")
        assert (liquidation["dir"], liquidation["fee"]) == ("Liquidated Cross Short", "22.5")
        assert (await venue.position())["szi"] == "-0.5"
        assert (await venue.status(kept.oid))["status"] == "liquidatedCanceled"


@pytest.mark.parametrize(
    ("account", "symbol", "quantity", "reason", "field"),
    [
        ("0x" + "00" * 20, "BTC", "1", "ADL", "account"),
        (MAIN, "ETH", "1", "ADL", "symbol"),
        (MAIN, "BTC", "1", "whim", "reason"),
        (MAIN, "BTC", "3", "ADL", "quantity"),
        (MAIN, "BTC", "0.000001", "ADL", "quantity"),
    ],
)
async def test_force_needs_what_there_is(
    account: str, symbol: str, quantity: str, reason: str, field: str
) -> None:
    async with running_venue() as venue:
        await venue.sell("2")

        with pytest.raises(ValueError, match=f"^{field}: "):
            venue.engine.force_close(account, symbol, Decimal(quantity), reason)
