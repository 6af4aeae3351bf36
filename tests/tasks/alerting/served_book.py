"""An alert book on a journal behind its part of the control API, on a Unix socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from exchanges.clock import SystemClock
from tasks.alerting.alert_api import AlertApi
from tasks.alerting.alert_book import AlertBook
from tasks.control_answers import one_sentence
from warehouse import Journal


@asynccontextmanager
async def served_book(home: Path) -> AsyncIterator[AlertBook]:
    """Where ``ExecutorClient`` and ``kimp`` look for the executor of ``home``."""
    clock = SystemClock()
    journal = Journal.open(home / "journal", clock.now)
    book = AlertBook(journal.write, clock)
    app = web.Application(middlewares=[one_sentence])
    app.add_routes(AlertApi(book).routes())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    (home / "run").mkdir(exist_ok=True)
    await web.UnixSite(runner, str(home / "run" / "executor.sock")).start()
    try:
        yield book
    finally:
        await runner.cleanup()
        journal.close()
