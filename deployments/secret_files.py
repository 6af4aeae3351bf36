"""Secrets of a deployed desk: a file each, in a folder that only its programs can read.

Containers find them in ``/run/secrets``, systemd's units in ``$CREDENTIALS_DIRECTORY``. A file that
is named like a variable (``KIMP_KEYS_PASSPHRASE``) becomes that variable of the program.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from deployments.failure import CommandFailed

FOLDER = Path("/run/secrets")
_NAME = re.compile(r"(KIMP|PREFECT)_[A-Z0-9_]+")


def secrets_folder(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("CREDENTIALS_DIRECTORY") or FOLDER)


def secret_variables(folder: Path) -> dict[str, str]:
    """Variable → the content of its file, one line. Empty when there is no such folder.

    Raises:
        CommandFailed: a file cannot be read, or holds more than one line.
    """
    found = {}
    try:
        files = [file for file in sorted(folder.iterdir()) if _NAME.fullmatch(file.name)]
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CommandFailed(f"{folder}: cannot be read: {error.strerror}") from None
    for file in files:
        try:
            text = file.read_text("utf-8").strip()
        except OSError as error:
            raise CommandFailed(
                f"{file}: cannot be read by user {os.geteuid()}: {error.strerror}"
            ) from None
        except UnicodeDecodeError:
            raise CommandFailed(f"{file}: expected one line of text") from None
        if not text or "\n" in text:
            raise CommandFailed(f"{file}: expected one line of text")
        found[file.name] = text
    return found
