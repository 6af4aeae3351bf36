"""A person before one of Prefect's two UIs: what is looked for is looked for on the page."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.deployments.running_desk import RunningDesk

CLASSIC, V2 = "", "/v2"
HEARD_S = 30.0


class Operator:
    """Knows addresses and where to click; what is seen is the test's to judge."""

    def __init__(self, page: Page, desk: RunningDesk, ui: str) -> None:
        self.page = page
        self.desk = desk
        self.ui = ui

    def open(self, path: str) -> Locator:
        """The page at ``path``. What is looked for on it is waited for, so nothing else need be
        there yet."""
        self.page.goto(f"{self.desk.ui}{self.ui}{path}", wait_until="commit")
        return self.page.locator("body")

    def look_away(self) -> None:
        """Leave the page, which asks its server again and again."""
        self.page.goto("about:blank")

    def log_in(self, password: str) -> None:
        self.page.locator("input[type=password]").fill(password)
        self.page.get_by_role("button", name="Login", exact=True).click()

    def deployment(self, name: str) -> Locator:
        """The switch on the page of ``name``."""
        self.open(f"/deployments/deployment/{self.desk.deployment_id(name)}")
        return self.page.get_by_role("switch")

    def pause_entries(self) -> None:
        """Click the switch of ``entry/live``; returns when the desk has heard of it."""
        switch = self.deployment("entry/live")
        expect(switch).to_be_checked()
        switch.click()
        self.desk.wait_until("entry is off", lambda: self.desk.switches()["entry/live"], HEARD_S)

    def resume_entries(self) -> None:
        """Click it again; returns when the desk takes entries."""
        switch = self.deployment("entry/live")
        expect(switch).not_to_be_checked()
        switch.click()
        self.desk.wait_until("entries are taken", self.desk.takes_entries, HEARD_S)

    def enter(self, quantity: str, reason: str) -> Locator:
        """Fill in and submit the Run form of ``entry/live``; the page of the ended run."""
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
        self.page.get_by_role("button", name="Submit", exact=True).click()
        asked = {"quantity": quantity, "reason": reason}
        found: list[str] = []

        def is_there() -> bool:
            found[:] = self.desk.runs_with("entry/live", **asked)
            return bool(found)

        self.desk.wait_until("the run", is_there, HEARD_S)
        self.desk.ended(found[0])
        return self.run(found[0])

    def run(self, run_id: str) -> Locator:
        """The page of a run, which shows its log."""
        return self.open(f"/runs/flow-run/{run_id}")

    def badge(self, state: str) -> Locator:
        """The state of the run whose page is open."""
        return self.page.get_by_text(state, exact=True).first
