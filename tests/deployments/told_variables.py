"""Tells what a program of a deployed desk was given: two of its variables and its umask."""

from __future__ import annotations

import os

if __name__ == "__main__":
    names = ("KIMP_KEYS_PASSPHRASE", "PREFECT_API_AUTH_STRING")
    print(*(os.environ[name] for name in names), oct(os.umask(0o022)))
