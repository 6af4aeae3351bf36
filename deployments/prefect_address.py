"""Which Prefect server belongs to this KIMP_HOME, and its connection."""

from __future__ import annotations

from deployments.failure import CommandFailed
from deployments.http_json import HttpJson
from deployments.prefect_password import read_password
from deployments.up_lock import RunningDesk
from tasks.settings import Settings
from tasks.settings_description import source_of, variable

SETTING = "prefect_api_url"


def prefect_api_url(settings: Settings, desk: RunningDesk | None) -> str:
    """Of the desk that runs here, else as configured (a deployed desk has no ``up``).

    The default address is never asked: whoever listens there is the desk of another KIMP_HOME,
    and a stop or a signal would reach a stranger.

    Raises:
        CommandFailed: no desk runs here, or its server is not there yet, and none is configured.
    """
    if desk is not None and desk.prefect_url:
        return f"{desk.prefect_url}/api"
    if source_of(SETTING) != "default":
        return settings.prefect_api_url
    if desk is not None:
        raise CommandFailed("the desk is starting and its Prefect server is not there yet")
    raise CommandFailed(
        f"no desk is running in {settings.home.absolute()}: start it with `kimp up`, or name the "
        f"Prefect server of a deployed desk with {variable(SETTING)}"
    )


def prefect_http(settings: Settings, url: str) -> HttpJson:
    """A connection to the API at ``url`` with this home's password; raises CommandFailed."""
    return HttpJson("the Prefect server", url, read_password(settings))
