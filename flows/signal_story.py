"""An outcome told to people: log lines, a markdown artifact and the state that ends the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prefect import get_run_logger
from prefect.artifacts import acreate_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from tasks.outcome import Outcome, OutcomeLeg, OutcomeStatus
from tasks.signal import Signal
from tasks.wire_text import short_decimal_text

ADVICE: Mapping[OutcomeStatus, str] = {
    OutcomeStatus.FAILED: "Nothing is held. If the chance is still there, send a new signal with a "
    "new id.",
    OutcomeStatus.UNWOUND: "Nothing is held; undoing the filled leg had its cost. Look at the "
    "venue that failed before the next signal.",
    OutcomeStatus.NAKED: "One leg is held without its hedge and entries of this coin are blocked: "
    "look at the venue named, run one-leg-recovery/live with this pair_id, or close the leg by "
    "hand at the venue and run reconcile/live.",
}
NOTE_OF_DUPLICATE = "This signal id was decided before; shown is what became of it then."


def short_id(signal_id: str) -> str:
    """The end of an id: with the usual ids that is the part that differs."""
    return signal_id[-8:]


def signal_name(signal: Signal, size: object = None) -> str:
    """``enter-BTC-0.010-3f2a9c1d``, ``exit-BTC-p0123456789ab``; ``size`` as the sender wrote it."""
    if signal.pair_id is not None:
        return f"exit-{signal.symbol}-{signal.pair_id}"
    size = size or signal.quantity or signal.notional_krw
    parts = [signal.action.lower(), signal.symbol, *([] if size is None else [str(size)])]
    return "-".join([*parts, short_id(signal.id)])


def story(outcome: Outcome) -> list[str]:
    """What happened, a line each: the decision, both legs, the time it took."""
    settled = outcome.settled
    lines = [NOTE_OF_DUPLICATE] if outcome.first else []
    lines.append(_decision(settled))
    lines += [_leg_line(leg) for leg in settled.legs]
    if settled.premium_pct is not None:
        lines.append(f"executable premium {settled.premium_pct:f} %")
    if settled.timings_us:
        stages = (f"{stage} {us / 1000:.2f} ms" for stage, us in settled.timings_us.items())
        lines.append("timings: " + ", ".join(stages))
    return lines


def final_state(outcome: Outcome) -> State[Any]:
    """Named after the outcome; failed when the signal was acted on and did not end as asked."""
    settled = outcome.settled
    message = _decision(settled)
    if outcome.first:
        message = f"{message} {NOTE_OF_DUPLICATE}"
    if outcome.is_failure:
        return Failed(
            name=settled.status.capitalize(), message=f"{message} {ADVICE[settled.status]}"
        )
    return Completed(name=settled.status.capitalize(), message=message)


def outcome_markdown(outcome: Outcome) -> str:
    """A table of both legs below the decision, and the outcome as JSON for programs."""
    settled = outcome.settled
    rows = [
        f"| {leg.venue} | {leg.side} | {leg.quantity:f} | {_price(leg)} | "
        f"{leg.fee:f} {leg.fee_currency} | {' '.join(leg.client_order_ids)} |"
        for leg in settled.legs
    ]
    table = (
        [
            "| venue | side | quantity | average price | fee | orders |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
        ]
        if rows
        else []
    )
    json_text = settled.model_dump_json(indent=2, exclude_none=True)
    notes = [f"- {line}" for line in story(outcome) if line.startswith(("timings", "executable"))]
    return "\n".join(
        [
            f"## {settled.status.capitalize()}",
            "",
            _decision(settled),
            "",
            *table,
            *notes,
            "",
            "```json",
            json_text,
            "```",
        ]
    )


async def conclude(outcome: Outcome) -> State[Any]:
    """Tell the story in the run's log, leave the artifact, and give the run its last state."""
    logger = get_run_logger()
    tell = logger.error if outcome.is_failure else logger.info
    for line in story(outcome):
        tell(line)
    await acreate_markdown_artifact(
        outcome_markdown(outcome), key="signal-outcome", description=_decision(outcome.settled)
    )
    return final_state(outcome)


def _decision(outcome: Outcome) -> str:
    """One sentence: status, pair, reason."""
    pair = f" (pair {outcome.pair_id})" if outcome.pair_id else ""
    reason = f": {outcome.reason}" if outcome.reason else ""
    sentence = f"Signal {outcome.signal_id} {outcome.status}{pair}{reason}"
    return sentence if sentence.endswith(".") else f"{sentence}."


def _leg_line(leg: OutcomeLeg) -> str:
    orders = ", ".join(leg.client_order_ids) or "no order"
    return (
        f"{leg.venue}: {leg.side} {leg.quantity:f} at {_price(leg)}, "
        f"fee {leg.fee:f} {leg.fee_currency} ({orders})"
    )


def _price(leg: OutcomeLeg) -> str:
    return "nothing traded" if leg.average_price is None else short_decimal_text(leg.average_price)
