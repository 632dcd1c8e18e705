"""The model of the active round, loaded for prompts when somebody first wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from napari_salient.active_learning.class_probabilities import ClassProbabilities
from napari_salient.active_learning.rounds import RoundResult
from napari_salient.engine.llvm import guard_before_torch
from napari_salient.errors import RunError

if TYPE_CHECKING:
    from napari_salient.active_learning.model import Segmenter
    from napari_salient.active_learning.open_case import OpenCase
    from napari_salient.active_learning.session import LabellingSession


class _Loaded(NamedTuple):
    run_id: str
    model: Segmenter | None
    problem: str


class _Asked(NamedTuple):
    case: OpenCase
    model: Segmenter
    probabilities: ClassProbabilities


class ModelInUse:
    """Gives the probabilities of the open case as soon as the active round's model is in memory.

    All methods but `load` belong to the session's thread and take no time.

    Parameters
    ----------
    session
        Whose active round it is.
    """

    def __init__(self, session: LabellingSession) -> None:
        self._session = session
        self._loaded: _Loaded | None = None
        self._asked: _Asked | None = None

    @property
    def wanted(self) -> bool:
        """Whether there is a model that `load` should load."""
        return not self._unfit() and self._current() is None

    def without(self) -> str:
        """Return in words why prompts have to do without a model; nothing if they need not.

        In held-out cases they always do: labels that a model helped to draw do not measure it.
        """
        case = self._session.case
        if case is not None and case.case.split != "pool":
            return "held out to measure the model"
        if unfit := self._unfit():
            return unfit
        loaded = self._current()
        if loaded is None:
            return "the model is loading"
        if loaded.model is None:
            return loaded.problem
        known = loaded.model.spec.label_values
        if tuple(known) != (0, *(label.value for label in self._session.project.schema.active)):
            return "the classes changed since training"
        if case is not None and loaded.model.spec.channels != len(case.image):
            return "trained on another number of channels"
        return ""

    def load(self) -> None:
        """Load the model, and torch before it, in a thread that may take seconds."""
        in_use = self._session.active_round
        if in_use is None:
            return
        guard_before_torch()
        from napari_salient.active_learning.model import load_segmenter
        from napari_salient.engine.device import pick_device

        run_dir = self._session.project.runs_dir / in_use.run_id
        device = self._session.settings.segmentation.fit.device
        try:
            model = load_segmenter(run_dir / RoundResult.read(run_dir).checkpoint)
        except RunError as error:
            self._loaded = _Loaded(in_use.run_id, None, str(error))
            return
        self._loaded = _Loaded(in_use.run_id, model.to(pick_device(device)).eval(), "")

    def probabilities(self) -> ClassProbabilities | None:
        """Return those of the open case; `None` without a model, see `without`."""
        case, loaded = self._session.case, self._current()
        if case is None or self.without() or loaded is None or loaded.model is None:
            return None
        asked = self._asked
        if asked is None or asked.case is not case or asked.model is not loaded.model:
            found = ClassProbabilities(loaded.model, case.image)
            self._asked = asked = _Asked(case, loaded.model, found)
        return asked.probabilities

    def _current(self) -> _Loaded | None:
        loaded, in_use = self._loaded, self._session.active_round
        return loaded if loaded and in_use and loaded.run_id == in_use.run_id else None

    def _unfit(self) -> str:
        in_use = self._session.active_round
        if in_use is None:
            return "no model yet"
        if in_use.metrics.get("dead_classes"):
            return "the model lost a class"
        return ""
