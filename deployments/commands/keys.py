"""``kimp keys add | list | rotate | remove | check``."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rich.table import Table

from deployments.commands.shared import console, home, print_json
from deployments.failure import CommandFailed
from deployments.secret_input import ask_new_passphrase, ask_pair
from deployments.up_lock import RunningDesk
from exchanges.clock import SystemClock
from exchanges.instrument import Venue
from tasks.settings import Settings
from tasks.venue_keys.key_check import KeyCheck, Withdrawal
from tasks.venue_keys.key_guard import check_key, refuse_able
from tasks.venue_keys.key_sources import key_file, key_source
from tasks.venue_keys.permission import Permissions, parse_permissions
from tasks.venue_keys.venue_key import VenueKey, checked_name
from tasks.venue_settings import KeySourceName

COLUMNS = ("venue", "name", "permissions", "created_at", "fingerprint", "source", "used")


def add_commands(commands: Any) -> None:
    group = commands.add_parser("keys", help="the venues' keys; secrets are asked for or piped in")
    steps = group.add_subparsers(dest="step", metavar="STEP", required=True)
    add = _step(steps, "add", run_add, "store a key that cannot withdraw")
    _add_place(add)
    add.add_argument(
        "--permissions",
        type=_permissions,
        default="read,trade",
        help="read or read,trade (default)",
    )
    listing = _step(steps, "list", run_list, "which keys there are; no secrets")
    listing.add_argument("--json", action="store_true", help="for programs")
    rotate = _step(steps, "rotate", run_rotate, "put a new key in a key's place, keeping a backup")
    _add_place(rotate, nargs="?")
    rotate.add_argument(
        "--master", action="store_true", help="the key that closes the file, instead of a venue's"
    )
    rotate.add_argument(
        "--passphrase", action="store_true", help="with --master: close it with a new passphrase"
    )
    _add_place(_step(steps, "remove", run_remove, "take a key out, keeping a backup"))
    check = _step(steps, "check", run_check, "ask the venues whether the keys in use can withdraw")
    check.add_argument("venue", nargs="?", choices=tuple(Venue), metavar="VENUE")


def run_add(given: argparse.Namespace) -> int:
    settings, desk = home()
    clock, venue = SystemClock(), Venue(given.venue)
    name = checked_name(given.name)
    key = VenueKey(venue, name, given.permissions, clock.now(), ask_pair(venue))
    told = _ask_and_refuse(key, settings)
    key_file(settings, clock).add(key)
    print(f"stored {key}: {_words(told)}")
    _say_what_follows(settings, desk)
    return 0


def run_rotate(given: argparse.Namespace) -> int:
    settings, desk = home()
    clock = SystemClock()
    file = key_file(settings, clock)
    if given.master:
        if given.venue is not None:
            raise CommandFailed("rotate: expected a venue or --master, got both")
        new = ask_new_passphrase() if given.passphrase or file.is_closed_by_passphrase() else None
        file.rotate_master(new)
        print(f"{file.file} and its backups are closed anew")
        if new is not None:
            print("the desk needs the new passphrase from now on: KIMP_KEYS_PASSPHRASE")
        return 0
    if given.venue is None or given.passphrase:
        raise CommandFailed("rotate: expected a venue, or --master with or without --passphrase")
    venue = Venue(given.venue)
    former = file.find(venue, given.name)
    key = VenueKey(venue, former.name, former.permissions, clock.now(), ask_pair(venue))
    told = _ask_and_refuse(key, settings)
    file.rotate(venue, key.name, key.credentials)
    print(f"stored {key}: {_words(told)}; the former one is in {file.backups.folder}")
    print(f"take the former one back at {venue} once the desk runs with the new one")
    _say_what_follows(settings, desk)
    return 0


def run_remove(given: argparse.Namespace) -> int:
    settings, desk = home()
    file = key_file(settings, SystemClock())
    file.remove(Venue(given.venue), given.name)
    print(f'removed {given.venue} key "{given.name}"; a backup is in {file.backups.folder}')
    _say_what_follows(settings, desk)
    return 0


def run_list(given: argparse.Namespace) -> int:
    settings, _ = home()
    rows = list(_rows(settings))
    if given.json:
        print_json(rows)
        return 0
    if not rows:
        print("there are no keys: `kimp keys add VENUE`")
        return 0
    table = Table(*COLUMNS, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*("yes" if row[name] is True else str(row[name] or "") for name in COLUMNS))
    console().print(table)
    return 0


def run_check(given: argparse.Namespace) -> int:
    """0 when every key in use is known to be unable to withdraw."""
    settings, _ = home()
    source = key_source(settings, SystemClock())
    venues = tuple(Venue) if given.venue is None else (Venue(given.venue),)
    keys = [key for venue in venues for key in source.keys(venue)]
    if not keys:
        raise CommandFailed(f"{source.where}: expected a key of {' or '.join(venues)}, found none")
    checks = asyncio.run(_check(keys, settings))
    for key, told in zip(keys, checks, strict=True):
        print(f"{key}: {_words(told)}")
    return 0 if all(told.withdrawal is Withdrawal.CANNOT for told in checks) else 1


async def _check(keys: Sequence[VenueKey], settings: Settings) -> list[KeyCheck]:
    clock = SystemClock()
    return await asyncio.gather(*(check_key(key, settings, clock) for key in keys))


def _ask_and_refuse(key: VenueKey, settings: Settings) -> KeyCheck:
    """Raises KeyRefused for a key that can withdraw; one whose venue cannot tell passes."""
    [told] = asyncio.run(_check([key], settings))
    refuse_able(key, told)
    return told


def _rows(settings: Settings) -> Iterable[dict[str, str | bool]]:
    """The key file's, and those of the source in use when it is another."""
    clock, used = SystemClock(), settings.key_source
    for key in key_file(settings, clock).read():
        yield {**key.to_json(), "source": "file", "used": used is KeySourceName.FILE}
    if used is not KeySourceName.FILE:
        source = key_source(settings, clock)
        for venue in Venue:
            for key in source.keys(venue):
                yield {**key.to_json(), "source": used, "used": True}


def _say_what_follows(settings: Settings, desk: RunningDesk | None) -> None:
    if settings.key_source is not KeySourceName.FILE:
        print(
            f"the desk takes its keys from {settings.key_source}; to use the key file set "
            "KIMP_KEY_SOURCE=file"
        )
    elif desk is not None:
        print("the running desk goes on with what it has read: kimp down, kimp up")


def _words(told: KeyCheck) -> str:
    return "; ".join((f"{told.withdrawal}, {told.why}", *told.remarks))


def _step(
    steps: Any, name: str, run: Callable[[argparse.Namespace], int], text: str
) -> argparse.ArgumentParser:
    step: argparse.ArgumentParser = steps.add_parser(name, help=text, allow_abbrev=False)
    step.set_defaults(run=run)
    return step


def _add_place(step: argparse.ArgumentParser, nargs: str | None = None) -> None:
    step.add_argument("venue", nargs=nargs, choices=tuple(Venue), metavar="VENUE")
    step.add_argument("--name", default="main", help="default: main")


def _permissions(text: str) -> Permissions:
    try:
        return parse_permissions(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
