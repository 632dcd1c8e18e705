"""The shared libraries that Qt and software OpenGL load, which pip cannot install."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGE_OF_LIBRARY = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
"""What to load, and the Debian package that has it."""

PACKAGE_OF_PROGRAM = {"xvfb-run": "xvfb", "xauth": "xauth"}
"""What gives a window a place to be where there is no display."""

DRIVER_PACKAGE = "libgl1-mesa-dri"
DRIVER_PATTERNS = ("dri/swrast_dri.so", "dri/libdril_dri.so", "*/dri/swrast_dri.so", "libgallium*")


def install_missing(packages: Sequence[str]) -> None:
    """Install `packages` and what else is missing with apt, or leave with a sentence naming it."""
    if sys.platform != "linux":
        return
    missing = [*packages, *missing_packages()]
    if not missing:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _apt_install(missing)
    else:
        sys.exit(
            f"These system packages are missing (Debian names): {' '.join(missing)}; "
            "install them, or ask someone who may."
        )


def missing_packages() -> list[str]:
    """Return the Debian packages of the libraries and programs that cannot be found."""
    libraries = [p for library, p in PACKAGE_OF_LIBRARY.items() if not _loads(library)]
    programs = [p for program, p in PACKAGE_OF_PROGRAM.items() if not _is_program(program)]
    driver = [] if _has_software_driver() else [DRIVER_PACKAGE]
    return [*libraries, *programs, *driver]


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _is_program(name: str) -> bool:
    return _has_display() or shutil.which(name) is not None


def _has_display() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _has_software_driver() -> bool:
    roots = [Path("/usr/lib64"), Path("/usr/lib"), *Path("/usr/lib").glob("*-linux-gnu*")]
    return any(any(root.glob(pattern)) for root in roots for pattern in DRIVER_PATTERNS)


def _apt_install(packages: Sequence[str]) -> None:
    print(f"Installing {' '.join(packages)} with apt-get.", file=sys.stderr)
    settings = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages]
    for command in (["apt-get", "update", "-qq"], install):
        if subprocess.run(command, env=settings, stdout=sys.stderr).returncode:
            sys.exit(f"Set-up failed at: {' '.join(command)}")
