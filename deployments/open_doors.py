"""Which of the desk's doors stand open wider than for this machine and the desk's own user."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path

from deployments.failure import CommandFailed
from deployments.prefect_password import read_password
from deployments.state_folder import BOOKS, SIMULATED_VENUES, STATE
from tasks.setting_types import LOOPBACK
from tasks.settings import Settings
from tasks.settings_description import variable

OTHERS = 0o077
OWN = (*STATE, "keys", "run", "backups", BOOKS, f"{SIMULATED_VENUES}*", "mode", "settings.toml")
"""What a desk keeps in KIMP_HOME."""
NAMED = 3
"""Files that are named; of more there is the number."""
LARGE_NETWORK = 256


@dataclass(frozen=True, slots=True)
class OpenDoor:
    """``found`` says who can come in, ``remedy`` how to close it."""

    check: str
    found: str
    remedy: str


def open_doors(settings: Settings) -> list[OpenDoor]:
    """Nothing here is forbidden; whoever runs the desk should know of it."""
    return [*_prefect(settings), *_fast_door(settings), *_files(settings.home)]


def keep_to_owner(home: Path) -> None:
    """Take away what group and others may do with the desk's files in ``home``.

    An earlier desk may have left them open. What else lies there is none of its business, nor is
    the folder itself: an operator may have chosen one that others must reach.
    """
    for entry in _own(home):
        for folder, _, files in os.walk(entry):
            for path in (Path(folder), *(Path(folder, name) for name in files)):
                _close(path)
        _close(entry)


def _prefect(settings: Settings) -> Iterator[OpenDoor]:
    if settings.prefect_host not in LOOPBACK:
        yield OpenDoor(
            "Prefect's address",
            f"it listens at {settings.prefect_host}: who reaches this machine can try its password",
            f"unset {variable('prefect_host')}, or let only a tunnel or a TLS proxy reach it",
        )
    try:
        has_password = read_password(settings) is not None
    except CommandFailed as error:
        yield OpenDoor("Prefect's password", str(error), "put the file right")
        return
    if not has_password and settings.prefect_dir.exists():
        yield OpenDoor(
            "Prefect's password", "its server asks for none", "`kimp up` makes one at its start"
        )


def _fast_door(settings: Settings) -> Iterator[OpenDoor]:
    if settings.fast_door is None:
        return
    host = settings.fast_door.rpartition(":")[0].strip("[]")
    if host in LOOPBACK or _is_loopback(host):
        return
    yield OpenDoor(
        "fast door's address",
        f"it listens at {settings.fast_door}, unencrypted; it lets in "
        f"{', '.join(settings.fast_door_allow) or 'this machine only'}",
        f"127.0.0.1 in {variable('fast_door')}, or a tunnel in front of it",
    )
    wide = [text for text in settings.fast_door_allow if _size(text) > LARGE_NETWORK]
    if wide:
        yield OpenDoor(
            "fast door's list",
            f"{', '.join(wide)} is more than {LARGE_NETWORK} addresses",
            f"name those of research in {variable('fast_door_allow')}",
        )


def _files(home: Path) -> Iterator[OpenDoor]:
    found = list(_open_to_others(home))
    if found:
        names = ", ".join(str(path.relative_to(home.parent)) for path in found[:NAMED])
        more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
        yield OpenDoor(
            "files",
            f"others can use {names}{more}",
            "chmod go= on each, as `kimp up` does",
        )


def _open_to_others(home: Path) -> Iterator[Path]:
    """The desk's files that others can reach: nothing below a closed folder is open to them."""
    if not _is_open(home):
        return
    for entry in filter(_is_open, _own(home)):
        yield entry
        for folder, names, files in os.walk(entry):
            names[:] = [name for name in names if _is_open(Path(folder, name))]
            yield from (Path(folder, name) for name in names)
            yield from (path for name in files if _is_open(path := Path(folder, name)))


def _own(home: Path) -> Iterator[Path]:
    for pattern in OWN:
        yield from home.glob(pattern)


def _close(path: Path) -> None:
    if _is_open(path):
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~OTHERS)


def _is_open(path: Path) -> bool:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:  # a desk is at work in it
        return False
    return not stat.S_ISLNK(mode) and bool(mode & OTHERS)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _size(network: str) -> int:
    return ip_network(network).num_addresses
