"""Flow ``entry``: readiness each minute; from the Run form, an entry by the operator."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from prefect import flow, get_run_logger
from prefect.artifacts import acreate_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from flows.desk_access import executor, operator_signal_id, signed_by_operator
from flows.readiness import check_line, check_markdown, probe
from flows.run_names import named_by_time, text_parameter
from flows.signal_story import conclude
from tasks.signal import parse_signal

# Texts, and empty rather than null: the Run form then shows a plain field that takes every digit.
DecimalText = Annotated[str, Field(pattern=r"^([0-9]*\.?[0-9]+)?$")]
SignedDecimalText = Annotated[str, Field(pattern=r"^(-?[0-9]*\.?[0-9]+)?$")]


def run_name() -> str:
    """``enter-BTC-0.010-14:03:20-KST`` or ``readiness-14:03:20-KST``."""
    size = text_parameter("quantity") or text_parameter("notional_krw")
    if not size:
        return named_by_time("readiness")()
    return named_by_time(f"enter-{text_parameter('symbol')}-{size}")()


@flow(name="entry", flow_run_name=run_name, retries=0)
async def entry(
    symbol: Annotated[str, Field(pattern="^[A-Z0-9]{1,20}$")] = "BTC",
    quantity: DecimalText = "",
    notional_krw: DecimalText = "",
    direction: Literal["long_premium", "short_premium"] = "long_premium",
    premium_limit_pct: SignedDecimalText = "",
    max_slippage_bps: Annotated[int, Field(ge=0, le=1_000)] | None = None,
    reason: Annotated[str, Field(max_length=200)] = "",
) -> State[Any]:
    """Say whether the desk could enter now, and what speaks against it. With a size: enter.

    Args:
        symbol: The coin, such as BTC.
        quantity: To enter: the size in coin, such as 0.010. Leave both sizes empty for readiness.
        notional_krw: To enter: the size in KRW instead, such as 1500000.
        direction: long_premium earns when the premium rises, short_premium when it falls.
        premium_limit_pct: Refuse if the executable premium is worse than this, percent.
        max_slippage_bps: Bound on each leg's price, basis points; empty is the desk's setting.
        reason: Why you enter; it stays in this run's log.
    """
    logger = get_run_logger()
    if not quantity and not notional_krw:
        return await readiness(symbol)
    fields = {
        "id": operator_signal_id(),
        "action": "ENTER",
        "symbol": symbol,
        "direction": direction,
        "quantity": quantity or None,
        "notional_krw": notional_krw or None,
        "premium_limit_pct": premium_limit_pct or None,
        "max_slippage_bps": max_slippage_bps,
        "created_at": datetime.now(UTC),
        "strategy": "operator",
    }
    signal = signed_by_operator(parse_signal(fields))
    logger.info("an operator enters %s: %s", symbol, reason or "no reason given")
    async with executor() as desk:
        return await conclude(await desk.submit(signal.to_json(), door="operator"))


async def readiness(symbol: str) -> State[Any]:
    """Every check of the gate for a small entry, without an order."""
    async with executor() as desk:
        check = await desk.check(probe("readiness", symbol).to_json())
    get_run_logger().info(check_line(check))
    await acreate_markdown_artifact(
        check_markdown(f"Readiness {symbol}", check),
        key="readiness",
        description=f"Could the desk enter {symbol} now? It {check_line(check)}.",
    )
    name = "Ready" if check["would_trade"] else "NotReady"
    return Completed(name=name, message=f"{symbol}: {check_line(check)}.")
