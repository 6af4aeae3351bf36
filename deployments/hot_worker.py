"""The hot worker: runs the flows of pool ``hot`` inside one warm process.

It hears of a run through Prefect's event stream (and polls each second in case an event is
lost), claims it, gives a signal to the executor at once, and runs the flow in a loop of its own
with Prefect's own engine, so that states, logs and results are what they always are. It also tells
Prefect of runs of pool ``batch`` that have lost their process.

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
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any

import anyio.abc
import httpx
import uvloop
from prefect import Flow
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_URL
from prefect.workers.base import BaseJobConfiguration, BaseWorker, BaseWorkerResult

from deployments.batch_sweep import BatchSweep
from deployments.flow_loop import FlowLoop
from deployments.pool_door import PoolDoor
from deployments.prefect_results import keep_no_results
from deployments.private_umask import keep_files_private
from deployments.project import HOT, read_entries
from deployments.run_claim import pass_over, report_crashed
from deployments.run_events import PAUSED, SCHEDULED, run_events
from deployments.run_intake import RunIntake
from deployments.run_offers import RunOffers
from deployments.run_owner import is_abandoned, new_owner, owner_of
from deployments.unfinished_runs import GONE, let_go, unfinished_runs
from deployments.unwatched_suspension import leave_suspension_unwatched
from deployments.warm_flow import run_warm
from flows.prefect_api import PrefectApi
from tasks.collector_pauses import spare_what_is_loaded
from tasks.executor_client import ExecutorClient
from tasks.settings import Settings

log = logging.getLogger(__name__)

POLL_S = 1.0
HEARTBEAT_S = 5
SWEEP_S = 10.0
BATCH_SWEEP_S = 30.0
DRAIN_S = 4.0
"""Who stops the worker gives it eight seconds."""
BLOCKED_S = 20.0
LIMIT = 16
LATE_AT_ONCE = 20


class FlowLoopBlocked(Exception):
    """A flow kept all others from going on. The process must end; whoever looks after it starts
    another."""


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
        blocked_s: float = BLOCKED_S,
    ) -> None:
        super().__init__(
            work_pool_name,
            name=name or "hot-worker",
            limit=limit,
            heartbeat_interval_seconds=HEARTBEAT_S,
        )
        self._flows = flows
        self._executor = executor
        self._room = limit
        self._blocked_s = blocked_s
        self._flow_loop = FlowLoop()
        self._owner = new_owner()
        self.ready = asyncio.Event()

    async def serve(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set, then let running flows end (a few seconds at most).

        Raises:
            FlowLoopBlocked: a flow does not give way. Nothing more runs in this process.
        """
        leave_suspension_unwatched()
        api = PrefectApi()
        try:
            async with self:
                await self._flow_loop.start()
                await self._serve(api, stop)
        finally:
            await api.aclose()
            await self._flow_loop.stop()

    async def _serve(self, api: PrefectApi, stop: asyncio.Event) -> None:
        door = PoolDoor(self.client, self._work_pool_name)
        intake = RunIntake(
            api,
            self.client,
            self._executor,
            self._flows,
            self._flow_loop,
            owner=self._owner,
            limit=self._room,
            lets_in=door.lets_in,
        )
        offers = RunOffers(self.client, self._work_pool_name, door, intake)
        works = (
            (self.sync_with_backend, HEARTBEAT_S),
            (lambda: self._poll(offers), POLL_S),
            (lambda: self._listen(intake, door, offers), POLL_S),
            (lambda: self._sweep(intake), SWEEP_S),
            (BatchSweep(self.client).look, BATCH_SWEEP_S),
        )
        services = [asyncio.create_task(self._for_ever(*work)) for work in works]
        watch = asyncio.create_task(self._watch_flow_loop(intake))
        stopping = asyncio.create_task(stop.wait())
        self.ready.set()
        try:
            await asyncio.wait({watch, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for service in (*services, stopping):
                service.cancel()
            await asyncio.gather(*services, stopping, return_exceptions=True)
        if watch.done():
            watch.result()
        await intake.drain(DRAIN_S)
        watch.cancel()

    async def run(
        self,
        flow_run: FlowRun,
        configuration: BaseJobConfiguration,
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> HotRunResult:
        """Run the flow here, to its end. Whatever it raises stays here."""
        name = (await self.client.read_flow(flow_run.flow_id)).name
        started = self._flow_loop.run(lambda: run_warm(self._flows, name, flow_run, None))
        if task_status is not None:
            task_status.started(os.getpid())
        await started.wait()
        return HotRunResult(identifier=str(flow_run.id), status_code=0)

    async def _listen(self, intake: RunIntake, door: PoolDoor, offers: RunOffers) -> None:
        if self._work_pool is None:
            return  # the server was not there at the start; asked again soon
        async for event, run_id in run_events(self._work_pool.id):
            if event in PAUSED:
                door.shut()
            elif event == SCHEDULED:
                offers.name(run_id)
            else:
                intake.cancel(run_id)

    async def _poll(self, offers: RunOffers) -> None:
        """Offer what is due; pass over runs of schedules that nobody could take in time."""
        for run in (await offers.look())[:LATE_AT_ONCE]:
            await pass_over(self.client, run.id)

    async def _sweep(self, intake: RunIntake) -> None:
        """Runs whose worker is gone, and cancellations whose event was lost."""
        for run in await unfinished_runs(self.client, self._work_pool_name):
            if run.state is not None and run.state.is_cancelling():
                intake.cancel(run.id)
            if is_abandoned(run) or (owner_of(run) == self._owner and run.id not in intake):
                # Read again: it may have ended, or got a worker, since the list was made.
                now = await self.client.read_flow_run(run.id)
                if now.state_type == run.state_type and owner_of(now) == owner_of(run):
                    log.warning("flow run %s has no worker any more", run.name)
                    await let_go(self.client, now, GONE)

    async def _watch_flow_loop(self, intake: RunIntake) -> None:
        told = False
        while True:
            await asyncio.sleep(min(POLL_S, self._blocked_s / 4))
            blocked_s = self._flow_loop.blocked_s
            if blocked_s < self._blocked_s / 4:
                told = False
                continue
            if not told:
                log.error("a flow lets no other go on; it is here:\n%s", self._flow_loop.stack())
                told = True
            if blocked_s > self._blocked_s:
                culprit = intake.culprit()
                if culprit is not None:
                    message = (
                        f"It kept its worker from going on for {blocked_s:.0f} s; the worker's log "
                        "shows where. The worker was ended and is started again."
                    )
                    with suppress(httpx.HTTPError):
                        await report_crashed(self.client, culprit.id, message)
                raise FlowLoopBlocked(f"a flow blocked its loop for {blocked_s:.0f} s")

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


def hot_flows() -> dict[str, Flow[..., Any]]:
    """Flow name → flow of everything that ``prefect.yaml`` puts into pool ``hot``."""
    flows = (entry.load_flow() for entry in read_entries() if entry.pool == HOT)
    return {flow.name: flow for flow in flows}


async def _serve(pool: str, name: str | None, limit: int, stop: asyncio.Event) -> None:
    async with ExecutorClient(Settings().socket_file) as executor:
        worker = HotWorker(pool, flows=hot_flows(), executor=executor, name=name, limit=limit)
        spare_what_is_loaded()
        log.warning("hot worker %s serves pool %s", worker.name, pool)
        await worker.serve(stop)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. 0 done, 1 failed, 2 bad usage."""
    parser = argparse.ArgumentParser(prog="python -m deployments.hot_worker")
    parser.add_argument("--pool", default=HOT, help="work pool to serve (default: hot)")
    parser.add_argument("--name", help="name shown in the UI (default: hot-worker)")
    parser.add_argument("--limit", type=int, default=LIMIT, help="runs at once (default: 16)")
    options = parser.parse_args(arguments)
    keep_files_private()
    keep_no_results()
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
    if failure and isinstance(failure[0], FlowLoopBlocked):
        logging.shutdown()
        os._exit(1)  # the blocked thread would keep the interpreter from ending
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main())
