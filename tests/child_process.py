"""A program that a test starts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent


@asynccontextmanager
async def child_process(*arguments: str, **how: Any) -> AsyncIterator[asyncio.subprocess.Process]:
    """Started in the project's folder, gone at the end, one way or another.

    ``how``: as :func:`asyncio.create_subprocess_exec` has it.
    """
    process = await asyncio.create_subprocess_exec(*arguments, cwd=PROJECT, **how)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()
