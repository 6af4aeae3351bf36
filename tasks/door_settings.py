"""Settings of the doors: who may come in, and from where."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field

from tasks.setting_types import HostAndPort, HttpAddress, IpAddress, Network


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
    prefect_host: IpAddress = Field(
        "127.0.0.1", description="Address at which the Prefect server of `kimp up` listens."
    )
    fast_door: HostAndPort | None = Field(
        None, description="HOST:PORT of the fast door over TCP; none: Unix socket only."
    )
    fast_door_allow: tuple[Network, ...] = Field(
        (),
        description="Addresses or networks that the fast door lets in; none: this machine only.",
    )
    fast_door_per_s: int = Field(
        50, ge=1, le=10_000, description="Requests that one address may send to it in a second."
    )
