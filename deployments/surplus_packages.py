"""Packages of this environment that a program does not need: ``surplus_packages.py NAME``.

One lock file pins what the desk and its tests need; an image holds what the desk needs. Printed one
a line, for ``pip uninstall -r``. Needs nothing but the standard library and pip's own copy of
``packaging``, and is run by path, so that it works before the project does.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution, distributions

from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name

TOOLS = {"pip"}


def needed_by(root: str) -> set[str]:
    """``root`` and everything that it needs here, with the extras that are asked for."""
    needed: set[str] = set()
    seen: set[tuple[str, str]] = set()
    waiting = [(canonicalize_name(root), "")]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            requires = distribution(name).requires or []
        except PackageNotFoundError:
            continue  # for another platform or another Python
        needed.add(name)
        for requirement in map(Requirement, requires):
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                child = canonicalize_name(requirement.name)
                waiting += [(child, wanted) for wanted in ("", *requirement.extras)]
    return needed


def surplus(root: str) -> list[str]:
    """Names of the installed packages that ``root`` does not need.

    Raises PackageNotFoundError when ``root`` itself is not installed: everything would be surplus.
    """
    distribution(root)
    installed = {canonicalize_name(item.metadata["Name"]) for item in distributions()}
    return sorted(installed - needed_by(root) - TOOLS)


def main(arguments: Sequence[str]) -> int:
    """0 done, 1 there is no such package, 2 bad usage."""
    if len(arguments) != 1:
        print("usage: surplus_packages.py NAME", file=sys.stderr)
        return 2
    try:
        print("\n".join(surplus(arguments[0])))
    except PackageNotFoundError:
        print(f"{arguments[0]}: expected an installed package", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
