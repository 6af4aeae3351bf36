"""A person before one of Prefect's two UIs: what is looked for is looked for on the page."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.deployments.running_desk import RunningDesk
from tests.deployments.whole_desk.pictures import Pictures

CLASSIC, V2 = "", "/v2"
HEARD_S = 30.0
NOWHERE = "/nowhere"
NOT_FOUND = re.compile("^(Page not found|Not Found)$")
"""What either UI says at an address that it does not know, and asks its server nothing."""
SETTLED = re.compile(r"[?&]tab=Runs")
"""A deployment's page completes its own address; one left earlier would come back for that."""
CREATED = re.compile("/create_flow_run$")
GO = """address => {
    history.pushState(null, "", address)
    dispatchEvent(new PopStateEvent("popstate"))
}"""
"""The routers of both UIs follow the browser's history, as they do for its back button."""


class Operator:
    """Knows addresses and where to click; what is seen is the test's to judge."""

    def __init__(self, page: Page, desk: RunningDesk, ui: str) -> None:
        self.page = page
        self.desk = desk
        self.ui = ui
        self._pictures = Pictures(ui.strip("/") or "classic")

    def open(self, path: str) -> Locator:
        """The page at ``path``. What is looked for on it is waited for, so nothing else need be
        there yet.

        An app that is there already is asked for its page: to load all of it again takes seconds
        of computing. It shows nothing of the page before: that one is left first.
        """
        if self.is_in_the_app():
            self.look_away()
            self.page.evaluate(GO, f"{self.ui}{path}")
        else:
            self.page.goto(f"{self.desk.ui}{self.ui}{path}", wait_until="commit")
        return self.page.locator("body")

    def look_away(self) -> None:
        """Leave the page, which asks its server again and again."""
        self.page.evaluate(GO, f"{self.ui}{NOWHERE}")
        expect(self.page.get_by_text(NOT_FOUND)).to_be_visible()

    def leave(self) -> None:
        """Close the app; the next page is loaded from the server."""
        self.page.goto("about:blank")

    def is_in_the_app(self) -> bool:
        """Is a page of this UI open?"""
        path = self.page.url.removeprefix(self.desk.ui)
        return path.startswith("/") and path.startswith(V2) == (self.ui == V2)

    def log_in(self, password: str) -> None:
        self.page.locator("input[type=password]").fill(password)
        self.page.get_by_role("button", name="Login", exact=True).click()

    def deployment(self, name: str) -> Locator:
        """The switch on the page of ``name``."""
        self.open(f"/deployments/deployment/{self.desk.deployment_id(name)}")
        self.page.wait_for_url(SETTLED)
        return self.page.get_by_role("switch")

    def pause_entries(self) -> None:
        """Click the switch of ``entry/live``; returns when the desk has heard of it, away from the
        page."""
        switch = self.deployment("entry/live")
        expect(switch).to_be_checked()
        switch.click()
        self.desk.wait_until("entry is off", lambda: self.desk.switches()["entry/live"], HEARD_S)
        expect(switch).not_to_be_checked()
        self.picture("paused")
        self.look_away()

    def resume_entries(self) -> None:
        """Click it again; returns when the desk takes entries. Of a deployment that is paused as a
        whole it is the upper one: that of its schedule cannot be clicked then."""
        switch = self.deployment("entry/live").first
        expect(switch).not_to_be_checked()
        switch.click()
        self.desk.wait_until("entries are taken", self.desk.takes_entries, HEARD_S)
        expect(switch).to_be_checked()
        self.picture("resumed")
        self.look_away()

    def enter(self, quantity: str, reason: str) -> Locator:
        """Fill in and submit the Run form of ``entry/live``; the log of the ended run."""
        self.deployment("entry/live")
        self.page.get_by_role("button", name="Run", exact=True).first.click()
        self.page.get_by_text("Custom run").first.click()
        for name, text in (("quantity", quantity), ("reason", reason)):
            # The classic UI does not tie its labels to their fields.
            label = self.page.locator(".p-label").filter(has_text=f"{name} (Optional)")
            field = (
                label.locator("textarea") if self.ui == CLASSIC else self.page.get_by_label(name)
            )
            field.fill(text)
        self.picture("form")
        with self.page.expect_response(CREATED) as answer:
            self.page.get_by_role("button", name="Submit", exact=True).click()
        self.page.wait_for_url(SETTLED)
        self.look_away()
        run = self.desk.ended(answer.value.json()["id"])
        assert {"quantity": quantity, "reason": reason}.items() <= run["parameters"].items()
        return self.run(run["id"])

    def run(self, run_id: str) -> Locator:
        """The log on the page of a run, without anything that stands beside it."""
        page = self.open(f"/runs/flow-run/{run_id}")
        return page.locator(".flow-run-logs pre") if self.ui == CLASSIC else page.get_by_role("log")

    def cancel(self, run_id: str) -> None:
        """Click the run away; what becomes of it is the page's to show."""
        self.run(run_id)
        if self.ui == CLASSIC:
            self.page.get_by_role("button", name="Cancel", exact=True).click()
            sure = self.page.get_by_role("button", name="Confirm", exact=True)
        else:
            self.page.get_by_role("button", name="Open menu", exact=True).first.click()
            self.page.get_by_role("menuitem", name="Cancel", exact=True).click()
            sure = self.page.get_by_role("button", name="Cancel Flow Run", exact=True)
        sure.click()
        expect(sure).to_have_count(0)

    def hot_worker(self) -> Locator:
        """Its row on the page of its pool."""
        page = self.open("/work-pools/work-pool/hot?tab=Workers")
        return page.get_by_role("row").filter(has_text="hot-worker")

    def picture(self, step: str) -> None:
        """Keep what the page shows now, for who asked for pictures."""
        self._pictures.take(self.page, step)

    def badge(self, state: str) -> Locator:
        """The state of the run whose page is open."""
        return self.page.get_by_text(state, exact=True).first
