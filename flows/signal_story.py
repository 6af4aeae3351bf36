"""An outcome told to people: log lines, a markdown artifact and the state that ends the run."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from prefect import get_run_logger
from prefect.artifacts import acreate_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.wording import amount_text, in_words, timings_text
from tasks.kst import KST
from tasks.outcome import Outcome, OutcomeLeg, OutcomeStatus
from tasks.signal import Signal

ADVICE: Mapping[OutcomeStatus, str] = {
    OutcomeStatus.FAILED: "Nothing is held of an entry; after an exit the pair still stands "
    "hedged. If the chance is still there, send a new signal with a new id.",
    OutcomeStatus.UNWOUND: "Nothing is held; undoing the filled leg had its cost. Look at the "
    "venue that failed before the next signal.",
    OutcomeStatus.NAKED: "One leg is held without its hedge and entries of this coin are blocked: "
    "look at the venue named, run one-leg-recovery/live with this pair_id, or close the leg by "
    "hand at the venue and run reconcile/live.",
}
NOTE_OF_DUPLICATE = "This signal id was decided before; shown is what became of it then."
LONGEST_REASON = 240
"""Characters of a reason that a state's message still tells whole."""


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
    """What happened, a line each: the decision, each step, both legs, the time it took, and what
    there is to do."""
    settled = outcome.settled
    steps = _steps(settled)
    lines = [NOTE_OF_DUPLICATE] if outcome.first else []
    lines.append(_decision(settled, told="as follows"))
    if _is_long(steps):
        lines += [f"{number}. {step}" for number, step in enumerate(steps, 1)]
    lines += [_leg_line(leg) for leg in settled.legs]
    lines += _figures(settled)
    if settled.status in ADVICE:
        lines.append(f"What to do: {ADVICE[settled.status]}")
    return lines


def told_as_one(signal: Signal, outcome: Outcome, door: str) -> str:
    """A decided signal in one entry of a log: who asked for what, the gate, the orders and what
    they filled, the result, and the time that each part took."""
    size = signal.quantity or signal.notional_krw
    asked = [signal.action, signal.symbol, *([] if size is None else [f"{size:f}"])]
    if signal.pair_id is not None:
        asked.append(signal.pair_id)
    created = signal.created_at.astimezone(KST)
    return "\n".join(
        [
            f"signal {signal.id} through the {door} door: {' '.join(asked)}, signed by "
            f"{signal.key_id} at {created:%H:%M:%S}.{created.microsecond // 1000:03} KST",
            f"  gate: {_gate(outcome.settled)}",
            *(f"  {line}" for line in story(outcome)),
        ]
    )


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
        f"{amount_text(leg.fee)} {leg.fee_currency} | {' '.join(leg.client_order_ids)} |"
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
    steps = _steps(settled)
    return "\n".join(
        [
            f"## {settled.status.capitalize()}",
            "",
            _headline(settled),
            "",
            *[f"{number}. {step}" for number, step in enumerate(steps, 1)],
            "",
            *(
                [f"**What to do:** {ADVICE[settled.status]}", ""]
                if settled.status in ADVICE
                else []
            ),
            *table,
            *[f"- {line}" for line in _figures(settled)],
            "",
            "```json",
            json_text,
            "```",
        ]
    )


async def conclude(outcome: Outcome) -> State[Any]:
    """Tell the story in the run's log, leave the artifact, and give the run its last state."""
    logger = get_run_logger()
    for line in story(outcome):
        urgent = outcome.is_failure and line.startswith((_headline(outcome.settled), "What to do"))
        logger.log(logging.ERROR if urgent else logging.INFO, line)
    await acreate_markdown_artifact(
        outcome_markdown(outcome), key="signal-outcome", description=_decision(outcome.settled)
    )
    return final_state(outcome)


def _gate(outcome: Outcome) -> str:
    if outcome.status is OutcomeStatus.DENIED:
        return f"refused, {in_words(_reason(outcome)[0] or 'no reason')}"
    passed_us = outcome.timings_us.get("received_to_gate")
    return "passed" if passed_us is None else f"passed after {passed_us / 1000:.2f} ms"


def _headline(outcome: Outcome) -> str:
    """``Hedged (repaired): pair p0123456789ab``, ``Denied (paused)``."""
    code = _reason(outcome)[0]
    why = f" ({in_words(code)})" if code not in ("", outcome.status) else ""
    pair = f": pair {outcome.pair_id}" if outcome.pair_id else ""
    return f"{outcome.status.capitalize()}{why}{pair}"


def _decision(outcome: Outcome, told: str = "see the log") -> str:
    """The headline with its reason; of many steps only the last, which says where it ended, and
    where all are ``told``."""
    steps = _steps(outcome)
    why = f"{steps[-1]} ({len(steps)} steps, {told})" if _is_long(steps) else "; ".join(steps)
    why = why.removeprefix(f"{outcome.pair_id}: ")
    sentence = f"{_headline(outcome)}: {why}" if why else _headline(outcome)
    return sentence if sentence.endswith(".") else f"{sentence}."


def _reason(outcome: Outcome) -> tuple[str, str]:
    """Code and sentence of the reason; each empty where there is none."""
    code, colon, sentence = (outcome.reason or "").partition(": ")
    return (code, sentence) if colon else ("", code)


def _steps(outcome: Outcome) -> list[str]:
    """The sentence of the reason in its parts; a repair tells one after the other."""
    sentence = _reason(outcome)[1]
    return sentence.split("; ") if sentence else []


def _is_long(steps: Sequence[str]) -> bool:
    return len(steps) > 1 and len("; ".join(steps)) > LONGEST_REASON


def _figures(outcome: Outcome) -> list[str]:
    lines = []
    if outcome.premium_pct is not None:
        lines.append(f"executable premium {outcome.premium_pct:.3f} %")
    if outcome.timings_us:
        lines.append(f"took {timings_text(outcome.timings_us)}")
    return lines


def _leg_line(leg: OutcomeLeg) -> str:
    orders = ", ".join(leg.client_order_ids) or "no order"
    if len(leg.client_order_ids) > 1:  # of tries, of repairs and of what has undone it again
        orders = f"all orders of the leg: {orders}"
    if leg.average_price is None:
        return f"{leg.venue}: nothing traded ({orders})"
    return (
        f"{leg.venue}: {leg.side} {leg.quantity:f} at {_price(leg)} {leg.fee_currency}, "
        f"fee {amount_text(leg.fee)} {leg.fee_currency} ({orders})"
    )


def _price(leg: OutcomeLeg) -> str:
    return "nothing traded" if leg.average_price is None else amount_text(leg.average_price)
