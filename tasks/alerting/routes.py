"""Which alerts go where: by level for each channel, and by type where a route says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tasks.alert import AlertLevel, AlertType
from tasks.alerting.notice import Notice

CHANNELS = ("slack", "discord", "telegram", "email")


@dataclass(frozen=True, slots=True)
class Routes:
    levels: Mapping[str, AlertLevel]
    """Channel → the lowest level that goes there."""
    types: Mapping[AlertType, frozenset[str]] = field(default_factory=dict)
    """Types that go to these channels and no others, whatever their level."""

    def leads_to(self, channel: str, notice: Notice) -> bool:
        """The end of a trouble goes where the trouble went."""
        only = self.types.get(notice.alert.type)
        if only is not None:
            return channel in only
        return notice.row_level.rank >= self.levels[channel].rank


def parse_route(text: str) -> tuple[AlertType, frozenset[str]]:
    """``TRADE_EXECUTED=slack,email``; nothing after the sign: nowhere. Raises ValueError."""
    name, sign, places = text.partition("=")
    channels = frozenset(place.strip() for place in places.split(",") if place.strip())
    if not sign or name not in tuple(AlertType) or not channels <= set(CHANNELS):
        raise ValueError(
            "expected a type of alert and channels such as TRADE_EXECUTED=slack,email (of "
            f"{', '.join(CHANNELS)}; nothing after the sign: nowhere)"
        )
    return AlertType(name), channels


def parse_routes(texts: Iterable[str]) -> Mapping[AlertType, frozenset[str]]:
    return dict(map(parse_route, texts))
