"""Flow ``signal-intake``: the Prefect door. One signal in, one story out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from prefect import flow, get_run_logger
from prefect.artifacts import acreate_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from flows.desk_access import executor
from flows.executor_gone import or_no_executor
from flows.handed_over import outcome_of
from flows.readiness import asked, check_line, check_markdown
from flows.run_names import named_by_time, signal_parameter
from flows.signal_story import conclude, signal_name
from flows.wording import timings_text
from tasks.errors import BadSignal
from tasks.settings_loading import load_settings
from tasks.signal import Signal, parse_signal


def run_name() -> str:
    """``enter-BTC-0.010-…``, ``exit-BTC-…``, ``canary-…``; a bad signal is named so."""
    fields = signal_parameter()
    if fields is None:
        return named_by_time("canary")()
    try:
        return signal_name(parse_signal(fields), fields.get("quantity"))
    except BadSignal:
        return named_by_time("bad-signal")()


@flow(name="signal-intake", flow_run_name=run_name, retries=0)
async def signal_intake(signal: dict[str, Any] | None = None) -> State[Any]:
    """Give a signed signal to the executor and wait for its outcome.

    Args:
        signal: The signed signal as a JSON object: id, action (ENTER or EXIT), symbol, quantity or
            notional_krw, created_at, key_id, signature, and optionally direction, pair_id,
            premium_limit_pct, max_slippage_bps, ttl_ms, strategy. Leave it empty for a canary:
            the whole way is checked and nothing is traded.
    """
    logger = get_run_logger()
    if signal is None:
        return await or_no_executor(canary())
    try:
        request = parse_signal(signal)
    except BadSignal as error:
        return Failed(name="BadSignal", message=f"{error}. Nothing was sent; correct and re-send.")
    logger.info(
        "signal %s: %s %s, signed by %s", request.id, request.action, request.symbol, request.key_id
    )
    return await or_no_executor(told(request))


async def told(signal: Signal) -> State[Any]:
    """What became of a signal."""
    return await conclude(await outcome_of(signal.to_json()))


async def canary() -> State[Any]:
    """Send a signed no-op through the whole path and show how long each stage took."""
    late_s = (datetime.now(UTC) - flow_run.get_scheduled_start_time()).total_seconds()
    async with executor() as desk:
        check = await asked(desk, "canary", load_settings().symbols[0])
    check["timings_us"] = {"due_to_flow": round(late_s * 1e6), **check["timings_us"]}
    told = f"{check_line(check)}; took {timings_text(check['timings_us'])}"
    get_run_logger().info("canary back: it %s", told)
    await acreate_markdown_artifact(
        check_markdown("Canary", check),
        key="canary",
        description=f"A signed no-op on the whole way of a signal: it {told}.",
    )
    return Completed(name="Alive", message=f"The path answers; {told}.")
