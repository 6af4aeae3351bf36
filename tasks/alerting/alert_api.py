"""Alerts over the executor's socket: the stored list, who has seen what, and alerts from others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from tasks.alert import Alert, AlertLevel, AlertType
from tasks.alerting.alert_book import AlertBook
from tasks.control_answers import BadRequest, json_answer, read_object, sentence_in

MOST_ROWS = 500
LONGEST_TEXT = 2_000


class AlertApi:
    """``GET /v1/alerts[?all=1]``, ``POST /v1/alerts``, ``POST /v1/alerts/{row_id}/ack``."""

    def __init__(self, book: AlertBook) -> None:
        self._book = book

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.get("/v1/alerts", self._list),
            web.post("/v1/alerts", self._raise),
            web.post("/v1/alerts/{row_id}/ack", self._acknowledge),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        """``open``: rows that wait for a person, the worst first, at most 500 of ``total``;
        ``others``: seen or over, newest first; ``channels``: how delivery goes."""
        rows = self._book.rows.open()
        others = self._book.rows.others() if request.query.get("all") == "1" else []
        return json_answer(
            {
                "total": len(rows),
                "open": [row.to_json() for row in rows[:MOST_ROWS]],
                "others": [row.to_json() for row in others[:MOST_ROWS]],
                "channels": self._book.channels(),
            }
        )

    async def _raise(self, request: web.Request) -> web.Response:
        """From another program of the desk; with ``is_told`` it has told people itself and wants
        the row. Money is never moved by it."""
        body = await read_object(request)
        message = sentence_in(body, "message", "a sentence that says what happened")
        alert = Alert(
            _one_of(AlertType, body, "type"),
            _one_of(AlertLevel, body, "level"),
            message[:LONGEST_TEXT],
            None,
            sentence_in(body, "subject", "what it is about, such as hot-worker"),
            _flag(body, "is_over"),
        )
        if _flag(body, "is_told"):
            return json_answer({"raised": True, "row_id": self._book.store(alert)})
        self._book(alert)
        return json_answer({"raised": True})

    async def _acknowledge(self, request: web.Request) -> web.Response:
        by = sentence_in(await read_object(request), "by", "a person's name")
        row = self._book.acknowledge(request.match_info["row_id"], by[:100])
        return json_answer(row.to_json())


def _one_of(kind: Any, body: dict[str, Any], name: str) -> Any:
    if body.get(name) not in tuple(kind):
        raise BadRequest(f"{name}: expected one of {', '.join(kind)}, got {body.get(name)!r:.40}")
    return kind(body[name])


def _flag(body: dict[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise BadRequest(f"{name}: expected true or false")
    return value
