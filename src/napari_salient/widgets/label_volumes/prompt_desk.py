"""Has prompts answered in worker threads, one after the other, and puts the answers in."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_salient.active_learning.prompting import Prompting
from napari_salient.engine.control import Control
from napari_salient.errors import InputError, SalientError
from napari_salient.widgets.notice import sentence_of
from napari_salient.widgets.worker import start_job

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtWidgets import QWidget

    from napari_salient.active_learning.open_case import OpenCase
    from napari_salient.active_learning.prompting import Limits, Outcome, Question
    from napari_salient.active_learning.prompts import Prompt, Relabelling, Repair
    from napari_salient.engine.events import Finished
    from napari_salient.widgets.label_volumes.desk import Desk

    Change = Prompt | Repair

NO_CLASS = "Choose a class first, by its key or its button."
READING = "The next volume is being read; the prompt was dropped, give it again once it is there."
NOTHING = "Nothing to change there"
GOING_ON = "Prompts go by intensities alone until the panel is opened again."
DROPPED = "Another volume was opened before the answer came; the prompt was dropped."


class PromptDesk(QObject):
    """Stands between the prompt bar and the session.

    A prompt given while another one is being answered waits for that answer, since it may be about
    what that one changes.
    """

    said = Signal(str)
    """What came of the last prompt, or what prompts go by, in a few words."""

    def __init__(self, desk: Desk, owner: QWidget) -> None:
        super().__init__(owner)
        self.prompting = Prompting(desk.session)
        self._desk, self._owner = desk, owner
        self._waiting: deque[tuple[Change, int, OpenCase, Limits]] = deque()
        self._asked: Question | None = None
        self._foreseen: object = None
        self._loading = False

    @property
    def busy(self) -> bool:
        """Whether an answer is being worked out."""
        return self._asked is not None

    @property
    def basis(self) -> str:
        """What prompts go by at this moment, in words."""
        in_use, without = self._desk.session.active_round, self.prompting.model.without()
        if without or in_use is None:
            return f"intensities: {without}"
        return f"model of round {in_use.number}"

    def ask(self, change: Change) -> None:
        """Have a prompt or repair answered for the class that is painted with."""
        case, layer = self._desk.session.case, self._desk.view.layers.labels
        if self._desk.busy:
            self._desk.told.emit(READING, "warning")
            return
        if case is None or layer is None:
            return
        if layer.selected_label not in [c.value for c in self._desk.session.project.schema.active]:
            self._desk.told.emit(NO_CLASS, "warning")
            return
        self._desk.settle()
        limits = self.prompting.limits()
        self._waiting.append((change, int(layer.selected_label), case, limits))
        self._next()

    def prepare(self, reach_mm: float) -> None:
        """Load the model, and let it look at the slices near the open one, ahead of a prompt."""
        if self._loading:
            return
        if self.prompting.model.wanted:
            self._loading = True
            self._start(self.prompting.model.load, partial(self._loaded, reach_mm), "Loading")
            return
        ahead = self.prompting.ahead(reach_mm)
        wanted = (self._desk.here, self._desk.session.active_round, reach_mm)
        if ahead is not None and wanted != self._foreseen:
            self._foreseen = wanted
            self._start(ahead, lambda _end: None, "Predicting slices")

    def _loaded(self, reach_mm: float, finished: Finished) -> None:
        if finished.error is not None:
            self._desk.told.emit(f"{sentence_of(finished.error)} {GOING_ON}", "warning")
            return
        self._loading = False
        self.said.emit(self.basis)
        self.prepare(reach_mm)

    def _next(self) -> None:
        if self._asked is not None or not self._waiting:
            return
        change, value, case, limits = self._waiting.popleft()
        if case is not self._desk.session.case:
            self._drop()
            return
        try:
            self._asked = question = self.prompting.ask(change, value, limits)
        except SalientError as error:
            self._desk.told.emit(str(error), "error")
            return
        self.said.emit("Working …")
        ended = partial(self._answered, question, self.basis if question.weighs else "")
        self._start(partial(_answer, question), ended, "Answering a prompt")

    def _answered(self, question: Question, basis: str, finished: Finished) -> None:
        self._asked = None
        error = finished.error
        if isinstance(finished.result, InputError):
            error = finished.result
        if error is not None:
            self.said.emit("")
            self._desk.told.emit(sentence_of(error), "warning")
        elif not self.prompting.is_open(question):
            self._drop()
        else:
            self._put(question, finished.result, basis)
        self._next()

    def _put(self, question: Question, found: Relabelling | None, basis: str) -> None:
        try:
            outcome = self.prompting.put(question, found)
        except SalientError as error:
            self.said.emit("")
            self._desk.told.emit(str(error), "error")
            return
        self.said.emit(_in_words(outcome, basis))
        if outcome is not None:
            self._desk.view.refresh()
            self._desk.changed.emit()

    def _drop(self) -> None:
        self._waiting.clear()
        self.said.emit("")
        self._desk.told.emit(DROPPED, "warning")

    def _start(
        self, work: Callable[[], object], ended: Callable[[Finished], object], name: str
    ) -> None:
        start_job(work, Control(), on_finished=ended, name=name, owner=self._owner)


def _answer(question: Question) -> Relabelling | InputError | None:
    """Answer, and return what the annotator did wrong instead of raising: it is no failed job."""
    try:
        return question.answer()
    except InputError as error:
        return error


def _in_words(outcome: Outcome | None, basis: str) -> str:
    if outcome is None:
        return NOTHING
    slices = "1 slice" if outcome.slices == 1 else f"{outcome.slices} slices"
    words = f"{outcome.voxels:,} voxels on {slices}"
    return f"{words} · {basis}" if basis else words
