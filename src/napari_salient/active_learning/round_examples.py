"""The training set of a round: what was accepted, and what lies between where that is wanted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.examples import no_examples
from napari_salient.active_learning.interpolated_examples import add_between
from napari_salient.active_learning.interpolation import leave_one_out
from napari_salient.data.label_values import UNSURE
from napari_salient.data.planes import plane_slice
from napari_salient.engine.events import CaseSkipped, Progress
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from napari_salient.active_learning.interpolation import InterpolationQuality
    from napari_salient.active_learning.rounds import RoundPlan
    from napari_salient.active_learning.training_set import LabelSlices
    from napari_salient.engine.events import Event
    from napari_salient.project.project import Project

    Spacing = tuple[float, float, float]


def with_each(
    cases: dict[int, list[int]],
    work: Callable[[int, list[int]], object],
    words: str,
    go_on: Callable[[], None],
) -> Iterator[Event]:
    """Do something with each case and its slices; one that cannot be read is taken out.

    Parameters
    ----------
    cases
        Slices by case; changed.
    work
        What to do.
    words
        What is done, for the progress.
    go_on
        Called after each case; may raise.

    Yields
    ------
    CaseSkipped
        For each case that cannot be read.
    Progress
        After each case.
    """
    count = len(cases)
    for done, (case_id, indices) in enumerate(list(cases.items()), start=1):
        try:
            work(case_id, indices)
        except InputError as error:
            del cases[case_id]
            yield CaseSkipped(case_id, str(error))
        yield Progress(done, count, words)
        go_on()


class RoundExamples:
    """Cuts the training set from its volumes; all labels are taken before the first volume is read.

    Parameters
    ----------
    plan, project
        The round, and where its cases come from.
    kept
        The labels of the round, as far as they are at hand.
    image
        Returns a case's normalised volume (channel, z, y, x).
    """

    def __init__(
        self,
        plan: RoundPlan,
        project: Project,
        kept: LabelSlices,
        image: Callable[[int], NDArray[np.float32]],
    ) -> None:
        self.examples = no_examples(plan.settings.segmentation)
        self.kept = kept
        self.quality: InterpolationQuality | None = None
        self.spacings: list[Spacing] = []
        self._plan, self._project, self._image = plan, project, image
        self._pseudo: Counter[int] = Counter()

    @property
    def pseudo(self) -> dict[int, dict[str, float]]:
        """Interpolated slices in the training set and the weight of each, by gap."""
        assert self.quality is not None
        return {
            gap: {"slices": count, "weight": self.quality.weight(gap)}
            for gap, count in sorted(self._pseudo.items())
        }

    def take_labels(self, case_id: int, indices: list[int]) -> None:
        """Copy the labels of accepted slices that are not at hand yet.

        Raises
        ------
        InputError
            If the case cannot be read.
        """
        if any((case_id, index) not in self.kept.labels for index in indices):
            labels = self._project.label_array(case_id)
            self.kept.take(case_id, labels, self._plan.plane, indices)

    def measure(self, cases: Mapping[int, list[int]], go_on: Callable[[], None]) -> None:
        """Measure interpolation on the slices that a person drew; `go_on` may raise between two."""

        def volumes() -> Iterator[tuple[NDArray[np.uint8], list[int], Spacing]]:
            for case_id, indices in cases.items():
                go_on()
                drawn = [i for i in indices if (case_id, i) not in self.kept.interpolated]
                if len(drawn) > 2:
                    yield self._values(case_id, drawn), drawn, self._spacing(case_id)

        self.quality = leave_one_out(volumes(), self._plan.plane)

    def add(self, case_id: int, indices: list[int]) -> None:
        """Read a volume and add its slices.

        Raises
        ------
        InputError
            If it cannot be read, or has other channels than the ones before.
        """
        image, plane, schema = self._image(case_id), self._plan.plane, self._plan.schema
        values, spacing = self._values(case_id, indices), self._spacing(case_id)
        self.examples.add(image, schema.to_indices(values), plane, indices)
        self.spacings.append(spacing)
        if self._plan.settings.interpolate:
            to_channels, quality = schema.to_indices, self.quality
            found = add_between(
                self.examples, image, values, indices, plane, spacing, to_channels, quality=quality
            )
            self._pseudo.update(found.gaps.tolist())

    def _values(self, case_id: int, indices: list[int]) -> NDArray[np.uint8]:
        """Return label values ``(z, y, x)`` of some slices, unsure on all others."""
        values = np.full(self._project.header(case_id).shape, UNSURE, np.uint8)
        for index in indices:
            values[plane_slice(self._plan.plane, index)] = self.kept.labels[case_id, index]
        return values

    def _spacing(self, case_id: int) -> Spacing:
        return self._project.header(case_id).spacing
