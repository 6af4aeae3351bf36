"""What stands against entries for reasons of the desk's own state."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

RECOVERING = "recovering"
MISMATCH = "position_mismatch"
NOT_COMPARED = "not_compared"
STOPPING = "stopping"
JOURNAL = "journal_unwritable"
RESUMING = "resuming"

_MEANING = MappingProxyType(
    {
        RECOVERING: "the desk has started and is still finding out what was open",
        STOPPING: "the executor is shutting down",
        RESUMING: "somebody asks to trade again, and the desk is looking whether it may",
    }
)


class DeskBlocks:
    """Code → sentence of each block; entries are taken only while there is none."""

    def __init__(self) -> None:
        self._blocks: dict[str, str] = {}

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(tuple(self._blocks.items()))

    def __bool__(self) -> bool:
        return bool(self._blocks)

    def set(self, code: str, sentence: str | None = None) -> None:
        self._blocks[code] = sentence or _MEANING[code]

    def clear(self, code: str) -> None:
        self._blocks.pop(code, None)
