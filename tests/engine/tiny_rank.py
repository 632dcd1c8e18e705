"""One of the processes that train together in tests: ``tiny_rank.py FOLDER DEED``.

Trains in ``FOLDER/short`` to the end, then in the run ``FOLDER`` until it is cancelled. In the
second training process 1 does what `DEED` says at its third step: ``work`` is nothing unusual.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from tiny_tasks import SETTINGS, SplitTask, train

from napari_salient.engine import ranks
from napari_salient.engine.events import Finished
from napari_salient.engine.fit import fit
from napari_salient.engine.run import Run, RunState


class Odd(SplitTask):
    """A task that does not always work in process 1."""

    def loss(self, batch):
        if ranks.rank() == 1 and self.seen == 3:
            if sys.argv[2] == "fail":
                raise ValueError("a volume is gone")
            if sys.argv[2] == "vanish":
                os._exit(9)
        return super().loss(batch)


def main(folder: Path) -> None:
    train(SplitTask(), folder / "short", replace(SETTINGS, micro_batches=2))
    run = Run(folder, RunState.IDLE)
    task = Odd(weights=ranks.rank(), mixing=True)
    job = fit(task, replace(SETTINGS, steps=1_000_000, evaluate_every=50), run.control, folder)
    *_, last = run.record(job) if ranks.is_first() else job
    assert isinstance(last, Finished)
    weights = sum(float(values.double().sum()) for values in task.model.state_dict().values())
    print(last.reason, last.message, weights, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
