"""Training a segmentation model whose encoder was pretrained, as the engine sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_salient.active_learning.task import SegmentationTask
from napari_salient.finetuning.warm_up import WarmUp
from napari_salient.pretraining.transfer import transfer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from napari_salient.active_learning.examples import Examples
    from napari_salient.active_learning.spec import SegmenterSpec
    from napari_salient.active_learning.task import Evaluation
    from napari_salient.finetuning.settings import FinetuningSettings


class FinetuningTask(SegmentationTask):
    """Labelled slices and a pretrained encoder in, a `Segmenter` out.

    The encoder is frozen at first; then all layers are trained. With the same settings a
    `SegmentationTask` is the same training from scratch: the same steps, batches and decoder.

    Parameters
    ----------
    pretrained
        Weights of a pretraining model, of a segmentation model, or of an encoder alone.
    spec, examples, settings, evaluation
        As of `SegmentationTask`.

    Attributes
    ----------
    coverage
        What was loaded, tensor by tensor.

    Raises
    ------
    InputError
        As `SegmentationTask`, and if the weights do not fit the encoder.
    """

    def __init__(
        self,
        pretrained: Mapping[str, Tensor],
        spec: SegmenterSpec,
        examples: Examples,
        settings: FinetuningSettings,
        *,
        evaluation: Evaluation | None = None,
    ) -> None:
        super().__init__(spec, examples, settings, evaluation=evaluation)
        self.coverage = transfer(pretrained, self.model)
        self.warm_up = WarmUp(self.model, settings)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return the weights of the decoder and, with their own rate, those of the encoder."""
        return self.warm_up.groups()

    def on_step(self, step: int) -> None:
        """Freeze the encoder in the warm-up."""
        self.warm_up.before(step)
