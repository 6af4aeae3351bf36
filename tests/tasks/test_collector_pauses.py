"""What a program has loaded is not looked through for garbage again; what it makes later is."""

from __future__ import annotations

import gc
import weakref

from tasks.collector_pauses import spare_what_is_loaded
from tests.collected import is_looked_through


class Ring:
    """Garbage that only the collector finds."""

    def __init__(self) -> None:
        self.itself = self


def test_what_is_loaded_is_spared_and_garbage_made_later_is_found() -> None:
    loaded, left = Ring(), weakref.ref(Ring())
    assert is_looked_through(loaded)

    spare_what_is_loaded()
    later = Ring()
    gone = weakref.ref(Ring())
    gc.collect()

    assert left() is None
    assert not is_looked_through(loaded)
    assert is_looked_through(later)
    assert gone() is None
    assert gc.isenabled()
