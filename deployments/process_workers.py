"""Prefect's process workers of a desk, as arguments after the interpreter.

Two of them, because a run inherits its worker's environment: the executor's has the venue keys, the
other one's runs do not trade and have none.
"""

from __future__ import annotations

EXECUTOR_QUEUE = "executor"
BATCH_NAME = "batch-worker"
"""As in compose.yaml, systemd and kubernetes."""


def _worker(queue: str, name: str, limit: int) -> tuple[str, ...]:
    return (
        *("-m", "prefect", "worker", "start", "--pool", "batch", "--work-queue", queue),
        *("--type", "process", "--name", name, "--limit", str(limit)),
        *("--install-policy", "never"),
    )


EXECUTOR_WORKER = _worker(EXECUTOR_QUEUE, "executor-worker", 3)
"""At once: the executor, the one that takes over from it, and a run that ends because of them."""
BATCH_WORKER = _worker("default", BATCH_NAME, 4)
