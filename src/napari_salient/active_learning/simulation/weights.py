"""What each strategy's last round ended with, on disk while the experiment is under way."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from napari_salient.errors import RunError

if TYPE_CHECKING:
    from pathlib import Path

    from napari_salient.active_learning.simulation.records import Record


class WeightsFolder:
    """The folder ``<output>.partial.weights``: one file for each strategy, seed and round.

    A round's file is written before its record and kept until the next round has one, so that an
    interrupted experiment goes on from the weights that its records speak of.
    """

    def __init__(self, output: Path) -> None:
        self._output = output
        self.folder = output.with_name(output.name + ".partial.weights")

    def path(self, strategy: str, seed: int, number: int) -> Path:
        """Return the file of a round."""
        return self.folder / f"{strategy}-seed-{seed}-round-{number}.safetensors"

    def of(self, record: Record) -> Path:
        """Return the file that a record's round ended with.

        Raises
        ------
        RunError
            If it is gone.
        """
        path = self.path(record.strategy, record.seed, record.round)
        if not path.exists():
            raise RunError(
                f"{path}, from which the next round would start, is gone; "
                f"delete {self._output}.partial.jsonl to start the experiment again."
            )
        return path

    def outdate(self, record: Record) -> None:
        """Remove what the round before a record's ended with."""
        self.path(record.strategy, record.seed, record.round - 1).unlink(missing_ok=True)

    def close(self) -> None:
        """Remove the folder: the result has been written."""
        shutil.rmtree(self.folder, ignore_errors=True)
