"""The model's side of a labelling session: starting a round, and putting a finished one to use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_salient.active_learning.annotation import Annotation
from napari_salient.active_learning.editing import CaseEditor
from napari_salient.active_learning.rounds import RoundPlan, RoundResult
from napari_salient.active_learning.trail import PRE_ANNOTATION
from napari_salient.active_learning.training_set import LabelSlices
from napari_salient.data.planes import plane_slice
from napari_salient.engine.llvm import guard_before_torch
from napari_salient.errors import RunError
from napari_salient.project.rounds import Round
from napari_salient.project.states import PREDICTION, SliceMark, SliceState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_salient.active_learning.settings import LoopSettings
    from napari_salient.active_learning.training_set import Place
    from napari_salient.engine.events import Event
    from napari_salient.engine.run import Run
    from napari_salient.project.project import Project
    from napari_salient.project.splits import Split

BEGUN = (SliceState.DRAFT, SliceState.ACCEPTED, SliceState.SENT_BACK)


class Modelling(Annotation):
    """Trains on what the annotator accepted, and gives the annotator the next slices and drafts."""

    def __init__(self, project: Project, settings: LoopSettings) -> None:
        super().__init__(project)
        self.settings = settings

    def round_job(self, run: Run, *, resume: bool = False) -> Iterator[Event]:
        """Return the job that trains the next round, to be iterated in a worker thread.

        The labels it learns from are those of this moment. See `round_job.run_round` for its
        events; the last one's result is a `RoundResult` for `adopt`. With `resume` a cancelled
        round goes on.
        """
        self.record_changes()
        return _round_events(self._plan(), self.project, run, resume)

    def adopt(self, result: RoundResult) -> Round:
        """Put a finished round to use: its model, its predictions, its queue.

        Proposals that nobody has begun make way, as far as there are new ones. Drafts that nobody
        has touched get the new prediction; the current slice stays as it is. A model that lost a
        class gives no pre-annotations.
        """
        self.record_changes()
        adopted = Round(
            number=self._next_number(),
            run_id=result.run_id,
            strategy=result.strategy,
            labelled=result.labelled,
            metrics=result.metrics,
        )
        self.project.catalogue.add_round(adopted)
        if result.scores is not None:
            self.project.catalogue.store_scores(adopted.number, result.scores)
        for case_id, why in result.set_aside.items():
            self.leave_out(case_id, why)
        self._use(adopted, result)
        return adopted

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

    def _use(self, chosen: Round, result: RoundResult) -> None:
        self._round = chosen
        begun = self._places(*BEGUN)
        fresh = [p for p in result.proposals if (p.case_id, p.index) not in begun]
        fresh = [p for p in fresh if p.case_id not in self.set_aside]
        self._queue.replace(fresh, chosen.run_id, keep=self._kept(len(fresh)))
        if not result.flagged:
            self._refresh_drafts(chosen.run_id)
        self._cache.clear(keep=self.case)
        if self.case is not None:
            self.case.predicted = self._prediction(self.case.case)

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

    def _refresh_drafts(self, run_id: str) -> None:
        """Draw a round's labels into drafts that nobody touched, but not into the current slice."""
        untouched: dict[int, list[int]] = {}
        for record in self.project.journal.slice_states(state=SliceState.DRAFT):
            place = record.case_id, record.index
            ours = record.plane == self.plane and record.note == PREDICTION
            if ours and place != self._here:
                untouched.setdefault(record.case_id, []).append(record.index)
        for case_id, indices in untouched.items():
            self._redraw(case_id, indices, run_id)

    def _redraw(self, case_id: int, indices: list[int], run_id: str) -> None:
        prediction = self._stored_prediction(run_id, case_id)
        if prediction is None:
            return
        editor = self._editor
        if editor is None or editor.case_id != case_id:
            labels = self.project.label_array(case_id)
            editor = CaseEditor(self.project.journal, case_id, labels, self.plane)
        draft = SliceMark(SliceState.DRAFT, PREDICTION)
        for index in indices:
            labels = prediction.labels[plane_slice(self.plane, index)]
            editor.put(index, labels, PRE_ANNOTATION, draft)
            self._did(case_id, automatic=True)
        self._queue.shown(case_id, indices, run_id)

    def _next_number(self) -> int:
        """Return the number of the round to come."""
        return 1 + max((r.number for r in self.project.catalogue.rounds()), default=0)

    def _places(self, *wanted: SliceState) -> set[Place]:
        """Return the slices along the project's plane that are in one of the states."""
        records = self.project.journal.slice_states()
        return {
            (r.case_id, r.index) for r in records if r.plane == self.plane and r.state in wanted
        }

    def _accepted_of(self, split: Split) -> tuple[Place, ...]:
        cases = self.project.catalogue.ids_in(split) - set(self.set_aside)
        accepted = self._places(SliceState.ACCEPTED)
        return tuple(sorted(place for place in accepted if place[0] in cases))

    def _copies(self, places: tuple[Place, ...]) -> LabelSlices:
        """Copy the labels of the open case, which may change while the round runs."""
        copies = LabelSlices()
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

    def _plan(self) -> RoundPlan:
        accepted, validation = self._accepted_of("pool"), self._accepted_of("validation")
        return RoundPlan(
            number=self._next_number(),
            settings=self.settings,
            plane=self.plane,
            schema=self.project.schema,
            accepted=accepted,
            copies=self._copies(accepted),
            validation=validation,
            busy=frozenset(self._places(SliceState.PROPOSED, *BEGUN)),
            waiting=tuple(dict.fromkeys(p.case_id for p in self.queue)),
            set_aside=frozenset(self.set_aside),
            parent=self._parent(),
        )


def _round_events(plan: RoundPlan, project: Project, run: Run, resume: bool) -> Iterator[Event]:
    """Load torch in the thread that iterates, not in the one that asks for the job."""
    guard_before_torch()
    from napari_salient.active_learning.round_job import run_round

    yield from run_round(plan, project, run, resume=resume)
