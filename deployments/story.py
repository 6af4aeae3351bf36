"""``up --once``: one whole trading story on simulated venues, each step verified."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from deployments.failure import CommandFailed
from deployments.prefect_door import FlowRun, PrefectDoor
from deployments.progress import Progress
from deployments.replay_watch import HISTORY_ENDED
from deployments.venue_simulators import OrderArrival, VenueSimulators
from exchanges.instrument import Venue
from exchanges.side import Side
from tasks.client_order_id import pair_id_for
from tasks.executor_answers import PairView
from tasks.executor_client import ExecutorClient
from tasks.krw_text import krw_text
from tasks.outcome import Outcome, OutcomeStatus
from tasks.signal import Signal, SignalAction
from tasks.signing import PrivateKey, sign
from tasks.wire_text import short_decimal_text
from warehouse import Warehouse
from warehouse.report_text import render_report

SYMBOL = "BTC"
QUANTITY = Decimal("0.010")
STRATEGY = "story"
FAST = 3_600.0
"""Market seconds per second while time passes: an hour each second."""
TTL_MS = 60_000
"""On a machine that is busy with other things too, the usual three seconds may pass on the way."""
MARGIN_KRW = Decimal(1_000)
"""Profit to wait for, so that slowing the market down does not lose it again."""
READY_S = 30.0
RUN_S = 60.0
PROFIT_S = 90.0
MADE_NS = 1_000_000


class StoryFailed(CommandFailed):
    """A step did not end as it should; the sentence says which and how."""


class Story:
    """The steps, in the order in which they are told."""

    def __init__(
        self,
        progress: Progress,
        prefect: PrefectDoor,
        executor: ExecutorClient,
        simulators: VenueSimulators,
        books: Warehouse,
        *,
        research: PrivateKey,
        perpetual: Venue,
        speed: float,
    ) -> None:
        self._progress = progress
        self._prefect = prefect
        self._executor = executor
        self._simulators = simulators
        self._books = books
        self._research = research
        self._perpetual = perpetual
        self._speed = speed

    async def tell(self) -> None:
        """Raises StoryFailed at the first step that does not end as it should."""
        await self._desk_is_ready()
        first = await self._enter_through_prefect()
        second = await self._enter_with_a_failing_leg()
        await self._exit_at_a_loss(first)
        await self._time_passes(first, second)
        await self._exit_in_profit(first, second)
        await self._close_the_books(first, second)

    async def _desk_is_ready(self) -> None:
        deadline = time.monotonic() + READY_S
        with self._progress.waiting("first books and rates"):
            while True:
                check = await self._executor.check(self._signal("ready", SignalAction.ENTER))
                if check["would_trade"]:
                    break
                if time.monotonic() > deadline:
                    why = "; ".join(reason["message"] for reason in check["reasons"])
                    raise StoryFailed(f"the desk would not trade: {why}")
                await asyncio.sleep(0.2)
        market = await self._simulators.market()
        self._progress.line(f"the desk is ready to trade; the market replays {market}")

    async def _enter_through_prefect(self) -> str:
        self._progress.heading(f"1. ENTER {QUANTITY} {SYMBOL} through Prefect's API")
        signal = self._signal("enter", SignalAction.ENTER)
        asked_ns = time.time_ns()
        run = await self._run("signal-intake/live", {"signal": signal}, "Hedged")
        pair = await self._executor.pair(pair_id_for(str(signal["id"])))
        arrivals = await self._arrivals(pair["pair_id"])
        both_ns = max(arrival.arrival_ns for arrival in arrivals) - asked_ns
        self._progress.line(
            f"hedged: pair {pair['pair_id']}, both orders at the venues "
            f"{both_ns / MADE_NS:.0f} ms after the API call"
        )
        self._show_legs(pair)
        self._progress.note(f"run {run.name}: {run.url}")
        return pair["pair_id"]

    async def _enter_with_a_failing_leg(self) -> str:
        self._progress.heading(
            f"2. ENTER {QUANTITY} {SYMBOL} through the fast door; "
            f"{self._perpetual.capitalize()} will refuse its order"
        )
        signal = self._signal("enter", SignalAction.ENTER)
        with self._progress.waiting("one leg is missing; it is being repaired"):
            async with self._simulators.rejecting_an_order(self._perpetual):
                began = time.monotonic()
                outcome = await self._executor.submit(signal, door="fast")
                took_s = time.monotonic() - began
        self._expect(outcome, OutcomeStatus.HEDGED)
        orders = {leg.venue: leg.client_order_ids for leg in outcome.legs}
        if len(orders.get(self._perpetual, ())) < 2 or outcome.pair_id is None:
            raise StoryFailed("the refused leg was not repaired with an order of its own")
        refused, *_, taken = orders[self._perpetual]
        self._progress.line(f"repaired after {took_s:.1f} s: pair {outcome.pair_id} is hedged")
        self._progress.note(f"{self._perpetual}: refused {refused}, took {taken}")
        self._show_legs(await self._executor.pair(outcome.pair_id))
        return outcome.pair_id

    async def _exit_at_a_loss(self, pair_id: str) -> None:
        self._progress.heading(f"3. EXIT {pair_id} at once, which would be at a loss")
        signal = self._signal("exit", SignalAction.EXIT, pair_id=pair_id)
        outcome = await self._executor.submit(signal, door="fast")
        self._expect(outcome, OutcomeStatus.HELD)
        self._progress.line(f"refused, the pair is kept: {_after(outcome.reason, f'{pair_id}: ')}")

    async def _time_passes(self, *pair_ids: str) -> None:
        self._progress.heading("4. Time passes in the replay until leaving pays")
        deadline = time.monotonic() + PROFIT_S
        await self._simulators.set_speed(FAST)
        fast = True
        while True:
            pairs = {pair["pair_id"]: pair for pair in await self._executor.pairs(open_only=True)}
            missing = [pair_id for pair_id in pair_ids if pair_id not in pairs]
            if missing:
                raise StoryFailed(f"{' and '.join(missing)} closed without having been asked to")
            pays = all(_net_now(pairs[pair_id]) > MARGIN_KRW for pair_id in pair_ids)
            if pays and not fast:
                break
            if pays == fast:  # slow down to look closely, or go on
                fast = not fast
                await self._simulators.set_speed(FAST if fast else self._speed)
            if (market := await self._simulators.market()).ended:
                raise StoryFailed(HISTORY_ENDED)
            if time.monotonic() > deadline:
                raise StoryFailed(
                    f"the pairs were not in profit after {PROFIT_S:g} s of replay, at {market}"
                )
            with self._progress.waiting("the market moves on"):
                await asyncio.sleep(0.5 if fast else 1.5)
        self._progress.line(f"the market replays {await self._simulators.market()}")
        for pair_id in pair_ids:
            net = krw_text(_net_now(pairs[pair_id]))
            self._progress.note(f"closing {pair_id} now would earn {net} KRW")

    async def _exit_in_profit(self, *pair_ids: str) -> None:
        self._progress.heading("5. EXIT both pairs through Prefect's API")
        for pair_id in pair_ids:
            signal = self._signal("exit", SignalAction.EXIT, pair_id=pair_id)
            run = await self._run("signal-intake/live", {"signal": signal}, "Closed")
            self._progress.line(f"closed {pair_id}: {_after(run.message, f'{pair_id}: ')}")
            self._progress.note(f"run {run.name}: {run.url}")

    async def _close_the_books(self, *pair_ids: str) -> None:
        self._progress.heading("6. The books")
        with self._progress.waiting("journal and venues are compared"):
            reconciled = await self._executor.reconcile()
        if not reconciled["agreed"]:
            raise StoryFailed("journal and venues do not agree: see reconcile/live in the UI")
        self._progress.line("journal and venues agree")
        with self._progress.waiting("pnl-rollup/live"):
            await self._run("pnl-rollup/live", {}, "Completed")
        self._progress.line("the journal is booked and rolled up")
        report = await asyncio.to_thread(self._books.report)
        self._progress.show("")
        self._progress.show(render_report(report))
        ended = {pair.pair_id: pair for pair in report.ended_pairs}
        for pair_id in pair_ids:
            pair = ended.get(pair_id)
            if pair is None or pair.result is None:
                raise StoryFailed(f"the books do not have the result of {pair_id}")
            if pair.result.net_krw <= 0:
                raise StoryFailed(
                    f"{pair_id} was closed at {krw_text(pair.result.net_krw)} KRW: not in profit"
                )
        self._progress.line("all runs, with their logs, are kept: `kimp up` shows them in the UI")

    async def _run(
        self, deployment: str, parameters: Mapping[str, object], expected: str
    ) -> FlowRun:
        """Create a run, wait for its end and demand that it ended as ``expected``."""
        with self._progress.waiting(deployment):
            created = await self._prefect.create(deployment, parameters)
            run = await self._prefect.finished(created, RUN_S)
        if run.state_name != expected:
            raise StoryFailed(
                f"the run {run.name} of {deployment} ended as {run.state_name} instead of "
                f"{expected}: {run.message} ({run.url})"
            )
        return run

    async def _arrivals(self, pair_id: str) -> list[OrderArrival]:
        arrivals = await self._simulators.order_arrivals(pair_id)
        if {arrival.venue for arrival in arrivals} != {Venue.UPBIT, self._perpetual}:
            raise StoryFailed(f"the orders of {pair_id} did not reach both venues")
        return arrivals

    def _signal(
        self, what: str, action: SignalAction, *, pair_id: str | None = None
    ) -> dict[str, Any]:
        """A signed signal as JSON, with an id of its own."""
        signal = Signal(
            id=f"{what}-{uuid.uuid4().hex[:8]}",
            action=action,
            symbol=SYMBOL,
            quantity=QUANTITY if action is SignalAction.ENTER else None,
            pair_id=pair_id,
            created_at=datetime.now(UTC),
            ttl_ms=TTL_MS,
            strategy=STRATEGY,
        )
        fields = sign(signal, self._research).to_json()
        # As a sender may write it; the canonical form under the signature is the same.
        return fields | ({"quantity": str(QUANTITY)} if signal.quantity else {})

    def _show_legs(self, pair: PairView) -> None:
        """What each leg traded, as the desk's own books have it."""
        bought = pair["direction"] == "long_premium"
        for leg, side in (
            (pair["spot"], Side.BUY if bought else Side.SELL),
            (pair["perpetual"], Side.SELL if bought else Side.BUY),
        ):
            quantity, value = Decimal(leg["entry"]["quantity"]), Decimal(leg["entry"]["value"])
            average = value / quantity if quantity else Decimal(0)
            fee = short_decimal_text(Decimal(leg["entry"]["fee"]))
            self._progress.note(
                f"{leg['venue']}: {side} {short_decimal_text(quantity)} {pair['symbol']} at "
                f"{average:,.2f} {leg['fee_currency']}, fee {fee} {leg['fee_currency']}"
            )

    def _expect(self, outcome: Outcome, status: OutcomeStatus) -> None:
        if outcome.status is not status:
            raise StoryFailed(
                f"the signal {outcome.signal_id} ended as {outcome.status} instead of {status}: "
                f"{outcome.reason}"
            )


def _after(sentence: str | None, mark: str) -> str:
    """What follows ``mark``, which was said above already; the whole sentence without it."""
    return (sentence or "").rpartition(mark)[2]


def _net_now(pair: PairView) -> Decimal:
    """Net profit if closed now, KRW; far below zero while it cannot be told."""
    now = pair.get("now")
    return Decimal(now["net_krw"]) if now is not None else Decimal("-Infinity")
