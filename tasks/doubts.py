"""Orders in doubt: when they are asked for again, and when somebody is told.

Asking never ends. It slows down to twice a minute, and each time a doubt has lasted for one more
of the stages below a person is told, who can look where the desk cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain, count

from exchanges.clock import Clock
from tasks.alert import Alert, AlertLevel, AlertType
from tasks.settled_order import LegOrder, SettledOrder

FIRST_PAUSE_S = 2.0
PAUSE_GROWTH = 1.5
LONGEST_PAUSE_S = 30.0
STAGES_S = (60, 300, 900, 3_600)
"""Seconds of doubt after which a person is told once more (that it began, recovery tells); then
every hour."""


def _stages() -> Iterator[float]:
    return chain(STAGES_S, count(2 * STAGES_S[-1], STAGES_S[-1]))


@dataclass(slots=True)
class _Doubt:
    since: float
    """Monotonic, seconds."""
    due: float
    pause: float = FIRST_PAUSE_S
    stages: Iterator[float] = field(default_factory=_stages)
    next_stage: float = STAGES_S[0]


class Doubts:
    """By client order id, of this run: a restarted desk asks about everything at once."""

    def __init__(self, clock: Clock, alert: Callable[[Alert], None]) -> None:
        self._clock = clock
        self._alert = alert
        self._doubts: dict[str, _Doubt] = {}

    def note(self, settled: SettledOrder) -> None:
        """What was found out about an order just now."""
        client_order_id = settled.leg_order.order.client_order_id
        if settled.decided:
            self._doubts.pop(client_order_id, None)
            return
        now = self._clock.monotonic()
        doubt = self._doubts.get(client_order_id)
        if doubt is None:
            since = now - self._age(settled.leg_order).total_seconds()
            doubt = self._doubts[client_order_id] = _Doubt(since, now)
            doubt.next_stage = next(doubt.stages)
        doubt.due = now + doubt.pause
        doubt.pause = min(doubt.pause * PAUSE_GROWTH, LONGEST_PAUSE_S)
        lasted = now - doubt.since
        if lasted >= doubt.next_stage:
            doubt.next_stage = next(stage for stage in doubt.stages if stage > lasted)
            self._tell(settled, lasted)

    def has(self, leg_order: LegOrder) -> bool:
        """Was it asked for in vain in this run?"""
        return leg_order.order.client_order_id in self._doubts

    def hurry(self, client_order_id: str) -> None:
        """There is news of an order: if it is in doubt, it is asked for as soon as can be."""
        doubt = self._doubts.get(client_order_id)
        if doubt is not None:
            doubt.due = self._clock.monotonic()

    def are_due(self, undecided: Iterable[LegOrder]) -> bool:
        """May these be asked for again now? One that is due is enough, and so is one that was
        never asked for, and having none: then something else is to be done for their pair."""
        now = self._clock.monotonic()
        doubts = [self._doubts.get(item.order.client_order_id) for item in undecided]
        return not doubts or any(doubt is None or doubt.due <= now for doubt in doubts)

    def _age(self, leg_order: LegOrder) -> timedelta:
        if leg_order.baseline is None:
            return timedelta(0)
        return max(self._clock.now() - leg_order.baseline.at, timedelta(0))

    def _tell(self, settled: SettledOrder, lasted: float) -> None:
        leg_order = settled.leg_order
        self._alert(
            Alert(
                AlertType.ONE_LEG,
                AlertLevel.CRITICAL,
                f"{leg_order.pair_id}: in doubt for {lasted / 60:.0f} min: {settled.error}. Look "
                f"at the venue's own list of orders; entries for {leg_order.order.symbol} wait.",
                leg_order.pair_id,
            )
        )
