"""How everything outside the executor speaks to it: HTTP over its Unix socket.

One method per call of the control API. Nothing here is ever sent twice by itself: a signal is
idempotent by its id, and the caller decides whether to ask again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, cast
from urllib.parse import quote

import aiohttp
import orjson

from tasks.alert import Alert, AlertLevel, AlertType
from tasks.errors import ExecutorAbsent, ExecutorGone, ExecutorRefused
from tasks.outcome import Outcome

if TYPE_CHECKING:  # a command that stops the desk has no time to load the warehouse
    from tasks.executor_answers import (
        AlertList,
        Check,
        ExitDecision,
        KillReport,
        PairView,
        Rates,
        RecoveryReport,
        ResetReport,
        ResumeReport,
        StopReport,
    )
    from warehouse.records import HealthRecord, ReconciliationRecord

Door = Literal["prefect", "fast", "operator"]

# A repaired leg takes its pauses and its settling time; a kill may liquidate.
DECISION_TIMEOUT_S = 120.0
READ_TIMEOUT_S = 20.0
CONNECT_TIMEOUT_S = 2.0


class ExecutorClient:
    """One warm connection pool to one executor; an async context manager.

    Every method raises ExecutorGone when nobody answers and ExecutorRefused with the executor's
    own sentence when it says no.
    """

    def __init__(
        self, socket_file: Path, *, decision_timeout_s: float = DECISION_TIMEOUT_S
    ) -> None:
        self._socket_file = socket_file
        self._decision_timeout_s = decision_timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        trace = aiohttp.TraceConfig()
        trace.on_request_chunk_sent.append(_tell_sent)
        self._session = aiohttp.ClientSession(
            "http://executor",
            connector=aiohttp.UnixConnector(str(self._socket_file), limit=0),
            trace_configs=[trace],
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def submit(
        self,
        signal: Mapping[str, object],
        *,
        door: Door,
        on_sent: Callable[[], None] | None = None,
    ) -> Outcome:
        """Hand in a signal and wait until it is decided: seconds when a leg must be repaired.
        ``on_sent`` is called when it goes on the wire; what is sent later arrives later."""
        answer = await self._decide(f"/v1/signals?door={door}", dict(signal), on_sent)
        return Outcome.model_validate(answer)

    async def check(self, signal: Mapping[str, object]) -> Check:
        """Every check of the gate, and no order."""
        return cast("Check", await self._ask("POST", "/v1/check", dict(signal)))

    async def state(self) -> dict[str, Any]:
        """The desk at one look: blocks, switches, venues, rates, premium, capital."""
        return cast(dict[str, Any], await self._ask("GET", "/v1/state"))

    async def pairs(self, *, open_only: bool = False) -> Sequence[PairView]:
        path = "/v1/pairs?open=1" if open_only else "/v1/pairs"
        return cast("list[PairView]", await self._ask("GET", path))

    async def pair(self, pair_id: str) -> PairView:
        return cast("PairView", await self._ask("GET", f"/v1/pairs/{pair_id}"))

    async def validate_exits(self) -> Sequence[ExitDecision]:
        """Weigh every open pair and close those in enough profit."""
        return cast("list[ExitDecision]", await self._decide("/v1/exits/validate", {}))

    async def recover(self, pair_id: str | None) -> Sequence[RecoveryReport]:
        """Finish what is unfinished of one pair, or of all."""
        return cast("list[RecoveryReport]", await self._decide("/v1/recover", {"pair_id": pair_id}))

    async def reconcile(self, accept: str | None = None) -> ReconciliationRecord:
        body = {"accept": accept}
        return cast("ReconciliationRecord", await self._decide("/v1/reconcile", body))

    async def refresh_rates(self) -> Rates:
        return cast("Rates", await self._ask("POST", "/v1/rates/refresh", {}))

    async def kill(self, reason: str, *, liquidate: bool, symbol: str | None = None) -> KillReport:
        body = {"reason": reason, "liquidate": liquidate, "symbol": symbol}
        return cast("KillReport", await self._decide("/v1/kill", body))

    async def stop(self, reason: str) -> StopReport:
        """No new pairs and no signals, from now on."""
        return cast("StopReport", await self._ask("POST", "/v1/stop", {"reason": reason}))

    async def resume(self, reason: str) -> ResumeReport:
        return cast("ResumeReport", await self._decide("/v1/resume", {"reason": reason}))

    async def reset(self, by: str, reason: str) -> ResetReport:
        return cast(
            "ResetReport", await self._ask("POST", "/v1/reset", {"by": by, "reason": reason})
        )

    async def hand_over(self, pid: int) -> None:
        """Ask the living executor to give its lease to process ``pid``."""
        await self._ask("POST", "/v1/hand-over", {"pid": pid})

    async def answers(self, within_s: float) -> None:
        """Return once it has said that it is there."""
        await self._ask("GET", "/healthz", timeout_s=within_s)

    async def raise_alert(
        self,
        kind: AlertType,
        level: AlertLevel,
        message: str,
        *,
        subject: str,
        is_over: bool = False,
    ) -> None:
        """Say that something happened outside the executor; ``subject``: to which program."""
        alert = {"message": message, "subject": subject, "is_over": is_over}
        await self._ask("POST", "/v1/alerts", {"type": kind, "level": level, **alert})

    async def store_alert(self, alert: Alert) -> str | None:
        """Have a row for what people were told without the executor; its id, None for the end of
        what has no row."""
        told = {"message": alert.message, "subject": alert.subject, "is_over": alert.is_over}
        body = {"type": alert.type, "level": alert.level, **told, "is_told": True}
        answer = cast(dict[str, Any], await self._ask("POST", "/v1/alerts", body))
        return cast("str | None", answer.get("row_id"))

    async def health(self) -> HealthRecord:
        return cast("HealthRecord", await self._ask("GET", "/v1/health"))

    async def alerts(self, *, every: bool = False) -> AlertList:
        """Rows that wait for a person; ``every``: those that were seen or are over, too."""
        path = "/v1/alerts?all=1" if every else "/v1/alerts"
        return cast("AlertList", await self._ask("GET", path))

    async def acknowledge(self, row_id: str, by: str) -> dict[str, Any]:
        """The row, as it stands then."""
        path = f"/v1/alerts/{quote(row_id, safe='')}/ack"
        return cast(dict[str, Any], await self._ask("POST", path, {"by": by}))

    async def _decide(
        self,
        path: str,
        body: Mapping[str, object],
        on_sent: Callable[[], None] | None = None,
    ) -> object:
        return await self._ask(
            "POST", path, body, timeout_s=self._decision_timeout_s, on_sent=on_sent
        )

    async def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        timeout_s: float = READ_TIMEOUT_S,
        on_sent: Callable[[], None] | None = None,
    ) -> object:
        if self._session is None:
            raise RuntimeError("ExecutorClient is used outside its async with block")
        try:
            async with self._session.request(
                method,
                path,
                data=None if body is None else orjson.dumps(body),
                headers={"Content-Type": "application/json"},
                timeout=aiohttp.ClientTimeout(timeout_s, sock_connect=CONNECT_TIMEOUT_S),
                trace_request_ctx=on_sent,
            ) as response:
                status, payload = response.status, await response.read()
        except aiohttp.ClientConnectorError as error:
            raise ExecutorAbsent(
                f"the executor is not running (nobody listens at {self._socket_file}): "
                "start a run of the deployment executor/live"
            ) from error
        except aiohttp.ConnectionTimeoutError as error:
            raise ExecutorAbsent(
                f"the executor did not take the connection within {CONNECT_TIMEOUT_S:g} s; nothing "
                "was sent"
            ) from error
        except TimeoutError as error:
            raise ExecutorGone(
                f"the executor did not answer {method} {path} within {timeout_s:g} s; what it did "
                "is unknown: look at the pairs before asking again"
            ) from error
        except aiohttp.ClientError as error:
            raise ExecutorGone(
                f"the executor went away during {method} {path}; what it did is unknown until it "
                "is back and has recovered"
            ) from error
        return _answer(status, payload, f"{method} {path}")


async def _tell_sent(_session: object, context: SimpleNamespace, _chunk: object) -> None:
    """aiohttp says so right before it writes the body, without giving way to anything else."""
    if context.trace_request_ctx is not None:
        context.trace_request_ctx()


def _answer(status: int, payload: bytes, asked: str) -> object:
    try:
        answer: object = orjson.loads(payload)
    except orjson.JSONDecodeError:
        raise ExecutorRefused(f"{asked}: HTTP {status} without JSON") from None
    if status == 200:
        return answer
    if isinstance(answer, dict) and isinstance(answer.get("error"), str):
        raise ExecutorRefused(answer["error"])
    raise ExecutorRefused(f"{asked}: HTTP {status} without a reason")
