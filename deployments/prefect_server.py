"""Prefect's own server, made fit for a desk on SQLite.

``python -m deployments.prefect_server --host 127.0.0.1 --port 4200`` takes the arguments of
``prefect server start``.

Prefect 3.8.8 opens SQLite transactions as DEFERRED and writes in them after reading. When
another connection has committed in between, SQLite cannot upgrade the transaction and fails at
once: requests end with 503, and a failed one can hold the write lock for a minute. With a
worker that polls, a third of all created flow runs were lost that way (Prefect issues 10188,
18934 and 19771). IMMEDIATE transactions queue up instead, and none fails.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

SERVER_SETTINGS = {
    # The hot worker passes over late runs itself; the service only competes for the database.
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
    # Runs made hours ahead would all be late after an outage, and re-made at each registration.
    "PREFECT_SERVER_SERVICES_SCHEDULER_MIN_SCHEDULED_TIME": "PT2M",
    "PREFECT_SERVER_SERVICES_SCHEDULER_MAX_RUNS": "30",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}


def queue_sqlite_writers() -> None:
    """Let every SQLite transaction of this process take the write lock when it begins."""
    from prefect.server.database.configurations import AioSqliteConfiguration

    begin = AioSqliteConfiguration.begin_transaction

    @asynccontextmanager
    async def begin_immediate(
        self: AioSqliteConfiguration, session: Any, with_for_update: bool = False
    ) -> AsyncGenerator[Any, None]:
        async with begin(self, session, with_for_update=True) as transaction:
            yield transaction

    AioSqliteConfiguration.begin_transaction = begin_immediate  # type: ignore[method-assign]


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT. Does not return: Prefect's command line exits."""
    for name, value in SERVER_SETTINGS.items():
        os.environ.setdefault(name, value)
    # Prefect reads its settings when it is imported.
    from prefect.cli import app

    queue_sqlite_writers()
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.argv = ["prefect", "server", "start", *given]
    app()


if __name__ == "__main__":
    main()
