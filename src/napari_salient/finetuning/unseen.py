"""No pretraining on what is only measured: refuses an encoder that may have seen it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_salient.data.volumes import read_header
from napari_salient.errors import InputError, SalientError
from napari_salient.pretraining.shipped import is_shipped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_salient.active_learning.simulation.cohort import Cohort
    from napari_salient.pretraining.spec import PretrainingSpec

    Mark = tuple[str, tuple[int, ...], tuple[float, ...]]


def refuse_seen(checkpoint: Path, spec: PretrainingSpec, cohort: Cohort) -> None:
    """Refuse a pretraining that learned from test or validation volumes of a cohort.

    The settings that its run keeps say from which volumes it learned; a volume is known by its
    name, shape and spacing. They are not needed where it learned from the cohort's pool.

    Raises
    ------
    InputError
        If it did, or it cannot be told.
    """
    if is_shipped(checkpoint):
        return  # It learned from sample volumes alone.
    if spec.data == _fingerprint(cohort.images[case] for case in cohort.pool):
        return
    learned = learned_from(checkpoint)
    if learned is None or _fingerprint(learned) != spec.data:
        raise InputError(
            f"It cannot be told which volumes {checkpoint} learned from, so test volumes may be "
            f"among them; pretrain on {cohort.images[0].parent} with the test patients held out."
        )
    known = set(map(_mark, learned))
    measured = [cohort.images[case] for case in (*cohort.test, *cohort.validation)]
    seen = [path for path in measured if _mark(path) in known]
    if seen:
        raise InputError(
            f"{checkpoint} learned from {len(seen)} of the volumes that are only measured on, "
            f"{seen[0].name} first; pretrain with the same patients held out."
        )


def learned_from(checkpoint: Path) -> tuple[Path, ...] | None:
    """Return the volumes that the run of a checkpoint learned from, if it says so."""
    from napari_salient.engine.run import Run
    from napari_salient.pretraining.intake import find_pool

    try:
        kept = Run.open(checkpoint.absolute().parents[1]).settings()
        return find_pool(Path(kept["pool"]), int(kept["held_out_every"])).learn
    except (SalientError, OSError, KeyError, TypeError, ValueError):
        return None


def _fingerprint(files: Iterable[Path]) -> str:
    from napari_salient.pretraining.pool import VolumePool

    return VolumePool.of_files(list(files)).fingerprint()


def _mark(path: Path) -> Mark:
    header = read_header(path)
    return path.name, header.shape, header.spacing
