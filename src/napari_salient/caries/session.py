"""A reading session: radiographs, the evidence of a model, and how a reader steers it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.caries.candidates import find_candidates, flips_without
from napari_salient.caries.painted import EXCLUDE, INCLUDE, SCHEMA, Mode, PaintedRegions
from napari_salient.data.radiograph_grid import grid_of
from napari_salient.data.radiographs import read_radiograph, with_channels
from napari_salient.errors import InputError
from napari_salient.project.editing import DRAWN, CaseEditor
from napari_salient.project.states import EDITED, EMPTY, SliceMark, SliceState

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_salient.caries.candidates import Candidate
    from napari_salient.caries.evidence import Evidence
    from napari_salient.caries.examination import Examination, Examiner
    from napari_salient.data.patch_grid import PatchGrid
    from napari_salient.data.planes import Plane
    from napari_salient.data.volumes import VolumeHeader
    from napari_salient.project.catalogue import Case
    from napari_salient.project.edits import Box
    from napari_salient.project.project import Project

KEPT = 3
"""Radiographs in memory: the open one and its neighbours."""

BULK = 0.9
"""Part of a score whose patches are counted in its explanation."""

ACCEPTED_FROM = 0.5
"""Share of a candidate's patches that is included from which it counts as accepted."""


@dataclass(frozen=True, eq=False)
class OpenRadiograph:
    """A radiograph in memory.

    Parameters
    ----------
    case, header
        Who it is, and the grid of one slice that its regions are kept on.
    image : float32 array, shape (1, 1, row, column)
        Its brightness, of one channel and one slice.
    labels : uint8 array, shape (1, row, column)
        The live regions: whoever paints writes into this very array.
    spacing
        Height and width of a pixel in mm, `None` where unknown.
    examination
        What the model made of it; `None` without a model.
    uncertainty
        Has none: doubt is what the maps are for.
    """

    case: Case
    header: VolumeHeader
    image: NDArray[np.float32]
    labels: NDArray[np.uint8]
    spacing: tuple[float, float] | None
    examination: Examination | None
    uncertainty: None = None


@dataclass(frozen=True)
class Verdict:
    """A score before and after the reader's edits; `None` where nothing is attended to.

    Parameters
    ----------
    before, after
        The score of the model alone, and as it is steered.
    patches, part
        The fewest patches that make nine tenths of the steered score, and what they add to it.
    flips
        Whether the score falls below a half without the first candidate.
    """

    before: float | None
    after: float | None
    patches: int = 0
    part: float = 0.0
    flips: bool = False


class ReadingSession:
    """What a reader does to the radiographs of a project, with a model or without one.

    All methods belong to one thread, the window's, but `load_case`. Whatever changes regions is on
    disk when the method returns; a failure to write raises `ProjectError`.

    Parameters
    ----------
    project
        Of radiographs, with the classes of `painted.SCHEMA`, open for writing.
    examiner
        The model.

    Raises
    ------
    InputError
        If the project is of something else.
    """

    plane: Plane = "axial"
    """A radiograph is a volume of one slice."""

    def __init__(self, project: Project, examiner: Examiner | None = None) -> None:
        self.project = project
        self.cases = [case for case in project.catalogue.cases() if case.kind == "radiograph"]
        if project.schema.class_names != SCHEMA.class_names or not self.cases:
            raise InputError(
                f"{project.folder} is no project of radiographs with the classes "
                f"{', '.join(SCHEMA.class_names)}; open a folder of radiographs to make one."
            )
        self.examiner: Examiner | None = None
        self.case: OpenRadiograph | None = None
        self.mode: Mode = "force"
        self.class_index = 0
        self._editor: CaseEditor | None = None
        self._painted: PaintedRegions | None = None
        self._memory: OrderedDict[int, OpenRadiograph] = OrderedDict()
        self._remembering = threading.Lock()
        self.use(examiner)

    def use(self, examiner: Examiner | None) -> None:
        """Examine radiographs that are loaded from now on by another model."""
        self.examiner = examiner
        self.class_index = examiner.lesions[0] if examiner else 0
        with self._remembering:
            self._memory.clear()

    def load_case(self, case_id: int) -> OpenRadiograph:
        """Read a radiograph and have it examined once, or return it from memory.

        Raises
        ------
        InputError
            If its file is gone or cannot be read.
        """
        with self._remembering:
            found = self._memory.get(case_id)
        if found is None:
            examiner = self.examiner
            found = self._read(self.project.catalogue.case(case_id), examiner)
            with self._remembering:
                if examiner is self.examiner:
                    self._memory[case_id] = found
                    while len(self._memory) > KEPT:
                        self._memory.popitem(last=False)
        return found

    def open(self, case_id: int) -> OpenRadiograph:
        """Make a radiograph the open one; what was painted on the last one is recorded first."""
        self.record_changes()
        loaded = self.load_case(case_id)
        if self.case is not None and self.case.case.id == case_id:
            loaded = replace(loaded, labels=self.case.labels)
        else:
            self._editor = CaseEditor(self.project.journal, case_id, loaded.labels, self.plane)
        found = loaded.examination
        self.case = loaded
        self._painted = PaintedRegions(found.grid, loaded.labels[0]) if found else None
        return loaded

    def neighbour(self, by: int) -> int | None:
        """Return the radiograph after (1) or before (-1) the open one; `None` at the end."""
        ids = [case.id for case in self.cases]
        place = ids.index(self.case.case.id) + by if self.case else 0
        return ids[place] if 0 <= place < len(ids) else None

    def leave_out(self, case_id: int) -> int | None:
        """Pass over a radiograph that cannot be read; return the one after it, if there is any."""
        ids = [case.id for case in self.cases]
        self.cases = [case for case in self.cases if case.id != case_id]
        return next(iter(ids[ids.index(case_id) + 1 :]), None)

    def first_unexamined(self) -> int:
        """Return the first radiograph that nobody examined to the end, or the first of all."""
        done = self.project.journal.slice_states(state=SliceState.ACCEPTED)
        examined = {record.case_id for record in done}
        ids = [case.id for case in self.cases]
        return next((case_id for case_id in ids if case_id not in examined), ids[0])

    @property
    def grid(self) -> PatchGrid | None:
        """Where the patches of the open radiograph lie."""
        return self.case.examination.grid if self.case and self.case.examination else None

    @property
    def evidence(self) -> Evidence | None:
        """What the model says about the open radiograph as the reader steers it."""
        if self.case is None or self.case.examination is None or self._painted is None:
            return None
        return self.case.examination.evidence.edited(self._painted.edits(self.mode))

    def verdict(self, evidence: Evidence, candidates: list[Candidate]) -> Verdict:
        """Return the score with what it rests on.

        Parameters
        ----------
        evidence, candidates
            Of the open radiograph, as it is steered now.
        """
        assert self.case is not None
        assert self.case.examination is not None
        before, after = (
            None if found.score is None else float(found.score[self.class_index])
            for found in (self.case.examination.evidence, evidence)
        )
        if after is None:
            return Verdict(before, None)
        added = np.sort(evidence.contributions[:, self.class_index])[::-1].cumsum()
        count = int(np.searchsorted(added, BULK * added[-1])) + 1
        flips = bool(candidates) and flips_without(evidence, candidates[0], self.class_index)
        return Verdict(before, after, count, float(added[count - 1]), flips)

    def candidates(self, evidence: Evidence) -> list[Candidate]:
        """Return the candidate lesions, those that add most to the score first."""
        assert self.grid is not None
        return find_candidates(evidence, self.grid, self.class_index)

    def is_accepted(self, candidate: Candidate) -> bool:
        """Return whether the reader included most of a candidate."""
        assert self._painted is not None
        included = self._painted.covered_by(INCLUDE)[candidate.patches]
        return bool(included.mean() >= ACCEPTED_FROM)

    def look(self, rows: slice = slice(None), columns: slice = slice(None)) -> None:
        """Take over what is painted in a part of the radiograph, before it is recorded."""
        if self._painted is not None:
            self._painted.look(rows, columns)

    def record_changes(self, kind: str = "stroke", touched: slice | None = None) -> int | None:
        """Record what was painted since the last time as one row; `None` if nothing was.

        A radiograph that is marked as examined stays so.
        """
        change = self._editor.unrecorded(touched) if self._editor else None
        if self._editor is None or change is None:
            return None
        row = self._editor.record(kind, change, mark=self._mark(self.examined))
        self._look_in(change.box)
        return row

    def accept(self, candidate: Candidate) -> None:
        """Include a candidate: there is a lesion."""
        self._fill(candidate, INCLUDE, "accept")

    def reject(self, candidate: Candidate) -> None:
        """Exclude a candidate: what the model saw there is none."""
        self._fill(candidate, EXCLUDE, "reject")

    @property
    def examined(self) -> bool:
        """Whether the reader looked at all of the open radiograph: the rest shows no lesion."""
        return self._editor is not None and self._editor.mark(0).state is SliceState.ACCEPTED

    def set_examined(self, examined: bool) -> None:
        """Say whether all of the open radiograph was looked at."""
        self.record_changes()
        if self._editor is not None and examined != self.examined:
            kind = "examined" if examined else "not examined"
            self._editor.set_mark(0, self._mark(examined), kind)

    def undo(self) -> Box | None:
        """Take back what was done last to the open radiograph; return where pixels changed."""
        return self._retrace(redo=False)

    def redo(self) -> Box | None:
        """Take back the last undo; return where pixels changed."""
        return self._retrace(redo=True)

    def _read(self, case: Case, examiner: Examiner | None) -> OpenRadiograph:
        radiograph = read_radiograph(self.project.image_path(case))
        image = with_channels(radiograph.image, 1)[np.newaxis]
        found = examiner.examine(radiograph.image) if examiner else None
        labels = self.project.label_array(case.id)
        header = grid_of(radiograph)
        return OpenRadiograph(case, header, image, labels, radiograph.spacing, found)

    def _mark(self, examined: bool) -> SliceMark:
        if not examined:
            return DRAWN
        painted = self.case is not None and bool(self.case.labels.any())
        return SliceMark(SliceState.ACCEPTED, EDITED if painted else EMPTY)

    def _fill(self, candidate: Candidate, value: int, kind: str) -> None:
        """Give all pixels that a candidate's patches touch a value, in one row."""
        self.record_changes()
        assert self._editor is not None
        assert self.grid is not None
        wanted = self._editor.labels[0].copy()
        boxes = self.grid.boxes[candidate.patches]
        corners = np.hstack([np.floor(boxes[:, :2]), np.ceil(boxes[:, 2:])]).astype(int)
        for top, left, bottom, right in corners.tolist():
            wanted[top:bottom, left:right] = value
        if not np.array_equal(wanted, self._editor.labels[0]):
            self._look_in(self._editor.put(0, wanted, kind, self._mark(self.examined)))

    def _retrace(self, *, redo: bool) -> Box | None:
        self.record_changes()
        if self._editor is None:
            return None
        edit = self._editor.redo() if redo else self._editor.undo()
        box = edit.box if edit else None
        self._look_in(box)
        return box

    def _look_in(self, box: Box | None) -> None:
        if box is not None:
            self.look(slice(box[2], box[3]), slice(box[4], box[5]))
