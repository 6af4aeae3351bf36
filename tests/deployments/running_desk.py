"""A whole desk at work, as research and an operator see it from outside."""

from __future__ import annotations

import json
import os
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP
from typing import Any, TypeVar

import httpx

from tasks.client_order_id import client_order_id, pair_id_for
from tasks.errors import ExecutorGone
from tasks.executor_pulse import listener
from tasks.outcome import Outcome
from tasks.pair import LegName
from tests.deployments.desk_venues import DeskVenues
from tests.deployments.research import Research
from tests.deployments.up_process import (
    UpProcess,
    desk_environment,
    process_with,
    processes_where,
)
from tests.passing_refusal import is_passing
from tests.prefect_database import begin_with
from warehouse.records import ReconciliationRecord

T = TypeVar("T")

PREFECT_S = 0.4
"""Between two questions to Prefect."""
TAKEN_S = 30.0
AGAIN_S, ACTED_S = 5.0, 120.0
"""Of what an automation waits for, and until it has done its part."""
FINAL = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
DESK = {
    "KIMP_AUTO_EXIT_PROFIT_BPS": "1000",
    "KIMP_MAX_OPEN_PAIRS": "50",
    # An order that a test keeps from the desk must not count as unknown before the test is ready.
    "KIMP_SETTLE_TIMEOUT_S": "60",
}


@contextmanager
def running_up(
    folder: Path, environment: Mapping[str, str], *arguments: str
) -> Iterator[UpProcess]:
    """``kimp up``, which has ended after this block, however that is left."""
    up = UpProcess(folder, environment, *arguments)
    try:
        yield up
    finally:
        up.process.terminate()
        try:
            up.wait()
        except subprocess.TimeoutExpired:
            up.process.kill()  # its guardian ends what it has started
            raise


@contextmanager
def running_desk(home: Path, database: Path) -> Iterator[RunningDesk]:
    """``home``: its KIMP_HOME, perhaps of an earlier desk. Prefect begins with a copy of
    ``database`` where it has none."""
    home.mkdir(mode=0o700, exist_ok=True)  # as the desk makes it
    if not (home / "prefect").exists():
        begin_with(database, home / "prefect")
    with running_up(home.parent, desk_environment(home, **DESK)) as up:
        up.wait_for("the desk is up")
        # One for all questions: each client of its own would first read every root certificate.
        with httpx.Client(timeout=20) as http:
            yield RunningDesk(home, http)


class RunningDesk(Research):
    """A real ``kimp up``: its two doors, its Prefect API and its simulators' control.

    Its pairs are not closed automatically, and there may be many.
    """

    def __init__(self, home: Path, http: httpx.Client) -> None:
        super().__init__(home)
        self._http = http
        self._deployment_ids: dict[str, str] = {}
        where = json.loads((home / "run" / "up.lock").read_text())
        self.ui = where["prefect_url"]
        self.venues = DeskVenues(home, where["control_url"], http)
        self.password = (home / "keys" / "prefect-auth").read_text().strip()

    def pair_ids(self) -> set[str]:
        """Of every pair, ended ones too."""
        return {pair["pair_id"] for pair in self.ask(lambda executor: executor.pairs())}

    def open_pair_ids(self) -> set[str]:
        pairs = self.ask(lambda executor: executor.pairs(open_only=True))
        return {pair["pair_id"] for pair in pairs}

    def pair_state(self, pair_id: str) -> str:
        return self.ask(lambda executor: executor.pair(pair_id))["state"]

    def entered(self) -> Outcome:
        """What becomes of an ENTER; of another one where the machine stood still for a moment."""
        outcomes: list[Outcome] = []

        def is_decided() -> bool:
            outcomes.append(self.fast(self.entry()))
            return not is_passing(outcomes[-1].status, outcomes[-1].reason)

        self.wait_until("an entry is decided", is_decided, TAKEN_S)
        return outcomes[-1]

    def reconciled(self) -> ReconciliationRecord:
        """What a reconciliation that begins now finds."""
        return self.ask(lambda executor: executor.reconcile())

    def switches(self) -> dict[str, Any]:
        """The switches as the executor has last heard them."""
        switches: dict[str, Any] = self._state()["switches"]
        return switches

    def takes_entries(self) -> bool:
        return bool(self._state()["accepting_entries"])

    def blocks(self) -> list[str]:
        """Codes of what stands against entries."""
        return [block["code"] for block in self._state()["blocks"]]

    def stops(self) -> list[dict[str, Any]]:
        """Why each switch is off."""
        return list(self._state()["stops"])

    def refused_resume(self) -> dict[str, Any] | None:
        """The last one that was refused, until another is accepted."""
        refused: dict[str, Any] | None = self._state()["resume_refused"]
        return refused

    def epoch(self) -> int | None:
        """Of the executor that answers; None: there is none."""
        try:
            return int(self._state()["epoch"])
        except ExecutorGone:
            return None

    def alert_rows(self, subject: str) -> list[dict[str, Any]]:
        """Of one program: open ones, seen ones and what is over."""
        alerts = self.ask(lambda executor: executor.alerts(every=True))
        return [row for row in (*alerts["open"], *alerts["others"]) if row["subject"] == subject]

    def kill_executor(self) -> None:
        pid = listener(self.home / "run" / "executor.sock")
        assert pid is not None
        os.kill(pid, SIGKILL)

    def kill_hot_worker(self) -> None:
        os.kill(process_with(self.home, "deployments.hot_worker"), SIGKILL)

    @contextmanager
    def frozen_hot_worker(self) -> Iterator[None]:
        """In this block it lives and does nothing; afterwards it goes on where it was."""
        pid = process_with(self.home, "deployments.hot_worker")
        os.kill(pid, SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, SIGCONT)

    def freeze_prefect(self) -> None:
        """Its server takes connections and answers nobody, until it is killed."""
        os.kill(process_with(self.home, "deployments.prefect_server"), SIGSTOP)

    def kill_prefect(self) -> None:
        """End its server as a machine's memory killer does."""
        os.kill(process_with(self.home, "deployments.prefect_server"), SIGKILL)

    def prefect_answers(self) -> bool:
        try:
            return self._http.get(f"{self.ui}/api/health", timeout=2).is_success
        except httpx.TransportError:
            return False

    def wait_until(
        self, described: str, condition: Callable[[], bool], within_s: float, every_s: float = 0.1
    ) -> None:
        """``every_s``: more where it is Prefect that is asked, which works for each answer."""
        deadline = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < deadline, f"not within {within_s:g} s: {described}"
            time.sleep(every_s)

    def deployment_id(self, name: str) -> str:
        if name not in self._deployment_ids:
            self._deployment_ids[name] = str(self._api("GET", f"/deployments/name/{name}")["id"])
        return self._deployment_ids[name]

    def is_paused(self, name: str) -> bool:
        """By the flag of the deployment's row."""
        return bool(self._api("GET", f"/deployments/{self.deployment_id(name)}")["paused"])

    def switch(self, name: str, *, on: bool) -> None:
        """As the switch on the deployment's page does."""
        self._api("PATCH", f"/deployments/{self.deployment_id(name)}", {"paused": not on})

    def have_switched_on(self, name: str, automation: str, done: Callable[[], bool]) -> None:
        """As Prefect does when something happens that it was told to wait for, which happens again
        and again until ``done``: of the first time it may not know yet what to do."""
        happened = f"test.{automation}"
        made = self._api(
            "POST",
            "/automations/",
            {
                "name": automation,
                "trigger": {"type": "event", "posture": "Reactive", "expect": [happened]},
                "actions": [
                    {"type": "resume-deployment", "deployment_id": self.deployment_id(name)}
                ],
            },
        )
        happens_at = time.monotonic()

        def is_done() -> bool:
            nonlocal happens_at
            if time.monotonic() >= happens_at:
                event = {
                    "id": str(uuid.uuid4()),
                    "event": happened,
                    "occurred": datetime.now(UTC).isoformat(),
                    "resource": {"prefect.resource.id": happened},
                }
                self._api("POST", "/events", [event])
                happens_at += AGAIN_S
            return done()

        self.wait_until(f"{automation} has acted", is_done, ACTED_S)
        self._api("DELETE", f"/automations/{made['id']}")

    def start(self, name: str, **parameters: Any) -> str:
        """Id of a run of ``name`` that begins now."""
        path = f"/deployments/{self.deployment_id(name)}/create_flow_run"
        return str(self._api("POST", path, {"parameters": parameters})["id"])

    def run(self, name: str, **parameters: Any) -> dict[str, Any]:
        """A run of ``name``, once it has ended."""
        return self.ended(self.start(name, **parameters))

    def run_in_doubt(self) -> tuple[str, str]:
        """Id of a run of ``signal-intake/live`` and of its pair: the venues have both orders of an
        ENTER, and the desk hears nothing more of the spot one before its faults are cleared."""
        self.venues.hide_spot_orders()
        runs: list[tuple[str, str]] = []

        def are_sent() -> bool:
            if not runs or self._api("GET", f"/flow_runs/{runs[-1][0]}")["state"]["type"] in FINAL:
                signal = self.entry()  # another one where the machine stood still for a moment
                run_id = self.start("signal-intake/live", signal=signal)
                runs.append((run_id, pair_id_for(signal["id"])))
            known = {order["client_order_id"] for order in self.venues.orders()}
            return {client_order_id(runs[-1][1], leg, 1) for leg in LegName} <= known

        self.wait_until("both orders are sent", are_sent, TAKEN_S)
        return runs[-1]

    def has_process(self, run_id: str) -> bool:
        """Does a process of its own live for the run?"""
        return bool(processes_where("PREFECT__FLOW_RUN_ID", run_id))

    def ended(self, run_id: str, within_s: float = 60) -> dict[str, Any]:
        run: dict[str, Any] = {}

        def is_final() -> bool:
            run.update(self._api("GET", f"/flow_runs/{run_id}"))
            return run["state"]["type"] in FINAL

        self.wait_until(f"the end of run {run_id}", is_final, within_s, PREFECT_S)
        # Lines travel in batches and may arrive after the end; a page of an ended run reads them
        # only once.
        whole = partial(self._log_is_whole, run_id)
        self.wait_until(f"the log of run {run_id}", whole, within_s, PREFECT_S)
        return run

    def _log_is_whole(self, run_id: str) -> bool:
        only = {"flow_run_id": {"any_": [run_id]}}
        last = {"logs": only, "sort": "TIMESTAMP_DESC", "limit": 5}
        lines = self._api("POST", "/logs/filter", last)
        return any(line["message"].startswith("Finished in state") for line in lines)

    def found_run(self, name: str, within_s: float, **parameters: Any) -> str:
        """Id of the one run of ``name`` that was given these parameters."""
        found: list[str] = []

        def is_there() -> bool:
            found[:] = self._runs_with(name, parameters)
            return bool(found)

        self.wait_until(f"a run of {name} with {parameters}", is_there, within_s, PREFECT_S)
        [run_id] = found
        return run_id

    def _runs_with(self, name: str, parameters: Mapping[str, Any]) -> list[str]:
        """Of those that are not due in the future."""
        asked = {
            "sort": "EXPECTED_START_TIME_DESC",
            "deployments": {"id": {"any_": [self.deployment_id(name)]}},
            "flow_runs": {"expected_start_time": {"before_": datetime.now(UTC).isoformat()}},
        }
        rows = self._api("POST", "/flow_runs/filter", asked)
        return [row["id"] for row in rows if parameters.items() <= row["parameters"].items()]

    def running(self, name: str) -> list[str]:
        """Ids of the runs of ``name`` that Prefect shows as running."""
        return self._runs_in(name, "RUNNING")

    def unfinished(self, name: str) -> list[str]:
        """Ids of the runs of ``name`` that have not ended and are not due in the future."""
        return self._runs_in(name, "SCHEDULED", "PENDING", "RUNNING", "CANCELLING")

    def _runs_in(self, name: str, *types: str) -> list[str]:
        until = {"before_": datetime.now(UTC).isoformat()}
        only = {
            "deployments": {"id": {"any_": [self.deployment_id(name)]}},
            "flow_runs": {"state": {"type": {"any_": types}}, "expected_start_time": until},
        }
        return [row["id"] for row in self._api("POST", "/flow_runs/filter", only)]

    def state_of(self, run_id: str) -> str:
        """The name of the state that the run is in."""
        return str(self._api("GET", f"/flow_runs/{run_id}")["state"]["name"])

    def log_of(self, run_id: str) -> str:
        """The newest lines of the run's log."""
        only = {"flow_run_id": {"any_": [run_id]}}
        newest = {"logs": only, "sort": "TIMESTAMP_DESC", "limit": 100}
        lines = self._api("POST", "/logs/filter", newest)
        return "\n".join(line["message"] for line in lines)

    def is_in_profit(self, pair_id: str) -> bool:
        """Would it bring something if it were closed now?"""
        now = self.ask(lambda executor: executor.pair(pair_id)).get("now")
        return now is not None and Decimal(now["net_krw"]) > 0

    def artifact_id(self, run_id: str, key: str) -> str:
        return str(self._artifact(run_id, key)["id"])

    def artifact_text(self, run_id: str, key: str) -> str:
        return str(self._artifact(run_id, key)["data"])

    def _artifact(self, run_id: str, key: str) -> dict[str, Any]:
        only = {"flow_run_id": {"any_": [run_id]}, "key": {"any_": [key]}}
        artifact: dict[str, Any]
        [artifact] = self._api("POST", "/artifacts/filter", {"artifacts": only})
        return artifact

    def pause_note(self, name: str) -> str:
        """What stands in Prefect with the switch ``name``; empty: nothing yet."""
        only = {"key": {"any_": [f"paused-{name.replace('/', '-')}"]}}
        latest = {"artifacts": only, "sort": "CREATED_DESC", "limit": 1}
        artifacts = self._api("POST", "/artifacts/filter", latest)
        return "".join(artifact["data"] for artifact in artifacts)

    def _state(self) -> dict[str, Any]:
        return self.ask(lambda executor: executor.state())

    def _api(self, method: str, path: str, body: object = None) -> Any:
        user, _, secret = self.password.partition(":")
        answer = self._http.request(method, f"{self.ui}/api{path}", json=body, auth=(user, secret))
        answer.raise_for_status()
        return answer.json() if answer.content else None
