"""The environment of every program of the desk, built in one place.

Secrets travel here, never in arguments: ``/proc/<pid>/environ`` is readable by its owner alone,
a command line by everyone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from deployments.prefect_password import read_password
from deployments.up_lock import RunningDesk
from exchanges.credentials import Credentials
from exchanges.instrument import Venue
from tasks.settings import Settings
from tasks.settings_description import is_secret, variable
from tasks.venue_settings import KeySourceName, VenueSettings

PROJECT = Path(__file__).resolve().parent.parent
"""Where the flows are found and every program of the desk runs."""

KEY_VARIABLES = frozenset(
    variable(name) for name, field in VenueSettings.model_fields.items() if is_secret(field)
)
"""Venue keys, and what opens the places where they are kept."""


def without_keys(environment: Mapping[str, str]) -> dict[str, str]:
    """``environment`` of a program that does not trade. Settings are read in any case of letters,
    so the names are too."""
    return {name: it for name, it in environment.items() if name.upper() not in KEY_VARIABLES}


def executor_environment(
    settings: Settings,
    desk: RunningDesk,
    credentials: Mapping[Venue, Credentials],
    extra: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Of the program that trades: :func:`desk_environment` with ``credentials``, or without these
    with whatever opens the keys that the settings name."""
    ours = {name: it for name, it in os.environ.items() if name.upper() in KEY_VARIABLES}
    return {**ours, **desk_environment(settings, desk, extra), **key_environment(credentials)}


def desk_environment(
    settings: Settings, desk: RunningDesk, extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Our own environment, made definite: what ``desk`` runs where. Venue keys are not in it."""
    own = {
        "KIMP_HOME": str(settings.home.absolute()),
        "KIMP_MODE": desk.mode,
        "KIMP_UPBIT_URL": desk.upbit_url,
        "KIMP_BINANCE_URL": desk.binance_url,
        "KIMP_HYPERLIQUID_URL": desk.hyperliquid_url,
        "KIMP_FX_URL": desk.fx_url,
        "KIMP_PREFECT_API_URL": f"{desk.prefect_url}/api",
        **prefect_environment(settings, desk.prefect_url),
    }
    if settings.vault_token_file is not None:
        own["KIMP_VAULT_TOKEN_FILE"] = str(settings.vault_token_file.absolute())
    if settings.prefect_database_url_file is not None:
        own["KIMP_PREFECT_DATABASE_URL_FILE"] = str(settings.prefect_database_url_file.absolute())
    if settings.prefect_auth_file is not None:
        own["KIMP_PREFECT_AUTH_FILE"] = str(settings.prefect_auth_file.absolute())
    return {**without_keys(_inherited()), **own, **(extra or {})}


def key_environment(credentials: Mapping[Venue, Credentials]) -> dict[str, str]:
    """Variables that make a program trade with ``credentials`` and no others; none for none."""
    names = {"KIMP_KEY_SOURCE": str(KeySourceName.ENVIRONMENT)} if credentials else {}
    for venue, credential in credentials.items():
        names[f"KIMP_{venue.upper()}_ACCESS_KEY"] = credential.access_key
        names[f"KIMP_{venue.upper()}_SECRET_KEY"] = credential.secret_key
        names[f"KIMP_{venue.upper()}_KEY_PERMISSIONS"] = "read,trade"
    return names


def prefect_environment(settings: Settings, prefect_url: str) -> dict[str, str]:
    """A Prefect of the desk's own: its folder, its server with its password, and no word to anyone
    outside. Raises CommandFailed where the password cannot be read."""
    password = read_password(settings)
    return {
        **({} if password is None else {"PREFECT_API_AUTH_STRING": password}),
        "PREFECT_HOME": str(settings.prefect_dir.absolute()),
        "PREFECT_PROFILES_PATH": str(settings.prefect_dir.absolute() / "profiles.toml"),
        "PREFECT_API_URL": f"{prefect_url}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_UI_URL": prefect_url,
        "PREFECT_SERVER_UI_ENABLED": "true",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_CLI_PROMPT": "false",
        # A batch run should not wait 10 s for the worker to look.
        "PREFECT_WORKER_QUERY_SECONDS": "2",
        "PYTHONUNBUFFERED": "1",
    }


def _inherited() -> dict[str, str]:
    """Without the settings of some other Prefect that the operator uses."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    if kept.get("KIMP_SETTINGS_FILE"):
        kept["KIMP_SETTINGS_FILE"] = str(Path(kept["KIMP_SETTINGS_FILE"]).absolute())
    return kept
