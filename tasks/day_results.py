"""What ended pairs brought, by KST day: the daily loss limit is judged by it."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal

from tasks.kst import kst_day


class DayResults:
    """Net results in KRW of the pairs that ended on each day."""

    def __init__(self) -> None:
        self._by_day: defaultdict[date, Decimal] = defaultdict(Decimal)

    def add(self, ended_at: datetime, net_krw: Decimal) -> None:
        self._by_day[kst_day(ended_at)] += net_krw

    def of_day(self, moment: datetime) -> Decimal:
        """The day that ``moment`` belongs to; 0 when nothing ended."""
        return self._by_day.get(kst_day(moment), Decimal(0))
