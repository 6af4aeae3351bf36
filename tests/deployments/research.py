"""Research as a desk knows it: somebody with a key, at the fast door."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from tasks.executor_client import ExecutorClient
from tasks.key_store import KeyStore
from tasks.outcome import Outcome
from tasks.signal import Signal, SignalAction
from tasks.signing import PrivateKey, sign

T = TypeVar("T")


class Research:
    """Of the desk in ``home``, its KIMP_HOME."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def entry(self) -> dict[str, Any]:
        """A signed ENTER of 0.010 BTC."""
        return self._signed(SignalAction.ENTER, quantity=Decimal("0.010"))

    def exit(self, pair_id: str) -> dict[str, Any]:
        """A signed EXIT of one pair."""
        return self._signed(SignalAction.EXIT, pair_id=pair_id)

    def fast(self, signal: dict[str, Any]) -> Outcome:
        return self.ask(lambda executor: executor.submit(signal, door="fast"))

    def ask(self, question: Callable[[ExecutorClient], Coroutine[Any, Any, T]]) -> T:
        async def asked() -> T:
            async with ExecutorClient(self.home / "run" / "executor.sock") as executor:
                return await question(executor)

        # A browser's driver keeps a loop in this thread, so the question needs one of its own.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, asked()).result()

    @cached_property
    def _key(self) -> PrivateKey:
        return KeyStore(self.home / "keys").private_key("research")

    def _signed(self, action: SignalAction, **more: Any) -> dict[str, Any]:
        signal = Signal(
            id=f"alpha-{uuid.uuid4().hex[:8]}",
            action=action,
            symbol="BTC",
            created_at=datetime.now(UTC),
            ttl_ms=30_000,
            **more,
        )
        return sign(signal, self._key).to_json()
