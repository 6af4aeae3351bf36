"""What the desk does besides deciding signals: repair, reconcile, read rates."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any

from tasks.alert import Alert, AlertLevel, AlertType
from tasks.desk import Desk
from tasks.desk_blocks import MISMATCH, NOT_COMPARED, DeskBlocks
from tasks.desk_health import DeskHealth
from tasks.desk_view import DeskView
from tasks.errors import DeskError
from tasks.feeds import Feeds
from tasks.pair_book import held_text
from tasks.pair_transitions import PairState
from tasks.reconciling import differences
from tasks.reconciling.reconciliation import Reconciliation
from tasks.recovery import Recovery
from tasks.trading import Trading
from warehouse.records import ReconciliationRecord, RecordType

log = logging.getLogger(__name__)

IN_DOUBT = (PairState.OPENING, PairState.CLOSING, PairState.UNKNOWN, PairState.RECOVERING)
"""Outside of a decision nothing stays in these states: the desk goes on by itself."""
UNFINISHED = (*IN_DOUBT, PairState.NAKED)


class DeskOperations:
    """Acts on pairs under the same locks as the desk does."""

    def __init__(
        self,
        desk: Desk,
        trading: Trading,
        recovery: Recovery,
        reconciliation: Reconciliation,
        feeds: Feeds,
        view: DeskView,
        blocks: DeskBlocks,
        write: Callable[[RecordType, Mapping[str, Any]], int],
        health: DeskHealth,
        on_mismatch: Callable[[str], None],
    ) -> None:
        self._desk = desk
        self._trading = trading
        self._recovery = recovery
        self._reconciliation = reconciliation
        self._feeds = feeds
        self._view = view
        self._blocks = blocks
        self._write = write
        self._on_mismatch = on_mismatch
        self.health = health

    async def recover(
        self, pair_id: str | None, states: Collection[PairState] = UNFINISHED
    ) -> list[dict[str, Any]]:
        """Take pairs (or the one named) that are in one of ``states`` once nobody else trades
        their coin as far as they can be taken now; the story of each of them."""
        pairs = self._trading.pairs
        if pair_id is not None and pairs.get(pair_id) is None:
            raise DeskError(f"pair_id: expected a known pair, got {pair_id}")
        reports = []
        for pair in [pairs[pair_id]] if pair_id else pairs.open_pairs():
            async with self._desk.lock(pair.symbol):
                current = pairs[pair.pair_id]
                was = current.state
                before = self._recovery.story.told(pair.pair_id)
                if was in states:
                    current = await self._recovery.resolve(pair.pair_id)
                steps = self._recovery.story.since(pair.pair_id, before)
            if was in states or pair_id:
                reports.append(
                    {
                        "pair_id": pair.pair_id,
                        "was": was.value,
                        "state": current.state.value,
                        "holds": held_text(current),
                        "steps": steps,
                    }
                )
        return reports

    async def reconcile(self, accept: str | None = None) -> ReconciliationRecord:
        """Compare journal and venues and book what is explained; whoever looks after pairs under
        repair goes on from there. What is not explained stops entries: a person accepts it and says
        why, or it is explained later, and then a person resumes."""
        record = await self._reconciliation.run(accept)
        self._write(RecordType.RECONCILIATION, record)
        self._block(
            MISMATCH,
            AlertLevel.CRITICAL,
            "; ".join(map(differences.sentence, differences.unexplained(record))),
            "journal and venues disagree",
            "reconcile/live finds them equal and a person resumes",
        )
        self._block(
            NOT_COMPARED,
            AlertLevel.WARNING,
            differences.unasked_sentence(record),
            "journal and venues could not be compared",
            "it can; that is tried again by itself",
        )
        return record

    def _block(self, code: str, level: AlertLevel, found: str, what: str, until: str) -> None:
        """Keep entries off while something is ``found``; say so when it begins."""
        kind = AlertType.RECONCILE_MISMATCH
        if not found:
            self._blocks.clear(code)
            over = f"it is over that {what}."
            alert = Alert(kind, AlertLevel.INFO, over, subject=code, is_over=True)
            self._trading.alert(alert)
            return
        is_new = code not in dict(self._blocks)
        self._blocks.set(code, f"{what}: {found}")
        if is_new:
            message = f"{what}: {found}. Entries are blocked until {until}."
            self._trading.alert(Alert(kind, level, message, subject=code))
        if code == MISMATCH:
            self._on_mismatch(f"{what}: {found}")

    async def refresh_rates(self) -> dict[str, Any]:
        """Read both rates now and tell them with the premium of each coin."""
        await self._feeds.refresh_rates()
        state = self._view.state()
        return {
            **state["rates"],
            "premiums": [item for item in state["premium"].values() if item is not None],
        }
