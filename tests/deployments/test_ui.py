"""What an operator sees and clicks, in both of Prefect's UIs, over one real desk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tasks.outcome import OutcomeStatus
from tests.browser import PATIENCE_MS, chromium_page, logged_in
from tests.deployments.running_desk import RunningDesk, running_desk

pytestmark = [pytest.mark.browser, pytest.mark.prefect, pytest.mark.timeout(300)]

CLASSIC, V2 = "", "/v2"
BOTH_UIS = pytest.mark.parametrize("ui", [CLASSIC, V2], ids=["classic", "v2"])
HEARD_S = 10.0
RED = re.compile(r"rgb\((2[0-4]\d|25[0-5]), \d{1,2}, \d{1,2}\)")


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with chromium_page() as page:
        yield page


@pytest.fixture(scope="module")
def desk(page: Page, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    expect.set_options(timeout=PATIENCE_MS)
    with running_desk(tmp_path_factory.mktemp("ui")) as desk:
        logged_in(page, desk.password)
        yield desk


@pytest.fixture(scope="module", autouse=True)
def ahead(desk: RunningDesk) -> Iterator[dict[str, Future[dict[str, Any]]]]:
    """Runs that take long, one after the other while the browser looks at other pages."""
    with ThreadPoolExecutor(1) as thread:

        def unwind() -> dict[str, Any]:
            desk.refuse_perpetual_orders(4)
            return desk.run("signal-intake/live", signal=desk.entry())

        yield {
            "unwound": thread.submit(unwind),
            "rollup": thread.submit(desk.run, "pnl-rollup/live"),
        }


@pytest.fixture
def unwound(ahead: dict[str, Future[dict[str, Any]]]) -> dict[str, Any]:
    """A signal whose perpetual leg was refused until the spot leg was given back."""
    return ahead["unwound"].result()


@pytest.fixture
def rollup(ahead: dict[str, Future[dict[str, Any]]]) -> dict[str, Any]:
    """The books, with the unwound pair in them."""
    return ahead["rollup"].result()


def go(page: Page, url: str) -> None:
    """What is looked for is waited for, so nothing else of the page need be there."""
    page.goto(url, wait_until="commit")


def open_deployment(page: Page, desk: RunningDesk, ui: str, name: str) -> Locator:
    """The switch on the page of ``name``."""
    go(page, f"{desk.ui}{ui}/deployments/deployment/{desk.deployment_id(name)}")
    return page.get_by_role("switch")


def open_run(page: Page, desk: RunningDesk, ui: str, run_id: str) -> Locator:
    """The page of a run, which shows its log."""
    go(page, f"{desk.ui}{ui}/runs/flow-run/{run_id}")
    return page.locator("body")


def test_the_classic_ui_leads_to_the_other_one(page: Page, desk: RunningDesk) -> None:
    go(page, f"{desk.ui}{CLASSIC}/deployments")

    page.get_by_text("Switch to V2 UI").click()

    page.wait_for_url(f"{desk.ui}{V2}/**")


@BOTH_UIS
@pytest.mark.parametrize(
    "name", ["entry/live", "signal-intake/live", "exit-validation/live", "executor/live"]
)
def test_what_can_be_paused_shows_its_switch(
    page: Page, desk: RunningDesk, ui: str, name: str
) -> None:
    switch = open_deployment(page, desk, ui, name)

    expect(switch).to_have_count(1)
    expect(switch).to_be_visible()
    expect(switch).to_be_checked()


@BOTH_UIS
@pytest.mark.usefixtures("unwound")
def test_the_switch_of_entry_stops_both_doors_until_it_is_on_again(
    page: Page, desk: RunningDesk, ui: str
) -> None:
    switch = open_deployment(page, desk, ui, "entry/live")
    switch.click()
    desk.wait_until("entry is off", lambda: desk.switches()["entry/live"], HEARD_S)

    outcome = desk.fast(desk.entry())
    run = desk.run("signal-intake/live", signal=desk.entry())

    assert outcome.status is OutcomeStatus.DENIED
    assert outcome.reason is not None
    assert outcome.reason.startswith("paused: ")
    assert run["state"]["name"] == "Denied"
    log = open_run(page, desk, ui, run["id"])
    expect(log).to_contain_text("Denied (paused): entry/live is paused")

    open_deployment(page, desk, ui, "entry/live").click()
    desk.wait_until("entry is on", lambda: not desk.switches()["entry/live"], HEARD_S)

    assert desk.fast(desk.entry()).status is OutcomeStatus.HEDGED


@BOTH_UIS
@pytest.mark.usefixtures("unwound")
def test_an_entry_from_the_run_form_tells_its_story(page: Page, desk: RunningDesk, ui: str) -> None:
    reason = f"from the form of {ui or 'the classic UI'}"
    go(page, f"{desk.ui}{ui}/deployments/deployment/{desk.deployment_id('entry/live')}/run")
    for name, text in (("quantity", "0.010"), ("reason", reason)):
        # The classic UI does not tie its labels to their fields.
        field = page.locator(".p-label").filter(has_text=f"{name} (Optional)").locator("textarea")
        (field if ui == CLASSIC else page.get_by_label(name)).fill(text)

    page.get_by_role("button", name="Submit", exact=True).click()

    asked = {"quantity": "0.010", "reason": reason}
    desk.wait_until("the run", lambda: bool(desk.runs_with("entry/live", **asked)), HEARD_S)
    [run_id] = desk.runs_with("entry/live", **asked)
    desk.ended(run_id)
    shown = open_run(page, desk, ui, run_id)
    expect(page.get_by_text("Hedged", exact=True).first).to_be_visible()
    for told in (
        f"an operator enters BTC: {reason}",
        "Hedged: pair p",
        "upbit: buy 0.01 at",
        "binance: sell 0.010 at",
        "executable premium",
    ):
        expect(shown).to_contain_text(told)


@BOTH_UIS
def test_a_failed_run_is_red_and_says_what_happened_and_what_to_do(
    page: Page, desk: RunningDesk, unwound: dict[str, Any], ui: str
) -> None:
    shown = open_run(page, desk, ui, unwound["id"])

    badge = page.get_by_text("Unwound", exact=True).first
    expect(badge).to_be_visible()
    colours = badge.evaluate(
        "e => [e, e.parentElement].flatMap(x => {"
        "const style = getComputedStyle(x); return [style.color, style.backgroundColor]})"
    )
    assert any(RED.fullmatch(colour) for colour in colours), colours
    expect(shown).to_contain_text("Margin is insufficient")
    expect(shown).to_contain_text("the venue shows 0.01 filled at")
    expect(shown).to_contain_text("What to do: Nothing is held")


@BOTH_UIS
def test_the_rollup_leaves_a_table_and_a_chart_that_is_drawn(
    page: Page, desk: RunningDesk, rollup: dict[str, Any], ui: str
) -> None:
    go(page, f"{desk.ui}{ui}/runs/flow-run/{rollup['id']}")
    page.get_by_text("Artifacts", exact=True).last.click()
    expect(page.get_by_text("pnl-chart")).to_be_visible()
    expect(page.get_by_text("pnl-daily")).to_be_visible()

    go(page, f"{desk.ui}{ui}/artifacts/artifact/{desk.artifact_id(rollup['id'], 'pnl-daily')}")
    expect(page.get_by_text("slippage", exact=True)).to_be_visible()
    go(page, f"{desk.ui}{ui}/artifacts/artifact/{desk.artifact_id(rollup['id'], 'pnl-chart')}")
    chart = page.get_by_role("img", name="Result by day")
    expect(chart).to_be_visible()
    drawn = "e => e.decode().then(() => e.naturalWidth)"
    assert chart.evaluate(drawn) > 0
