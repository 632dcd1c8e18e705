"""Writing a file so that a crash at any instant leaves the old one or the new one, never half."""

from __future__ import annotations

import contextlib
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEMPORARY = ".*.tmp"
"""Pattern of what a killed process can leave behind; see `remove_leftovers`."""


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` by `content`; it is on disk when this returns.

    Raises
    ------
    OSError
        If the disk is full or the folder cannot be written. `path` is then as it was.
    """
    with atomic_target(path) as temporary:
        temporary.write_bytes(content)


@contextmanager
def atomic_target(path: Path) -> Iterator[Path]:
    """Give a temporary name to write to, then sync that file and rename it to `path`.

    If the block raises, the temporary file is removed and `path` is as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        yield temporary
        _sync_file(temporary)
        temporary.replace(path)
        sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def remove_leftovers(folder: Path) -> None:
    """Delete the temporary files that killed processes left in a folder that only we write to."""
    for path in folder.glob(TEMPORARY):
        path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Put the names in `folder` on disk, where the system can (Windows does it by itself)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _sync_file(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())
