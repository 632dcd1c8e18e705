"""Finding the state that a run goes on from, and saying where it will not be the same run."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from napari_salient.engine import ranks
from napari_salient.engine.checkpoint import Checkpoint, checkpoint_paths, load_checkpoint
from napari_salient.engine.plain import plain
from napari_salient.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from napari_salient.engine.settings import FitSettings

UNREADABLE = ".unreadable"
"""Added to the name of a checkpoint that cannot be loaded, so that it is never tried again."""

_FREE = ("evaluate_every", "save_every", "threads", "device")
"""Settings that may change without a word: they do not enter the result, or are compared apart."""


def require_fresh(run_dir: Path) -> None:
    """Refuse to start a run where another one's checkpoints lie.

    Raises
    ------
    RunError
        If there are any.
    """
    if checkpoint_paths(run_dir):
        raise RunError(
            f"{run_dir} already holds checkpoints; resume that run or start in another folder."
        )


def newest_loadable(run_dir: Path) -> tuple[Checkpoint | None, list[str]]:
    """Return the checkpoint to go on from, and a sentence for each newer one that is unreadable.

    `None` if nothing was saved yet. Unreadable files are renamed, not deleted.

    Raises
    ------
    RunError
        If there are checkpoints but none can be loaded.
    """
    complaints: list[str] = []
    unreadable: list[Path] = []
    for path in checkpoint_paths(run_dir):
        try:
            checkpoint = load_checkpoint(path)
        except RunError as error:
            complaints.append(str(error))
            unreadable.append(path)
        else:
            for damaged in unreadable:
                with contextlib.suppress(FileNotFoundError):  # Another process was faster.
                    damaged.rename(damaged.with_name(damaged.name + UNREADABLE))
            return checkpoint, complaints
    if complaints:
        raise RunError(f"No checkpoint of {run_dir} can be loaded: {' '.join(complaints)}")
    return None, []


def resumed_threads(settings: FitSettings, share: int, meta: Mapping[str, Any]) -> int:
    """Return the threads to go on with: those of the run so far, unless others are asked for."""
    return share if settings.threads else int(meta.get("threads", share))


def differences(now: Mapping[str, Any], stored: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each fact by which a resumed run differs from the one that was stored.

    Parameters
    ----------
    now, stored
        Facts as `facts` returns them.
    """
    changed = [
        f"{name} {old} → {now[name]}"
        for name, old in stored.items()
        if name in ("threads", "device", "processes", "torch", "task") and now.get(name, old) != old
    ]
    settings = stored.get("settings", {})
    changed += [
        f"{name} {settings[name]} → {value}"
        for name, value in now["settings"].items()
        if name not in _FREE and settings.get(name, value) != value
    ]
    if changed:
        yield (
            f"Resumed with {', '.join(changed)}: the result will not be the same to the last bit "
            "as that of an uninterrupted run."
        )


def facts(settings: FitSettings, task: object, device: str, threads: int) -> dict[str, Any]:
    """Return what the result of a run depends on beside the data, as JSON values."""
    import torch

    return {
        "settings": plain(settings),
        "task": type(task).__name__,
        "device": device,
        "threads": threads,
        "processes": ranks.count(),
        "torch": torch.__version__,
    }
