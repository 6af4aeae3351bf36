"""A WebSocket that brings what a test wrote down, then ends or stays mute."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from exchanges.web_socket import Disconnected, Frame


class ScriptedConnection:
    """``frames`` may hold functions: they are called in their turn, and bring nothing."""

    def __init__(self, *frames: Frame | Callable[[], object], mute: bool = False) -> None:
        self.frames = list(frames)
        self.sent: list[Frame] = []
        self._mute = mute

    async def send(self, frame: Frame) -> None:
        self.sent.append(frame)

    async def receive(self) -> Frame:
        while self.frames:
            frame = self.frames.pop(0)
            if isinstance(frame, str | bytes):
                return frame
            frame()
        if self._mute:
            await asyncio.Event().wait()
        raise Disconnected

    async def aclose(self) -> None:
        """Nothing to close."""
