"""Flow ``reconcile``: do the journal and both venues agree?"""

from __future__ import annotations

from typing import Annotated, Any

from prefect import flow, get_run_logger
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import Field

from flows.alone import alone
from flows.desk_access import executor
from flows.run_names import named_by_time
from tasks.reconciling.differences import sentence, unasked_sentence, unexplained
from warehouse.records import Difference, ReconciliationRecord


@flow(name="reconcile", flow_run_name=named_by_time("reconcile"), retries=0)
async def reconcile(accept: Annotated[str, Field(max_length=200)] = "") -> State[Any]:
    """Compare trades, orders, positions and balances of both venues with the journal.

    What is explained is booked: trades by hand, forced closes, late fills, transfers. Fails when a
    person must look.

    Args:
        accept: Only after you have looked: why coin or cash that neither a trade nor the venue's
            lists explain is right as the venues show it, such as "an airdrop of 0.5 BTC". It is
            booked so and stays in the books. Empty: nothing unexplained is accepted.
    """
    return await alone("reconcile", _compare(accept))


async def _compare(accept: str) -> State[Any]:
    logger = get_run_logger()
    async with executor() as desk:
        record = await desk.reconcile(accept or None)
    differences = record["differences"]
    await acreate_table_artifact(
        [_row(difference) for difference in differences]
        or [{"result": "journal and venues agree"}],
        key="reconciliation",
        description="agreed" if record["agreed"] else "**NOT agreed**",
    )
    await acreate_markdown_artifact(_summary(record), key="reconciliation-summary")
    for item in differences:
        logger.info("%s (%s)", sentence(item), item["explained"] or "not explained")
    if record["agreed"]:
        return Completed(
            name="Agreed", message=f"Agreed; {len(differences)} explained differences."
        )
    open_points = unexplained(record)
    if not open_points:
        return Failed(
            name="NotCompared",
            message=f"{unasked_sentence(record)}. Entries stay off until journal and venues are "
            "compared; the next run tries again, nothing else is to be done here.",
        )
    return Failed(
        name="Disagreed",
        message=f"{'; '.join(map(sentence, open_points[:5]))}. Entries stay off until this agrees "
        "and you resume: compare with the venue's own pages, then run one-leg-recovery/live and "
        "this again; if the venue is right, run this with `accept` and say why; then resume/live.",
    )


def _row(item: Difference) -> dict[str, Any]:
    return {**item, "explained": item["explained"] or "NO"}


def _summary(record: ReconciliationRecord) -> str:
    """The verdict, then what a person must look at, then what was explained."""
    differences, open_points = record["differences"], unexplained(record)
    if record["agreed"]:
        lines = ["## Journal and venues agree", ""]
    elif open_points:
        lines = ["## Journal and venues do NOT agree", "", "Entries are off. A person must look:"]
        lines += ["", *(f"- {sentence(item)}" for item in open_points), ""]
    else:
        lines = ["## Journal and venues could not be compared", ""]
        lines += [f"Entries are off until they are: {unasked_sentence(record)}.", ""]
    explained = [item for item in differences if item["explained"] is not None]
    if explained:
        lines += ["Explained and booked:", ""]
        lines += [f"- {sentence(item)}: {item['explained']}" for item in explained]
    elif record["agreed"]:
        lines += ["Trades, orders, positions and balances are the journal's, to the last coin."]
    return "\n".join(lines)
