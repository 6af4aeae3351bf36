"""What ended pairs brought, by KST day: the daily loss limit is judged by it."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal

from tasks.kst import kst_day


class DayResults:
    """Net results in KRW of the pairs that ended on each day."""

    def __init__(self) -> None:
        self._by_day: defaultdict[date, dict[str, Decimal]] = defaultdict(dict)
        self._day_of: dict[str, date] = {}

    def note(self, pair_id: str, ended_at: datetime, net_krw: Decimal) -> None:
        """How a pair came out; takes the place of what was noted of it before."""
        self.forget(pair_id)
        self._day_of[pair_id] = kst_day(ended_at)
        self._by_day[kst_day(ended_at)][pair_id] = net_krw

    def forget(self, pair_id: str) -> None:
        """The pair has not ended after all."""
        day = self._day_of.pop(pair_id, None)
        if day is not None:
            del self._by_day[day][pair_id]

    def of_day(self, moment: datetime) -> Decimal:
        """The day that ``moment`` belongs to; 0 when nothing ended."""
        return sum(self._by_day.get(kst_day(moment), {}).values(), Decimal(0))
