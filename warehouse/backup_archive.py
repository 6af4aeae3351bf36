"""The file that a backup is: a ``.tar.gz`` of journal and books, and what must be in it.

::

    journal/journal-000001.jsonl   every segment, the last one up to a complete record
    warehouse.duckdb               the books as they were shortly before (may be missing)
    manifest.json                  mode, time, last record; size and SHA-256 of each member

The manifest comes last, so an archive that was cut off has none.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from warehouse.errors import BackupDamaged

MANIFEST: Final = "manifest.json"
BOOKS: Final = "warehouse.duckdb"
JOURNAL: Final = "journal"
SUFFIX: Final = ".tar.gz"
_MEMBER: Final = re.compile(r"journal/journal-\d{6,}\.jsonl|warehouse\.duckdb(\.wal)?")
_MANIFEST_BYTES: Final = 1 << 20
_BLOCK: Final = 1 << 20
_DAMAGE: Final = (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error, ValueError)
_COMPRESSION: Final = 6


class Member(BaseModel):
    """One file of the archive."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: Annotated[int, Field(ge=0)]
    """Bytes."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Manifest(BaseModel):
    """What a backup is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    mode: Literal["paper", "live"]
    made_at: datetime
    """Aware UTC."""
    seq: Annotated[int, Field(gt=0)]
    """The last record of the journal in it."""
    epoch: Annotated[int, Field(gt=0)]
    """The highest epoch that the journal had seen then."""
    files: dict[str, Member]


class ArchiveWriter:
    """Adds members; :meth:`finish` adds the manifest of all of them."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._packed = gzip.GzipFile(
            filename="", fileobj=stream, mode="wb", compresslevel=_COMPRESSION
        )
        self._tar = tarfile.open(fileobj=self._packed, mode="w|")  # noqa: SIM115 - see finish
        self._files: dict[str, Member] = {}

    def add(self, name: str, source: Path, size: int, made_at: datetime) -> None:
        """The first ``size`` bytes of ``source``, which must be there. Raises OSError."""
        with source.open("rb") as stream:
            hashing = _Hashing(stream)
            self._tar.addfile(_header(name, size, made_at), hashing)
        self._files[name] = Member(size=size, sha256=hashing.hexdigest())

    def finish(self, mode: str, made_at: datetime, seq: int, epoch: int) -> Manifest:
        """Everything is in the stream when this returns."""
        manifest = Manifest.model_validate(
            {
                "mode": mode,
                "made_at": made_at,
                "seq": seq,
                "epoch": epoch,
                "files": self._files,
            }
        )
        text = manifest.model_dump_json(indent=1).encode()
        self._tar.addfile(_header(MANIFEST, len(text), made_at), io.BytesIO(text))
        self._tar.close()
        self._packed.close()
        return manifest


def unpack(archive: Path, folder: Path | None = None) -> Manifest:
    """Check every byte of ``archive``, and put its members below ``folder`` unless that is None.

    Raises:
        BackupDamaged: it is cut off, changed, holds what no backup holds, or is none.
        OSError: it cannot be read, or the disk has no room for what is in it.
    """
    found: dict[str, Member] = {}
    manifest: Manifest | None = None
    with _damage_told(archive), gzip.open(archive) as packed:
        # Streaming: no index that could name the same bytes twice, and every member read once.
        with tarfile.open(fileobj=packed, mode="r|") as tar:
            for header in tar:
                content = tar.extractfile(header) if header.isreg() else None
                if content is None or manifest is not None or header.name in found:
                    raise BackupDamaged(archive, f"{header.name!r} does not belong in it")
                if header.name == MANIFEST:
                    manifest = _read_manifest(archive, content)
                elif _MEMBER.fullmatch(header.name):
                    target = None if folder is None else folder / header.name
                    found[header.name] = _take(content, target)
                else:
                    raise BackupDamaged(archive, f"{header.name!r} does not belong in it")
        # What follows is padding; behind it stands the checksum of the whole.
        while packed.read(_BLOCK):
            pass
    if manifest is None:
        raise BackupDamaged(archive, "it ends before its manifest")
    if manifest.files != found:
        raise BackupDamaged(archive, "its files are not those that its manifest names")
    return manifest


@contextmanager
def _damage_told(archive: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise BackupDamaged(archive, f"it cannot be unpacked ({error})") from error


def _read_manifest(archive: Path, content: IO[bytes]) -> Manifest:
    try:
        return Manifest.model_validate_json(content.read(_MANIFEST_BYTES))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "manifest"
        raise BackupDamaged(archive, f"{where} in its manifest: {first['msg']}") from None


def _take(content: IO[bytes], target: Path | None) -> Member:
    hashing = _Hashing(content)
    size = 0
    if target is None:
        while block := hashing.read(_BLOCK):
            size += len(block)
        return Member(size=size, sha256=hashing.hexdigest())
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as kept:
        while block := hashing.read(_BLOCK):
            size += kept.write(block)
        kept.flush()
        os.fsync(kept.fileno())
    return Member(size=size, sha256=hashing.hexdigest())


class _Hashing(io.RawIOBase):
    """Reads through to another stream and remembers the checksum of what was read."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._source.read(size)
        self._hash.update(block)
        return block

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def _header(name: str, size: int, made_at: datetime) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode, header.mtime = size, 0o600, int(made_at.timestamp())
    return header
