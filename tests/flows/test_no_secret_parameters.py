"""What a flow run was started with stays in Prefect's database and in its UI: never a secret."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

FLOWS = sorted((Path(__file__).parents[2] / "flows").glob("*.py"))
SECRET_LIKE = ("secret", "credential", "passphrase", "password", "token", "private", "access_key")


def parameters(file: Path) -> set[str]:
    """Of every function that is a flow or a task."""
    functions = [
        node
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and any(_name(decorator) in ("flow", "task") for decorator in node.decorator_list)
    ]
    return {
        argument.arg
        for function in functions
        for argument in (*function.args.args, *function.args.kwonlyargs)
    }


def _name(decorator: ast.expr) -> str:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return called.id if isinstance(called, ast.Name) else ""


@pytest.mark.parametrize("file", FLOWS, ids=lambda file: file.stem)
def test_no_flow_or_task_takes_a_secret(file: Path) -> None:
    named = {name for name in parameters(file) for word in SECRET_LIKE if word in name}

    assert named == set()


def test_the_parameters_are_seen() -> None:
    assert parameters(FLOWS[0].with_name("executor.py")) == {"only_if_none", "take_over"}
