"""Why each switch is off: set by the desk with a reason, or found off in Prefect.

However a stop came about, it ends here: it holds at once, stands in the journal, is alerted, is
told in Prefect (flag and artifact ``paused-…``) and in ``/v1/state``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from exchanges.clock import Clock
from tasks.alert import Alert, AlertLevel, AlertType
from tasks.stop_reason import DESK, GivenReason, Stop, StopReason
from tasks.stop_repeats import AGAIN, StopRepeats
from tasks.switch_guard import (
    BATCH_POOL,
    ENTRY,
    EXECUTOR,
    EXIT_VALIDATION,
    HOT_POOL,
    SIGNAL_INTAKE,
    STOPS_ENTRIES,
    SwitchGuard,
)
from tasks.switch_setter import SwitchSetter
from tasks.wire_text import read_utc, utc_text
from warehouse import JournalError
from warehouse.block_records import SwitchRecord
from warehouse.records import RecordType

log = logging.getLogger(__name__)

STOP, ON = "stop", "on"
"""What a ``switch`` record says of a single switch."""

MEANING: Mapping[str, str] = {
    ENTRY: "new entries blocked",
    SIGNAL_INTAKE: "new entries blocked and every signal refused",
    EXECUTOR: "new entries blocked, and no executor is started when this one ends",
    HOT_POOL: "new entries blocked, and nothing of the pool runs: no automatic exits and no "
    "signals through Prefect; the fast door still takes exits",
    BATCH_POOL: "new entries blocked, and nothing of the pool starts: no new executor, no "
    "comparison with the venues, no books",
    EXIT_VALIDATION: "automatic exits are off",
}
FOUND = "paused in Prefect; the desk asks why"
"""Until it was asked whether a reason was left there; nobody was told of it and the journal has
nothing of it, so that an executor that ends now leaves it to the next to find. No person gives such
a reason."""
BY_HAND = "paused in Prefect by hand"
REFUSED = "resume refused: "


class StopBoard:
    """The stops that stand, by switch and reason."""

    def __init__(
        self,
        guard: SwitchGuard,
        setter: SwitchSetter,
        write: Callable[[RecordType, Mapping[str, Any]], int],
        clock: Clock,
        alert: Callable[[Alert], None],
    ) -> None:
        self._guard = guard
        self._setter = setter
        self._write = write
        self._clock = clock
        self._alert = alert
        self._stops: dict[str, dict[StopReason, Stop]] = {}
        self._repeats = StopRepeats(clock, self._keep)
        self._untold: dict[str, bool] = {}
        """Of switches whose stops are out of the journal: whether Prefect was never told."""
        self.refused: dict[str, Any] | None = None
        """The last refusal, for ``/v1/state``, until a resume is accepted."""
        self.told_to_stop = 0
        """How often somebody or something has: also for a reason that stood already."""
        self.on_release: Callable[[str], None] = self.lift
        """Hears of a switch that keeps entries away and was switched on in Prefect."""
        self.on_found: Callable[[str], object] = lambda name: self.answered(name, None)
        """Hears of a switch that is off and in whose pause somebody else may have had a hand; is to
        say by :meth:`answered` what reason was left."""
        guard.listeners.append(self._heard)
        setter.on_set.append(self._was_set)

    def stop(self, names: Iterable[str], reason: StopReason, sentence: str) -> None:
        """Stop at once, for ``reason``; Prefect is told by :class:`SwitchSetter` as soon as it can
        be. What is stopped for this reason already stays as it is, and the books tell of it."""
        self.told_to_stop += 1
        for name in names:
            known = self._stops.get(name, {}).get(reason)
            is_known = known is not None and known.sentence != FOUND
            if is_known and self._guard.is_paused(name):
                self.came_again(name, reason, sentence)
                continue
            stop = self._put(name, reason, sentence)
            self._guard.hold((name,))
            self._setter.pause(name, self._text(name))
            self._tell(stop, is_set=False)

    def came_again(self, name: str, reason: StopReason, sentence: str) -> bool:
        """Is ``name`` stopped for this reason already? Then the books are told, and nobody else."""
        known = self._stops.get(name, {}).get(reason)
        if known is not None:
            self._repeats.come(known, sentence)
        return known is not None

    def refuse(
        self,
        name: str,
        reason: StopReason,
        asked: Sequence[str],
        reasons: Sequence[Mapping[str, str]],
    ) -> None:
        """``asked`` were switched on too early: ``name`` is off, and ``reasons`` (each a code and a
        message) say why."""
        was_off = bool(self.of(name))
        sentence = REFUSED + "; ".join(item["message"] for item in reasons)
        known = self._stops.get(name, {}).get(reason)
        if known is not None and known.sentence != FOUND:
            at_first = known.sentence.partition(REFUSED)[0].removesuffix("; ")
            sentence = "; ".join(filter(None, (at_first, sentence)))
        now = utc_text(self._clock.now())
        self.refused = {"at": now, "asked": list(asked), "reasons": list(reasons)}
        stop = self._put(name, reason, sentence)
        self._guard.hold((name,))
        self._setter.pause(name, self._text(name))
        if was_off:
            self._keep(_record(stop, is_set=False))
        else:
            self._tell(stop, is_set=False)

    def lift(
        self, name: str, sentence: str = "switched on in Prefect", *, is_told: bool = False
    ) -> None:
        """``name`` is on again, and that is accepted. ``is_told``: an alert of its own says so."""
        self.answered(name, None)  # who resumes may be quicker than the answer
        if self._stops.pop(name, None) is None:
            return
        self._untold.pop(name, None)
        self._repeats.forget(name)
        self._keep(SwitchRecord(switch=ON, name=name, reason=sentence))
        self._setter.note(name, f"`{name}` is on: {sentence}.")
        if not is_told:
            self._alert(
                Alert(
                    AlertType.STOP_ACTIVATED,
                    AlertLevel.INFO,
                    f"{name} is on again: {sentence}.",
                    subject=name,
                    is_over=True,
                )
            )

    async def withdraw(self, names: Iterable[str]) -> None:
        """Prefect is not told of these stops any more; they stand until they are lifted."""
        await self._setter.withdraw(names)

    def uphold(self, names: Iterable[str]) -> None:
        """These stops were to be lifted and are not: Prefect is told of them anew."""
        for name in names:
            self._guard.hold((name,))
            self._setter.pause(name, self._text(name))
            self._keep_all(name, is_set=False)

    def of(self, name: str) -> list[Stop]:
        """Why ``name`` is off, in the order of the reasons; empty: it is on."""
        return list(self._stops.get(name, {}).values())

    def stops(self) -> list[Stop]:
        """Every reason for which a switch is off."""
        return [stop for name in self._stops for stop in self.of(name)]

    def why(self) -> Mapping[str, str]:
        """Switch → its reasons in one line."""
        return {name: self._told(name) for name in self._stops}

    def told(self) -> list[dict[str, Any]]:
        """For ``/v1/state``."""
        return [
            {
                "switch": stop.switch,
                "reason": stop.reason.value,
                "sentence": stop.sentence,
                "since": utc_text(stop.heard_at),
                "again": self._repeats.shown(stop),
                "meaning": MEANING[stop.switch],
                "known_to_prefect": stop.switch not in self._setter.waiting,
            }
            for stop in self.stops()
        ]

    def heard_since(self, moment: datetime, names: Iterable[str]) -> Stop | None:
        """A stop of one of these switches that was heard at or after ``moment``."""
        stops = [stop for name in names for stop in self.of(name) if stop.heard_at >= moment]
        return stops[0] if stops else None

    def remember(self, body: Mapping[str, Any], written_at: str) -> None:
        """Take in a ``switch`` record of the journal."""
        if body["switch"] == ON:
            self._stops.pop(body["name"], None)
            self._untold.pop(body["name"], None)
            self._repeats.forget(body["name"])
            return
        if body["switch"] == AGAIN:
            self._repeats.remember(body, written_at)
            return
        if body["switch"] != STOP:
            return
        name, reason = body["name"], StopReason(body["code"])
        stop = Stop(name, reason, body["reason"], read_utc(written_at))
        stops = self._stops.setdefault(name, {})
        known = stops.get(reason, stop)
        stops[reason] = replace(stop, heard_at=known.heard_at)
        self._untold[name] = not body["is_set"]

    def recall(self) -> None:
        """Once all records are taken in: a switch that was off and that Prefect shows on has been
        switched on meanwhile, unless Prefect was never told. One that Prefect shows off may have
        been stopped by somebody else meanwhile."""
        for name in self._stops:
            self._guard.remember(name, paused=True)
            if self._untold[name]:
                self._guard.hold((name,))
                self._setter.pause(name, self._text(name))
            self.on_found(name)

    # ---- what is heard

    def answered(self, name: str, given: GivenReason | None) -> bool:
        """The reason that was left in Prefect with the pause of ``name``, if one was; whether one
        that comes later still counts."""
        stops = self._stops.get(name, {})
        manual = stops.get(StopReason.MANUAL_STOP)
        is_found = manual is not None and manual.sentence in (FOUND, BY_HAND)
        # What the desk itself has left is news only to a desk that remembers no reason at all. To
        # another it does not say who else has paused.
        is_news = is_found and len(stops) == 1 and name not in self._untold
        if given is not None and given.by == DESK and not is_news:
            given = None
        if not stops or (given is None and (manual is None or manual.sentence != FOUND)):
            return bool(stops)
        if given is None or manual is None or is_found:
            sentence = BY_HAND if given is None else given.told()
            since = self._clock.now() if manual is None else manual.heard_at
            stops[StopReason.MANUAL_STOP] = Stop(name, StopReason.MANUAL_STOP, sentence, since)
        elif {given.sentence, given.told()} & {manual.sentence, self._repeats.last(manual)}:
            return False  # told already: an emergency stop tells the executor and Prefect
        else:
            self._repeats.come(manual, given.told())  # what a person said before counts as well
        stop = stops[StopReason.MANUAL_STOP]
        if given is not None:
            # Whoever left it may tell the executor of it a moment later.
            self._repeats.begin(replace(stop, sentence=given.sentence))
        self._setter.note(name, self._text(name))
        # Prefect shows a pause, but a stop of the desk's own may still wait for it.
        self._tell(stop, is_set=name not in self._setter.waiting)
        return given is None

    def _heard(self, name: str, paused: bool) -> None:
        if not paused:
            self.answered(name, None)  # nobody was told yet of a pause that was as short as that
            if name in STOPS_ENTRIES:
                self.on_release(name)
            else:
                self.lift(name)
        elif name not in self._stops:
            self.told_to_stop += 1
            self._put(name, StopReason.MANUAL_STOP, FOUND)
            self.on_found(name)

    def _was_set(self, name: str) -> None:
        self._keep_all(name, is_set=True)

    # ---- keeping and telling

    def _put(self, name: str, reason: StopReason, sentence: str) -> Stop:
        # First of all: whatever telling of it meets may ask to stop for the same reason.
        stop = Stop(name, reason, sentence, self._clock.now())
        self._stops.setdefault(name, {})[reason] = stop
        self._repeats.begin(stop)
        return stop

    def _tell(self, stop: Stop, *, is_set: bool) -> None:
        self._keep(_record(stop, is_set=is_set))
        by_hand = stop.reason is StopReason.MANUAL_STOP
        self._alert(
            Alert(
                AlertType.STOP_ACTIVATED,
                AlertLevel.WARNING if by_hand else AlertLevel.CRITICAL,
                f"{MEANING[stop.switch]}: {stop.switch} is paused, "
                f"{stop.told()}{self._repeats.told(stop)}. "
                "Open pairs are kept and guarded.",
                subject=stop.switch,
            )
        )

    def _text(self, name: str) -> str:
        return f"{self._told(name)}. {MEANING[name]}."

    def _told(self, name: str) -> str:
        return " and ".join(stop.told() + self._repeats.told(stop) for stop in self.of(name))

    def _keep_all(self, name: str, *, is_set: bool) -> None:
        for stop in self.of(name):
            if stop.sentence != FOUND:
                self._keep(_record(stop, is_set=is_set))

    def _keep(self, record: SwitchRecord) -> None:
        try:
            self._write(RecordType.SWITCH, record)
        except JournalError as error:
            log.error("a stop is not in the journal: %s", error)


def _record(stop: Stop, *, is_set: bool) -> SwitchRecord:
    return SwitchRecord(
        switch=STOP, name=stop.switch, code=stop.reason, reason=stop.sentence, is_set=is_set
    )
