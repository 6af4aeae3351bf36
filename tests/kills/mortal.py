"""The parts of an executor that end its process at a point, the way ``kill -9`` ends it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from typing import Any, ClassVar, NoReturn

from exchanges.http_transport import HttpTransport
from exchanges.transport import Request, Response
from tests.kills.points import ASK, PLACE, Moment, Point
from warehouse import Journal
from warehouse.record_line import encode_line
from warehouse.records import RecordType
from warehouse.segment import segment_file

_PLACING = {
    "POST /v1/orders": "upbit",
    "POST /fapi/v1/order": "perpetual",
    "POST /exchange": "perpetual",
}
_ON_ITS_WAY_S = 0.002


class Death:
    """The point that this process is to die at; None: it lives until it is killed."""

    point: ClassVar[Point | None] = None
    times_left: ClassVar[int] = 0

    @classmethod
    def at(cls, point: Point | None) -> None:
        cls.point = point
        cls.times_left = 0 if point is None else point.nth

    @classmethod
    def due(cls, act: str, detail: str | None) -> Moment | None:
        """The moment of this act at which to die; None: not in this one."""
        if cls.point is None or not cls.point.is_at(act, detail):
            return None
        cls.times_left -= 1
        return cls.point.moment if cls.times_left == 0 else None


def die() -> NoReturn:
    """No handler, no ``finally``, no flush sees this."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("a killed process goes on")


class MortalJournal(Journal):
    """Dies around the writing of a record."""

    def write(self, record_type: RecordType, body: Mapping[str, Any]) -> int:
        moment = Death.due(record_type, body.get("purpose", body.get("event")))
        if moment is Moment.BEFORE:
            die()
        if moment is Moment.AMID:
            line = encode_line(
                self.position.seq + 1, self._clock_now(), self.epoch, record_type, body
            )
            with segment_file(self.folder, self.position.segment).open("ab") as file:
                file.write(line[: len(line) // 2])
            die()
        seq = super().write(record_type, body)
        if moment is Moment.AFTER:
            die()
        return seq


class MortalTransport(HttpTransport):
    """Dies around a request."""

    async def send(self, request: Request, *, timeout_s: float) -> Response:
        venue = _PLACING.get(f"{request.method} {request.path}")
        act = ASK if venue is None else PLACE
        if venue is None:
            venue = "upbit" if request.path.startswith("/v1/") else "perpetual"
        moment = Death.due(act, venue)
        if moment is Moment.BEFORE:
            die()
        if moment is Moment.AMID:
            sending = asyncio.create_task(super().send(request, timeout_s=timeout_s))
            await asyncio.wait({sending}, timeout=_ON_ITS_WAY_S)
            die()
        response = await super().send(request, timeout_s=timeout_s)
        if moment is Moment.AFTER:
            die()
        return response
