"""The options of pretraining."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from napari_salient.data.planes import Plane
from napari_salient.engine.bounds import (
    Bounded,
    Count,
    EveryNth,
    Natural,
    NonNegative,
    Positive,
    Share,
)
from napari_salient.engine.settings import FitSettings
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from napari_salient.pretraining.intake import PoolFiles

KIND = "pretraining"
"""How the folders of its runs begin."""

TaskName = Literal["rotation", "jigsaw", "relative_location", "cpc", "exemplar", "masked"]


@dataclass(frozen=True)
class JigsawSettings(Bounded):
    """How a view is cut into pieces and shuffled.

    Parameters
    ----------
    permutations
        How many orders of the pieces there are to tell apart.
    jitter
        How far a piece may move in its cell, as a share of the cell; the gap between two pieces is
        at least as wide.
    """

    permutations: Count = 100
    jitter: Share = 0.1


@dataclass(frozen=True)
class RelativeLocationSettings(Bounded):
    """How two pieces are cut whose relative position is asked for.

    Parameters
    ----------
    jitter
        How far a piece may move in its cell, as a share of the cell; the gap between two pieces is
        at least as wide.
    """

    jitter: Share = 0.1


@dataclass(frozen=True)
class CpcSettings(Bounded):
    """How what lies further down is predicted from what lies above.

    Parameters
    ----------
    loss
        Pick the true continuation out of all of the batch (InfoNCE), or tell it from one other, as
        the public library of the method does.
    temperature
        Of InfoNCE.
    code
        Length of the code of a piece.
    context
        Length of the code of all that lies above.
    jitter
        How far a piece may move in its cell, as a share of the cell.
    """

    loss: Literal["infonce", "binary"] = "infonce"
    temperature: Positive = 0.1
    code: Count = 64
    context: Count = 64
    jitter: Share = 0.125


@dataclass(frozen=True)
class ExemplarSettings(Bounded):
    """How a deformed view is to be closer to its original than to another volume.

    Parameters
    ----------
    distance
        Between codes of length 1, or the mean square between codes within 0 and 1, as the public
        library of the method has it.
    margin
        By how much the distance to the other volume is to be larger.
    code
        Length of the code of a view.
    """

    distance: Literal["unit", "sigmoid"] = "unit"
    margin: NonNegative = 0.2
    code: Count = 64


@dataclass(frozen=True)
class MaskedSettings(Bounded):
    """How much of a view is hidden and to be filled in.

    Parameters
    ----------
    share
        Share of the view that is hidden, in small cubes.
    """

    share: Share = 0.6


@dataclass(frozen=True)
class PretrainingSettings(Bounded):
    """A pretraining: the task, the network it trains, the data it sees.

    Parameters
    ----------
    task
        What the network learns to solve.
    spatial_dims
        2 for the network on slices, 3 for the one on volumes.
    plane
        Slicing plane; as that of the segmentation.
    context
        Neighbouring slices on each side that the network on slices sees; as in the segmentation.
    width
        Channels of the network's first level; as in the segmentation.
    batch_size
        Views, shuffled pictures, pairs, pyramids or triplets in one optimiser step.
    crop
        Longest side of what is cut out of a volume, in voxels.
    side
        Rows and columns to which pictures are resized; volumes keep their voxels.
    held_out_batches
        Batches of held-out volumes on which each evaluation measures.
    jigsaw, relative_location, cpc, exemplar, masked
        What only that task has.
    fit
        The training run.
    """

    task: TaskName = "rotation"
    spatial_dims: Literal[2, 3] = 2
    plane: Plane = "axial"
    context: Natural = 1
    width: Count = 8
    batch_size: Count = 16
    crop: Count = 96
    side: Count = 128
    held_out_batches: Count = 8
    jigsaw: JigsawSettings = field(default_factory=JigsawSettings)
    relative_location: RelativeLocationSettings = field(default_factory=RelativeLocationSettings)
    cpc: CpcSettings = field(default_factory=CpcSettings)
    exemplar: ExemplarSettings = field(default_factory=ExemplarSettings)
    masked: MaskedSettings = field(default_factory=MaskedSettings)
    fit: FitSettings = field(default_factory=FitSettings)


@dataclass(frozen=True, kw_only=True)
class PoolTraining(PretrainingSettings):
    """What a run keeps, so that it is resumed on the same volumes.

    Parameters
    ----------
    pool
        Folder of volumes or pictures, or of a labelling project.
    held_out_every
        Every n-th patient in sorted order is held out.
    """

    pool: Path | None = None
    held_out_every: EveryNth = 5

    def files(self) -> PoolFiles:
        """Find the volumes; raises what `find_pool` does, and `InputError` where none is named."""
        from napari_salient.pretraining.intake import find_pool

        if self.pool is None:
            raise InputError("These settings name no pool; start a new run on a folder of volumes.")
        return find_pool(self.pool, self.held_out_every)
