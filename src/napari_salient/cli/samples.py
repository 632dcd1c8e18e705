"""``samples make``: sample data to try things on."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from napari_salient.cli.output import pairs, show
from napari_salient.engine.bounds import Count, Natural


def make(kind: Literal["brain"], folder: Path, /, *, cases: Count = 8, seed: Natural = 0) -> int:
    """Make sample data; nothing is downloaded.

    Parameters
    ----------
    kind
        What to make: brain is a pool of MR-like volumes with tissue classes as truth.
    folder
        Where it goes: images/ and labels/ with equal names.
    cases
        How many volumes.
    seed
        Seed of deformation, bias field, noise and contrast.
    """
    from napari_salient.samples.brain import make_brain_pool

    made = make_brain_pool(folder, cases=cases, seed=seed)
    result = {"kind": kind, "cases": cases, "images": str(made.images), "labels": str(made.labels)}
    show(result, pairs(result))
    return 0
