"""Settings of the database that Prefect's server keeps its runs and switches in."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator

DRIVER = "postgresql+asyncpg"
EXPECTED = f"expected {DRIVER}://USER:PASSWORD@HOST:PORT/NAME"


class DatabaseSettings(BaseModel):
    """The part of :class:`tasks.settings.Settings` that is about Prefect's database."""

    prefect_database_url: SecretStr | None = Field(
        None,
        description=f"PostgreSQL of the Prefect server, {DRIVER}://USER:PASSWORD@HOST:PORT/NAME; "
        "unset: SQLite in KIMP_HOME.",
    )
    prefect_database_url_file: Path | None = Field(
        None, description="File (0600) with that address, instead of prefect_database_url."
    )

    @field_validator("prefect_database_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not is_database_url(value.get_secret_value()):
            raise ValueError(EXPECTED)
        return value


def is_database_url(text: str) -> bool:
    """PostgreSQL over the one driver that Prefect's server speaks."""
    try:
        parts = urlsplit(text)
        return parts.scheme == DRIVER and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
