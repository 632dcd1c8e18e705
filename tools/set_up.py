"""Sets up what the Makefile's targets need, once: system libraries and a virtual environment.

The environment lies outside the checkout and is named after what it holds, so that checkouts with
the same dependencies share it. The variable ``VENV`` names another place; an environment that is
there already is used as it stands. The program's own sources are found through ``PYTHONPATH`` (see
``with-env``), so two checkouts never mix.

Prints the environment's folder on standard output. Uses the standard library alone.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import tomllib
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from system_libraries import install_missing

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parent.parent
INSTALLED = "installed.json"
EXTRAS = "pyqt5"
GROUPS = ("test", "lint")
INSTALL_KEYS = ("name", "dependencies", "optional-dependencies", "scripts", "entry-points")


def main() -> None:
    """Set up what is missing and print where the environment is."""
    chosen = os.environ.get("VENV")
    folder = Path(chosen).expanduser().absolute() if chosen else environment_folder()
    packages = [] if find_spec("ensurepip") and find_spec("venv") else [venv_package()]
    install_missing(packages)
    if not is_ready(folder) and not (chosen and has_python(folder)):
        with held(folder.with_name(f"{folder.name}.lock")):
            if not is_ready(folder):
                install(folder)
    print(folder)


def environment_folder() -> Path:
    """Return where the environment of these dependencies is or will be."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "napari-salient" / f"venv-{fingerprint()}"


def fingerprint() -> str:
    """Return a short hash of everything that decides what is installed."""
    content = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    project = {k: v for k, v in content["project"].items() if k in INSTALL_KEYS}
    parts = [project, content["dependency-groups"], content["build-system"], sys.version_info[:3]]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


def venv_package() -> str:
    """Return the Debian package that gives this Python its ``venv`` module."""
    return f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"


def is_ready(folder: Path) -> bool:
    """Return whether the environment holds what this checkout needs."""
    try:
        record = json.loads((folder / INSTALLED).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    return record.get("fingerprint") == fingerprint() and has_python(folder)


def has_python(folder: Path) -> bool:
    """Return whether the environment's interpreter is there and not a dangling link."""
    return (folder / "bin/python").exists()


def install(folder: Path) -> None:
    """Make the environment and install the program with everything its tests need."""
    print(f"Setting up the environment in {folder}; this takes a few minutes.", file=sys.stderr)
    run(sys.executable, "-m", "venv", "--clear", folder)
    pip = (folder / "bin/python", "-m", "pip", "install", "--disable-pip-version-check", "--quiet")
    run(*pip, "--upgrade", "pip>=25.1")
    groups = [word for group in GROUPS for word in ("--group", group)]
    run(*pip, "--editable", f".[{EXTRAS}]", *groups)
    record = {"fingerprint": fingerprint(), "checkout": str(CHECKOUT)}
    (folder / INSTALLED).write_text(json.dumps(record), encoding="utf-8")


def run(*command: str | Path) -> None:
    """Run a command in the checkout with its output on standard error, or leave with its name."""
    done = subprocess.run([str(word) for word in command], cwd=CHECKOUT, stdout=sys.stderr)
    if done.returncode:
        words = " ".join(str(word) for word in command)
        sys.exit(f"Set-up failed at: {words}")


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock at `path`, so that two set-ups at a time do the work once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    main()
