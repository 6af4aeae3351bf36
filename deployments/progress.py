"""What ``up`` says while it works: plain lines, and on a terminal what it waits for now."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType


class _Screen(Console):
    """Whose reader may go away: that is an error like others, so that what runs is ended."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        raise BrokenPipeError


class Progress:
    """Lines with the seconds since the start in front; good for a log file as it stands."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or _Screen(highlight=False, soft_wrap=True)
        self._began = time.monotonic()

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._began

    def line(self, text: str, *, style: str = "") -> None:
        self.console.print(f"[dim]{self.elapsed_s:6.1f} s[/dim]  ", end="")
        self.console.print(text, style=style, markup=False)

    def note(self, text: str) -> None:
        """A detail of the line above."""
        self.console.print(f"          {text}", markup=False)

    def heading(self, text: str) -> None:
        self.console.print()
        self.line(text, style="bold")

    def show(self, content: RenderableType) -> None:
        self.console.print(content)

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        """A moving display on a terminal, nothing elsewhere (the line comes when it is done)."""
        if not self.console.is_terminal:
            yield
            return
        with self.console.status(text, spinner="dots"):
            yield
