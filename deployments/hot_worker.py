"""The hot worker: runs the flows of pool ``hot`` inside one warm process.

It hears of a run through Prefect's event stream (and polls each second in case an event is
lost), claims it, gives a signal to the executor at once, and runs the flow in its own event loop
with Prefect's own engine, so that states, logs and results are what they always are.

``python -m deployments.hot_worker --pool hot``
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from types import FrameType
from typing import Any, TypeVar
from uuid import UUID

import anyio.abc
import httpx
import uvloop
from prefect import Flow
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import AsyncClientContext
from prefect.flow_engine import run_flow
from prefect.settings import PREFECT_API_URL
from prefect.states import Cancelled
from prefect.workers.base import BaseJobConfiguration, BaseWorker, BaseWorkerResult

from deployments.project import HOT, read_entries
from deployments.run_claim import (
    claim,
    clear_orphans,
    is_due,
    is_late,
    pass_over,
    report_crashed,
    sign_claim,
)
from deployments.run_events import SCHEDULED, run_events
from flows.decision_reports import FAST_DOOR_TAG
from flows.handed_over import submission
from tasks.executor_client import ExecutorClient
from tasks.settings import Settings

log = logging.getLogger(__name__)

T = TypeVar("T")

POLL_S = 1.0
HEARTBEAT_S = 15
DRAIN_S = 20.0
LIMIT = 16
SIGNAL_FLOW = "signal-intake"
LATE_AT_ONCE = 20


class HotRunResult(BaseWorkerResult):
    """A warm run has no process of its own; ``identifier`` is the flow run's id."""


class HotWorker(BaseWorker[BaseJobConfiguration, Any, HotRunResult]):
    """Serves one pool with the flows it was given (flow name → flow), imported beforehand."""

    type = "hot"
    _description = "Runs short flows inside one warm process."

    def __init__(
        self,
        work_pool_name: str,
        *,
        flows: Mapping[str, Flow[..., Any]],
        executor: ExecutorClient,
        name: str | None = None,
        limit: int = LIMIT,
    ) -> None:
        super().__init__(
            work_pool_name,
            name=name or "hot-worker",
            limit=limit,
            heartbeat_interval_seconds=HEARTBEAT_S,
        )
        self._flows = flows
        self._executor = executor
        self._flow_names: dict[UUID, str] = {}
        self._taken: dict[UUID, asyncio.Task[None]] = {}
        self._in_hand: dict[UUID, FlowRun] = {}
        self._room = limit
        self._side_tasks: set[asyncio.Task[Any]] = set()
        self.ready = asyncio.Event()

    async def serve(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set, then let running flows end (at most 20 s)."""
        # One client for all runs; entered before any task, so that every task inherits it.
        async with self, AsyncClientContext():
            services = [
                asyncio.create_task(self._for_ever(self._heartbeat, HEARTBEAT_S)),
                asyncio.create_task(self._for_ever(self._poll, POLL_S)),
                asyncio.create_task(self._for_ever(self._listen, POLL_S)),
            ]
            await self._clear_orphans()
            self.ready.set()
            await stop.wait()
            for service in services:
                service.cancel()
            await asyncio.gather(*services, return_exceptions=True)
            await self._drain()

    async def run(
        self,
        flow_run: FlowRun,
        configuration: BaseJobConfiguration,
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> HotRunResult:
        """Run the flow here, to its end. Whatever it raises stays here."""
        flow = self._flows.get(await self._flow_name(flow_run.flow_id))
        result = HotRunResult(identifier=str(flow_run.id), status_code=1)
        if flow is None:
            message = f"Pool {self._work_pool_name} runs only {', '.join(sorted(self._flows))}."
            await report_crashed(self.client, flow_run.id, message)
            return result
        if task_status is not None:
            task_status.started(os.getpid())
        try:
            running: Any = run_flow(flow, flow_run=flow_run, return_type="state")
            await running
        except asyncio.CancelledError:
            raise
        # A flow that calls sys.exit() must not end the worker, so not even that passes.
        except BaseException as error:
            log.exception("flow run %s crashed", flow_run.name)
            current = await self.client.read_flow_run(flow_run.id)
            if current.state is None or not current.state.is_final():
                message = f"{type(error).__name__}: {error}"
                await report_crashed(self.client, flow_run.id, message)
            return result
        result.status_code = 0
        return result

    def offer(self, run_id: UUID, flow_run: FlowRun | None = None) -> None:
        """Take the run unless it is in hand already; a poll offers again what is not taken."""
        if run_id not in self._taken:
            task = asyncio.create_task(self._take(run_id, flow_run))
            self._taken[run_id] = task
            task.add_done_callback(lambda _: self._taken.pop(run_id, None))

    async def _take(self, run_id: UUID, flow_run: FlowRun | None) -> None:
        try:
            run = flow_run or await self.client.read_flow_run(run_id)
            if not is_due(run) or not await self._has_room(run):
                return
            self._in_hand[run_id] = run  # before the claim, or two of a schedule slip through
            if await claim(self.client, run_id):
                await self._run_claimed(run)
        except asyncio.CancelledError:
            log.warning("flow run %s was ended before its time", run_id)
            raise
        except Exception:
            log.exception("flow run %s could not be run", run_id)
        finally:
            self._in_hand.pop(run_id, None)

    async def _has_room(self, run: FlowRun) -> bool:
        """Of one schedule one run at a time, of all runs ``limit``; a signal never waits."""
        if await self._flow_name(run.flow_id) == SIGNAL_FLOW:
            return True
        if run.auto_scheduled and any(
            other.auto_scheduled and other.deployment_id == run.deployment_id
            for other in self._in_hand.values()
        ):
            return False
        return len(self._in_hand) < self._room

    async def _run_claimed(self, run: FlowRun) -> None:
        await self._hand_over(run)
        self._aside(sign_claim(self.client, run.id))
        await self.run(run, BaseJobConfiguration())

    async def _hand_over(self, run: FlowRun) -> None:
        """Give a signal to the executor before Prefect's engine starts the flow."""
        signal_fields = run.parameters.get("signal")
        if not isinstance(signal_fields, dict) or FAST_DOOR_TAG in run.tags:
            return
        if await self._flow_name(run.flow_id) == SIGNAL_FLOW:
            submission.set(self._aside(self._executor.submit(signal_fields, door="prefect")))

    def _aside(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Do ``work`` beside the run; what it raises is for whoever awaits it, if anybody."""
        task = asyncio.create_task(work)
        self._side_tasks.add(task)
        task.add_done_callback(self._side_task_done)
        return task

    def _side_task_done(self, task: asyncio.Task[Any]) -> None:
        self._side_tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.info("beside a run: %s", error)

    async def _flow_name(self, flow_id: UUID) -> str:
        if flow_id not in self._flow_names:
            self._flow_names[flow_id] = (await self.client.read_flow(flow_id)).name
        return self._flow_names[flow_id]

    async def _listen(self) -> None:
        if self._work_pool is None:
            return  # the server was not there at the start; asked again soon
        async for event, run_id in run_events(self._work_pool.id):
            if event == SCHEDULED:
                self.offer(run_id)
            elif run_id in self._taken:
                self._aside(self._cancel(run_id, self._taken[run_id]))

    async def _cancel(self, run_id: UUID, task: asyncio.Task[None]) -> None:
        """An operator cancelled the run. A signal's decision goes on; only the telling ends."""
        task.cancel()
        await asyncio.wait([task])
        state: State[Any] = Cancelled(message="Cancelled by an operator.")
        await self.client.set_flow_run_state(run_id, state, force=True)

    async def _poll(self) -> None:
        """Offer what is due; pass over runs of schedules that nobody could take in time."""
        due = await self.client.get_scheduled_flow_runs_for_work_pool(
            self._work_pool_name, scheduled_before=datetime.now(UTC)
        )
        late = [entry.flow_run for entry in due if is_late(entry.flow_run)]
        for entry in due:
            if not is_late(entry.flow_run):
                self.offer(entry.flow_run.id, entry.flow_run)
        for run in late[:LATE_AT_ONCE]:
            await pass_over(self.client, run.id)

    async def _heartbeat(self) -> None:
        await self.sync_with_backend()

    async def _for_ever(self, work: Any, interval_s: float) -> None:
        """Repeat ``work``; a server that is away is waited for."""
        silent = False
        while True:
            try:
                await work()
                silent = False
            except httpx.HTTPError as error:
                if not silent:
                    log.warning("Prefect does not answer: %s", error)
                silent = True
            except Exception:
                log.exception("the hot worker goes on after an error")
            await asyncio.sleep(interval_s)

    async def _clear_orphans(self) -> None:
        try:
            count = await clear_orphans(self.client, self._work_pool_name)
        except httpx.HTTPError as error:
            log.warning("runs of earlier workers were not looked for: %s", error)
        else:
            if count:
                log.warning("%d runs of earlier workers reported as crashed", count)

    async def _drain(self) -> None:
        for bound_s, give_up in ((DRAIN_S, True), (DRAIN_S / 4, False)):
            if tasks := [*self._taken.values(), *self._side_tasks]:
                _, late = await asyncio.wait(tasks, timeout=bound_s)
                if give_up:
                    for task in late:
                        task.cancel()


def hot_flows() -> dict[str, Flow[..., Any]]:
    """Flow name → flow of everything that ``prefect.yaml`` puts into pool ``hot``."""
    flows = (entry.load_flow() for entry in read_entries() if entry.pool == HOT)
    return {flow.name: flow for flow in flows}


async def _serve(pool: str, name: str | None, limit: int, stop: asyncio.Event) -> None:
    async with ExecutorClient(Settings().socket_file) as executor:
        worker = HotWorker(pool, flows=hot_flows(), executor=executor, name=name, limit=limit)
        log.warning("hot worker %s serves pool %s", worker.name, pool)
        await worker.serve(stop)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. 0 done, 1 failed, 2 bad usage."""
    parser = argparse.ArgumentParser(prog="python -m deployments.hot_worker")
    parser.add_argument("--pool", default=HOT, help="work pool to serve (default: hot)")
    parser.add_argument("--name", help="name shown in the UI (default: hot-worker)")
    parser.add_argument("--limit", type=int, default=LIMIT, help="runs at once (default: 16)")
    options = parser.parse_args(arguments)
    if not PREFECT_API_URL.value():
        print("PREFECT_API_URL: expected the address of the Prefect API, got none", file=sys.stderr)
        return 2

    # The loop lives in a thread of its own: Prefect's engine takes over SIGTERM in the main
    # thread for as long as a flow runs, and would end the worker with the flow.
    loop = uvloop.new_event_loop()
    stop = asyncio.Event()
    failure: list[BaseException] = []

    def work() -> None:
        try:
            loop.run_until_complete(_serve(options.pool, options.name, options.limit, stop))
        except BaseException as error:
            log.exception("the hot worker ended")
            failure.append(error)

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    thread = threading.Thread(target=work, name="hot-worker")
    thread.start()
    while thread.is_alive():
        thread.join(timeout=0.5)  # returns to Python, so that signals are handled
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main())
