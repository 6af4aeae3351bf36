"""The report for a terminal: readable at 100 columns, figures aligned, missing said out loud."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from rich.console import Console, Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from warehouse.exact import plain_text
from warehouse.kst import KST, kst_day
from warehouse.report import LegLine, PairLine, Period, Report, Trade, Unhedged

MISSING = "missing"


def render_report(report: Report) -> RenderableType:
    """What :meth:`rich.console.Console.print` shows."""
    parts: list[RenderableType] = [
        Text(
            f"Books of {report.day} (Korean day), made {_moment(report.made_at)}, "
            f"{report.records:,} journal records",
            style="bold",
        ),
        _periods(report),
    ]
    for title, pairs in (("Open pairs", report.open_pairs), ("Ended pairs", report.ended_pairs)):
        parts.append(Rule(f"{title} ({len(pairs)})", align="left"))
        parts.extend(_pair(pair) for pair in pairs)
    parts.append(Rule(f"Unhedged, {_day_name(report)}", align="left"))
    parts.append(_unhedged(report.unhedged))
    parts.append(Rule(f"Not traded, {_day_name(report)}", align="left"))
    parts.append(_denials(report))
    return Group(*parts)


def report_text(report: Report, width: int = 100) -> str:
    """The same as plain text, for logs and files."""
    console = Console(width=width, color_system=None, force_terminal=False)
    with console.capture() as capture:
        console.print(render_report(report))
    return "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"


def krw(amount: Decimal | None) -> str:
    """Whole won with thousands separators: ``-1,234``; ``missing`` for None."""
    if amount is None:
        return MISSING
    whole = amount.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    return f"{whole + 0:,}"


def percent(value: Decimal | None) -> str:
    return MISSING if value is None else f"{value:+.3f} %"


def _periods(report: Report) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("KRW")
    for name in ("net", "premium", "fx", "funding", "fees", "slippage"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("pairs", justify="right", no_wrap=True)
    table.add_column("won / lost", justify="right", no_wrap=True)
    for period in (report.today, report.week, report.total):
        table.add_row(
            _day_name(report) if period is report.today else period.name,
            _colored(period.net_krw),
            krw(period.premium_krw),
            krw(period.fx_krw),
            _funding(period),
            krw(period.fees_krw),
            krw(period.slippage_krw),
            _count(period),
            f"{period.wins} / {period.losses}",
        )
    return table


def _funding(period: Period) -> str:
    if not period.funding_missing:
        return krw(period.funding_krw)
    if period.funding_krw is None:
        return MISSING
    return f"{krw(period.funding_krw)} ({period.funding_missing} {MISSING})"


def _count(period: Period) -> str:
    unwound = f" + {period.pairs_unwound} unwound" if period.pairs_unwound else ""
    return f"{period.pairs_closed}{unwound}"


def _pair(pair: PairLine) -> RenderableType:
    ended = f" → {_moment(pair.closed_at)}" if pair.closed_at else ""
    head = Text.assemble(
        (f"{pair.pair_id} ", "bold"),
        f"{pair.symbol} {pair.direction} ",
        (pair.state, "red bold" if pair.state in ("naked", "unwound") else "green"),
        f"  {_moment(pair.opened_at)}{ended}",
    )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("  leg", no_wrap=True)
    table.add_column("side", no_wrap=True)
    for name in ("quantity", "average price", "fee"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for what, trades in (
        ("entry", ((pair.spot, pair.spot.entry), (pair.perpetual, pair.perpetual.entry))),
        ("exit", ((pair.spot, pair.spot.exit), (pair.perpetual, pair.perpetual.exit))),
    ):
        for leg, trade in trades:
            if trade is not None:
                table.add_row(*_trade(what, leg, trade))
    signal = f"  signal {pair.signal_id}" + (f", strategy {pair.strategy}" if pair.strategy else "")
    premium = f"  premium at entry {percent(pair.entry_premium_pct)}"
    if pair.closed_at is not None:
        premium += f", at exit {percent(pair.exit_premium_pct)}"
    return Group(head, Text(signal), table, Text(premium), *_result(pair), Text())


def _trade(what: str, leg: LegLine, trade: Trade) -> tuple[str, ...]:
    return (
        f"  {what} {leg.venue}",
        trade.side,
        plain_text(trade.quantity),
        _price(trade.average_price),
        _price(trade.fee),
        leg.currency,
    )


def _price(value: Decimal) -> str:
    """Thousands separators, and as many decimals as there are, eight at most."""
    return f"{value.quantize(Decimal('1E-8')):,f}".rstrip("0").rstrip(".")


def _result(pair: PairLine) -> list[RenderableType]:
    if pair.result is None:
        return []
    result = pair.result
    corrected = f" (corrected, revision {result.revision})" if result.revision > 1 else ""
    line = Text.assemble("  result ", _colored(result.net_krw), f" KRW{corrected} = ")
    line.append(
        f"premium {krw(result.premium_krw)}, fx {krw(result.fx_krw)}, "
        f"funding {krw(result.funding_krw)}, fees {krw(result.fees_krw)}, "
        f"slippage {krw(result.slippage_krw)}"
    )
    return [line]


def _unhedged(unhedged: Unhedged) -> RenderableType:
    if not unhedged.pairs:
        return Text("none")
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for name in ("p50", "p99"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("of", no_wrap=True)
    pairs = f"{unhedged.pairs} {'pair' if unhedged.pairs == 1 else 'pairs'}"
    table.add_row("KRW × s", krw(unhedged.krw_s_p50), krw(unhedged.krw_s_p99), pairs)
    repaired = Text(f"{unhedged.repaired} repaired, orders sent: {unhedged.attempts}")
    if unhedged.naked:
        repaired.append(f", {unhedged.naked} naked", "red bold")
    table.add_row(
        "s from detection to hedged or flat",
        _seconds(unhedged.recovery_s_p50),
        _seconds(unhedged.recovery_s_p99),
        repaired,
    )
    return table


def _seconds(value: Decimal | None) -> str:
    return "-" if value is None else f"{value:,.3f}"


def _denials(report: Report) -> RenderableType:
    if not report.denials:
        return Text("none")
    table = Table(box=None, pad_edge=False)
    table.add_column("count", justify="right")
    table.add_column("reason", no_wrap=True)
    table.add_column("last", no_wrap=True)
    table.add_column("what it said")
    for denial in report.denials:
        table.add_row(
            str(denial.count),
            Text(
                denial.code if denial.code == denial.status else f"{denial.status}: {denial.code}"
            ),
            f"{denial.last_at.astimezone(KST):%H:%M:%S}",
            Text(denial.last_message),
        )
    return table


def _day_name(report: Report) -> str:
    return "today" if report.day == kst_day(report.made_at) else str(report.day)


def _colored(amount: Decimal) -> Text:
    style = "green" if amount > 0 else "red" if amount < 0 else ""
    return Text(krw(amount), style=style)


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(KST):%Y-%m-%d %H:%M:%S} KST"
