"""Flow ``exit-validation``: weighs the open pairs; from the Run form, closes one of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import Field

from flows.desk_access import executor, operator_signal_id, signed_by_operator
from flows.run_names import named_by_time, text_parameter
from flows.signal_story import conclude, final_state, story
from tasks.outcome import Outcome
from tasks.signal import Signal, SignalAction
from tasks.sure_submission import submit_surely


def run_name() -> str:
    """``exits-14:03:20-KST``, or ``exit-p0123456789ab-14:03:20-KST`` for one pair."""
    pair_id = text_parameter("pair_id")
    return named_by_time(f"exit-{pair_id}" if pair_id else "exits")()


@flow(name="exit-validation", flow_run_name=run_name, retries=0)
async def exit_validation(
    pair_id: Annotated[str, Field(pattern="^(p[0-9a-f]{12})?$")] = "", close: bool = False
) -> State[Any]:
    """Close every pair that is in enough profit; say of each other one why it stays.

    Args:
        pair_id: Look at this pair alone, such as p0123456789ab. Empty: all open pairs.
        close: Ask for this pair to be closed now. It is refused if that would be a loss.
    """
    if close and not pair_id:
        return Failed(
            name="NoPair", message="pair_id: expected a pair id when close is switched on."
        )
    if pair_id:
        return await close_pair(pair_id) if close else await value_of(pair_id)
    return await validate_all()


async def validate_all() -> State[Any]:
    """Automatic exits. A close that did not end well fails the run."""
    logger = get_run_logger()
    async with executor() as desk:
        decisions = await desk.validate_exits()
    closed = 0
    for decision in decisions:
        logger.info("%s: %s: %s", decision["pair_id"], decision["decision"], decision["sentence"])
        if decision["outcome"] is None:
            continue
        outcome = Outcome.model_validate(decision["outcome"])
        for line in story(outcome):
            logger.info(line)
        if outcome.is_failure:
            return final_state(outcome)
        closed += 1
    return Completed(message=f"{len(decisions)} open, {closed} acted on.")


async def value_of(pair_id: str) -> State[Any]:
    """What one pair would bring now."""
    async with executor() as desk:
        pair = await desk.pair(pair_id)
    now = pair.get("now")
    sentence = now["sentence"] if now else "its value cannot be told now"
    get_run_logger().info("%s is %s: %s", pair_id, pair["state"], sentence)
    return Completed(message=f"{pair_id} is {pair['state']}: {sentence}")


async def close_pair(pair_id: str) -> State[Any]:
    """An operator-signed EXIT of one pair; the exit rule still holds."""
    async with executor() as desk:
        pair = await desk.pair(pair_id)
        signal = signed_by_operator(
            Signal(
                id=operator_signal_id(),
                action=SignalAction.EXIT,
                symbol=pair["symbol"],
                pair_id=pair_id,
                created_at=datetime.now(UTC),
                strategy="operator",
            )
        )
        warn = get_run_logger().warning
        return await conclude(
            await submit_surely(desk, signal.to_json(), door="operator", told=warn)
        )
