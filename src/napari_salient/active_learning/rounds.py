"""What a training round starts from and what comes of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_salient.active_learning.interpolation import InterpolationQuality
from napari_salient.active_learning.pool import Proposal
from napari_salient.engine.atomic import write_atomically
from napari_salient.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from torch import Tensor

    from napari_salient.active_learning.settings import LoopSettings
    from napari_salient.active_learning.spec import SegmenterSpec
    from napari_salient.active_learning.training_set import LabelSlices, Place
    from napari_salient.data.planes import Plane
    from napari_salient.project.labels import LabelSchema
    from napari_salient.project.rounds import Scores

    FirstWeights = Callable[[SegmenterSpec], tuple[Mapping[str, Tensor], str]]
    """Gives a model its weights before the first round, and says in a sentence what they are."""

FILE_NAME = "round.json"


@dataclass(frozen=True)
class RoundPlan:
    """Everything a round needs to know of the session, copied on the session's thread.

    Parameters
    ----------
    number
        The round, from 1.
    settings
        Of the labelling loop.
    plane, schema
        Slicing plane and label classes.
    accepted
        Accepted slices of the pool.
    copies
        Their labels in the open case, which may change while the round runs.
    validation
        Accepted slices of the validation cases; they measure, nothing more.
    busy
        Slices of the pool that must not be proposed.
    waiting
        Cases with slices in the queue, which get new predictions too.
    set_aside
        Cases that could not be read before.
    parent
        Checkpoint of the active round, to start from.
    last_run
        Folder of the active round's run, with what its model said of the probe.
    first_weights
        What to start from where there is no active round.
    """

    number: int
    settings: LoopSettings
    plane: Plane
    schema: LabelSchema
    accepted: tuple[Place, ...]
    copies: LabelSlices
    validation: tuple[Place, ...]
    busy: frozenset[Place]
    waiting: tuple[int, ...]
    set_aside: frozenset[int]
    parent: Path | None
    last_run: Path | None
    first_weights: FirstWeights | None = None


@dataclass(frozen=True)
class RoundResult:
    """A finished round, ready to be adopted.

    Parameters
    ----------
    number, run_id, strategy
        The round, its run, and the strategy that chose `proposals`.
    labelled
        Slices it was trained on.
    checkpoint
        File of the model, relative to the run's folder.
    proposals
        What to label next, best first; the predictions of their cases are in the run's folder.
    metrics
        ``dice`` on validation cases where there are any, ``warm_start`` 1 or 0, ``dead_classes``,
        ``pseudo_slices``.
    dead_classes
        Names of classes that were labelled and that the model predicts on no training slice.
    set_aside
        Cases that could not be read, each with a sentence.
    interpolation
        How good interpolation was on the slices that were drawn.
    pseudo
        Interpolated slices it was trained on as well: for each gap their number, ``slices``, and
        the ``weight`` of one.
    scores
        What the model says about every slice of the pool; kept in files of their own in the run's
        folder, and in the catalogue once the round is adopted.
    """

    number: int
    run_id: str
    strategy: str
    labelled: int
    checkpoint: str
    proposals: tuple[Proposal, ...]
    metrics: dict[str, float] = field(default_factory=dict)
    dead_classes: tuple[str, ...] = ()
    set_aside: dict[int, str] = field(default_factory=dict)
    interpolation: InterpolationQuality | None = None
    pseudo: dict[int, dict[str, float]] = field(default_factory=dict)
    scores: Scores | None = None

    @property
    def flagged(self) -> bool:
        """Whether the model lost a class, so that its labels must not be offered as usual."""
        return bool(self.dead_classes)

    def write(self, run_dir: Path) -> None:
        """Keep the result, without its scores, with the run."""
        record = {name: value for name, value in vars(self).items() if name != "scores"}
        record["proposals"] = [vars(proposal) for proposal in self.proposals]
        record["interpolation"] = vars(self.interpolation) if self.interpolation else None
        write_atomically(run_dir / FILE_NAME, json.dumps(record, indent=1).encode())

    @staticmethod
    def kept_in(run_dir: Path) -> bool:
        """Whether a run got to the end of its round."""
        return (run_dir / FILE_NAME).exists()

    @classmethod
    def read(cls, run_dir: Path) -> RoundResult:
        """Return what `write` kept.

        Raises
        ------
        RunError
            If the run has no finished round or its file is broken.
        """
        path = run_dir / FILE_NAME
        try:
            return _result(json.loads(path.read_bytes()))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(
                f"{path} cannot be read ({error}); choose another round or train a new one."
            ) from error


def _result(record: dict[str, Any]) -> RoundResult:
    record["proposals"] = tuple(Proposal(**proposal) for proposal in record["proposals"])
    record["dead_classes"] = tuple(record["dead_classes"])
    measured = record["interpolation"]
    record["interpolation"] = InterpolationQuality.from_json(measured) if measured else None
    record["pseudo"] = {int(gap): share for gap, share in record["pseudo"].items()}
    record["set_aside"] = {int(case): words for case, words in record["set_aside"].items()}
    return RoundResult(**record)
