"""One writer at a time: a file lock, and a note that says who holds it."""

from __future__ import annotations

import contextlib
import json
import os
import platform
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from napari_salient.errors import ProjectError
from napari_salient.project.journal import login_name

if TYPE_CHECKING:
    from pathlib import Path

LOCK_NAME = ".lock"
NOTE_NAME = ".lock.json"


class ProjectLock:
    """The right to write to a project folder, held by one process.

    The operating system frees the lock when the process dies in whatever way, so a note that was
    left behind blocks nobody.

    Raises
    ------
    ProjectError
        Saying who holds the project, or that the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._note = folder / NOTE_NAME
        self._lock = FileLock(folder / LOCK_NAME, thread_local=False)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise ProjectError(_held_by(folder, _read_note(self._note))) from None
        except OSError as error:
            raise ProjectError(
                f"{folder} cannot be written ({error.strerror}); open the project read-only or "
                "change the folder's permissions."
            ) from error
        self._write_note()

    def release(self) -> None:
        """Let others write."""
        with contextlib.suppress(OSError):
            self._note.unlink(missing_ok=True)
        self._lock.release()

    def _write_note(self) -> None:
        holder = {
            "user": login_name(),
            "host": platform.node(),
            "pid": os.getpid(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        with contextlib.suppress(OSError):
            self._note.write_text(json.dumps(holder))


def _read_note(note: Path) -> dict[str, Any]:
    try:
        holder = json.loads(note.read_text())
    except (OSError, ValueError):
        return {}
    return holder if isinstance(holder, dict) else {}


def _held_by(folder: Path, holder: dict[str, Any]) -> str:
    what_now = "close it there, or open the project read-only"
    if not holder:
        return f"{folder} is open in another process; {what_now}."
    where = f"on {holder.get('host')} (process {holder.get('pid')}) since {holder.get('since')}"
    return f"{folder} is held by {holder.get('user')} {where}; {what_now}."
