"""The password of the desk's Prefect server: ``USER:PASSWORD`` in a file of its owner alone.

Prefect takes it as HTTP Basic authentication on every path of its API except its health checks, and
as the first message of a WebSocket; its UI asks for the whole ``USER:PASSWORD`` (Prefect docs,
"How to secure a self-hosted Prefect server"). Without it, any program of this machine and, since
the API allows every origin, any page in a browser on it could read the desk and press its switches.
"""

from __future__ import annotations

import re
import secrets

from deployments.failure import CommandFailed
from tasks.errors import KeyRefused
from tasks.settings import Settings
from tasks.settings_description import variable
from tasks.venue_keys.private_files import private_folder, read_private, replace_private

USER = "kimp"
RANDOM_BYTES = 24
PASSWORD = re.compile(r"[!-9;-~]+:[!-~]{12,}")
"""What a header and an environment variable carry unchanged, and long enough not to be guessed."""


def read_password(settings: Settings) -> str | None:
    """``USER:PASSWORD``; None: this desk's server has none.

    Raises:
        CommandFailed: others may read the file, it holds something else, or it was named and is
            not there.
    """
    file = settings.password_file
    try:
        content = read_private(file)
    except KeyRefused as error:
        raise CommandFailed(str(error)) from None
    if content is None:
        if settings.prefect_auth_file is not None:
            raise CommandFailed(f"{variable('prefect_auth_file')}: there is no file {file}")
        return None
    text = content.decode("utf-8", errors="replace").strip()
    if not PASSWORD.fullmatch(text):
        raise CommandFailed(
            f"{file}: expected one line USER:PASSWORD, the password 12 or more characters of ASCII "
            "without spaces"
        )
    return text


def make_password(settings: Settings) -> str:
    """The same, made when there is none; raises CommandFailed."""
    found = read_password(settings)
    if found is None:
        found = f"{USER}:{secrets.token_urlsafe(RANDOM_BYTES)}"
        private_folder(settings.password_file.parent)
        replace_private(settings.password_file, f"{found}\n".encode())
    return found
