"""The desk's flows keep no results, so the server is not asked where they would be kept.

For every run, twice, Prefect 3.8.8 (``prefect.results``) asks the server for a default storage: in
the loop that the flow runs in, which stands still until the server answers, and over a client made
for this one question, whose TLS context reads the machine's certificates. That was 62 % of what a
hot worker did.
"""

from __future__ import annotations


def keep_no_results() -> None:
    """From now on no flow of this process asks; what it returns is not written anywhere."""
    from prefect import results

    results._read_server_default_result_storage_block_id = _none


def _none() -> None:
    """The server names no storage."""
