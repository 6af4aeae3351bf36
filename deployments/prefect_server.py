"""Prefect's own server, made fit for a desk, on SQLite or on PostgreSQL.

``python -m deployments.prefect_server --host 127.0.0.1 --port 4200`` takes the arguments of
``prefect server start``. It asks its callers for the password that it was given as a caller itself,
``PREFECT_API_AUTH_STRING``.

Prefect 3.8.8 opens SQLite transactions as DEFERRED and writes in them after reading. When
another connection has committed in between, SQLite cannot upgrade the transaction and fails at
once: requests end with 503, and a failed one can hold the write lock for a minute. With a
worker that polls, a third of all created flow runs were lost that way (Prefect issues 10188,
18934 and 19771). IMMEDIATE transactions queue up instead, and none fails.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from deployments.failure import CommandFailed
from deployments.prefect_database import database_url
from deployments.prefect_ended_runs import leave_ended_runs_alone
from deployments.prefect_state_names import find_by_usual_names
from deployments.prefect_timezones import remember_timezones
from deployments.private_umask import keep_files_private
from tasks.collector_pauses import spare_what_is_loaded
from tasks.errors import SettingsRefused
from tasks.settings_loading import load_settings

SERVER_SETTINGS = {
    # The hot worker passes over late runs itself; the service only competes for the database.
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
    # Runs made hours ahead would all be late after an outage, and re-made at each registration.
    "PREFECT_SERVER_SERVICES_SCHEDULER_MIN_SCHEDULED_TIME": "PT2M",
    "PREFECT_SERVER_SERVICES_SCHEDULER_MAX_RUNS": "30",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # Whatever name a browser reaches the UI by, the API is there too; so no other page need be
    # allowed to use it, as Prefect allows all.
    "PREFECT_SERVER_UI_API_URL": "/api",
    "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": "",
}


def queue_sqlite_writers() -> None:
    """Let every SQLite transaction of this process take the write lock when it begins."""
    from prefect.server.database.configurations import SQLITE_BEGIN_MODE, AioSqliteConfiguration

    begin = AioSqliteConfiguration.begin_transaction

    @asynccontextmanager
    async def begin_immediate(
        self: AioSqliteConfiguration, session: Any, with_for_update: bool = False
    ) -> AsyncGenerator[Any, None]:
        async with begin(self, session, with_for_update=True) as transaction:
            await session.connection()  # the transaction begins, and takes its lock, here
            # A second session inside, as the pause of a work queue opens one to tell of it, only
            # reads; under this transaction's mode it would wait a minute for its lock, in vain.
            mode = SQLITE_BEGIN_MODE.set(None)
            try:
                yield transaction
            finally:
                SQLITE_BEGIN_MODE.reset(mode)

    AioSqliteConfiguration.begin_transaction = begin_immediate  # type: ignore[method-assign]


def spare_what_is_loaded_before_serving() -> None:
    """No collection of garbage looks through what every uvicorn server of this process has loaded
    when it begins to listen."""
    from uvicorn import Server

    startup = Server.startup

    async def startup_and_spare(self: Server, sockets: list[socket.socket] | None = None) -> None:
        await startup(self, sockets=sockets)
        spare_what_is_loaded()

    Server.startup = startup_and_spare  # type: ignore[method-assign]


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT. Does not return: Prefect's command line exits."""
    keep_files_private()
    try:
        url = database_url(load_settings())
    except (CommandFailed, SettingsRefused) as error:
        sys.exit(f"error: {error}")
    if url is not None:
        os.environ["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = url
    if password := os.environ.get("PREFECT_API_AUTH_STRING"):
        os.environ.setdefault("PREFECT_SERVER_API_AUTH_STRING", password)
    for name, value in SERVER_SETTINGS.items():
        os.environ.setdefault(name, value)
    # Prefect reads its settings when it is imported.
    from prefect.cli import app

    queue_sqlite_writers()
    find_by_usual_names()
    leave_ended_runs_alone()
    remember_timezones()
    spare_what_is_loaded_before_serving()
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.argv = ["prefect", "server", "start", *given]
    app()


if __name__ == "__main__":
    main()
