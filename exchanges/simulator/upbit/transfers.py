"""Deposits and withdrawals of the simulated Upbit, in its own lists.

Upbit docs, "List deposits" and "List withdrawals". A deposit that is under way is listed and not in
the balance; a withdrawal is done at once.
"""

from __future__ import annotations
