"""Flow ``signal-intake``: the Prefect door. One signal in, one story out."""

from __future__ import annotations

from typing import Any

from prefect import flow, get_run_logger
from prefect.artifacts import acreate_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.desk_access import executor
from flows.handed_over import handed_over_outcome
from flows.readiness import check_line, check_markdown, probe
from flows.run_names import named_by_time, signal_parameter
from flows.signal_story import conclude, signal_name
from flows.wording import timings_text
from tasks.errors import BadSignal
from tasks.settings_loading import load_settings
from tasks.signal import parse_signal


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
        return await canary()
    try:
        request = parse_signal(signal)
    except BadSignal as error:
        return Failed(name="BadSignal", message=f"{error}. Nothing was sent; correct and re-send.")
    logger.info(
        "signal %s: %s %s, signed by %s", request.id, request.action, request.symbol, request.key_id
    )
    outcome = await handed_over_outcome()
    if outcome is None:
        async with executor() as desk:
            outcome = await desk.submit(request.to_json(), door="prefect")
    return await conclude(outcome)


async def canary() -> State[Any]:
    """Send a signed no-op through the whole path and show how long each stage took."""
    async with executor() as desk:
        check = await desk.check(probe("canary", load_settings().symbols[0]).to_json())
    get_run_logger().info(
        "canary back: it %s; took %s", check_line(check), timings_text(check["timings_us"])
    )
    await acreate_markdown_artifact(
        check_markdown("Canary", check),
        key="canary",
        description=f"A signed no-op on the whole way of a signal: it {check_line(check)}.",
    )
    return Completed(name="Alive", message=f"The path answers; {check_line(check)}.")
