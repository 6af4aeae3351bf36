"""Takes flow runs in: hears of one, claims it, gives its signal to the executor, lets it run.

Signals go first. Many are claimed at once, handed over in the order of their runs' creation, and
only then told by their flows, of which a bounded number runs at a time. Other runs are left where
they are while there is no room; a poll offers them again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar
from uuid import UUID

from prefect import Flow
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun

from deployments.flow_loop import FlowLoop
from deployments.run_claim import claim, is_due, read_flow_name, read_run, sign_claim
from deployments.run_in_hand import RunInHand
from deployments.signal_lane import SignalLane
from deployments.unfinished_runs import carries_signal, let_go
from deployments.warm_flow import run_warm
from flows.decision_reports import FAST_DOOR_TAG
from flows.handed_over import HandedOver
from flows.prefect_api import PrefectApi, PrefectRefused, PrefectSilent
from tasks.executor_client import ExecutorClient
from tasks.sure_submission import submit_surely

log = logging.getLogger(__name__)

T = TypeVar("T")

CLAIMS_AT_ONCE = 8
PAUSES_S = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Before a run that was named and cannot be read yet is asked for again."""
SIGNALS_IN_HAND = 500
"""With so many not told yet, further ones wait in Prefect."""


def brings_signal(run: FlowRun) -> bool:
    """A signal to be handed over, not the report of one that the fast door has handed over."""
    return carries_signal(run) and FAST_DOOR_TAG not in run.tags


class RunIntake:
    """The runs that one worker has in hand."""

    def __init__(
        self,
        api: PrefectApi,
        client: PrefectClient,
        executor: ExecutorClient,
        flows: Mapping[str, Flow[..., Any]],
        flow_loop: FlowLoop,
        *,
        owner: str,
        limit: int,
        lets_in: Callable[[UUID | None], bool],
    ) -> None:
        """
        Args:
            limit: Runs at once, of signals and of all others each.
            lets_in: Whether a run of this work queue may be claimed.
        """
        self._api = api
        self._client = client
        self._executor = executor
        self._flows = flows
        self._flow_loop = flow_loop
        self._owner = owner
        self._limit = limit
        self._lets_in = lets_in
        self._flow_names: dict[UUID, str] = {}
        self._in_hand: dict[UUID, RunInHand] = {}
        self._lane = SignalLane()
        self._claiming = asyncio.Semaphore(CLAIMS_AT_ONCE)
        self._claiming_again = asyncio.Semaphore(CLAIMS_AT_ONCE)
        self._telling = asyncio.Semaphore(limit)
        self._tasks: set[asyncio.Task[Any]] = set()

    def __contains__(self, run_id: UUID) -> bool:
        """Is it in hand, be it only to find out whether it can be claimed?"""
        return run_id in self._in_hand

    @property
    def has_room(self) -> bool:
        """For one more signal; a run of which only the id is known may be one."""
        signals = sum(
            hand.is_in_turn and (hand.is_signal or not hand.flow_name)
            for hand in self._in_hand.values()
        )
        return signals < SIGNALS_IN_HAND

    def offer(self, run_id: UUID, run: FlowRun | None = None, *, in_turn: bool = True) -> None:
        """Take the run unless it is in hand already. Runs are offered in order of creation.

        Args:
            in_turn: Nothing older waits in Prefect. Otherwise a signal is left there.
        """
        hand = self._in_hand.get(run_id)
        if hand is None:
            hand = self._in_hand[run_id] = RunInHand(run_id, self._lane.enter(), run)
            self._aside(self._take(hand))
        hand.is_in_turn = hand.is_in_turn or in_turn

    def cancel(self, run_id: UUID) -> None:
        """An operator has cancelled the run."""
        hand = self._in_hand.get(run_id)
        if hand is not None and hand.is_claimed:
            hand.cancelled.set()

    def culprit(self) -> FlowRun | None:
        """The run whose flow has the flow loop now."""
        current = self._flow_loop.current_task()
        for hand in self._in_hand.values():
            if hand.flow is not None and current in hand.flow.tasks:
                return hand.run
        return None

    async def drain(self, within_s: float) -> None:
        """Let what runs end; what does not in time is left to the next worker."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within_s)
        left = [hand for hand in self._in_hand.values() if hand.is_claimed]
        for task in self._tasks:
            task.cancel()  # or the next flow would start in the place of each that ends
        flows = [hand.flow for hand in left if hand.flow is not None]
        for flow in flows:
            flow.cancel()
        await asyncio.gather(*(flow.wait(within_s / 4) for flow in flows))
        for hand in left:
            current = await self._client.read_flow_run(hand.run_id)
            state = current.state
            if state is None or not state.is_final() or state.is_crashed():
                await let_go(self._client, current, "Its hot worker was stopped.")

    async def _take(self, hand: RunInHand) -> None:
        try:
            hand.is_claimed = await self._claim_once_there(hand)
            if hand.is_claimed and hand.run is not None:
                await self._see_through(hand, hand.run)
        except PrefectSilent as error:
            log.warning("flow run %s could not be claimed: %s", hand.run_id, error)
        except PrefectRefused as error:
            log.info("flow run %s is gone: %s", hand.run_id, error)
        except Exception:
            log.exception("flow run %s could not be run", hand.run_id)
        finally:
            hand.place.leave()
            self._in_hand.pop(hand.run_id, None)

    async def _claim_once_there(self, hand: RunInHand) -> bool:
        """Others are claimed while it cannot be read. It keeps its place among them, so it does not
        queue behind all of them once more: they would wait for it in vain."""
        turns = self._claiming
        for pause_s in PAUSES_S:
            with suppress(PrefectRefused):
                return await self._claim_soon(hand, turns)
            turns = self._claiming_again
            await asyncio.sleep(pause_s)
        return await self._claim_soon(hand, turns)

    async def _claim_soon(self, hand: RunInHand, turns: asyncio.Semaphore) -> bool:
        async with turns:
            with hand.place.claiming():
                return await self._claim(hand)

    async def _claim(self, hand: RunInHand) -> bool:
        run = hand.run or await read_run(self._api, hand.run_id)
        hand.place.made(run.created)
        hand.flow_name = await self._flow_name(run.flow_id)
        hand.is_signal = brings_signal(run)
        if not hand.is_signal:
            hand.place.leave()
        hand.run = None
        must_wait = hand.is_signal and not hand.is_in_turn
        may_be_claimed = is_due(run) and self._lets_in(run.work_queue_id)
        if must_wait or not may_be_claimed or not self._has_room(hand, run):
            return False
        hand.run = run  # before the claim, or two of a schedule slip through
        return await claim(self._api, run.id, self._owner)

    def _has_room(self, hand: RunInHand, run: FlowRun) -> bool:
        """Of one schedule one run at a time, of all runs ``limit``; signals have theirs."""
        if hand.is_signal:
            return True
        others = [
            (other, other.run)
            for other in self._in_hand.values()
            if other.run is not None and other.flow_name and other is not hand
        ]
        if run.auto_scheduled and any(
            other.auto_scheduled and other.deployment_id == run.deployment_id for _, other in others
        ):
            return False
        return sum(not other.is_signal for other, _ in others) < self._limit

    async def _see_through(self, hand: RunInHand, run: FlowRun) -> None:
        if hand.is_signal:
            await hand.place.turn()
            if not hand.cancelled.is_set():
                await self._hand_over(hand, run)
            hand.place.leave()
        await sign_claim(self._client, run.id, self._owner)
        if not hand.is_signal:
            await self._run_flow(hand, run)
        else:
            async with self._telling:
                await self._run_flow(hand, run)
        if hand.cancelled.is_set():
            state = await hand.cut_short()
            await self._client.set_flow_run_state(run.id, state, force=True)

    async def _hand_over(self, hand: RunInHand, run: FlowRun) -> None:
        """Give the signal to the executor; returns when it is on the wire."""
        hand.handed_over = handed_over = HandedOver(Future())
        sent = asyncio.Event()

        def told(trouble: str) -> None:
            handed_over.troubles.append(trouble)
            sent.set()  # those behind need not wait for an executor that is away

        async def submit() -> None:
            try:
                outcome = await submit_surely(
                    self._executor,
                    run.parameters["signal"],
                    door="prefect",
                    told=told,
                    on_sent=sent.set,
                )
            except Exception as error:
                handed_over.outcome.set_exception(error)
            else:
                handed_over.outcome.set_result(outcome)
            finally:
                sent.set()

        self._aside(submit())
        await sent.wait()

    async def _run_flow(self, hand: RunInHand, run: FlowRun) -> None:
        """Returns when the flow has ended or an operator has cancelled the run."""
        if hand.cancelled.is_set():
            return
        hand.flow = self._flow_loop.run(
            lambda: run_warm(self._flows, hand.flow_name, run, hand.handed_over)
        )
        waits: set[asyncio.Task[Any]] = {
            asyncio.create_task(hand.flow.wait()),
            asyncio.create_task(hand.cancelled.wait()),
        }
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _flow_name(self, flow_id: UUID) -> str:
        if flow_id not in self._flow_names:
            self._flow_names[flow_id] = await read_flow_name(self._api, flow_id)
        return self._flow_names[flow_id]

    def _aside(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
