"""Flow ``market-rates``: the bank rate, the tether rate and the premium, once a minute."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.alone import alone
from flows.desk_access import executor
from flows.run_names import named_by_time
from warehouse.records import PremiumRecord


@flow(name="market-rates", flow_run_name=named_by_time("rates"), retries=0)
async def market_rates() -> State[Any]:
    """Read the rates again and log the executable premium of each coin on both bases."""
    return await alone("market-rates", _read())


async def _read() -> State[Any]:
    logger = get_run_logger()
    async with executor() as desk:
        rates = await desk.refresh_rates()
    age = "never" if rates["fx_age_s"] is None else f"{rates['fx_age_s']:.0f} s ago"
    logger.info(
        "KRW per USD %s (%s, %s), KRW per %s %s",
        rates["krw_per_usd"] or "missing",
        rates["fx_source"] or "no source",
        age,
        rates["dollar"],
        rates["krw_per_usdt"] or "missing",
    )
    lines = [_premium_line(premium) for premium in rates["premiums"]]
    for line in lines:
        logger.info("premium %s", line)
    return Completed(message="; ".join(lines) or "No premium could be told.")


def _premium_line(premium: PremiumRecord) -> str:
    enter = _both(premium["enter_fx_pct"], premium["enter_tether_pct"])
    leave = _both(premium["leave_fx_pct"], premium["leave_tether_pct"])
    return f"{premium['symbol']}: enter {enter}, leave {leave}"


def _both(fx_pct: str | None, tether_pct: str | None) -> str:
    fx = "missing" if fx_pct is None else f"{Decimal(fx_pct):.3f} %"
    tether = "missing" if tether_pct is None else f"{Decimal(tether_pct):.3f} %"
    return f"{fx} fx / {tether} tether"
