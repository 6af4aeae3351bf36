"""The venue keys that a command may use."""

from __future__ import annotations

from deployments.failure import CommandFailed
from deployments.paper_accounts import paper_accounts
from deployments.up_lock import RunningDesk
from exchanges.clock import SystemClock
from exchanges.instrument import Venue
from tasks.errors import DeskError
from tasks.settings import Mode, Settings
from tasks.settings_description import variable
from tasks.venue_connections import leg_venues
from tasks.venue_keys.key_sources import desk_keys
from tasks.venue_keys.permission import Permission
from tasks.venue_keys.venue_key import VenueKey
from tasks.venue_settings import KeySourceName


def demand_trading_keys(settings: Settings) -> None:
    """Raises CommandFailed, naming what is missing, unless both venues' keys are there to trade."""
    missing = [
        variable(f"{venue}_{kind}_key")
        for venue in leg_venues(settings).values()
        for kind in ("access", "secret")
        if getattr(settings, f"{venue}_{kind}_key") is None
    ]
    if missing and settings.key_source is KeySourceName.ENVIRONMENT:
        raise CommandFailed(f"live mode needs the keys of both venues: set {', '.join(missing)}")
    _stored(settings, Permission.TRADE)


def keys_in_use(settings: Settings, desk: RunningDesk | None) -> dict[Venue, VenueKey]:
    """The keys that the desk of this KIMP_HOME trades with (in paper its own, once ``up`` ran), to
    look with: a key declared for reading will do.

    Raises CommandFailed naming what is missing or refused.
    """
    if settings.mode is Mode.PAPER and desk is not None and desk.control_url:
        made = paper_accounts(settings.keys_dir).credentials
        both = frozenset(Permission)
        now = SystemClock().now()
        return {
            venue: VenueKey(venue, "paper", both, now, made[venue])
            for venue in leg_venues(settings).values()
        }
    return _stored(settings, Permission.READ)


def _stored(settings: Settings, needed: Permission) -> dict[Venue, VenueKey]:
    try:
        return desk_keys(settings, leg_venues(settings).values(), needed, SystemClock())
    except DeskError as error:
        raise CommandFailed(str(error)) from None
