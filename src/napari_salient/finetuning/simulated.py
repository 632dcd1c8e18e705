"""A pretrained encoder in a simulation of active learning."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from napari_salient.data.discover import content_hash
from napari_salient.finetuning.unseen import measured_in, refuse_seen

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

    from napari_salient.active_learning.settings import SegmentationSettings
    from napari_salient.active_learning.simulation.cohort import Cohort
    from napari_salient.data.planes import Plane
    from napari_salient.pretraining.encoder import Encoder
    from napari_salient.pretraining.spec import PretrainingSpec


@dataclass(frozen=True)
class SimulatedStart:
    """What `active_learning.simulation.simulate` takes as ``pretrained``.

    Parameters
    ----------
    checkpoint
        Of a pretraining.
    """

    checkpoint: Path

    def identity(self) -> dict[str, Any]:
        """Return the hash of the checkpoint, and what was taught on how many volumes."""
        spec = self._read[1]
        return {
            "checkpoint": content_hash(self.checkpoint),
            "task": spec.task,
            "plane": spec.plane,
            "volumes": spec.volumes,
        }

    def check(self, cohort: Cohort, settings: SegmentationSettings) -> str:
        """Return what the encoder is and how much of it is taken over.

        Raises
        ------
        InputError
            If it does not fit the model, or may have seen a volume that only measures.
        """
        from napari_salient.active_learning.model import build_segmenter
        from napari_salient.active_learning.training import cohort_spec
        from napari_salient.pretraining.transfer import transfer

        encoder, spec = self._read
        coverage = transfer(encoder.state_dict(), build_segmenter(cohort_spec(cohort, settings)))
        refuse_seen(self.checkpoint, measured_in(cohort))
        plane = "" if spec.plane == cohort.plane else f", on {spec.plane} slices"
        return (
            f"Trainings start from an encoder that {spec.task} taught on {spec.volumes} "
            f"volumes{plane}: {coverage}."
        )

    def give(self, model: nn.Module) -> None:
        """Put the encoder's weights into a model; its other weights stay as they are."""
        from napari_salient.pretraining.transfer import transfer

        transfer(self._read[0].state_dict(), model)

    def features(self, image: NDArray[np.float32], plane: Plane) -> NDArray[np.float32]:
        """Return what the encoder sees in each slice of a normalised volume."""
        from napari_salient.pretraining.features import slice_features

        encoder, spec = self._read
        return slice_features(encoder, dataclasses.replace(spec, plane=plane), image)

    @cached_property
    def _read(self) -> tuple[Encoder, PretrainingSpec]:
        from napari_salient.pretraining.features import encoder_of

        return encoder_of(self.checkpoint)

    def __getstate__(self) -> dict[str, Any]:
        """Go to other processes without the weights, which each reads for itself."""
        return {"checkpoint": self.checkpoint}
