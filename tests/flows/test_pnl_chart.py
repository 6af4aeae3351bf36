from __future__ import annotations

import base64
from datetime import date, timedelta
from decimal import Decimal
from xml.etree import ElementTree

from flows.pnl_chart import GAIN, LOSS, DayResult, chart_markdown, chart_svg

NAMESPACE = "{http://www.w3.org/2000/svg}"


def days(*results: int) -> list[DayResult]:
    first, total, shown = date(2026, 1, 1), 0, []
    for index, result in enumerate(results):
        total += result
        shown.append(DayResult(first + timedelta(index), Decimal(result), Decimal(total)))
    return shown


def test_a_gain_stands_above_the_line_and_a_loss_hangs_below() -> None:
    svg = ElementTree.fromstring(chart_svg(days(300, -100)))

    gain, loss = svg.findall(f"{NAMESPACE}rect")
    [zero] = svg.findall(f"{NAMESPACE}line")
    assert (gain.get("fill"), loss.get("fill")) == (GAIN, LOSS)
    bottom_of_gain = float(gain.attrib["y"]) + float(gain.attrib["height"])
    assert bottom_of_gain == float(zero.attrib["y1"]) == float(loss.attrib["y"])
    assert float(gain.attrib["height"]) > 2.9 * float(loss.attrib["height"])


def test_days_without_any_result_still_make_a_chart() -> None:
    svg = ElementTree.fromstring(chart_svg(days(0, 0)))

    assert [rect.get("height") for rect in svg.findall(f"{NAMESPACE}rect")] == ["0.0", "0.0"]


def test_the_chart_is_an_image_inside_markdown_with_its_figures_as_text() -> None:
    text = chart_markdown(days(1500))

    assert "2026-01-01 1,500 KRW, in all 1,500 KRW" in text
    data = text.split("base64,")[1].split(")")[0]
    assert base64.b64decode(data).startswith(b"<svg")


def test_before_the_first_result_it_says_so() -> None:
    assert chart_markdown([]) == "No pair has ended yet."
