"""The trainings that are done, on disk: a line for each, so that a kill costs little."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from napari_salient.data.discover import content_hash
from napari_salient.engine.experiment_file import ExperimentFile
from napari_salient.engine.plain import plain
from napari_salient.finetuning.comparison.training import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_salient.active_learning.simulation.cohort import Cohort
    from napari_salient.finetuning.settings import ComparisonSettings


class OutcomeFile:
    """Outcomes appended to ``<output>.partial.jsonl``, under a first line with the experiment.

    Raises
    ------
    InputError
        If the file holds trainings of another experiment.
    """

    def __init__(self, output: Path, identity: dict[str, Any]) -> None:
        self._file = ExperimentFile(output, identity)
        self.outcomes = [Outcome(**values) for values in self._file.found]

    def add(self, outcome: Outcome) -> None:
        """Keep an outcome; it is on disk when this returns."""
        self._file.append(dataclasses.asdict(outcome))
        self.outcomes.append(outcome)

    def close(self) -> None:
        """Remove the file: the result has been written."""
        self._file.close()


def identity_of(
    settings: ComparisonSettings, cohort: Cohort, checkpoints: Sequence[Path]
) -> dict[str, Any]:
    """Return what must be equal for trainings to belong to the same experiment, as JSON values."""
    values = plain(settings)
    del values["processes"]
    hashes = [content_hash(path) for path in checkpoints]
    return {"settings": values, "volumes": cohort.names, "checkpoints": hashes}
