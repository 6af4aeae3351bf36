"""What an operator has seen, step by step, as pictures for who wants to look at them."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

from playwright.sync_api import Page

FOLDER = "KIMP_TEST_SCREENSHOTS"
"""The variable that names it. Nothing is kept where it is not set."""
PAINTED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


class Pictures:
    """Of one UI, numbered in the order in which they were taken: ``v2-03-refused.png``."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._numbers = count(1)

    def take(self, page: Page, step: str) -> None:
        if folder := os.environ.get(FOLDER):
            file = f"{self._name}-{next(self._numbers):02}-{step.replace(' ', '-')}.png"
            # What fades in begins that a frame later; it is shown as it ends.
            page.evaluate(PAINTED)
            page.screenshot(path=Path(folder) / file, full_page=True, animations="disabled")
