"""Names of time zones are read from disk once.

Prefect 3.8.8 compares the time zone of a schedule with all that the machine has, each time that it
reads a deployment with one. It asks :func:`zoneinfo.available_timezones`, which walks folders of
some 600 files: tens of milliseconds a schedule in which the server answers nobody, and more than
half of all it does, because switches are read each second.
"""

from __future__ import annotations

from functools import cache


def remember_timezones() -> None:
    """From now on this process walks those folders no more than once."""
    from prefect.types import _datetime

    walk = _datetime.available_timezones  # type: ignore[attr-defined]
    _datetime.available_timezones = cache(walk)  # type: ignore[attr-defined]
