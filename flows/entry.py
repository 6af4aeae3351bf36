"""Flow ``entry``: readiness each minute; from the Run form, an entry by the operator."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from prefect import flow, get_run_logger
from prefect.artifacts import acreate_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from flows.desk_access import executor, operator_signal_id, signed_by_operator
from flows.executor_gone import or_no_executor
from flows.readiness import asked, check_line, check_markdown
from flows.run_names import named_by_time, text_parameter
from flows.signal_story import conclude
from tasks.settings_loading import load_settings
from tasks.signal import Signal, parse_signal
from tasks.sure_submission import submit_surely

# Texts, and empty rather than null: the Run form then shows a plain field that takes every digit.
DecimalText = Annotated[str, Field(pattern=r"^([0-9]*\.?[0-9]+)?$")]
BpsText = Annotated[str, Field(pattern=r"^([0-9]{1,3}|1000)?$")]
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
    max_slippage_bps: BpsText = "",
    reason: Annotated[str, Field(max_length=200)] = "",
) -> State[Any]:
    """Say whether the desk could enter now, and what speaks against it. With a size: enter.

    Args:
        symbol: To enter: the coin, such as BTC. Readiness looks at every coin of the desk.
        quantity: To enter: the size in coin, such as 0.010. Leave both sizes empty for readiness.
        notional_krw: To enter: the size in KRW instead, such as 1500000.
        direction: long_premium earns when the premium rises, short_premium when it falls.
        premium_limit_pct: Refuse if the executable premium is worse than this, percent.
        max_slippage_bps: Bound on each leg's price, basis points; empty is the desk's setting.
        reason: Why you enter; it stays in this run's log.
    """
    if not quantity and not notional_krw:
        return await or_no_executor(readiness())
    fields = {
        "id": operator_signal_id(),
        "action": "ENTER",
        "symbol": symbol,
        "direction": direction,
        "quantity": quantity or None,
        "notional_krw": notional_krw or None,
        "premium_limit_pct": premium_limit_pct or None,
        "max_slippage_bps": int(max_slippage_bps) if max_slippage_bps else None,
        "created_at": datetime.now(UTC),
        "strategy": "operator",
    }
    signal = signed_by_operator(parse_signal(fields))
    get_run_logger().info("an operator enters %s: %s", symbol, reason or "no reason given")
    return await or_no_executor(enter(signal))


async def enter(signal: Signal) -> State[Any]:
    """What became of the operator's signal."""
    async with executor() as desk:
        warn = get_run_logger().warning
        return await conclude(
            await submit_surely(desk, signal.to_json(), door="operator", told=warn)
        )


async def readiness() -> State[Any]:
    """Every check of the gate for a small entry of each coin of the desk, without an order."""
    async with executor() as desk:
        checks = {
            symbol: await asked(desk, "readiness", symbol) for symbol in load_settings().symbols
        }
    told = ". ".join(f"{symbol}: {check_line(check)}" for symbol, check in checks.items()) + "."
    is_ready = all(check["would_trade"] for check in checks.values())
    get_run_logger().log(logging.INFO if is_ready else logging.WARNING, told)
    await acreate_markdown_artifact(
        "\n\n".join(check_markdown(f"Readiness {symbol}", it) for symbol, it in checks.items()),
        key="readiness",
        description=f"Could the desk enter now? {told}",
    )
    return Completed(name="Ready" if is_ready else "NotReady", message=told)
