"""A home on which an executor has lived that does no more."""

from __future__ import annotations

import os

from exchanges.clock import SystemClock
from tasks.settings import Settings
from warehouse import Journal
from warehouse.lease_records import LeaseReleased
from warehouse.records import RecordType


def died(settings: Settings, *, released_to: int | None = -1) -> Settings:
    """-1: it ended without a word; None: in order."""
    journal = Journal.open(settings.journal_dir, SystemClock().now)
    if released_to != -1:
        released = LeaseReleased(
            pid=os.getpid(), reason="asked to stop", heir=released_to, cancelled=[], open_pairs=[]
        )
        journal.write(RecordType.LEASE_RELEASED, released)
    journal.close()
    return settings
