"""Starts one program of a deployed desk, where no ``kimp up`` does it.

``python -m deployments.run_program MODULE [ARGUMENT …]`` becomes ``python -m MODULE ARGUMENT …``
with its secrets in its environment, taken from their files (:mod:`deployments.secret_files`, and
the Prefect server's password from the desk's file), with files that only their owner can read, and
open to SIGINT. A container's or a unit's own settings hold the name of the file, never what is in
it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from deployments.failure import CommandFailed
from deployments.prefect_password import read_password
from deployments.private_umask import keep_files_private
from deployments.secret_files import secret_variables, secrets_folder
from tasks.errors import SettingsRefused
from tasks.settings_loading import load_settings


def main(arguments: Sequence[str]) -> int:
    """Does not return when the program starts. 1 password or settings unusable, 2 bad usage."""
    if not arguments:
        print("usage: python -m deployments.run_program MODULE [ARGUMENT …]", file=sys.stderr)
        return 2
    keep_files_private()
    try:
        os.environ.update(secret_variables(secrets_folder(os.environ)))
        password = read_password(load_settings())
    except (CommandFailed, SettingsRefused) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if password is not None:
        os.environ["PREFECT_API_AUTH_STRING"] = password
    return _become(arguments)


def _become(arguments: Sequence[str]) -> int:
    """Never returns: the program takes the place of this one."""
    # A shell makes what it starts in the background deaf to SIGINT, and that is what a worker of
    # Prefect's (3.8.8) turns a SIGTERM into: it would not end.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execv(sys.executable, [sys.executable, "-m", *arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
