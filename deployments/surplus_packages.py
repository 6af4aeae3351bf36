"""Packages of this environment that a program does not need: ``surplus_packages.py NAME``.

One lock file pins what the desk and its tests need; an image holds what the desk needs. Printed one
a line, for ``pip uninstall -r``. Needs nothing but the standard library and pip's own copy of
``packaging``, and is run by path, so that it works before the project does.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import Distribution, distributions

from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name

TOOLS = {"pip"}


def installed() -> dict[str, Distribution]:
    """By their canonical names."""
    return {canonicalize_name(item.metadata["Name"]): item for item in distributions()}


def needed_by(root: str, packages: Mapping[str, Distribution]) -> set[str]:
    """``root`` and everything of ``packages`` that it needs, with the extras it asks for."""
    needed: set[str] = set()
    seen: set[tuple[str, str]] = set()
    waiting = [(canonicalize_name(root), "")]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen or name not in packages:
            continue  # one that is not there is for another platform or another Python
        seen.add((name, extra))
        needed.add(name)
        for requirement in map(Requirement, packages[name].requires or []):
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                child = canonicalize_name(requirement.name)
                waiting += [(child, wanted) for wanted in ("", *requirement.extras)]
    return needed


def main(arguments: Sequence[str]) -> int:
    """0 done, 1 there is no such package, 2 bad usage."""
    if len(arguments) != 1:
        print("usage: surplus_packages.py NAME", file=sys.stderr)
        return 2
    packages = installed()
    needed = needed_by(arguments[0], packages)
    if not needed:  # then everything would be surplus
        print(f"{arguments[0]}: expected an installed package", file=sys.stderr)
        return 1
    print("\n".join(sorted(packages.keys() - needed - TOOLS)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
