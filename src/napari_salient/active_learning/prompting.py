"""Prompts and repairs in the open case of a session: each is one row of the journal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_salient.active_learning.model_in_use import ModelInUse
from napari_salient.active_learning.prompts import (
    BoxPrompt,
    BrushStroke,
    Click,
    Holes,
    Islands,
    LargestPart,
    Prompt,
    Repair,
    Scene,
    Scribble,
    Smooth,
    answer,
    looked_at,
    repaired,
)
from napari_salient.active_learning.prompts.reach import default_reach_mm
from napari_salient.data.planes import axis_of
from napari_salient.errors import InputError, ProjectError
from napari_salient.project.edits import Box, box_slices
from napari_salient.project.states import SliceState

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_salient.active_learning.class_probabilities import ClassProbabilities
    from napari_salient.active_learning.open_case import OpenCase
    from napari_salient.active_learning.prompts import Relabelling
    from napari_salient.active_learning.session import LabellingSession

KINDS: dict[type, str] = {
    Click: "click",
    Scribble: "scribble",
    BoxPrompt: "box",
    BrushStroke: "threshold brush",
    Smooth: "smooth",
    LargestPart: "largest part",
    Islands: "islands",
    Holes: "holes",
}
"""What the journal calls each prompt and repair."""


class Outcome(NamedTuple):
    """What a prompt changed: the box around it, how many voxels, on how many slices."""

    box: Box
    voxels: int
    slices: int


class Limits(NamedTuple):
    """What a prompt leaves alone: accepted slices or not, and all slices but one or none."""

    keep_accepted: bool
    only: int | None


@dataclass(frozen=True, eq=False)
class Question:
    """A prompt or a repair with the labels as they are at that moment.

    Parameters
    ----------
    change, value
        What is asked for, of which class.
    case
        The case it is about.
    limits
        What it leaves alone.
    scene
        A copy of its labels with what is locked; probabilities are worked out with the answer.
    probabilities
        Of the model in use; `None` where the answer goes by intensities alone.
    """

    change: Prompt | Repair
    value: int
    case: OpenCase
    limits: Limits
    scene: Scene
    probabilities: ClassProbabilities | None

    @property
    def weighs(self) -> bool:
        """Whether the answer depends on what voxels look like, so that a model helps."""
        return isinstance(self.change, Click | Scribble | BoxPrompt)

    def answer(self) -> Relabelling | None:
        """Work out what changes; any thread may. Raises `InputError` as `prompts.answer` does."""
        if isinstance(self.change, Repair):
            return repaired(self.change, self.value, self.scene)
        scene = self.scene
        if self.probabilities is not None:
            maps = self.probabilities.within(looked_at(self.change, scene))
            scene = replace(scene, probabilities=maps)
        return answer(self.change, self.value, scene)


class Prompting:
    """Asks for prompts and repairs, and puts their answers into the labels.

    `ask` and `put` belong to the session's thread; between them the answer may be worked out in
    another one while somebody goes on painting.

    Parameters
    ----------
    session
        With the open case.
    """

    def __init__(self, session: LabellingSession) -> None:
        self.model = ModelInUse(session)
        self.keep_accepted = True
        self.this_slice_only = False
        self._session = session

    def prompt(self, prompt: Prompt, value: int) -> Outcome | None:
        """Change the labels as a prompt for a class says; `None` if nothing is to change.

        Slices that change become drafts and wait next in the queue. Accepted ones stay as they are
        while `keep_accepted`.

        Raises
        ------
        InputError
            If no case is open, and as `prompts.answer` does.
        ProjectError
            If the change cannot be written; the labels stay as they were.
        """
        question = self.ask(prompt, value)
        return self.put(question, question.answer())

    def repair(self, repair: Repair, value: int) -> Outcome | None:
        """Repair a class in all of the volume; see `prompt`."""
        question = self.ask(repair, value)
        return self.put(question, question.answer())

    def limits(self) -> Limits:
        """Return what a prompt that is given at this moment leaves alone."""
        return Limits(self.keep_accepted, self._session.index if self.this_slice_only else None)

    def ask(self, change: Prompt | Repair, value: int, limits: Limits | None = None) -> Question:
        """Return the question that goes with the labels of this moment.

        Its `limits` are those of this moment too, unless the prompt was given before.
        """
        self._session.record_changes()
        case, limits = self._open_case(), limits or self.limits()
        values = (0, *(label.value for label in self._session.project.schema.active))
        spacing, locked = case.header.spacing, self._locked(limits)
        scene = Scene(case.image, case.labels.copy(), spacing, values, locked=locked)
        probabilities = None if isinstance(change, Repair) else self.model.probabilities()
        return Question(change, value, case, limits, scene, probabilities)

    def is_open(self, question: Question) -> bool:
        """Whether the case that a question is about is still the open one."""
        return self._session.case is question.case

    def put(self, question: Question, found: Relabelling | None) -> Outcome | None:
        """Put an answer into the labels, as one row.

        Whatever was painted or accepted since the question was asked stays. Nothing happens if
        another case is open by now, or the class has been retired.
        """
        classes = [label.value for label in self._session.project.schema.active]
        if found is None or not self.is_open(question) or question.value not in classes:
            return None
        self._session.record_changes()
        part = box_slices(found.box)
        live, asked = question.case.labels[part], question.scene.labels[part]
        locked = np.broadcast_to(self._locked(question.limits), question.case.labels.shape)[part]
        changing = (live == asked) & ~locked & (live != found.labels)
        if not changing.any():
            return None
        axis = axis_of(self._session.plane)
        hit = changing.any(axis=tuple(other for other in range(3) if other != axis))
        slices = (np.flatnonzero(hit) + found.box[2 * axis]).tolist()
        self._write(live, np.where(changing, found.labels, live), question.change, slices)
        self._session.queue_drafts(slices, f"{KINDS[type(question.change)]}, to be checked")
        return Outcome(found.box, int(changing.sum()), len(slices))

    def ahead(self, reach_mm: float) -> Callable[[], object] | None:
        """Return what lets the model look at all slices within reach of the open one.

        Any thread may call that, so that a prompt need not wait for it. `None` where prompts do
        without a model.
        """
        case, index, probabilities = self._session.case, self._session.index, None
        if case is not None and index is not None:
            probabilities = self.model.probabilities()
        if case is None or index is None or probabilities is None:
            return None
        axis = axis_of(self._session.plane)
        steps = int(reach_mm / case.header.spacing[axis])
        first, last = max(0, index - steps), min(case.labels.shape[axis] - 1, index + steps)
        return partial(probabilities.covering, range(first, last + 1))

    def default_reach_mm(self, value: int) -> float:
        """Return how far a click for a class had best reach in the open case."""
        case = self._open_case()
        drawn = case.labels == value
        if not drawn.any() and case.prediction is not None:
            drawn = case.prediction == value
        return default_reach_mm(drawn, self._session.plane, case.header.spacing)

    def _write(
        self,
        live: NDArray[np.uint8],
        wanted: NDArray[np.uint8],
        change: Prompt | Repair,
        slices: list[int],
    ) -> None:
        before = live.copy()
        live[...] = wanted
        try:
            touched = slice(slices[0], slices[-1] + 1)
            self._session.record_changes(KINDS[type(change)], touched)
        except ProjectError:
            live[...] = before
            raise

    def _locked(self, limits: Limits) -> NDArray[np.bool_]:
        """Return where labels may not change; it broadcasts to ``(z, y, x)``."""
        case, plane = self._open_case(), self._session.plane
        count = case.labels.shape[axis_of(plane)]
        locked = np.zeros(count, dtype=bool)
        if limits.keep_accepted:
            records = self._session.project.journal.slice_states(case.case.id)
            accepted = (r for r in records if r.state is SliceState.ACCEPTED and r.plane == plane)
            locked[[record.index for record in accepted]] = True
        if limits.only is not None:
            locked |= np.arange(count) != limits.only
        return locked.reshape([-1 if axis == axis_of(plane) else 1 for axis in range(3)])

    def _open_case(self) -> OpenCase:
        if self._session.case is None:
            raise InputError("No slice is open; open one from the queue first.")
        return self._session.case
