"""No pretraining on what is only measured: refuses an encoder that may have seen it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_salient.data.discover import name_digests
from napari_salient.engine.checkpoint import load_outline
from napari_salient.errors import InputError
from napari_salient.pretraining.shipped import is_shipped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_salient.active_learning.simulation.cohort import Cohort


def refuse_seen(checkpoint: Path, measured: Sequence[Path]) -> None:
    """Refuse a pretraining that learned from files that are only measured on.

    Its checkpoint says by their names and sizes from which it learned, also in a bundle that came
    from elsewhere.

    Raises
    ------
    InputError
        If it did, or it cannot be told.
    RunError
        If the file is damaged.
    """
    if is_shipped(checkpoint):
        return  # It learned from sample volumes alone.
    learned = load_outline(checkpoint).task.get("learned")
    if not learned:
        raise InputError(
            f"It cannot be told which files {checkpoint} learned from, so those that are only "
            "measured on may be among them; pretrain again, with the same patients held out."
        )
    known = {learned[start : start + 8] for start in range(0, len(learned), 8)}
    digests = name_digests(measured)
    seen = [path for path, digest in zip(measured, digests, strict=True) if digest in known]
    if seen:
        raise InputError(
            f"{checkpoint} learned from {len(seen)} of the files that are only measured on, "
            f"{seen[0].name} first; pretrain with the same patients held out."
        )


def measured_in(cohort: Cohort) -> list[Path]:
    """Return the test and validation volumes of a cohort."""
    return [cohort.images[case] for case in (*cohort.test, *cohort.validation)]
