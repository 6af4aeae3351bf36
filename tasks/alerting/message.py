"""What a channel sends: a batch of alerts in words, with a level and its colour.

Plain text; each channel escapes it for its provider and cuts it to the provider's limit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.alert import AlertLevel
from tasks.alerting.notice import Notice
from tasks.alerting.outbox import Batch, Waiting
from tasks.kst import KST

LONGEST_ALERT = 500
"""Characters of one alert's sentence; the whole of it is in `kimp alerts`."""
RECOVERED = "recovered"
COLOURS = {
    AlertLevel.INFO.value: 0x2F81F7,
    AlertLevel.WARNING.value: 0xD29922,
    AlertLevel.CRITICAL.value: 0xDA3633,
    RECOVERED: 0x2EA043,
}
SIGNS = {
    AlertLevel.INFO.value: "🔵",
    AlertLevel.WARNING.value: "🟡",
    AlertLevel.CRITICAL.value: "🔴",
    RECOVERED: "🟢",
}
"""For where there are no colours."""


@dataclass(frozen=True, slots=True)
class Line:
    """One alert."""

    level: str
    """``info``, ``warning``, ``critical`` or ``recovered``."""
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    level: str
    """The worst of its lines."""
    title: str
    """A line of at most 100 characters."""
    lines: tuple[Line, ...]
    name: str
    """The same for every try at the same alerts."""

    @property
    def colour(self) -> int:
        """RGB."""
        return COLOURS[self.level]


def compose(batch: Batch, desk: str) -> Message:
    """``desk`` says which one speaks: ``live`` or ``paper``."""
    lines = [_line(item) for item in batch.told]
    counted: Counter[str] = Counter()
    for item in batch.counted:
        counted[item.notice.alert.type.value] += len(item.numbers)
    for what, types in (("more", counted), ("more that there was no room for", batch.dropped)):
        if types:
            text = f"{types.total():,} {what}: {_by_type(types)}; see `kimp alerts`."
            lines.append(Line(AlertLevel.INFO.value, text))
    level = _worst(lines)
    return Message(level, _title(batch, level, desk), tuple(lines), _name(batch))


def cut(text: str, most: int) -> str:
    """At most ``most`` characters, and an ellipsis for the rest."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def hold_back(lines: Sequence[str], most: int) -> list[str]:
    """As many of ``lines`` as fit into ``most`` characters with a line break after each, and how
    many did not."""
    kept: list[str] = []
    room = most - 60
    for place, line in enumerate(lines):
        room -= len(line) + 1
        if room < 0:
            kept.append(f"… and {len(lines) - place} more lines; see `kimp alerts`.")
            break
        kept.append(line)
    return kept


def _line(item: Waiting) -> Line:
    notice, alert = item.notice, item.notice.alert
    about = " ".join(filter(None, (alert.pair_id, alert.subject)))
    times = f" ({len(item.numbers)} times)" if len(item.numbers) > 1 else ""
    level = RECOVERED if notice.is_over else alert.level.value
    said = cut(alert.message, LONGEST_ALERT)
    at = notice.at.astimezone(KST).strftime("%H:%M:%S")
    # A pair that the sentence names already is not named twice.
    named = "" if not about or about in said else f" {about}"
    return Line(level, f"{at} {alert.type.value}{named}: {said}{times} [{notice.row_id}]")


def _name(batch: Batch) -> str:
    """Numbers begin anew with a journal, so the time belongs to it."""
    alerts = [item.notice for item in batch.told]
    if not alerts:
        return f"dropped-{batch.dropped.total()}"
    first, last = min(alerts, key=_number), max(alerts, key=_number)
    return f"{first.at:%Y%m%d%H%M%S}-a{first.number}-a{last.number}"


def _number(notice: Notice) -> int:
    return notice.number


def _title(batch: Batch, level: str, desk: str) -> str:
    types = Counter(item.notice.alert.type.value for item in batch.told)
    if len(types) == 1 and len(batch.told) == 1 and not batch.counted and not batch.dropped:
        return cut(f"kimp {desk}: {level.upper()} {next(iter(types))}", 100)
    total = len(batch.numbers()) + batch.dropped.total()
    return cut(f"kimp {desk}: {level.upper()}, {total:,} alerts: {_by_type(types)}", 100)


def _worst(lines: Sequence[Line]) -> str:
    order = (RECOVERED, *(level.value for level in AlertLevel))
    return max((line.level for line in lines), key=order.index)


def _by_type(types: Counter[str]) -> str:
    return ", ".join(
        name if count == 1 else f"{name} ×{count:,}" for name, count in types.most_common()
    )
