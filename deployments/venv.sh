# Sourced by up.sh and test.sh: makes .venv beside the README when it is missing, out of date or
# half made, and goes to the project's folder. Needs bash, Python ≥ 3.11 and its pip.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

refuse() {
    printf 'kimp: %s\n' "$1" >&2
    exit 1
}

python=
for candidate in python3 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || refuse "Python 3.11 or later is needed, found $(
    python3 --version 2>/dev/null || echo none); install it (Debian: apt install python3 python3-pip)."

# Two runs at once install once: the lock file is also what they queue on.
exec 9<deployments/requirements.lock
if command -v flock >/dev/null; then flock 9; fi

# The folder belongs to the fingerprint because scripts in a venv carry its absolute path.
fingerprint=$("$python" - <<'PYTHON'
import hashlib, pathlib, sys
parts = [pathlib.Path(name).read_bytes() for name in ("deployments/requirements.lock", "pyproject.toml")]
parts += [sys.version.encode(), sys.executable.encode(), str(pathlib.Path.cwd()).encode()]
print(hashlib.sha256(b"\0".join(parts)).hexdigest())
PYTHON
) || refuse "$python cannot read deployments/requirements.lock and pyproject.toml."

if [ "$(cat .venv/installed 2>/dev/null)" != "$fingerprint" ]; then
    # Its packages must not be taken from under a desk that runs.
    for command_line in /proc/[0-9]*/cmdline; do
        program=
        { IFS= read -r -d '' program <"$command_line"; } 2>/dev/null || true
        case $program in "$PWD"/.venv/bin/*)
            refuse "a desk runs from .venv, which has to be made anew because the desk has changed; stop it first (.venv/bin/kimp down)." ;;
        esac
    done
    echo "Installing the desk into .venv (once; a minute or two) ..."
    if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        "$python" -m venv --clear .venv || refuse "$python could not make .venv; see above."
        pip=(.venv/bin/python -m pip)
    elif "$python" -m pip --version >/dev/null 2>&1; then
        # Debian without python3-venv: the system's pip can still fill a bare environment.
        "$python" -m venv --clear --without-pip .venv ||
            refuse "$python could not make .venv; install the venv module (Debian: apt install python3-venv)."
        pip=("$python" -m pip --python .venv/bin/python)
    else
        refuse "$python has neither pip nor ensurepip; install one (Debian: apt install python3-venv)."
    fi
    # Twice quiet: errors only, not pip's warnings about the machine's own configuration.
    install=("${pip[@]}" --disable-pip-version-check install --quiet --quiet)
    # The lock file is complete: pip has nothing to resolve, and so cannot resolve differently. It
    # fetches and unpacks on one core, so two of it take every other package each.
    "$python" - <<'PYTHON'
import pathlib, re
packages = re.split(r"(?m)^(?=\w)", pathlib.Path("deployments/requirements.lock").read_text())
for half in (0, 1):
    pathlib.Path(f".venv/half-{half}.lock").write_text("".join(packages[half::2]))
PYTHON
    printf '%s\n' 0 1 |
        xargs -P 2 -I HALF "${install[@]}" --no-compile --no-deps --require-hashes -r .venv/half-HALF.lock ||
        refuse "the packages of deployments/requirements.lock could not be installed; see above."
    # pip compiles on one core only. What does not compile is never imported: samples, Python 2.
    .venv/bin/python -m compileall -j 0 -q .venv/lib >/dev/null 2>&1 || true
    "${install[@]}" --no-deps --no-build-isolation -e . ||
        refuse "the desk itself could not be installed; see above."
    # Written last, so that an install that was cut off is done again.
    printf '%s\n' "$fingerprint" >.venv/installed
fi
exec 9<&-
