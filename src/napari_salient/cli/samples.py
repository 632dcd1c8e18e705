"""``samples make``: sample data to try things on."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from napari_salient.cli.commands import WrongUsage
from napari_salient.cli.output import pairs, show
from napari_salient.engine.bounds import Count, Natural, Share


def make(
    kind: Literal["brain", "bitewings"],
    folder: Path,
    /,
    *,
    cases: Count | None = None,
    seed: Natural = 0,
    films: bool = False,
    scale: Count = 1,
    shortcut: Share | None = None,
) -> int:
    """Make sample data; nothing is downloaded.

    Parameters
    ----------
    kind
        What to make: brain is a pool of MR-like volumes with tissue classes as truth, bitewings are
        dental radiographs with caries.
    folder
        Where it goes: images/ and what is true of them.
    cases
        How many; 8 volumes or 40 radiographs if not given.
    seed
        Seed of everything that varies.
    films
        Make whole bitewings of 128 x 160 pixels in place of crops of one tooth, 64 x 48.
    scale
        Pixels of the radiographs times this along each side.
    shortcut
        Share of decayed teeth that have a restoration, and of sound ones that have none, in crops
        for training; lesions are fainter then. Without it restorations say nothing.
    """
    if kind == "brain" and (films or scale != 1 or shortcut is not None):
        raise WrongUsage("--films, --scale and --shortcut are for bitewings; leave them out.")
    if kind == "brain":
        from napari_salient.samples.brain import make_brain_pool

        cases = cases or 8
        pool = make_brain_pool(folder, cases=cases, seed=seed)
        made = {"images": pool.images, "labels": pool.labels}
    else:
        from napari_salient.samples.bitewing_files import make_bitewings

        cases = cases or 40
        made = vars(
            make_bitewings(folder, cases, seed, films=films, scale=scale, shortcut=shortcut)
        )
    result = {"kind": kind, "cases": cases, **{name: str(path) for name, path in made.items()}}
    show(result, pairs(result))
    return 0
