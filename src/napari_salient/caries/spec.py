"""What a caries model was made for: the part of a checkpoint that says how to rebuild it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_salient.errors import InputError

if TYPE_CHECKING:
    from napari_salient.networks.encoder_names import EncoderName, Norm


@dataclass(frozen=True)
class CariesSpec:
    """What a caries model takes and gives; stored in its checkpoints.

    Parameters
    ----------
    encoder
        Name of the encoder.
    stride
        From one of its cells to the next, in px of the image.
    channels
        Of an image: 1 for grey, 3 for colour.
    class_names
        What is scored, such as ``("caries",)``.
    multiclass
        Whether exactly one of the classes is true, the first of which means that there is no
        lesion; otherwise any number of them are.
    norm
        How the encoder brings features to one scale.
    window
        Side of a patch, in cells. Of overlapping patches the map shows the mean, which hides
        lesions smaller than a patch and blurs others.
    step
        From one patch to the next, in cells; at most the window, so that nothing is left out.
    k_min
        Least total attention for an undamped score.
    attention_width
        Hidden units of the attention.
    scale
        Factor by which images are resized before they are looked at.
    """

    encoder: EncoderName
    stride: int
    channels: int
    class_names: tuple[str, ...]
    multiclass: bool = False
    norm: Norm = "batch"
    window: int = 1
    step: int = 1
    k_min: float = 1.0
    attention_width: int = 128
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.step <= self.window:
            raise InputError(
                f"Patches of {self.window} cells, {self.step} cells apart, leave parts of an image "
                "out; choose a step between 1 and the window."
            )
        if self.k_min <= 0:
            raise InputError(f"The least total attention is {self.k_min}; choose more than 0.")

    @property
    def classes(self) -> int:
        """How many there are."""
        return len(self.class_names)

    def to_json(self) -> dict[str, Any]:
        """Return the spec as plain JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> CariesSpec:
        """Rebuild what `to_json` returned."""
        return cls(**{**values, "class_names": tuple(values["class_names"])})
