"""Reading the settings, with one clear sentence for whatever is wrong with them."""

from __future__ import annotations

import os
import re
import tomllib
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError

from tasks.errors import SettingsRefused
from tasks.settings import Settings, settings_file
from tasks.settings_description import expectation, is_secret, variable


def load_settings(**overrides: Any) -> Settings:
    """The effective settings; ``overrides`` are the strongest source.

    Raises:
        SettingsRefused: one sentence that names the variable or the key of the TOML file, what was
            expected and what was found (never the value of a secret).
    """
    named = os.environ.get("KIMP_SETTINGS_FILE")
    if named and not settings_file().is_file():
        raise SettingsRefused(f"KIMP_SETTINGS_FILE: expected an existing file, got {named}")
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsRefused(_sentence(error.errors(include_url=False)[0])) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsRefused(f"{settings_file()}: expected TOML: {error}") from None
    except UnicodeDecodeError:
        raise SettingsRefused(f"{settings_file()}: expected UTF-8 text") from None
    except SettingsError as error:  # a list that is not JSON; the message has only the field's name
        field = re.search(r'field "(\w+)"', str(error))
        name = field.group(1) if field else ""
        if name not in Settings.model_fields:
            raise SettingsRefused(f"settings: {error}") from None
        expected = expectation(Settings.model_fields[name])
        raise SettingsRefused(
            f"{variable(name)}: expected {expected} in JSON, got {os.environ.get(variable(name))!r}"
        ) from None


def _sentence(error: ErrorDetails) -> str:
    message = error["msg"].removeprefix("Value error, ")
    if not error["loc"]:  # a rule over two fields: already a sentence that names them
        return _with_variables(message)
    name = str(error["loc"][0])
    if name not in Settings.model_fields:
        return f"{name} in {settings_file()}: there is no such setting"
    field = Settings.model_fields[name]
    where = variable(name) if os.environ.get(variable(name)) else f"{name} in {settings_file()}"
    expected = message if error["type"] == "value_error" else f"expected {expectation(field)}"
    if is_secret(field):
        return f"{where}: {expected}, got something else"
    return f"{where}: {expected}, got {error['input']!r}"


def _with_variables(message: str) -> str:
    """Names of settings that come from the environment are shown as their variables."""
    return re.sub(
        r"[a-z]+(?:_[a-z]+)+",
        lambda match: (
            variable(match.group()) if os.environ.get(variable(match.group())) else match.group()
        ),
        message,
    )
