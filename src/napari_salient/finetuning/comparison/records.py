"""The trainings that are done, on disk: a line for each, so that a kill costs little."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from napari_salient.data.discover import content_hash
from napari_salient.engine.line_file import LineFile
from napari_salient.engine.plain import plain
from napari_salient.errors import InputError
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
        self._file = LineFile(output.with_name(output.name + ".partial.jsonl"))
        first, *others = self._file.lines or [""]
        if not first:
            self._file.append(identity)
        elif json.loads(first) != identity:
            raise InputError(
                f"{self._file.path} holds trainings of a comparison with other settings, volumes "
                "or checkpoints; repeat those to go on with it, or delete the file to start anew."
            )
        self.outcomes = [Outcome(**json.loads(line)) for line in others]

    def add(self, outcome: Outcome) -> None:
        """Keep an outcome; it is on disk when this returns."""
        self._file.append(dataclasses.asdict(outcome))
        self.outcomes.append(outcome)

    def close(self) -> None:
        """Remove the file: the result has been written."""
        self._file.path.unlink()


def identity_of(
    settings: ComparisonSettings, cohort: Cohort, checkpoints: Sequence[Path]
) -> dict[str, Any]:
    """Return what must be equal for trainings to belong to the same experiment, as JSON values."""
    values = plain(settings)
    del values["processes"]
    hashes = [content_hash(path) for path in checkpoints]
    return {"settings": values, "volumes": cohort.names, "checkpoints": hashes}
