"""``kimp backup`` and ``kimp restore``."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deployments.commands.confirming import add_yes, confirm
from deployments.commands.shared import home, reason
from deployments.failure import CommandFailed
from deployments.state_folder import claim_for, held_mode
from tasks.backing_up import back_up
from warehouse import Warehouse
from warehouse.restore import restore_backup

RESTORE = "RESTORE"


def add_commands(commands: Any) -> None:
    backup = commands.add_parser("backup", help="journal and books into one archive")
    backup.add_argument(
        "--to", type=Path, metavar="DIR", help="another folder than KIMP_BACKUP_DIR"
    )
    backup.set_defaults(run=run_backup)
    restore = commands.add_parser("restore", help="put a backup in place of journal and books")
    restore.add_argument("file", type=Path, metavar="FILE", help="an archive of `kimp backup`")
    restore.add_argument("--reason", type=reason, required=True, help="why; it stays in the books")
    add_yes(restore, RESTORE)
    restore.set_defaults(run=run_restore)


def run_backup(given: argparse.Namespace) -> int:
    """0 made, and copied if that is set; 1 not."""
    settings, _ = home()
    if given.to is not None:
        settings = settings.model_copy(update={"backup_dir": given.to})
    done = back_up(settings, held_mode(settings.home) or settings.mode, datetime.now(UTC))
    print(done.backup.file)
    for line in done.sentences():
        print(line)
    return 1 if done.copy_failed is not None else 0


def run_restore(given: argparse.Namespace) -> int:
    settings, desk = home()
    if desk is not None:
        raise CommandFailed(
            f"a desk is running in this KIMP_HOME, pid {desk.pid}: stop it first (kimp down)"
        )
    confirm(given, RESTORE, "nothing was restored")
    mode = held_mode(settings.home) or settings.mode
    restored = restore_backup(
        given.file,
        Warehouse(settings.warehouse_file, settings.journal_dir),
        mode=mode,
        reason=given.reason,
        clock_now=lambda: datetime.now(UTC),
    )
    claim_for(settings.home, mode)
    for line in restored.sentences():
        print(line)
    return 0
