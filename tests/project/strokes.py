"""A writer to be killed: ``python strokes.py JOURNAL`` paints and prints each row once saved."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.project.journal import Journal

if TYPE_CHECKING:
    from napari_salient.project.edits import Box

SHAPE = (8, 16, 16)
CASE = 1


def stroke(number: int) -> tuple[Box, np.ndarray]:
    """Return where and what stroke `number` paints."""
    rng = random.Random(number)
    z, y, x = (rng.randrange(size - 3) for size in SHAPE)
    box = (z, z + rng.randint(1, 3), y, y + rng.randint(1, 3), x, x + rng.randint(1, 3))
    shape = (box[1] - box[0], box[3] - box[2], box[5] - box[4])
    return box, np.full(shape, 1 + number % 254, np.uint8)


def main() -> None:
    """Paint from the journal's last stroke on."""
    journal = Journal(Path(sys.argv[1]))
    number = journal.last_edit(CASE)
    while True:
        number += 1
        box, after = stroke(number)
        states = {("axial", box[0]): ("draft", "edited")}
        print(journal.record(CASE, "stroke", box, np.zeros_like(after), after, states), flush=True)


if __name__ == "__main__":
    main()
