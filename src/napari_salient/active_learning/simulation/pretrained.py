"""What an experiment asks of a pretrained encoder, whoever made it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from napari_salient.active_learning.pool import PoolScores
from napari_salient.active_learning.scoring import stack_scores
from napari_salient.engine.events import Event, Progress

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray
    from torch import nn

    from napari_salient.active_learning.settings import SegmentationSettings
    from napari_salient.active_learning.simulation.cohort import Cohort
    from napari_salient.data.planes import Plane
    from napari_salient.engine.control import Control


class Pretrained(Protocol):
    """An encoder that trainings start from; goes to worker processes, so it must be picklable."""

    def identity(self) -> dict[str, Any]:
        """Return JSON values that tell this encoder from any other."""

    def check(self, cohort: Cohort, settings: SegmentationSettings) -> str:
        """Return what the encoder is, in a sentence.

        Raises
        ------
        InputError
            If it does not fit the model, or may have seen a volume that only measures.
        """

    def give(self, model: nn.Module) -> None:
        """Put the encoder's weights into a new model; its other weights stay random."""

    def features(self, image: NDArray[np.float32], plane: Plane) -> NDArray[np.float32]:
        """Return the features (slice, feature) of a normalised volume (channel, z, y, x)."""


def pool_features(
    cohort: Cohort, pretrained: Pretrained, control: Control
) -> Generator[Event, None, PoolScores]:
    """Return what every slice of the pool is like in the eyes of the encoder.

    If the control cancels, it is the slices of the volumes looked at so far.

    Yields
    ------
    Progress
        After each volume.
    """
    parts = []
    for done, case in enumerate(cohort.pool, start=1):
        features = pretrained.features(cohort.image(case), cohort.plane)
        index = np.arange(len(features))
        parts.append(PoolScores(np.full(len(index), case), index, {}, features))
        yield Progress(done, len(cohort.pool), "volumes looked at")
        if not control.proceed():
            break
    return stack_scores(parts)
