"""One ``kimp up`` per KIMP_HOME, and where the running one can be found.

``run/up.lock`` is held by an exclusive lock of the operating system, which ends with the process
however it ends; its text tells other commands what runs where.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from deployments.failure import CommandFailed


@dataclass(frozen=True, slots=True)
class RunningDesk:
    """What one ``up`` runs. Addresses, no secret; empty until the part is there."""

    pid: int
    mode: str
    prefect_url: str = ""
    """``http://127.0.0.1:4200``: the UI, and below ``/api`` the API."""
    upbit_url: str = ""
    binance_url: str = ""
    hyperliquid_url: str = ""
    fx_url: str = ""
    control_url: str = ""
    """Control API of the simulators; empty in live mode."""


class AlreadyRunning(CommandFailed):
    """Another ``up`` holds this KIMP_HOME."""

    def __init__(self, desk: RunningDesk | None) -> None:
        where = f", pid {desk.pid}" if desk else ""
        where += f", UI at {desk.prefect_url}" if desk and desk.prefect_url else ""
        super().__init__(f"a desk is already running in this KIMP_HOME{where}; stop it: kimp down")


class UpLock:
    """The held lock; given back with :meth:`release`, which also removes the file."""

    def __init__(self, file: Path, descriptor: int) -> None:
        self._file = file
        self._descriptor = descriptor

    @classmethod
    def take(cls, home: Path) -> Self:
        """Raises AlreadyRunning."""
        file = lock_file(home)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                raise AlreadyRunning(_read(file)) from None
            if _is_still(file, descriptor):
                return cls(file, descriptor)
            os.close(descriptor)  # the one before us removed the file while we waited for it

    def publish(self, desk: RunningDesk) -> None:
        """Let other commands know."""
        text = json.dumps(asdict(desk)).encode()
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text, 0)

    def release(self) -> None:
        self._file.unlink(missing_ok=True)
        os.close(self._descriptor)


def lock_file(home: Path) -> Path:
    return home / "run" / "up.lock"


def running_desk(home: Path) -> RunningDesk | None:
    """The desk that runs in ``home`` now; a file left behind by a killed one does not count."""
    try:
        descriptor = os.open(lock_file(home), os.O_RDWR)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(lock_file(home))
    finally:
        os.close(descriptor)
    return None


def _read(file: Path) -> RunningDesk | None:
    """None while the holder has not written yet."""
    try:
        return RunningDesk(**json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _is_still(file: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(file.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
