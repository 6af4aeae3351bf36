"""Why somebody stops, resumes or restores, as a parameter of a run: it stays in the books."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

Reason = Annotated[
    str,
    # The pattern is for Prefect, which counts blanks as characters when it creates a run.
    StringConstraints(strip_whitespace=True, min_length=3, max_length=200, pattern=r"\S[\s\S]+\S"),
]
