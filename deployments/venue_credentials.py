"""The venue keys that a command may use."""

from __future__ import annotations

from deployments.failure import CommandFailed
from deployments.paper_accounts import paper_accounts
from deployments.up_lock import RunningDesk
from exchanges.credentials import Credentials
from exchanges.instrument import Venue
from tasks.settings import Mode, Settings
from tasks.settings_description import variable


def configured_credentials(settings: Settings) -> dict[Venue, Credentials]:
    """The keys of both venues from the settings; raises CommandFailed naming what is missing."""
    missing = [
        variable(f"{venue}_{kind}_key")
        for venue in Venue
        for kind in ("access", "secret")
        if getattr(settings, f"{venue}_{kind}_key") is None
    ]
    if missing:
        raise CommandFailed(f"live mode needs the keys of both venues: set {', '.join(missing)}")
    return {
        venue: Credentials(
            getattr(settings, f"{venue}_access_key").get_secret_value(),
            getattr(settings, f"{venue}_secret_key").get_secret_value(),
        )
        for venue in Venue
    }


def desk_credentials(settings: Settings, desk: RunningDesk | None) -> dict[Venue, Credentials]:
    """The keys that the desk of this KIMP_HOME trades with (in paper its own, once ``up`` ran)."""
    if settings.mode is Mode.PAPER and desk is not None and desk.control_url:
        return paper_accounts(settings.keys_dir).credentials
    return configured_credentials(settings)
