"""What stands against entries for reasons of the desk's own state."""

from __future__ import annotations

from tasks.desk_blocks import MISMATCH, RECOVERING, DeskBlocks


def test_a_block_stands_until_it_is_cleared() -> None:
    blocks = DeskBlocks()
    assert not blocks
    blocks.set(RECOVERING)
    blocks.set(MISMATCH, "0.5 BTC differ")

    assert blocks
    assert dict(blocks)[MISMATCH] == "0.5 BTC differ"
    assert "still finding out" in dict(blocks)[RECOVERING]
    for code in (RECOVERING, MISMATCH, "never set"):
        blocks.clear(code)
    assert not blocks


def test_blocks_may_change_while_they_are_looked_at() -> None:
    blocks = DeskBlocks()
    blocks.set("a", "first")
    blocks.set("b", "second")
    for code, _ in blocks:
        blocks.clear(code)
    assert list(blocks) == []
