"""The garbage collector does not hold up a program that somebody waits for.

A full collection walks over every object that there is, with everything else standing still. What a
program has loaded by the time that it begins its work stays to its end, and walking over it finds
nothing: the 400,000 objects of Prefect's server took 0.3 to 0.4 s, about once a minute (1.4 s on a
busy machine), and whoever paused a deployment just then waited; the executor's took 0.1 s.
"""

from __future__ import annotations

import gc


def spare_what_is_loaded() -> None:
    """From now on only what is made later is looked through. For a program that has loaded
    everything and made nothing yet; the last long pause is here."""
    gc.collect()
    gc.freeze()
