"""The alerts that follow from what becomes of a pair, read off its events in the journal.

One place for all ways into a state: an entry, an exit, a forced close and a late fill all end in
the same few events, and none of them can forget to say so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tasks.alert import DECISION, Alert, AlertLevel, AlertType
from tasks.pair import Pair
from tasks.pair_book import held_text
from tasks.pair_result import result_sentence
from tasks.pair_transitions import PairState
from warehouse.records import ENDED_STATES, RecordType

SETTLED = (PairState.HEDGED, *map(PairState, ENDED_STATES))


class PairAlerts:
    """A listener of the journal."""

    def __init__(self, alert: Callable[[Alert], None]) -> None:
        self._alert = alert

    def written(self, record_type: RecordType, body: Mapping[str, Any]) -> None:
        """``ONE_LEG`` from unequal legs to hedged or flat; ``TRADE_EXECUTED`` for each pair that
        comes to stand or to its end."""
        if record_type != RecordType.PAIR_EVENT:
            return
        pair_id, detail = body["pair_id"], body["detail"]
        came, now = body["from_state"], PairState(body["to_state"])
        if now is PairState.RECOVERING and came != now:
            self._say(
                AlertType.ONE_LEG,
                AlertLevel.WARNING,
                f"{pair_id}: its legs differ ({detail}); they are being repaired.",
                pair_id,
            )
        if now not in SETTLED or came == now:
            return
        pair = Pair.from_snapshot(body["pair"])
        is_entered = now is PairState.HEDGED and pair.spot.exit.quantity == 0
        if is_entered and came != PairState.CLOSING:
            self._trade(pair_id, f"{pair_id} is hedged: {held_text(pair)}.")
        elif now in (PairState.CLOSED, PairState.UNWOUND):
            result = body.get("result")
            brought = held_text(pair) if result is None else result_sentence(result)
            self._trade(pair_id, f"{pair_id} is {now}: {brought}.")
        over = f"{pair_id} is {now}: {detail}."
        self._say(AlertType.ONE_LEG, AlertLevel.INFO, over, pair_id, is_over=True)
        self._say(AlertType.SYSTEM_ERROR, AlertLevel.INFO, over, pair_id, DECISION, is_over=True)
        if now is not PairState.HEDGED:
            self._say(AlertType.STOP_REFUSED_LOSS, AlertLevel.INFO, over, pair_id, is_over=True)

    def _trade(self, pair_id: str, message: str) -> None:
        self._say(AlertType.TRADE_EXECUTED, AlertLevel.INFO, message, pair_id)

    def _say(
        self,
        type_: AlertType,
        level: AlertLevel,
        message: str,
        pair_id: str,
        subject: str | None = None,
        *,
        is_over: bool = False,
    ) -> None:
        self._alert(Alert(type_, level, message, pair_id, subject, is_over))
