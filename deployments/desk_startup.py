"""Starts the desk's programs in order, each when the one before is ready."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from deployments.child_process import ChildProcess
from deployments.death_notice import DeathNotice
from deployments.desk_environment import desk_environment, executor_environment
from deployments.failure import CommandFailed
from deployments.http_json import HttpJson
from deployments.paper_accounts import paper_accounts
from deployments.ports import HOST, demand_free, free_port, reached_at
from deployments.prefect_address import prefect_http
from deployments.prefect_door import FINAL, FlowRun, PrefectDoor
from deployments.prefect_password import make_password
from deployments.process_workers import BATCH_WORKER, EXECUTOR_WORKER
from deployments.progress import Progress
from deployments.state_folder import forget_limits, simulator_state
from deployments.supervisor import ChildDied, Supervisor
from deployments.up_lock import RunningDesk, UpLock
from exchanges.credentials import Credentials
from exchanges.instrument import Venue
from tasks.desk_blocks import MISMATCH
from tasks.errors import DeskError, ExecutorGone
from tasks.executor_client import ExecutorClient
from tasks.settings import Settings
from tasks.settings_description import source_of, variable
from warehouse.errors import JournalCorrupt

READY = re.compile(
    r"^ready upbit=(?P<upbit>\S+) binance=(?P<binance>\S+) control=(?P<control>\S+) "
    r"hyperliquid=(?P<hyperliquid>\S+)$",
    re.MULTILINE,
)
SIMULATORS = "simulators"
VENUES = ("upbit", "binance", "hyperliquid")
FLOW_EXCEPTION = re.compile(r"^Flow run encountered an exception: \w+: ")
PREFECT_PORT = 4200
STARTUP_S = 90.0
PATIENCE_S = 20.0
"""How long a listening executor may still be recovering and reading its first books."""
REPLAY_FROM = "2021-04-01T00:00:00Z"


class DeskStartup:
    """One start. ``desk`` and ``environment`` grow as the parts come up."""

    def __init__(
        self,
        settings: Settings,
        supervisor: Supervisor,
        lock: UpLock,
        progress: Progress,
        *,
        desk: RunningDesk,
        extra: Mapping[str, str],
    ) -> None:
        self._settings = settings
        self._supervisor = supervisor
        self._lock = lock
        self._progress = progress
        self._credentials: dict[Venue, Credentials] = {}
        self._extra = extra
        self._hot_worker: ChildProcess | None = None
        self.desk = desk

    @property
    def environment(self) -> dict[str, str]:
        """Of every program that does not trade."""
        return desk_environment(self._settings, self.desk, self._extra)

    async def simulators(self, speed: float) -> None:
        """The simulated venues, as this KIMP_HOME left them, and their control API, on free ports
        unless configured."""
        accounts = paper_accounts(self._settings.keys_dir)
        self._credentials = dict(accounts.credentials)
        forget_limits(self._settings)
        ports = {name: self._configured_port(f"{name}_url") for name in VENUES}
        with self._progress.waiting("simulated venues"):
            child = await self._supervisor.start(
                SIMULATORS,
                (
                    *("-m", "exchanges.simulator"),
                    *(part for name in VENUES for part in (f"--{name}", f"{HOST}:{ports[name]}")),
                    *("--control", f"{HOST}:0", "--from", REPLAY_FROM, "--speed", f"{speed:g}"),
                    *("--accounts-file", str(accounts.file.absolute())),
                    *("--state", str(simulator_state(self._settings.home).absolute())),
                ),
                self.environment,
            )

            async def ready() -> re.Match[str] | None:
                return READY.search(child.log_file.read_text("utf-8", errors="replace"))

            try:
                found = await self._supervisor.ready("the simulators", ready, STARTUP_S)
            except ChildDied as death:
                raise _unusable_state(death, simulator_state(self._settings.home)) from None
        self._publish(
            **{f"{name}_url": found[name] for name in (*VENUES, "control")},
            fx_url=f"{found['upbit']}/v1/forex/recent?codes=FRX.KRWUSD",
        )
        told = ", ".join(f"{name.capitalize()} {found[name]}" for name in VENUES)
        self._progress.line(f"simulated venues: {told}")

    async def prefect_server(self) -> None:
        """Prefect with its UI behind a password, state in KIMP_HOME."""
        listen_at = self._settings.prefect_host
        port = self._configured_port("prefect_api_url") or free_port(PREFECT_PORT, listen_at)
        self._settings.prefect_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._publish(prefect_url=f"http://{reached_at(listen_at)}:{port}")
        make_password(self._settings)
        with self._progress.waiting("Prefect server"):
            await self._supervisor.start(
                "Prefect server",
                ("-m", "deployments.prefect_server", "--host", listen_at, "--port", str(port)),
                self.environment,
            )
            async with prefect_http(self._settings, self._api_url) as api:

                async def ours() -> bool | None:
                    # Another's may have taken the port meanwhile, and may ask for no password.
                    its: Any = None
                    with suppress(CommandFailed):
                        its = await api.ask("GET", "/admin/settings")
                    home = its.get("home") if isinstance(its, dict) else None
                    return home == self.environment["PREFECT_HOME"] or None

                await self._supervisor.ready("the Prefect server", ours, STARTUP_S)
        self._progress.line(f"Prefect server: {self.desk.prefect_url}")

    async def deployments(self) -> None:
        """Pools and deployments of ``prefect.yaml``."""
        with self._progress.waiting("deployments"):
            await self._supervisor.run(
                "registration", ("-m", "deployments.register"), self.environment
            )
            async with prefect_http(self._settings, self._api_url) as api:
                left_over = await PrefectDoor(api).end_left_over("batch")
        self._progress.line("flows and deployments are registered")
        if left_over:
            self._progress.note(f"unfinished runs of an earlier desk, now crashed: {left_over}")

    async def batch_worker(self) -> None:
        """The process worker of every batch run but the executor's; that it works is seen by
        theirs."""
        await self._supervisor.start("batch worker", BATCH_WORKER, self.environment)

    async def hot_worker(self) -> None:
        """Only once the executor answers: its flows would fail without one."""
        began = datetime.now(UTC)
        self._hot_worker = await self._supervisor.start(
            "hot worker", ("-m", "deployments.hot_worker"), self.environment
        )
        with self._progress.waiting("hot worker"):
            async with prefect_http(self._settings, self._api_url) as api:

                async def online() -> bool | None:
                    return await _has_worker(api, "hot", began) or None

                await self._supervisor.ready("the hot worker", online, STARTUP_S)
        self._progress.line("workers: batch and hot")

    def keep_alive(self) -> None:
        """What dies from now on is started again. Not the simulators: their orders are gone."""
        mourner = DeathNotice(self._progress, self._settings.socket_file.absolute())
        for child in self._supervisor.children:
            if child.name != SIMULATORS:
                self._supervisor.keep_alive(child, mourner)

    async def stop_hot_worker(self) -> None:
        """Before the executor ends, so that its last flows still find it."""
        if self._hot_worker is not None:
            await self._supervisor.stop(self._hot_worker)

    async def executor(self) -> FlowRun:
        """Its worker, and a run of ``executor/live``; returns when it takes entries, or says why it
        does not."""
        await self._supervisor.start(
            "executor worker",
            EXECUTOR_WORKER,
            executor_environment(self._settings, self.desk, self._credentials, self._extra),
        )
        with self._progress.waiting("executor"):
            async with prefect_http(self._settings, self._api_url) as api:
                door = await PrefectDoor.open(api)
                run = await door.create("executor/live")

                heard: list[float] = []

                async def listening() -> dict[str, Any] | None:
                    with suppress(ExecutorGone):
                        async with ExecutorClient(self._settings.socket_file.absolute()) as client:
                            state = await client.state()
                        heard.append(time.monotonic())
                        patient = heard[-1] - heard[0] < PATIENCE_S
                        return None if patient and not state["accepting_entries"] else state
                    now = await door.run(run.id)
                    if now.state_type in FINAL - {"CANCELLED"}:
                        raise CommandFailed(self._why_no_executor(now))
                    return None

                try:
                    state = await self._supervisor.ready("the executor", listening, STARTUP_S)
                except DeskError as error:
                    raise CommandFailed(str(error)) from error
        if state["accepting_entries"]:
            self._progress.line(f"executor: epoch {state['epoch']}, takes entries")
        else:
            self._progress.line(f"executor: epoch {state['epoch']}, takes no entries:")
            for block in state["blocks"]:
                self._progress.note(block["message"])
                if block["code"] == MISMATCH and self.desk.control_url:
                    self._progress.note(
                        "(to forget earlier pairs and the simulated venues: kimp up --fresh)"
                    )
        return run

    def _why_no_executor(self, run: FlowRun) -> str:
        message = FLOW_EXCEPTION.sub("", run.message)
        log_file = self._settings.logs_dir.absolute() / "executor-worker.log"
        remedy = ""
        if JournalCorrupt.__name__ in run.message and self.desk.control_url:
            remedy = "; `kimp up --fresh` starts over, without journal and books"
        return f"the executor could not start: {message.rstrip('.')} (its log: {log_file}){remedy}"

    @property
    def _api_url(self) -> str:
        return f"{self.desk.prefect_url}/api"

    def _publish(self, **changes: Any) -> None:
        self.desk = replace(self.desk, **changes)
        self._lock.publish(self.desk)

    def _configured_port(self, setting: str) -> int:
        """The port that a setting on this machine asks for, which must be free; else 0."""
        if source_of(setting) == "default":
            return 0
        parts = urlsplit(str(getattr(self._settings, setting)))
        if parts.hostname not in (HOST, "localhost") or not _port(parts):
            raise CommandFailed(
                f"{variable(setting)}: expected http://{HOST}:PORT, because the desk starts this "
                f"server itself, got {getattr(self._settings, setting)}"
            )
        demand_free(_port(parts), variable(setting))
        return _port(parts)


def _port(parts: SplitResult) -> int:
    """0: none, or none that there is."""
    try:
        return parts.port or 0
    except ValueError:
        return 0


def _unusable_state(death: ChildDied, state: Path) -> CommandFailed:
    """``death`` of the simulators, in the words of this command where their state is to blame."""
    last = death.child.tail()[-1:]
    problem = last[0].removeprefix("error: ").partition(";")[0] if last else ""
    if not problem.startswith(str(state.absolute())) or not state.exists():
        return death
    return CommandFailed(
        f"the simulated venues cannot go on: {problem}; `kimp up --fresh` starts over, without the "
        "journal and the books"
    )


async def _has_worker(api: HttpJson, pool: str, since: datetime) -> bool:
    """A worker of ``pool`` was heard after ``since``: one of an earlier desk does not count."""
    try:
        rows = await api.ask("POST", f"/work_pools/{pool}/workers/filter", {})
    except CommandFailed:
        return False
    heard = [row["last_heartbeat_time"] for row in rows if row["last_heartbeat_time"]]
    return any(datetime.fromisoformat(moment) > since for moment in heard)
