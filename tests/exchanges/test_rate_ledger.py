"""Several processes of one desk stay inside one set of limits."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import stat
import sys
import time
from pathlib import Path

import pytest

from exchanges.clock import SystemClock
from exchanges.rate_budget import OverBudget, RateBudget
from exchanges.rate_window import FINEST, RatePool
from tests.exchanges.manual_clock import ManualClock

HOUR = RatePool("hour", limit=100, interval_s=3_600, reserve=10)
WIDE = RatePool("wide", limit=2_400, interval_s=60, reserve=0)

GRAB = """
import sys
from pathlib import Path
from exchanges.clock import SystemClock
from exchanges.rate_budget import OverBudget, RateBudget
from exchanges.rate_window import RatePool

budget = RateBudget([RatePool("hour", 100, 3_600, 10)], SystemClock(), Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
taken = 0
try:
    while True:
        budget.take({"hour": 1}, urgent=False)
        taken += 1
except OverBudget:
    print(taken, flush=True)
"""


async def _grabber(file: Path) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", GRAB, str(file),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


def test_what_one_takes_the_other_sees(tmp_path: Path) -> None:
    ours = RateBudget([HOUR], SystemClock(), tmp_path / "limits")
    theirs = RateBudget([HOUR], SystemClock(), tmp_path / "limits")

    booking = ours.take({"hour": 30}, urgent=False)
    room_after_taking = theirs.room("hour")
    booking.release()

    assert room_after_taking == 60
    assert theirs.room("hour") == 90
    ours.close()
    theirs.close()


def test_block_of_one_silences_the_other(tmp_path: Path) -> None:
    ours = RateBudget([HOUR, WIDE], SystemClock(), tmp_path / "limits")
    theirs = RateBudget([HOUR, WIDE], SystemClock(), tmp_path / "limits")

    ours.block(100, ["hour"])

    with pytest.raises(OverBudget) as silenced:
        theirs.take({"hour": 1}, urgent=True)
    assert 99 < silenced.value.wait_s <= 100
    theirs.take({"wide": 1}, urgent=False)
    ours.close()
    theirs.close()


def test_use_outlives_the_process_that_made_it(tmp_path: Path) -> None:
    first = RateBudget([HOUR], SystemClock(), tmp_path / "limits")
    first.take({"hour": 90}, urgent=False)
    first.close()

    second = RateBudget([HOUR], SystemClock(), tmp_path / "limits")

    assert second.room("hour") == 0
    second.close()


async def test_processes_that_race_never_take_more_than_there_is(tmp_path: Path) -> None:
    file = tmp_path / "limits"
    processes = [await _grabber(file) for _ in range(3)]

    outputs = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))

    assert sum(int(output) for output, _ in outputs) == HOUR.limit - HOUR.reserve


async def test_process_that_stands_still_does_not_keep_the_others_waiting(tmp_path: Path) -> None:
    file = tmp_path / "limits"
    process = await _grabber(file)
    budget = RateBudget([HOUR], SystemClock(), file)
    os.kill(process.pid, signal.SIGSTOP)

    began = time.monotonic()
    budget.take({"hour": 1}, urgent=False)
    took_s = time.monotonic() - began

    os.kill(process.pid, signal.SIGCONT)
    await process.communicate(b"go\n")
    budget.close()
    assert took_s < 20


def test_changed_limits_start_a_new_count(tmp_path: Path) -> None:
    old = RateBudget([HOUR], SystemClock(), tmp_path / "limits")
    old.take({"hour": 50}, urgent=False)

    new = RateBudget(
        [RatePool("hour", limit=200, interval_s=3_600, reserve=10)],
        SystemClock(),
        tmp_path / "limits",
    )

    assert new.room("hour") == 190
    old.close()
    new.close()


def test_file_is_for_its_owner_only(tmp_path: Path) -> None:
    budget = RateBudget([HOUR], SystemClock(), tmp_path / "limits")

    (file,) = tmp_path.iterdir()

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    budget.close()


def test_file_that_was_cut_short_is_made_whole(tmp_path: Path) -> None:
    RateBudget([HOUR], SystemClock(), tmp_path / "limits").close()
    (file,) = tmp_path.iterdir()
    os.truncate(file, 10)

    budget = RateBudget([HOUR], SystemClock(), tmp_path / "limits")

    budget.take({"hour": 1}, urgent=False)
    assert budget.room("hour") == 89
    budget.close()


def test_wide_pool_fits_its_file_at_any_pace_and_is_never_counted_short(tmp_path: Path) -> None:
    clock = ManualClock()
    in_file = RateBudget([WIDE], clock, tmp_path / "limits")
    step_s = WIDE.interval_s / FINEST / 3
    taken: list[float] = []

    for _ in range(3 * FINEST):
        clock.advance(step_s)
        in_file.take({"wide": 2}, urgent=False)
        taken.append(clock.monotonic())
        in_window = 2 * sum(at > clock.monotonic() - WIDE.interval_s for at in taken)
        assert WIDE.limit - in_file.room("wide") >= in_window

    clock.advance(WIDE.interval_s)
    assert in_file.room("wide") == WIDE.limit
    in_file.close()


def test_full_disk_is_an_error_at_the_start_and_never_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(_descriptor: int, _offset: int, _length: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", no_room)
    with pytest.raises(OSError, match="No space left"):
        RateBudget([HOUR], SystemClock(), tmp_path / "limits")


def test_every_byte_of_the_file_is_there_before_it_is_used(tmp_path: Path) -> None:
    budget = RateBudget([HOUR, WIDE], SystemClock(), tmp_path / "limits")

    (file,) = tmp_path.iterdir()

    assert file.stat().st_blocks * 512 >= file.stat().st_size
    budget.close()


def test_reply_that_comes_after_the_end_does_no_harm(tmp_path: Path) -> None:
    ours = RateBudget([HOUR], SystemClock(), tmp_path / "limits")
    theirs = RateBudget([HOUR], SystemClock(), tmp_path / "limits")
    ours.close()

    ours.observe_left("hour", 3)
    ours.close()

    assert theirs.room("hour") == 90
    theirs.close()
