"""The desk's stop switches: Prefect deployments and work pools that are paused, read and set.

What counts as a paused deployment is in :mod:`flows.deployment_switch`; a work pool is paused by
its own flag, and also while a queue of it is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from flows.deployment_switch import is_off, schedules_of
from flows.pause_notes import PauseNotes
from flows.prefect_api import PrefectApi, PrefectRefused, PrefectSilent
from flows.switch_events import (
    is_told_already,
    paused_deployment,
    paused_pool,
    resumed_by_automation,
    row_id,
    switch_events,
)
from tasks.errors import SwitchesUnreadable
from tasks.stop_reason import DESK, GivenReason
from tasks.switch_guard import (
    BATCH_POOL,
    ENTRY,
    EXECUTOR,
    EXIT_VALIDATION,
    HOT_POOL,
    SIGNAL_INTAKE,
    SwitchNews,
)

if TYPE_CHECKING:
    from prefect.events import Event

log = logging.getLogger(__name__)

DEPLOYMENTS = (ENTRY, SIGNAL_INTAKE, EXIT_VALIDATION, EXECUTOR)
POOLS: Mapping[str, str] = {"hot": HOT_POOL, "batch": BATCH_POOL}
"""Work pool → switch."""
SWITCHES = (*DEPLOYMENTS, *POOLS.values())
WHOLE_EACH = 2
"""Every second look reads all there is; the others only count what is paused, which costs Prefect a
tenth of that."""
MOST_EVENTS = 100
"""That wait to be heard."""


class PrefectSwitches:
    """Implements :class:`tasks.switch_guard.Switches`; belongs to the event loop that uses it."""

    def __init__(
        self, api_url: str | None = None, password: str | None = None, *, by: str = DESK
    ) -> None:
        """``by``: who pauses with it, as in ``kimp stop, user mina``."""
        self._api = PrefectApi(api_url, password)
        self._by = by
        self._left = PauseNotes(self._api)
        self._names: dict[str, str] = {}
        """Deployment id → ``flow/name``, as far as known."""
        self._last: dict[str, bool] = {}
        self._seen: dict[str, datetime] = {}
        """Id of each row at the last whole look → when Prefect had last written it."""
        self._of_pools: dict[str, str] = {}
        """Id of each pool and queue at the last whole look → its switch."""
        self._looked = asyncio.Event()
        self._flags = 0
        """How many of the deployments had their own flag set at the last whole look."""
        self._looks = 0
        self._events: asyncio.Queue[Event | None] = asyncio.Queue(MOST_EVENTS)
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        await self._api.aclose()

    async def read(self) -> Mapping[str, bool]:
        """Switch → paused. A schedule's switch and the pools are looked at every second time.

        Raises:
            SwitchesUnreadable: Prefect was not reached, or a switch is not registered there.
        """
        try:
            if not self._names:
                await self._learn()
            self._looks += 1
            if self._looks % WHOLE_EACH or await self._count() != self._flags:
                self._last = await self._whole()
        except (PrefectSilent, PrefectRefused) as error:
            raise SwitchesUnreadable(str(error)) from error
        return dict(self._last)

    async def news(self) -> SwitchNews:
        """Wait until a switch may have changed; the next look is a whole one."""
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())
        # Before the first look there is nothing to compare an event with, and no entry either.
        await self._looked.wait()
        event = await self._events.get()
        self._looks = 0
        return SwitchNews() if event is None else self._told(event)

    async def pause(self, names: Iterable[str], reason: str) -> None:
        """Set the switches and leave the reason as the artifact ``paused-…`` of each.

        The desk leaves the row of a deployment alone whose own flag is set already, and with it the
        reason that somebody else may have left with that pause.

        Raises:
            SwitchesUnreadable: not every switch could be set. One that could is without a word when
                only its reason could not be left.
        """
        failures = await self._set(names, paused=True)
        for name in (name for name, failure in failures.items() if failure is None):
            try:
                if name in DEPLOYMENTS:
                    await self._left.leave_reason(name, reason, self._by)
                else:
                    await self._left.leave(name, f"`{name}` was paused by {self._by}: {reason}")
            except (PrefectSilent, PrefectRefused) as error:
                log.warning("%s is paused, but without its reason: %s", name, error)
        _demand_set(failures)

    async def resume(self, names: Iterable[str]) -> None:
        """Un-pause, with schedules and queues; raises SwitchesUnreadable when not every switch
        could be set."""
        _demand_set(await self._set(names, paused=False))

    async def note(self, name: str, text: str) -> None:
        """Leave ``text`` as the artifact ``paused-…`` of a switch."""
        try:
            await self._left.leave(name, text)
        except (PrefectSilent, PrefectRefused) as error:
            raise SwitchesUnreadable(str(error)) from error

    async def given(self, name: str) -> GivenReason | None:
        """The reason that was left with the pause of ``name`` that stands now. Of a pool, and of a
        pause by a schedule's switch, there is none. Raises SwitchesUnreadable."""
        if name not in DEPLOYMENTS:
            return None
        try:
            return await self._left.reason_of(name)
        except (PrefectSilent, PrefectRefused) as error:
            raise SwitchesUnreadable(str(error)) from error

    def _told(self, event: Event) -> SwitchNews:
        """What the event says that was not read already."""
        resumed = resumed_by_automation(event)
        row = row_id(event.resource.id) if resumed is None else resumed[0]
        if is_told_already(row, event.occurred, self._seen):
            return SwitchNews()
        if resumed is not None:
            switch = self._names.get(row) or self._of_pools.get(row)
            return SwitchNews(automated={switch: resumed[1]} if switch else {})
        pool, deployment = paused_pool(event), paused_deployment(event)
        names = (POOLS.get(pool or ""), self._names.get(deployment or ""))
        return SwitchNews(paused=[name for name in names if name is not None])

    async def _listen(self) -> None:
        """In a task of its own: whoever waits for news may leave at any moment."""
        async for event in switch_events():
            await self._events.put(event)

    # ---- reading

    async def _learn(self) -> None:
        self._names = {await self._api.deployment_id(name): name for name in DEPLOYMENTS}

    async def _count(self) -> object:
        """How many deployments have their own flag set."""
        only = {"id": {"any_": list(self._names)}, "paused": {"eq_": True}}
        return await self._api.ask("POST", "/deployments/count", {"deployments": only})

    async def _whole(self) -> dict[str, bool]:
        ids = {"deployments": {"id": {"any_": list(self._names)}}}
        deployments, pools, queues = await asyncio.gather(
            self._api.ask("POST", "/deployments/filter", ids),
            self._api.ask("POST", "/work_pools/filter", {}),
            self._api.ask("POST", "/work_queues/filter", {}),
        )
        rows = {str(row.get("id")): row for row in _rows(deployments, "paused")}
        if rows.keys() != self._names.keys():
            missing = [self._names[key] for key in self._names.keys() - rows.keys()]
            self._names = {}  # registered anew under other ids, perhaps
            raise SwitchesUnreadable(f"Prefect no longer has {', '.join(sorted(missing))}")
        self._flags = sum(row["paused"] for row in rows.values())
        paused = {self._names[key]: is_off(row) for key, row in rows.items()}
        pool_rows, queue_rows = _rows(pools, "is_paused"), _rows(queues, "is_paused")
        of_pools = {str(row.get("name")): row["is_paused"] for row in pool_rows}
        for row in queue_rows:
            pool = str(row.get("work_pool_name"))
            of_pools[pool] = of_pools.get(pool) or row["is_paused"]
        for pool, name in POOLS.items():
            if pool not in of_pools:
                raise SwitchesUnreadable(f"Prefect no longer has the work pool {pool}")
            paused[name] = bool(of_pools[pool])
        self._seen = _written([*rows.values(), *pool_rows, *queue_rows])
        self._of_pools = {
            str(row.get("id")): POOLS[str(row.get(key))]
            for found, key in ((pool_rows, "name"), (queue_rows, "work_pool_name"))
            for row in found
            if str(row.get(key)) in POOLS
        }
        self._looked.set()
        return paused

    # ---- setting

    async def _set(self, names: Iterable[str], *, paused: bool) -> Mapping[str, str | None]:
        """Switch → why it could not be set."""
        # One after the other: a server that is busy has its two seconds for each.
        failures = {name: await self._set_one(name, paused) for name in names}
        self._looks = 0
        return failures

    async def _set_one(self, name: str, paused: bool) -> str | None:
        """Why it could not be set; the other switches are set all the same."""
        try:
            pools = [pool for pool, switch in POOLS.items() if switch == name]
            if pools:
                await self._set_pool(pools[0], paused)
            else:
                await self._set_deployment(name, paused)
        except (PrefectSilent, PrefectRefused, SwitchesUnreadable) as error:
            return str(error)
        return None

    async def _set_deployment(self, name: str, paused: bool) -> None:
        known = [key for key, known in self._names.items() if known == name]
        key = known[0] if known else await self._api.deployment_id(name)
        if paused and self._by == DESK and await self._is_set(key):
            return
        # The same request as the UI's own switch: it emits an event that others hear.
        await self._api.ask("PATCH", f"/deployments/{key}", {"paused": paused})
        if paused:
            return
        deployment = await self._api.ask("GET", f"/deployments/{key}")
        for schedule in schedules_of(deployment):
            if not schedule["active"]:
                path = f"/deployments/{key}/schedules/{schedule.get('id')}"
                await self._api.ask("PATCH", path, {"active": True})

    async def _is_set(self, key: str) -> bool:
        """Is the deployment paused by its own flag?"""
        row = await self._api.ask("GET", f"/deployments/{key}")
        return isinstance(row, dict) and row.get("paused") is True

    async def _set_pool(self, pool: str, paused: bool) -> None:
        await self._api.ask("PATCH", f"/work_pools/{pool}", {"is_paused": paused})
        if paused:
            return
        queues = await self._api.ask("POST", f"/work_pools/{pool}/queues/filter", {})
        for queue in _rows(queues, "is_paused"):
            if queue["is_paused"]:
                path = f"/work_pools/{pool}/queues/{queue.get('name')}"
                await self._api.ask("PATCH", path, {"is_paused": False})


def _demand_set(failures: Mapping[str, str | None]) -> None:
    if told := [failure for failure in failures.values() if failure is not None]:
        raise SwitchesUnreadable("; ".join(told))


def _rows(answer: object, flag: str) -> list[dict[str, Any]]:
    """The rows of an answer, each with its ``flag``; raises SwitchesUnreadable."""
    if not isinstance(answer, list):
        raise SwitchesUnreadable("Prefect's answer is not a list")
    for row in answer:
        if not isinstance(row, dict) or not isinstance(row.get(flag), bool):
            raise SwitchesUnreadable("Prefect's answer names a switch without its flag")
    return answer


def _written(rows: Iterable[Mapping[str, Any]]) -> dict[str, datetime]:
    """Id → time of the last write, of those rows that tell it."""
    written: dict[str, datetime] = {}
    for row in rows:
        try:
            time = datetime.fromisoformat(row["updated"])
        except (KeyError, TypeError, ValueError):
            continue
        if time.tzinfo is not None:
            written[str(row.get("id"))] = time
    return written
