"""What the commands have in common."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from deployments.up_lock import RunningDesk, running_desk
from tasks.settings import Settings
from tasks.settings_loading import load_settings

if TYPE_CHECKING:
    from rich.console import Console

PIPE_COLUMNS = 200


def home() -> tuple[Settings, RunningDesk | None]:
    """The settings, and the desk that ``kimp up`` runs in this KIMP_HOME, if one does."""
    settings = load_settings()
    return settings, running_desk(settings.home)


def console() -> Console:
    """For tables: as wide as the terminal, or wide enough for a log or a pipe."""
    from rich.console import Console

    plain = Console(highlight=False)
    return plain if plain.is_terminal else Console(highlight=False, width=PIPE_COLUMNS)


def print_json(content: Any) -> None:
    print(json.dumps(content, indent=2, ensure_ascii=False, default=str))


def reason(text: str) -> str:
    """An argparse type: a sentence that will stand in the books."""
    if not 3 <= len(text.strip()) <= 200:
        raise argparse.ArgumentTypeError("expected 3 to 200 characters that say why")
    return text.strip()


def is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()
