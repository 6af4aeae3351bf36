"""Property tests may be slow on a busy machine; that is no failure."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("desk", deadline=None)
settings.load_profile("desk")
