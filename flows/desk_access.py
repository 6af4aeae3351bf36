"""What a flow needs of the desk: its executor and its operator key."""

from __future__ import annotations

from prefect.runtime import flow_run

from tasks.executor_client import ExecutorClient
from tasks.key_store import KeyStore
from tasks.settings_loading import load_settings
from tasks.signal import Signal
from tasks.signing import sign

OPERATOR = "operator"


def executor() -> ExecutorClient:
    """The executor of this KIMP_HOME, to be entered with ``async with``."""
    return ExecutorClient(load_settings().socket_file)


def signed_by_operator(signal: Signal) -> Signal:
    """``signal`` under the desk's own key. Whether that key may trade is the executor's to say.

    Raises:
        KeyRefused: the operator key is missing or others can read it.
    """
    return sign(signal, KeyStore(load_settings().keys_dir).private_key(OPERATOR))


def operator_signal_id() -> str:
    """The same for every execution of one flow run, so that a run that is started again cannot
    trade twice."""
    return f"run-{flow_run.get_id()}"
