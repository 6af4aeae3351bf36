"""Settings of the doors: who may come in, and from where."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field

from tasks.setting_types import HttpAddress


class DoorSettings(BaseModel):
    """The part of :class:`tasks.settings.Settings` that is about ways into the desk."""

    prefect_api_url: HttpAddress = Field(
        "http://127.0.0.1:4200/api", description="Prefect API of the desk's server."
    )
    prefect_auth_file: Path | None = Field(
        None,
        description="File with the Prefect server's USER:PASSWORD, 0600; unset: keys/prefect-auth "
        "in KIMP_HOME, which `kimp up` makes.",
    )
