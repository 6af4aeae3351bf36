"""Trading again: a person asks, the desk looks, and says yes or why not.

Two ways to ask: switching something on again in Prefect, and ``kimp resume`` (the flow ``resume``),
which also ends an emergency stop. While the desk looks there are no entries. Nothing here begins
by itself, and what an automation of Prefect's switches on is switched off again: automation may
stop, only a person resumes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from tasks.alert import Alert, AlertLevel, AlertType
from tasks.contradictions import CONTRADICTED
from tasks.desk_blocks import MISMATCH, RESUMING, DeskBlocks
from tasks.errors import SwitchesUnreadable
from tasks.feeds import Feeds
from tasks.kill_switch import RESUME, KillSwitch
from tasks.market_watch import MarketWatch
from tasks.stop_board import StopBoard
from tasks.stop_reason import StopReason
from tasks.switch_guard import ENTRY, STOPS_ENTRIES, Switches, SwitchGuard
from tasks.trading import Trading
from tasks.wire_text import utc_text
from warehouse import JournalError, LeaseLost
from warehouse.block_records import SwitchRecord
from warehouse.records import RecordType

log = logging.getLogger(__name__)

LOOK_S = 30.0
"""A look that takes longer is a no."""
LATE_S = 10.0
"""So long after a resume it may still turn out that no person has asked for it."""
KILLED = "killed"
DAILY_LOSS = "daily_loss"
UNHEALTHY = "unhealthy:"
UNSURE = "unsure"
STOPPED = "stopped"
AUTOMATED = "automated"


class Resuming:
    """One question at a time, whoever asks."""

    def __init__(
        self,
        board: StopBoard,
        guard: SwitchGuard,
        switches: Switches,
        blocks: DeskBlocks,
        kill: KillSwitch,
        trading: Trading,
        feeds: Feeds,
        markets: MarketWatch,
        reconcile: Callable[[], Awaitable[object]],
        against_trading: Callable[[], Mapping[str, str]],
        loss_over_limit: Callable[[], str | None],
        write: Callable[[RecordType, Mapping[str, Any]], int],
        waits_for: Callable[[], str | None],
    ) -> None:
        """``waits_for``: what ``reconcile`` is waiting for, in words; None: for nothing. One that
        was cancelled may leave its word behind."""
        self._board = board
        self._guard = guard
        self._switches = switches
        self._blocks = blocks
        self._kill = kill
        self._trading = trading
        self._feeds = feeds
        self._markets = markets
        self._reconcile = reconcile
        self._against_trading = against_trading
        self._loss_over_limit = loss_over_limit
        self._write = write
        self._waits_for = waits_for
        self._looking_since: datetime | None = None
        self._is_comparing = False
        self._asked: list[str] = []
        self._accepted: dict[str, float] = {}
        """Switch → when it was last switched on, by the monotonic clock."""
        self._wake = asyncio.Event()
        self._looking = asyncio.Lock()
        board.on_release = self.ask
        guard.on_automated = self.refuse_automated

    def ask(self, name: str) -> None:
        """Somebody has switched ``name`` on in Prefect: no entries until that has been looked at.
        Returns at once."""
        self._blocks.set(RESUMING)
        self._asked.append(name)
        self._wake.set()

    def refuse_automated(self, name: str, automation: str) -> None:
        """An automation of Prefect's has switched ``name`` on. If that kept entries away, they stay
        away; also when the look is over already. Returns at once."""
        accepted = self._accepted.get(name)
        is_late = accepted is not None and self._trading.clock.monotonic() - accepted < LATE_S
        if name in STOPS_ENTRIES and (is_late or self._board.of(name)):
            told = f"it was Prefect's automation {automation!r}, and only a person resumes"
            self._refuse([name], [_reason(AUTOMATED, told)])

    def told(self) -> dict[str, Any] | None:
        """For ``/v1/state``: since when the desk has been looking, and what that waits for; None:
        nobody asks."""
        if self._looking_since is None:
            return None
        return {"since": utc_text(self._looking_since), "waits_for": self._waited_for()}

    async def run(self) -> None:
        """Answer whoever asks, until cancelled."""
        while True:
            await self._wake.wait()
            await self.answer()

    async def answer(self) -> None:
        """Look, for all that was asked since the last time, and accept or refuse."""
        async with self._looking:
            self._wake.clear()
            # What a resume of the desk's own has lifted meanwhile is not asked about any more.
            asked = [name for name in dict.fromkeys(self._asked) if self._board.of(name)]
            self._asked.clear()
            reasons = (self._killed() or await self._reasons()) if asked else []
            if reasons:
                self._refuse(asked, reasons)
            else:
                # Nor what was paused again during the look.
                on = [name for name in asked if not self._guard.is_paused(name)]
                if on:
                    self._accept(on, "switched on in Prefect; positions, venues and rates agree")
            if not self._asked:
                self._blocks.clear(RESUMING)

    async def resume(self, reason: str) -> dict[str, Any]:
        """Lift an emergency stop and switch on what keeps entries away, if all is well: journal and
        venues agree, venues, rates and books are healthy, the day's loss is within its limit.
        Acknowledges prices that came back far from where they had stopped, and contradictions.

        Raises JournalError when it cannot be written down: then nothing is lifted.
        """
        async with self._looking:
            told_before = self._told_to_stop()
            reasons = await self._reasons() or self._stopped_since(told_before)
            if reasons:
                return {"resumed": False, "reasons": reasons}
            off = [name for name in STOPS_ENTRIES if self._guard.is_paused(name)]
            await self._board.withdraw(off)
            reasons = await self._switch_on(off) or self._stopped_since(told_before)
            if reasons:
                self._board.uphold(off)
                return {"resumed": False, "reasons": reasons}
            try:
                # Before anything is lifted: over a restart too it stays lifted, or nothing is.
                self._write(RecordType.SWITCH, SwitchRecord(switch=RESUME, reason=reason))
            except JournalError:
                self._board.uphold(off)
                raise
            self._kill.lift()
            self._markets.acknowledge()
            self._end_contradictions(reason)
            self._guard.free(off)
            self._accept(off, reason)
            return {"resumed": True, "reasons": []}

    async def _switch_on(self, names: list[str]) -> list[dict[str, str]]:
        """Why Prefect did not."""
        try:
            await self._switches.resume(names)
        except SwitchesUnreadable as error:
            message = f"what is paused could not be switched on in Prefect: {error}"
            return [_reason("switches", message)]
        return []

    def _told_to_stop(self) -> tuple[int, int]:
        return self._board.told_to_stop, self._kill.pulled

    def _stopped_since(self, told_before: tuple[int, int]) -> list[dict[str, str]]:
        """Who asks to trade again cannot have meant a stop that came after."""
        if self._told_to_stop() == told_before:
            return []
        why = [f"{name} is paused, {told}" for name, told in self._board.why().items()]
        told = "; ".join([*self._kill.sentences(), *why])
        return [_reason(STOPPED, f"a stop came while the desk was looking: {told}")]

    async def _reasons(self) -> list[dict[str, str]]:
        """All that speaks against trading now; what cannot be found out does too."""
        self._looking_since = self._trading.clock.now()
        try:
            async with asyncio.timeout(LOOK_S):
                await self._feeds.read_all(spare=True)
                self._is_comparing = True
                await self._reconcile()
        except TimeoutError:
            waited_for = self._waited_for()
            told = f" (it waited for {waited_for})" if waited_for else ""
            message = f"the look at venues and journal took more than {LOOK_S:g} s{told}"
            return [_reason(UNSURE, message)]
        except LeaseLost:
            raise
        except Exception as error:
            log.exception("venues and journal could not be looked at")
            told = f"{type(error).__name__}: {error}"
            return [_reason(UNSURE, f"journal and venues could not be compared: {told}")]
        finally:
            self._looking_since, self._is_comparing = None, False
        reasons = [_reason(code, text) for code, text in self._blocks if code != RESUMING]
        said = {reason["message"] for reason in reasons}
        reasons += [
            _reason(UNHEALTHY + name, f"{name}: {told}")
            for name, told in self._against_trading().items()
            if told not in said
        ]
        loss = self._loss_over_limit()
        return reasons if loss is None else [*reasons, _reason(DAILY_LOSS, loss)]

    def _waited_for(self) -> str | None:
        """Of the comparison that this look has begun."""
        return self._waits_for() if self._is_comparing else None

    def _end_contradictions(self, reason: str) -> None:
        for pair_id in self._trading.pairs.contradictions.forget():
            told = f"{pair_id}: a person has compared it with its venues: {reason}."
            kind, level = AlertType.SYSTEM_ERROR, AlertLevel.INFO
            self._trading.alert(Alert(kind, level, told, pair_id, CONTRADICTED, is_over=True))

    def _killed(self) -> list[dict[str, str]]:
        """A switch in Prefect does not end an emergency stop."""
        if self._kill.reason is None:
            return []
        told = f"an emergency stop holds ({self._kill.reason}): run resume/live or kimp resume"
        return [_reason(KILLED, told)]

    def _refuse(self, names: list[str], reasons: list[dict[str, str]]) -> None:
        why = "; ".join(item["message"] for item in reasons)
        log.error("the resume of %s is refused: %s", ", ".join(names), why)
        self._trading.alert(
            Alert(
                AlertType.RESUME_REFUSED,
                AlertLevel.WARNING,
                f"{', '.join(names)} was switched on, and {ENTRY} is paused again: {why}. "
                "Put it right, then switch it on once more.",
                subject=ENTRY,
            )
        )
        for name in names:
            if name != ENTRY and not self._guard.is_paused(name):
                self._board.lift(name, f"switched on in Prefect; {ENTRY} is paused instead")
        self._board.refuse(ENTRY, _stop_reason(reasons), names, reasons)

    def _accept(self, names: list[str], sentence: str) -> None:
        left = [name for name in STOPS_ENTRIES if self._guard.is_paused(name)]
        self._accepted.update(dict.fromkeys(names, self._trading.clock.monotonic()))
        for name in names:
            # An alert that all is on again ends every stop's; before that each ends its own.
            self._board.lift(name, sentence, is_told=not left)
        if left:
            log.warning("entries stay blocked by %s", ", ".join(left))
            return
        self._board.refused = None
        what = ", ".join(names) or "nothing was paused"
        self._trading.alert(
            Alert(AlertType.RESUMED, AlertLevel.INFO, f"trading is resumed ({what}): {sentence}.")
        )


def _reason(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message}


def _stop_reason(reasons: list[dict[str, str]]) -> StopReason:
    """The trigger that a refusal stands for, if it is one."""
    codes = [item["code"] for item in reasons]
    if MISMATCH in codes:
        return StopReason.POSITION_MISMATCH
    if DAILY_LOSS in codes:
        return StopReason.DAILY_LOSS_EXCEEDED
    if any(code.startswith(("outage:", UNHEALTHY)) for code in codes):
        return StopReason.API_CONNECTION_LOST
    return StopReason.MANUAL_STOP
