"""The file in which simulated venues remember themselves between two runs.

One JSON object: what it is, its version, the market it belongs to, and a
:class:`SimulationSnapshot`. It holds no secrets, and is readable by its owner only.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from exchanges.simulator.control_bodies import first_error
from exchanges.simulator.simulation import SimulationSnapshot
from exchanges.simulator.snapshot_json import Snapshot, to_json

FORMAT = "kimp-simulator-state"
VERSION = 1


class BadState(ValueError):
    """The file cannot be gone on from; ``str()`` is one sentence that says what to do."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(f"{file}: {reason}; start over with another --state file")


class CannotSave(Exception):
    """The file cannot be written; ``str()`` is one sentence."""


class Source(Snapshot):
    """Which path of prices the venues live on."""

    name: str
    digest: str
    """The same for the same prices only."""

    @classmethod
    def of_history(cls, file: Path) -> Source:
        return cls(name=file.name, digest=hashlib.sha256(file.read_bytes()).hexdigest())

    @classmethod
    def of_walk(cls, seed: int) -> Source:
        return cls(name=f"random walk {seed}", digest=f"walk-{seed}")

    def __str__(self) -> str:
        return f"{self.name} ({self.digest[:12]})"


class _Head(BaseModel):
    model_config = ConfigDict(extra="ignore")

    format: Literal["kimp-simulator-state"]
    version: int


class _Content(Snapshot):
    format: str
    version: int
    source: Source
    venues: SimulationSnapshot


class StateFile:
    """``file`` as the memory of venues that live on ``source``."""

    def __init__(self, file: Path, source: Source) -> None:
        self._file = file
        self._source = source

    def load(self) -> SimulationSnapshot | None:
        """None when there is no file yet. Raises BadState."""
        try:
            raw = self._file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise BadState(self._file, f"cannot be read: {error.strerror}") from None
        try:
            version = _Head.model_validate_json(raw).version
            if version != VERSION:
                reason = f"has version {version} of the format, {VERSION} is expected"
                raise BadState(self._file, reason)
            content = _Content.model_validate_json(raw)
        except ValidationError as error:
            reason = f"does not hold simulated venues ({first_error(error)})"
            raise BadState(self._file, reason) from None
        if content.source.digest != self._source.digest:
            raise BadState(self._file, f"belongs to {content.source}, not to {self._source}")
        return content.venues

    def encode(self, venues: dict[str, Any]) -> bytes:
        """The content for a snapshot of the venues."""
        source = self._source.model_dump()
        return to_json({"format": FORMAT, "version": VERSION, "source": source, "venues": venues})

    def write(self, content: bytes) -> None:
        """Replace the file at once and for good: a reader, or a machine without power, finds the
        old content or the new. Raises CannotSave."""
        fresh = self._file.with_name(f"{self._file.name}.new")
        try:
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fdatasync(stream.fileno())
            fresh.replace(self._file)
        except OSError as error:
            reason = error.strerror or str(error)
            raise CannotSave(f"{self._file}: cannot be written: {reason}") from None
