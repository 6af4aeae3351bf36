"""Settings of backups: where they go, and how long they stay."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field


class BackupSettings(BaseModel):
    """The part of :class:`tasks.settings.Settings` that is about backups."""

    backup_dir: Path | None = Field(
        None, description="Folder of the backups; unset: backups in KIMP_HOME."
    )
    backup_copy_dir: Path | None = Field(
        None,
        description="A mounted folder of another machine for a copy of each backup; unset: none.",
    )
    backup_keep_days: int = Field(
        30, ge=1, le=3_650, description="How long the last backup of each day stays, days."
    )
