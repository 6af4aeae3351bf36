"""A small chart as SVG: each day's result as a bar, the running total as a line."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

WIDTH, HEIGHT, MARGIN = 720, 260, 34
WIDEST_BAR = 48.0
GAIN, LOSS, TOTAL, INK = "#2f9e44", "#e03131", "#1c7ed6", "#868e96"


@dataclass(frozen=True, slots=True)
class DayResult:
    """Net result of a Korean day and of all days up to it, KRW."""

    day: date
    net: Decimal
    total: Decimal


def chart_markdown(days: Sequence[DayResult]) -> str:
    """The chart as an image inside markdown, which the Prefect UI shows in place."""
    if not days:
        return "No pair has ended yet."
    data = base64.b64encode(chart_svg(days).encode()).decode()
    last = days[-1]
    alt = f"Result by day: {last.day} {last.net:,.0f} KRW, in all {last.total:,.0f} KRW"
    return f"![{alt}](data:image/svg+xml;base64,{data})\n\n{alt}."


def chart_svg(days: Sequence[DayResult]) -> str:
    """Bars and line share one scale, so that they can be compared."""
    values = [value for item in days for value in (item.net, item.total)]
    high, low = max(*values, Decimal(0)), min(*values, Decimal(0))
    span = (high - low) or Decimal(1)
    step = (WIDTH - 2 * MARGIN) / len(days)
    width = min(step * 0.7, WIDEST_BAR)

    def y(value: Decimal) -> float:
        return MARGIN + float((high - value) / span) * (HEIGHT - 2 * MARGIN)

    def x(index: int) -> float:
        return MARGIN + step * (index + 0.5)

    bars = "".join(
        f'<rect x="{x(index) - width / 2:.1f}" y="{min(y(item.net), y(Decimal(0))):.1f}" '
        f'width="{width:.1f}" height="{abs(y(item.net) - y(Decimal(0))):.1f}" '
        f'fill="{GAIN if item.net >= 0 else LOSS}"/>'
        for index, item in enumerate(days)
    )
    points = " ".join(f"{x(index):.1f},{y(item.total):.1f}" for index, item in enumerate(days))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="11">'
        f"{bars}"
        f'<line x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{y(Decimal(0)):.1f}" '
        f'y2="{y(Decimal(0)):.1f}" stroke="{INK}"/>'
        f'<polyline points="{points}" fill="none" stroke="{TOTAL}" stroke-width="2"/>'
        f'<circle cx="{x(len(days) - 1):.1f}" cy="{y(days[-1].total):.1f}" r="3" fill="{TOTAL}"/>'
        f'<text x="{MARGIN}" y="{MARGIN - 12}" fill="{INK}">{high:,.0f} KRW</text>'
        f'<text x="{MARGIN}" y="{HEIGHT - 20}" fill="{INK}">{low:,.0f} KRW</text>'
        f'<text x="{MARGIN}" y="{HEIGHT - 5}" fill="{INK}">{days[0].day}</text>'
        f'<text x="{WIDTH - MARGIN}" y="{HEIGHT - 5}" fill="{INK}" text-anchor="end">'
        f"{days[-1].day}</text>"
        f'<text x="{WIDTH - MARGIN}" y="{MARGIN - 12}" fill="{INK}" text-anchor="end">'
        f'<tspan fill="{GAIN}">gain</tspan> / <tspan fill="{LOSS}">loss</tspan> of the day, '
        f'<tspan fill="{TOTAL}">in all</tspan></text>'
        "</svg>"
    )
