"""What the library says of a pretrained encoder, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_salient.pretraining.library import LibraryEntry
    from napari_salient.pretraining.spec import PretrainingSpec

COLUMNS = ("Started", "Task", "Accuracy", "Chance", "State", "Note", "Fingerprint")
NOTE = "Note"


def row_of(entry: LibraryEntry) -> tuple[object, ...]:
    """Return a run as a row of the table with these columns."""
    started = entry.started
    return (
        started.astimezone().strftime("%Y-%m-%d %H:%M") if started else entry.run_dir.name,
        task_text(entry),
        entry.accuracy,
        entry.chance,
        "damaged" if is_damaged(entry) else entry.state,
        entry.note,
        entry.fingerprint or None,
    )


def task_text(entry: LibraryEntry) -> str:
    """Return task and dimensions: ``relative location, 3D``."""
    task = entry.task.replace("_", " ")
    return f"{task}, {entry.spec.spatial_dims}D" if entry.spec else task


def is_damaged(entry: LibraryEntry) -> bool:
    """Whether something is wrong with the files of a run, beside that it failed."""
    return bool(entry.problem) and entry.state != "failed"


def details_text(entry: LibraryEntry) -> str:
    """Return everything else about a run, in lines."""
    lines = []
    if entry.spec is not None:
        network, pool = entry.fingerprint.split("-")
        lines.append(_network_text(entry.spec) + f" (network {network})")
        where = f" in {entry.pool}" if entry.pool else ""
        lines.append(f"taught on {entry.spec.volumes} volumes{where} (pool {pool})")
        lines.append(f"{entry.steps:,} of {entry.total or entry.steps:,} steps")
    return "\n".join([*lines, str(entry.run_dir)])


def _network_text(spec: PretrainingSpec) -> str:
    channels = f"{spec.channels} channel{'s' * (spec.channels > 1)}"
    beside = "" if spec.strides else f", {spec.context} neighbouring slices on each side"
    return f"{spec.spatial_dims}D, {spec.plane}, width {spec.width}, {channels}{beside}"
