"""The system's Chromium, driven by Playwright."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

PASSWORD_KEY = "prefect-password"
"""Where both of Prefect's UIs keep what was typed into their login."""

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-quic",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # the V2 UI calls an analytics host
)
PATIENCE_MS = 60_000


@contextmanager
def chromium() -> Iterator[Browser]:
    """Without a Chromium the test is skipped; under KIMP_TEST_ALL it fails."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        if os.environ.get("KIMP_TEST_ALL"):
            pytest.fail("no Chromium in PATH, and KIMP_TEST_ALL allows no test to be skipped")
        pytest.skip("no Chromium in PATH (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(QUIET))
        yield browser
        browser.close()


def visitor(browser: Browser) -> BrowserContext:
    """Somebody who was never anywhere. Nothing moves for them: it would keep a core busy."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    return context


def log_in_ahead(context: BrowserContext, password: str) -> None:
    """Every page that is opened from now on finds ``USER:PASSWORD`` as the login leaves it."""
    kept = base64.b64encode(password.encode()).decode()
    context.add_init_script(f"localStorage.setItem('{PASSWORD_KEY}', '{kept}')")
