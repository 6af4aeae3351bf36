"""Delivers the desk's alerts in a thread and loop of its own, so that no provider delays an order.

The desk's side only puts notices into boxes. What was delivered, and that a channel takes nothing,
comes back to the desk's loop, which alone writes the journal. Undelivered alerts of the run before
are found there and told first.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from exchanges.clock import Clock
from tasks.alert import Alert, AlertLevel, AlertType
from tasks.alerting.alert_book import AlertBook
from tasks.alerting.channels import channels_of, routes_of
from tasks.alerting.courier import Courier, CourierState
from tasks.alerting.notice import Notice
from tasks.alerting.outbox import Outbox
from tasks.settings import Settings
from warehouse.alert_records import AlertsDelivered

log = logging.getLogger(__name__)

FLUSH_S = 2.0
"""How long an ending desk waits for its last alerts to be told."""
END_S = 1.0
"""How long the thread may take to end after that; it is left behind then."""


class AlertDelivery:
    """Started on the desk's loop once the journal was read, stopped before it is closed."""

    def __init__(self, settings: Settings, clock: Clock, book: AlertBook) -> None:
        self._settings = settings
        self._clock = clock
        self._book = book
        self._routes = routes_of(settings)
        self._makers = channels_of(settings, clock)
        self._boxes = {
            name: Outbox(
                clock,
                capacity=settings.alert_queue,
                gather_s=settings.alert_gather_s,
                repeat_s=settings.alert_repeat_s,
            )
            for name in self._makers
        }
        self._states = {name: CourierState(name) for name in self._makers}
        self._thread: threading.Thread | None = None
        self._has_started = threading.Event()
        self._end: Callable[[float], None] = lambda flush_s: None
        """Ends the couriers, from another thread."""
        self._on_desk: Callable[[Callable[[], None]], None] = lambda action: None
        """Calls something on the desk's loop, from another thread."""

    def start(self) -> None:
        """Deliver what the last run left, and every alert from now on. Returns at once."""
        if not self._makers:
            return
        loop = asyncio.get_running_loop()
        self._on_desk = lambda action: _call(loop, action)
        for name, box in self._boxes.items():
            self._put_undelivered(name, box)
        self._book.listeners.append(self._post)
        self._book.channels = self.channels
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)
        self._thread.start()
        log.info("alerts go to %s", ", ".join(self._makers))

    async def stop(self, *, flush: bool) -> None:
        """End within :data:`FLUSH_S` + :data:`END_S`; ``flush``: try to tell what waits. What is
        left then is in the journal and told by the next run."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        flush_s = FLUSH_S if flush else 0.0
        await asyncio.to_thread(self._has_started.wait, END_S)
        self._end(flush_s)
        await asyncio.to_thread(thread.join, flush_s + END_S)
        # What the thread has told is written before the journal is closed.
        await asyncio.sleep(0)
        self._book.listeners.remove(self._post)
        left = {name: len(box) for name, box in self._boxes.items() if len(box)}
        if left:
            log.warning("alerts are left to the next run: %s", left)

    def channels(self) -> list[dict[str, Any]]:
        """How each channel does."""
        return [state.to_json(len(self._boxes[name])) for name, state in self._states.items()]

    def _post(self, notice: Notice) -> None:
        for name, box in self._boxes.items():
            if self._routes.leads_to(name, notice):
                box.put(notice)

    def _put_undelivered(self, name: str, box: Outbox) -> None:
        """What the last run did not deliver; a channel that is new begins with the next alert."""
        if not self._book.knows(name):
            last = self._book.last_number
            before = [(1, last)] if last else []
            self._book.delivered(
                AlertsDelivered(channel=name, settled=before, how="joined", attempts=0, error=None)
            )
            return
        oldest = self._clock.now() - timedelta(seconds=self._settings.alert_max_age_s)
        for notice in self._book.undelivered(name):
            if self._routes.leads_to(name, notice):
                (box.put if notice.at >= oldest else box.drop)(notice)

    # ---- the thread

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            runner.run(self._carry())

    async def _carry(self) -> None:
        couriers = [
            Courier(
                make(),
                self._boxes[name],
                self._clock,
                self._states[name],
                desk=self._settings.mode.value,
                timeout_s=self._settings.alert_timeout_s,
                settled=lambda record: self._on_desk(lambda: self._book.delivered(record)),
                trouble=lambda name, why: self._on_desk(lambda: self._tell(name, why)),
            )
            for name, make in self._makers.items()
        ]
        loop = asyncio.get_running_loop()
        flush_s: asyncio.Future[float] = loop.create_future()
        self._end = lambda seconds: _call(loop, lambda: flush_s.set_result(seconds))
        tasks = [asyncio.create_task(self._keep_running(courier)) for courier in couriers]
        self._has_started.set()
        seconds = await flush_s
        for courier in couriers:
            courier.finish()
        await asyncio.wait(tasks, timeout=seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_running(self, courier: Courier) -> None:
        """A fault of ours in one courier is told by the others."""
        try:
            await courier.run()
        except Exception as error:
            told = f"a fault of this program ({type(error).__name__}), until it starts again"
            log.exception("alerts to %s", courier.state.channel)
            self._on_desk(lambda: self._tell(courier.state.channel, told))

    def _tell(self, channel: str, why: str | None) -> None:
        """That a channel takes nothing is an alert, too: the others tell it."""
        is_over, subject = why is None, f"alerts:{channel}"
        level = AlertLevel.INFO if is_over else AlertLevel.WARNING
        said = (
            f"alerts reach {channel} again."
            if is_over
            else f"alerts do not reach {channel}: {why}. They are kept and tried again."
        )
        self._book(Alert(AlertType.SYSTEM_ERROR, level, said, None, subject, is_over))


def _call(loop: asyncio.AbstractEventLoop, action: Callable[[], None]) -> None:
    with contextlib.suppress(RuntimeError):  # it has ended: nobody is there to hear it
        loop.call_soon_threadsafe(action)
