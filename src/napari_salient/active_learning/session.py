"""A labelling session: the state behind the widget, testable without a window."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.choosing import choose, pool_sizes, pool_state, query_of
from napari_salient.active_learning.effort import Effort, effort
from napari_salient.active_learning.features import read_features
from napari_salient.active_learning.modelling import BEGUN, Modelling
from napari_salient.active_learning.pool import FEATURES, PoolScores
from napari_salient.active_learning.progress import Counts, CurvePoint, count_slices, learning_curve
from napari_salient.active_learning.settings import LoopSettings
from napari_salient.active_learning.strategies import strategy
from napari_salient.active_learning.training_set import LabelSlices
from napari_salient.active_learning.worth import stop_advice
from napari_salient.errors import RunError
from napari_salient.project.states import SliceState

if TYPE_CHECKING:
    from pathlib import Path

    from napari_salient.active_learning.pool import Proposal
    from napari_salient.active_learning.stopping import StopAdvice
    from napari_salient.project.labels import LabelSchema
    from napari_salient.project.project import Project


class LabellingSession(Modelling):
    """Everything an annotator and a model do to a project, in turns.

    All methods belong to one thread, the window's, but `load_case` and the job that `round_job`
    returns. `labels` of the open case is the live array that somebody paints into. After a restart
    a new session on the same project goes on where the last one stopped: queue, undo, model.

    Parameters
    ----------
    project
        Open for writing.
    settings
        How slices are chosen and the model is trained.
    """

    def __init__(self, project: Project, settings: LoopSettings | None = None) -> None:
        super().__init__(project, settings or LoopSettings())
        self._pool: dict[int, int] = {}
        self._pool_count = 0

    def propose(self, count: int | None = None) -> list[Proposal]:
        """Append slices of the pool to the queue, chosen with the scores of the active round.

        Parameters
        ----------
        count
            How many; one batch by default.

        Returns
        -------
        list of Proposal
            The new ones, fewer than asked where the pool has no more; none after `finish`.
        """
        if self.finished:
            return []
        busy = self._places(SliceState.PROPOSED, *BEGUN)
        sizes = {c: n for c, n in self._pool_sizes().items() if c not in self.set_aside}
        state = pool_state(self.plane, sizes, busy, self._scores())
        k = self.settings.batch if count is None else count
        _, proposals = choose(query_of(self.settings), state, k, self._rng())
        self._queue.add(proposals, self._round.run_id if self._round else None)
        return proposals

    def propose_by(
        self, features: PoolScores, where: str, count: int | None = None
    ) -> list[Proposal]:
        """Propose what is farthest apart in the features of another network, by `kcenter`.

        Proposals that nobody has begun make way, but for the open slice.

        Parameters
        ----------
        features
            Of all slices of some cases; cases of the pool that are not among them are left out.
        where
            What features they are, for the reasons: ``in the features of the pretraining``.
        count
            How many; one batch by default.

        Returns
        -------
        list of Proposal
            The new ones, audit slices among them as always; none after `finish`.
        """
        if self.finished:
            return []
        self.record_changes()
        here = {self._here} if self._here else set()
        looked_at = set(features.case_id.tolist()) - set(self.set_aside)
        sizes = {c: n for c, n in self._pool_sizes().items() if c in looked_at}
        state = pool_state(self.plane, sizes, self._places(*BEGUN) | here, features)
        query = dataclasses.replace(query_of(self.settings), strategy="kcenter")
        k = self.settings.batch if count is None else count
        proposals = [
            p if p.audit else dataclasses.replace(p, reason=f"{p.reason}, {where}")
            for p in query.ask(state, k, self._rng())
        ]
        self._queue.replace(proposals, self._round.run_id if self._round else None, keep=here)
        return proposals

    def progress(self) -> Counts:
        """Count the slices of the pool by state."""
        return count_slices(self.project.journal.slice_states(), self._pool_sizes())

    def curve(self) -> list[CurvePoint]:
        """Return one point a round: labels, agreement with the annotator, validation Dice."""
        accepted = self._places(SliceState.ACCEPTED)
        return learning_curve(self.project.catalogue.rounds(), self._log, accepted)

    def effort(self) -> dict[bool, Effort]:
        """Return what slices cost that were begun blank (`False`) and pre-annotated (`True`)."""
        return effort(self._log)

    def stop_advice(self) -> StopAdvice:
        """Return the signs that further labelling still pays or does not, and what they advise."""
        accepted = self._places(SliceState.ACCEPTED)
        rounds = self.project.catalogue.rounds()
        return stop_advice(rounds, self._log, accepted, self.settings.batch)

    def import_labels(self, case_id: int, path: Path) -> int:
        """Replace a case's labels by those of a file, in one row; all its slices are accepted.

        Raises
        ------
        InputError
            If the file does not fit the image or has values that no label class has.
        """
        self.record_changes()
        row = self.project.import_labels(case_id, path)
        self._did(case_id)
        self._reread(case_id)
        return row

    def set_schema(self, schema: LabelSchema) -> None:
        """Change the label classes; voxels of retired ones are shown as what they count as.

        Raises
        ------
        InputError
            If a class would be taken out that voxels may have.
        """
        self.record_changes()
        every_value = np.arange(256, dtype=np.uint8)
        before = self.project.schema.resolve(every_value)
        self.project.set_schema(schema)
        if not np.array_equal(before, schema.resolve(every_value)) and self.case is not None:
            self._reread(self.case.case.id)
            self.case.predicted = self._prediction(self.case.case)

    def labelled_with(self, value: int) -> tuple[int, int] | None:
        """Return how many slices of the last training set show a class, and how many it has.

        `None` before the first round. To count over all slices every volume would have to be read.
        """
        if self._round is None:
            return None
        try:
            kept, _ = LabelSlices.read(self.project.runs_dir / self._round.run_id)
        except RunError:
            return None
        shown = [bool((labels == value).any()) for labels in kept.labels.values()]
        return sum(shown), len(shown)

    def _rng(self) -> np.random.Generator:
        """Return a new generator for each time that slices are chosen, the same for the seed."""
        seed, draws = self.settings.segmentation.fit.seed, self._queue.draws
        self._queue.draws += 1
        return np.random.default_rng([seed, self._next_number(), draws])

    def _scores(self) -> PoolScores | None:
        """Return what the active round's model said about the pool."""
        if self._round is None:
            return None
        scores = self.project.catalogue.scores(self._round.number)
        features = None
        if FEATURES in strategy(self.settings.strategy).needs:
            features = read_features(self.project.runs_dir / self._round.run_id, scores)
        return PoolScores(scores.case_id, scores.index, scores.measures, features)

    def _pool_sizes(self) -> dict[int, int]:
        """Return the slices of each case of the pool; counted again when cases were added."""
        catalogue = self.project.catalogue
        if self._pool_count != catalogue.count("pool"):
            self._pool_count = catalogue.count("pool")
            self._pool = pool_sizes(catalogue, self.plane)
        return self._pool
