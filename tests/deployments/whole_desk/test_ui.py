"""What an operator sees and clicks, in both of Prefect's UIs, over one real desk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tasks.outcome import OutcomeStatus
from tests.browser import PATIENCE_MS, chromium, log_in_ahead, visitor
from tests.deployments.running_desk import RunningDesk
from tests.deployments.whole_desk.operator import CLASSIC, V2, Operator

pytestmark = [pytest.mark.browser, pytest.mark.prefect, pytest.mark.timeout(600)]

BACK_S = 120.0
PAUSED = "paused:entry/live"
FIRST_PAGE_MS = 60_000
"""A UI that its browser has never opened, on a busy machine."""
LONG = {"start": "2021-03-02T00:00:00Z", "end": "2021-06-30T00:00:00Z"}
"""More of history than is replayed within a test."""
ONLINE, OFFLINE = re.compile("online", re.IGNORECASE), re.compile("offline", re.IGNORECASE)
"""The classic UI writes it small and shows it great."""
RED = re.compile(r"rgb\((2[0-4]\d|25[0-5]), \d{1,2}, \d{1,2}\)")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        expect.set_options(timeout=PATIENCE_MS)
        yield browser


@pytest.fixture(scope="module")
def operators(browser: Browser, desk: RunningDesk) -> dict[str, Operator]:
    """One before each UI, both of somebody who has typed in the password before."""
    context = visitor(browser)
    log_in_ahead(context, desk.password)
    return {ui: Operator(context.new_page(), desk, ui) for ui in (CLASSIC, V2)}


@pytest.fixture
def stranger(browser: Browser) -> Iterator[Page]:
    """Knows no password."""
    context = visitor(browser)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module", autouse=True)
def ahead(desk: RunningDesk) -> Iterator[dict[str, Future[dict[str, Any]]]]:
    """Runs that take long, one after the other while the browser looks at other pages."""
    with ThreadPoolExecutor(1) as thread:

        def unwind() -> dict[str, Any]:
            desk.venues.refuse_perpetual_orders(4)
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


@pytest.fixture(params=[CLASSIC, V2], ids=["classic", "v2"])
def operator(operators: dict[str, Operator], request: pytest.FixtureRequest) -> Iterator[Operator]:
    """Before either UI."""
    operator = operators[request.param]
    yield operator
    if operator.is_in_the_app():
        operator.look_away()


def test_the_classic_ui_leads_to_the_other_one(operators: dict[str, Operator]) -> None:
    operator = operators[CLASSIC]
    operator.open("/deployments")

    operator.page.get_by_text("Switch to V2 UI").click()

    operator.page.wait_for_url(f"{operator.desk.ui}{V2}/**")
    operator.leave()


@pytest.mark.parametrize(
    "name", ["entry/live", "signal-intake/live", "exit-validation/live", "executor/live"]
)
def test_what_can_be_paused_shows_its_switch(operator: Operator, name: str) -> None:
    switch = operator.deployment(name)

    expect(switch).to_have_count(1)
    expect(switch).to_be_visible()
    expect(switch).to_be_checked()


def test_nobody_sees_anything_without_the_password(operator: Operator, stranger: Page) -> None:
    newcomer = Operator(stranger, operator.desk, operator.ui)
    shown = stranger.get_by_text("signal-intake")
    newcomer.open("/deployments")
    password = stranger.locator("input[type=password]")
    expect(password).to_be_visible(timeout=FIRST_PAGE_MS)
    with stranger.expect_response(lambda answer: answer.status == 401):
        password.fill("kimp:wrong-password")
        password.press("Enter")
    expect(
        stranger.get_by_text(re.compile("Authentication failed|Invalid credentials")).first
    ).to_be_visible()
    expect(shown).to_have_count(0)

    expect(password).to_be_enabled()
    newcomer.log_in(operator.desk.password)

    expect(shown.first).to_be_visible()


def test_an_operators_day(operator: Operator, unwound: dict[str, Any]) -> None:
    entered = operator.enter("0.010", f"morning {operator.ui}")
    assert_hedged(operator, entered, f"morning {operator.ui}")
    operator.picture("hedged")

    operator.deployment("entry/live")
    expect(operator.page.get_by_text("Hedged", exact=True).first).to_be_visible()
    operator.picture("hedged among the runs")
    operator.pause_entries()
    assert_refused(operator, operator.enter("0.010", f"while paused {operator.ui}"))
    operator.picture("refused")
    refused = operator.desk.fast(operator.desk.entry())
    assert (refused.status, (refused.reason or "")[:8]) == (OutcomeStatus.DENIED, "paused: ")

    operator.resume_entries()
    again = operator.enter("0.010", f"afternoon {operator.ui}")
    assert_hedged(operator, again, f"afternoon {operator.ui}")
    operator.picture("hedged again")

    assert_red_with_what_to_do(operator, operator.run(unwound["id"]))
    operator.picture("unwound")


def test_what_was_stopped_by_command_is_taken_back_by_a_click(operator: Operator) -> None:
    desk = operator.desk
    desk.switch("entry/live", on=False)
    desk.wait_until("entry is off", lambda: desk.switches()["entry/live"], BACK_S)

    operator.resume_entries()

    assert not desk.is_paused("entry/live")
    entered = desk.entered()
    assert entered.status is OutcomeStatus.HEDGED, entered


def test_the_rollup_leaves_a_table_and_a_chart_that_is_drawn(
    operator: Operator, rollup: dict[str, Any]
) -> None:
    page, desk = operator.page, operator.desk
    operator.run(rollup["id"])
    page.get_by_text("Artifacts", exact=True).last.click()
    expect(page.get_by_text("pnl-chart")).to_be_visible()
    expect(page.get_by_text("pnl-daily")).to_be_visible()

    operator.open(f"/artifacts/artifact/{desk.artifact_id(rollup['id'], 'pnl-daily')}")
    expect(page.get_by_text("slippage", exact=True)).to_be_visible()
    operator.picture("books")
    operator.open(f"/artifacts/artifact/{desk.artifact_id(rollup['id'], 'pnl-chart')}")
    chart = page.get_by_role("img", name="Result by day")
    expect(chart).to_be_visible()
    drawn = "e => e.decode().then(() => e.naturalWidth)"
    assert chart.evaluate(drawn) > 0
    operator.picture("chart")


def test_what_waits_for_a_worker_that_hangs_is_cancelled_by_a_click(
    operators: dict[str, Operator], desk: RunningDesk
) -> None:
    signals = {operator: desk.entry() for operator in operators.values()}
    for operator in signals:
        expect(operator.hot_worker()).to_contain_text(ONLINE)
        operator.picture("worker online")
        operator.look_away()

    with desk.frozen_hot_worker():
        for operator, signal in signals.items():
            operator.cancel(desk.start("signal-intake/live", signal=signal))
            expect(operator.badge("Cancelled")).to_be_visible()
            operator.picture("cancelled before it began")
            operator.look_away()
        for operator in signals:
            expect(operator.hot_worker()).to_contain_text(OFFLINE)
            operator.picture("worker offline")
            operator.look_away()

    # Signals go in the order of their runs: whatever the worker heard of those two was before it.
    later = desk.run("signal-intake/live", signal=desk.entry())
    assert later["state"]["type"] == "COMPLETED", later["state"]
    for operator, signal in signals.items():
        assert desk.fast(signal).status is not OutcomeStatus.DUPLICATE  # nobody has decided it
        expect(operator.hot_worker()).to_contain_text(ONLINE)
        operator.look_away()


def test_a_run_at_work_is_cancelled_by_a_click(
    operators: dict[str, Operator], desk: RunningDesk
) -> None:
    """In one UI, and seen in the other: it takes a process of its own, which ends with it."""
    clicked, other = operators[V2], operators[CLASSIC]
    run = desk.start("backtest/live", **LONG)
    desk.wait_until("the backtest begins", lambda: desk.state_of(run) == "Running", BACK_S)
    assert desk.has_process(run)

    clicked.cancel(run)

    expect(clicked.badge("Cancelled")).to_be_visible()
    clicked.picture("cancelled at work")
    clicked.look_away()
    desk.wait_until("its process is gone", lambda: not desk.has_process(run), BACK_S)
    log = other.run(run)
    expect(other.badge("Cancelled")).to_be_visible()
    expect(log).to_contain_text("Flow run was cancelled.")
    other.picture("cancelled at work")
    other.look_away()


def test_an_operators_day_with_the_server_killed_in_the_middle(
    operators: dict[str, Operator], desk: RunningDesk, unwound: dict[str, Any]
) -> None:
    """Last, because the server is away for a while. Both UIs in turn, so that once is enough."""
    classic, v2 = (both := operators.values())
    for operator in both:
        when = f"before the end of the server {operator.ui}"
        assert_hedged(operator, operator.enter("0.010", when), when)
        operator.picture("hedged before the end of the server")
        operator.look_away()
    classic.pause_entries()
    v2.resume_entries()
    v2.pause_entries()

    desk.kill_prefect()
    for operator in both:
        operator.leave()

    desk.wait_until("silence is heard", lambda: "switch_silent" in desk.blocks(), BACK_S)
    assert desk.fast(desk.entry()).status is OutcomeStatus.DENIED
    desk.wait_until("the server is back", desk.prefect_answers, BACK_S)
    desk.wait_until("its switches are heard", lambda: desk.blocks() == [PAUSED], BACK_S)
    for operator in both:
        assert_refused(operator, operator.enter("0.010", f"after its return {operator.ui}"))
        operator.picture("refused after its return")
        operator.look_away()
    v2.resume_entries()
    v2.pause_entries()
    classic.resume_entries()
    for operator in both:
        when = f"in the evening {operator.ui}"
        assert_hedged(operator, operator.enter("0.010", when), when)
        operator.picture("hedged in the evening")
        assert_red_with_what_to_do(operator, operator.run(unwound["id"]))
        operator.picture("unwound in the evening")
        operator.look_away()


def assert_hedged(operator: Operator, log: Locator, reason: str) -> None:
    """The log of an entry by hand tells its whole story."""
    expect(operator.badge("Hedged")).to_be_visible()
    for told in (
        f"an operator enters BTC: {reason}",
        "Hedged: pair p",
        "upbit: buy 0.01 at",
        "binance: sell 0.010 at",
        "executable premium",
    ):
        expect(line(log, told)).to_be_visible()


def assert_refused(operator: Operator, log: Locator) -> None:
    expect(operator.badge("Denied")).to_be_visible()
    expect(line(log, "Denied (paused): entry/live is paused in Prefect: no new")).to_be_visible()


def assert_red_with_what_to_do(operator: Operator, log: Locator) -> None:
    """The page of a signal that had to be unwound."""
    badge = operator.badge("Unwound")
    expect(badge).to_be_visible()
    colours = badge.evaluate(
        "e => [e, e.parentElement].flatMap(x => {"
        "const style = getComputedStyle(x); return [style.color, style.backgroundColor]})"
    )
    assert any(RED.fullmatch(colour) for colour in colours), colours
    expect(log).to_contain_text("a leg is missing, spot 0.01, perpetual 0 BTC: perpetual: ")
    expect(log).to_contain_text("Margin is insufficient")
    expect(log).to_contain_text("the venue shows 0.01 filled at")
    expect(line(log, "What to do: Nothing is held")).to_be_visible()


def line(log: Locator, beginning: str) -> Locator:
    """One of our own: Prefect's last one repeats the message of the state."""
    return log.get_by_text(re.compile(f"^{re.escape(beginning)}"))
