"""The model's side of a labelling session: starting a round, and putting a finished one to use."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

from napari_salient.active_learning.interpolating import Interpolating
from napari_salient.active_learning.rounds import RoundPlan, RoundResult
from napari_salient.active_learning.score_file import read_scores
from napari_salient.active_learning.training_set import LabelSlices
from napari_salient.engine.llvm import guard_before_torch
from napari_salient.engine.run import list_runs
from napari_salient.errors import RunError
from napari_salient.project.rounds import Round
from napari_salient.project.states import SliceState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_salient.active_learning.open_case import OpenCase
    from napari_salient.active_learning.predictions import Prediction
    from napari_salient.active_learning.rounds import FirstWeights
    from napari_salient.active_learning.settings import LoopSettings
    from napari_salient.active_learning.training_set import Place
    from napari_salient.engine.events import Event
    from napari_salient.engine.run import Run
    from napari_salient.project.project import Project
    from napari_salient.project.splits import Split

KIND = "segmentation"
"""Kind of the runs that are rounds."""
BEGUN = (SliceState.DRAFT, SliceState.ACCEPTED, SliceState.SENT_BACK)


class _Foreseen(NamedTuple):
    run_id: str
    case_id: int
    prediction: Prediction | None


class Modelling(Interpolating):
    """Trains on what the annotator accepted, and gives the annotator the next slices and drafts.

    Attributes
    ----------
    first_weights
        What the first round starts from, such as a pretrained encoder; random weights if `None`.
    """

    def __init__(self, project: Project, settings: LoopSettings) -> None:
        super().__init__(project)
        self.settings = settings
        self.first_weights: FirstWeights | None = None
        self._foreseen: _Foreseen | None = None

    def round_job(
        self, run: Run, *, resume: bool = False, settings: LoopSettings | None = None
    ) -> Iterator[Event]:
        """Return the job that trains the next round, to be iterated in a worker thread.

        The labels it learns from are those of this moment. See `round_job.run_round` for its
        events; the last one's result is a `RoundResult` for `adopt`. With `resume` a cancelled
        round goes on; its `settings` are those it began with, by default those of the session.
        """
        self.record_changes()
        return _round_events(self.plan(settings or self.settings), self.project, run, resume)

    def plan(self, settings: LoopSettings) -> RoundPlan:
        """Return everything a training needs to know of the session at this moment."""
        accepted, validation = self._accepted_of("pool"), self._accepted_of("validation")
        return RoundPlan(
            number=self._next_number(),
            settings=settings,
            plane=self.plane,
            schema=self.project.schema,
            accepted=accepted,
            copies=self._copies(accepted),
            validation=validation,
            busy=frozenset(self._places(SliceState.PROPOSED, *BEGUN)),
            waiting=tuple(dict.fromkeys(p.case_id for p in self.queue)),
            set_aside=frozenset(self.set_aside),
            parent=self._parent(),
            last_run=self.project.runs_dir / self._round.run_id if self._round else None,
            first_weights=self.first_weights,
        )

    def adopt(self, result: RoundResult) -> Round:
        """Put a finished round to use: its model, its predictions, its queue.

        Proposals that nobody has begun make way, as far as there are new ones. Drafts that nobody
        has touched get the new prediction when they are next opened; the current slice stays as it
        is. A model that lost a class gives no pre-annotations.
        """
        self.record_changes()
        adopted = Round(
            number=self._next_number(),
            run_id=result.run_id,
            strategy=result.strategy,
            labelled=result.labelled,
            metrics=result.metrics,
        )
        self.project.catalogue.add_round(adopted, result.scores)
        for case_id, why in result.set_aside.items():
            self.leave_out(case_id, why)
        self._use(adopted, result)
        return adopted

    def take_up(self) -> Round | None:
        """Adopt the newest round if it was complete when the program ended but not in use yet.

        Raises
        ------
        RunError
            If its files are broken.
        """
        run = next((run for run in list_runs(self.project.runs_dir) if run.kind == KIND), None)
        known = {r.run_id for r in self.project.catalogue.rounds()}
        if run is None or run.id in known or not RoundResult.kept_in(run.directory):
            return None
        scores = read_scores(run.directory)
        return self.adopt(dataclasses.replace(RoundResult.read(run.directory), scores=scores))

    def foresee(self, run_id: str) -> None:
        """Read what a round says about the open case, so that using it takes no time.

        Any thread may do this; what is using the round afterwards does it where it was not done.
        """
        if self.case is not None:
            case_id = self.case.case.id
            self._foreseen = _Foreseen(run_id, case_id, self._stored_prediction(run_id, case_id))

    def foresaw(self, run_id: str) -> bool:
        """Whether what a round says about the open case is in memory."""
        if self.case is None:
            return True
        seen = self._foreseen
        return seen is not None and (seen.run_id, seen.case_id) == (run_id, self.case.case.id)

    def rollback(self, number: int) -> None:
        """Go back to the model, predictions and proposals of a round; labels stay as they are.

        Raises
        ------
        ProjectError
            If there is no such round.
        RunError
            If its run is not there any more.
        """
        self.record_changes()
        chosen = next((r for r in self.project.catalogue.rounds() if r.number == number), None)
        result = RoundResult.read(self.project.runs_dir / chosen.run_id) if chosen else None
        self.project.catalogue.activate_round(number)
        if chosen is not None and result is not None:
            self._use(chosen, result)

    @property
    def finished(self) -> bool:
        """Whether the annotator has finished: nothing is proposed until they go on."""
        return self._queue.finished

    def finish(self) -> None:
        """Propose nothing more; what nobody has begun leaves the queue, labels stay as they are."""
        self.record_changes()
        self._queue.finish(keep={self._here} if self._here else set())

    def go_on(self) -> None:
        """Take back `finish`; the next slices are proposed when they are asked for."""
        self._queue.go_on()

    def _use(self, chosen: Round, result: RoundResult) -> None:
        self._round = chosen
        begun = self._places(*BEGUN)
        fresh = [p for p in result.proposals if (p.case_id, p.index) not in begun]
        fresh = [p for p in fresh if p.case_id not in self.set_aside and not self.finished]
        self._queue.replace(fresh, chosen.run_id, keep=self._kept(len(fresh)))
        self._cache.clear(keep=self.case)
        if self.case is not None:
            self._renew(self.case, chosen.run_id)

    def _renew(self, case: OpenCase, run_id: str) -> None:
        """Let a case in memory know what another round says, but on slices that were begun."""
        if not self.foresaw(run_id):
            self.foresee(run_id)
        assert self._foreseen is not None
        old, new = case.predicted, self._foreseen.prediction
        case.predicted = self._with_shown(case.case, new, lambda _run_id: old)
        self._foreseen = None

    def _kept(self, fresh: int) -> set[Place]:
        """Return the old proposals that stay: the current slice, and what fills a short batch."""
        places = [(p.case_id, p.index) for p in self.queue]
        kept = set(places[: max(0, self.settings.batch - fresh)])
        return kept | {place for place in places if place == self._here}

    @property
    def _here(self) -> Place | None:
        if self.case is None or self.index is None:
            return None
        return self.case.case.id, self.index

    def _next_number(self) -> int:
        """Return the number of the round to come."""
        return 1 + max((r.number for r in self.project.catalogue.rounds()), default=0)

    def _places(self, *wanted: SliceState) -> set[Place]:
        """Return the slices along the project's plane that are in one of the states."""
        return self.project.journal.places(self.plane, *wanted)

    def _accepted_of(self, split: Split) -> tuple[Place, ...]:
        cases = self.project.catalogue.ids_in(split) - set(self.set_aside)
        accepted = self._places(SliceState.ACCEPTED)
        return tuple(sorted(place for place in accepted if place[0] in cases))

    def _copies(self, places: tuple[Place, ...]) -> LabelSlices:
        """Copy the labels of the open case, which may change while the round runs."""
        copies = LabelSlices(interpolated=self._accepted_as_interpolated())
        if self.case is not None:
            case_id = self.case.case.id
            indices = [index for case, index in places if case == case_id]
            copies.take(case_id, self.case.labels, self.plane, indices)
        return copies

    def _parent(self) -> Path | None:
        """Return the checkpoint of the active round; `None` without one, or if its run is gone."""
        if self._round is None:
            return None
        run_dir = self.project.runs_dir / self._round.run_id
        try:
            return run_dir / RoundResult.read(run_dir).checkpoint
        except RunError:
            return None


def _round_events(plan: RoundPlan, project: Project, run: Run, resume: bool) -> Iterator[Event]:
    """Load torch in the thread that iterates, not in the one that asks for the job."""
    guard_before_torch()
    from napari_salient.active_learning.round_job import run_round

    yield from run_round(plan, project, run, resume=resume)
