"""The pretraining runs of some folders: what each encoder is, how good, and a note about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_salient.engine.atomic import write_atomically
from napari_salient.engine.checkpoint import checkpoint_paths, load_outline
from napari_salient.engine.event_log import last_event
from napari_salient.engine.events import Finished, FinishReason
from napari_salient.engine.run import Run
from napari_salient.errors import RunError, SalientError
from napari_salient.pretraining.settings import KIND
from napari_salient.pretraining.shipped import is_shipped, shipped_bundles, weights_in
from napari_salient.pretraining.spec import PretrainingSpec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_salient.engine.checkpoint import Checkpoint

NOTE = "note.txt"
"""File in a run's folder with what somebody wrote about it."""

POOL_DIGITS = 8
"""Digits of a pool's fingerprint that are shown."""


@dataclass(frozen=True)
class LibraryEntry:
    """A pretraining run, as far as it can be read.

    Parameters
    ----------
    run_dir
        Its folder.
    started
        When, in UTC; `None` if the folder's name does not say.
    state
        ``idle``, ``running``, ``paused``, ``failed``, ``cancelled`` or ``finished``; ``shipped``
        for one that came with the program, ``unknown`` where the folder is damaged.
    task
        The proxy task; empty if unknown.
    pool
        The folder or project that it learns from, if its settings say.
    spec
        What the network is and what it was taught on; `None` without a checkpoint.
    steps, total
        Optimiser steps in the newest checkpoint, and those wanted.
    accuracy, chance
        On held-out volumes in the last evaluation, and what guessing gives; `None` if not measured.
    checkpoint
        The newest; `None` if there is none that can be used.
    note
        What somebody wrote about it.
    problem
        What is wrong, in a sentence; empty if nothing.
    """

    run_dir: Path
    started: datetime | None
    state: str = "unknown"
    task: str = ""
    pool: Path | None = None
    spec: PretrainingSpec | None = None
    steps: int = 0
    total: int = 0
    accuracy: float | None = None
    chance: float | None = None
    checkpoint: Path | None = None
    note: str = ""
    problem: str = ""

    @property
    def fingerprint(self) -> str:
        """What tells it from others: ``<network>-<pool>``, eight digits each.

        Encoders with the same first half fit the same models; those with the same second half were
        taught on the same volumes.
        """
        if self.spec is None:
            return ""
        return f"{self.spec.encoder.fingerprint()}-{self.spec.data[:POOL_DIGITS]}"


def pretraining_runs(folders: Iterable[Path]) -> list[LibraryEntry]:
    """Return the pretraining runs in some folders of runs, the newest first, damaged ones too.

    Of each run the end of its log and the outline of its newest checkpoint are read. A folder that
    is not there has none.
    """
    found = {path for folder in folders for path in folder.absolute().glob(f"{KIND}-*")}
    runs = sorted(found, key=lambda path: (path.name.rsplit("-", 2)[1:], path), reverse=True)
    return [read_entry(path) for path in runs if path.is_dir()]


def shipped_encoders() -> list[LibraryEntry]:
    """Return the encoders that ship as bundles, in place of a run's folder that of the bundle."""
    return [
        LibraryEntry(folder, None, state="shipped", **_outline(weights_in(folder)))
        for folder in shipped_bundles().values()
    ]


def read_entry(run_dir: Path) -> LibraryEntry:
    """Return what can be read of a run; what cannot is said in its `problem`."""
    values: dict[str, Any] = {"run_dir": run_dir, "started": _started(run_dir)}
    problems = []
    for part in (_of_note, _of_run, _of_settings, _of_checkpoint):
        try:
            values |= part(run_dir)
        except SalientError as error:
            problems.append(str(error))
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            problems.append(f"{run_dir} is damaged ({error!r}).")
    problems.append(values.pop("failure", ""))
    return LibraryEntry(**values, problem=" ".join(dict.fromkeys(filter(None, problems))))


def newest_checkpoint(source: Path) -> Path:
    """Return a checkpoint file itself, that of a bundle, or the newest one of a run's folder.

    A bundle is meant by its folder or, if it ships, by its name.

    One that is damaged is not passed over: an earlier one is another encoder.

    Raises
    ------
    RunError
        If it is not there, or the folder has none.
    """
    source = weights_in(source)
    found = checkpoint_paths(source) if source.is_dir() else [source]
    if not found or not found[0].is_file():
        raise RunError(f"There is no checkpoint in {source}; choose another pretraining.")
    return found[0]


def read_spec(checkpoint: Path) -> PretrainingSpec:
    """Return what the network in a checkpoint is, at once and without torch.

    Raises
    ------
    RunError
        If the file is damaged or no checkpoint of a pretraining.
    """
    return _spec(load_outline(checkpoint))


def set_note(run_dir: Path, text: str) -> None:
    """Keep a note in a run's folder, in place of the one before; an empty one takes it away.

    Raises
    ------
    RunError
        If the folder cannot be written, or it is no run but came with the program.
    """
    if is_shipped(run_dir):
        raise RunError(f"{run_dir.name} came with the program and takes no notes.")
    path = run_dir / NOTE
    try:
        if text.strip():
            write_atomically(path, text.strip().encode())
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise RunError(
            f"The note could not be saved to {path} ({error.strerror}); mend the permissions or "
            "free some space."
        ) from error


def _of_note(run_dir: Path) -> dict[str, Any]:
    path = run_dir / NOTE
    return {"note": path.read_text(encoding="utf-8").strip()} if path.is_file() else {}


def _of_run(run_dir: Path) -> dict[str, Any]:
    run = Run.open(run_dir)
    last = last_event(run_dir)
    failed = isinstance(last, Finished) and last.reason is FinishReason.ERRORED
    return {
        "state": "cancelled" if run.was_cancelled else run.state.value,
        "failure": last.message if failed and isinstance(last, Finished) else "",
    }


def _of_settings(run_dir: Path) -> dict[str, Any]:
    settings = Run.open(run_dir).settings()
    pool = settings.get("pool")
    return {
        "task": str(settings["task"]),
        "total": int(settings["fit"]["steps"]),
        "pool": Path(pool) if pool else None,
    }


def _of_checkpoint(run_dir: Path) -> dict[str, Any]:
    paths = checkpoint_paths(run_dir)
    return _outline(paths[0]) if paths else {}


def _outline(checkpoint: Path) -> dict[str, Any]:
    stored = load_outline(checkpoint)
    metrics, spec = stored.meta.get("metrics") or {}, _spec(stored)
    return {
        "spec": spec,
        "task": spec.task,
        "steps": stored.step,
        "accuracy": metrics.get("accuracy"),
        "chance": metrics.get("chance"),
        "checkpoint": checkpoint,
    }


def _spec(stored: Checkpoint) -> PretrainingSpec:
    kept = stored.task.get("pretraining")
    if kept is None:
        raise RunError(f"{stored.path} is no checkpoint of a pretraining.")
    return PretrainingSpec.from_json(kept)


def _started(run_dir: Path) -> datetime | None:
    try:
        moment = datetime.strptime(run_dir.name.rsplit("-", 2)[1], "%Y%m%dT%H%M%S")
    except (ValueError, IndexError):
        return None
    return moment.replace(tzinfo=UTC)
