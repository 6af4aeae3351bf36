"""What can go wrong in the desk itself, by what the desk does about it.

::

    DeskError
    ├── SettingsRefused     a setting is wrong: nothing starts with it
    ├── BadSignal           not a signal: refused before anything else happens
    ├── KeyRefused          a key that must not be used, made or overwritten
    ├── IllegalTransition   a pair may not go that way: a fault of ours, the pair stays put
    ├── SettingMissing      a setting without which the desk cannot start
    ├── SwitchesUnreadable  Prefect does not say what is paused
    ├── FxUnreadable        the bank rate's source gives none
    ├── ExecutorGone        nobody answers at the executor's socket
    │   └── ExecutorAbsent  … and nothing was sent
    └── ExecutorRefused     the executor understood and said no

``str()`` of each is one clear sentence that never carries a private key. Venue errors are a
tree of their own, :mod:`exchanges.errors`; a refused trade is no error but a
:class:`tasks.refusal.Refusal`.
"""

from __future__ import annotations


class DeskError(Exception):
    """Base of the desk's own errors."""


class SettingsRefused(DeskError):
    """A setting is wrong, unknown or contradicts another. Nothing starts; the operator corrects
    the variable or the key of the file that the sentence names."""


class BadSignal(DeskError):
    """Not understandable as a signal. The desk answers with the sentence, which names the field
    and what was expected; nothing is recorded as traded and the sender corrects and re-sends."""


class KeyRefused(DeskError):
    """A signing or venue key is missing, malformed, readable by others, declared for less than it
    is needed for, able to withdraw, or would be overwritten. The desk does not use the key; the
    operator puts it right."""


class IllegalTransition(DeskError):
    """An event that the pair's state does not allow. The desk leaves the pair as it was, raises
    an alert and takes no entries for the symbol: its picture of the pair is wrong."""


class SettingMissing(DeskError):
    """A setting that is needed is not set. The desk does not start; the sentence names it."""


class SwitchesUnreadable(DeskError):
    """Prefect could not be asked or told. The desk keeps the old word and lets it age; when it is
    too old there are no entries."""


class FxUnreadable(DeskError):
    """The source of the bank rate gave no usable answer. The desk keeps the last rate and lets it
    age; when it is too old there are no entries."""


class ExecutorGone(DeskError):
    """The executor is not running or its socket is missing. Whoever asked may ask again: signals
    are idempotent by id."""


class ExecutorAbsent(ExecutorGone):
    """Nobody took the connection: nothing was sent, so nothing was done."""


class ExecutorRefused(DeskError):
    """The executor's definite no. Asking the same again gives the same answer."""
