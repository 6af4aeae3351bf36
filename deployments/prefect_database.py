"""Which database Prefect's server keeps its runs and switches in.

SQLite in KIMP_HOME for one machine. PostgreSQL for a deployed desk: several servers and workers
write at once there, and a backup can be taken while they do.
"""

from __future__ import annotations

from deployments.failure import CommandFailed
from tasks.database_settings import EXPECTED, is_database_url
from tasks.errors import KeyRefused
from tasks.settings import Settings
from tasks.settings_description import variable
from tasks.venue_keys.private_files import read_private

URL_FILE = "prefect_database_url_file"


def database_url(settings: Settings) -> str | None:
    """PostgreSQL's address, password included; None: SQLite.

    Raises:
        CommandFailed: the file is missing, others may read it, it holds no such address, or both
            the address and the file are set.
    """
    file = settings.prefect_database_url_file
    if settings.prefect_database_url is not None:
        if file is not None:
            raise CommandFailed(
                f"prefect_database_url and {variable(URL_FILE)}: expected one of them, got both"
            )
        return settings.prefect_database_url.get_secret_value()
    if file is None:
        return None
    try:
        content = read_private(file)
    except KeyRefused as error:
        raise CommandFailed(str(error)) from None
    if content is None:
        raise CommandFailed(f"{variable(URL_FILE)}: there is no file {file}")
    text = content.decode("utf-8", errors="replace").strip()
    if not is_database_url(text):
        raise CommandFailed(f"{file}: {EXPECTED}, got something else")
    return text
