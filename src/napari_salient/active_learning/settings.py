"""The options of the segmentation model, the labelling loop and the simulation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from napari_salient.data.planes import Plane
from napari_salient.engine.bounds import Bounded, Count, EveryNth, Natural, Share
from napari_salient.engine.settings import FitSettings


@dataclass(frozen=True)
class SegmentationSettings(Bounded):
    """The model behind active learning and how it is trained.

    Parameters
    ----------
    spatial_dims
        2 for a network on slices, 3 for one on volumes; both learn from the labelled slices alone.
    width
        Channels of the first level of the U-Net; the deeper levels have 2, 4, 8 and 8 times as
        many.
    context
        Neighbouring slices on each side that the network on slices sees beside the labelled one.
    batch_size
        Slices in one optimiser step. In 3D a patch of 8 slices counts for three.
    crop
        Longest side of a training slice in pixels; larger slices are cropped around what is
        labelled.
    augment
        Whether to rotate, scale, bend and re-contrast the training slices. Never flips: left is not
        right.
    fit
        The training run.
    """

    spatial_dims: Literal[2, 3] = 2
    width: Count = 8
    context: Natural = 1
    batch_size: Count = 12
    crop: Count = 192
    augment: bool = True
    fit: FitSettings = field(default_factory=FitSettings)


@dataclass(frozen=True)
class LoopSettings(Bounded):
    """How the labelling loop of the tool goes.

    Parameters
    ----------
    strategy
        Query strategy that picks the next slices.
    batch
        Slices proposed in one round.
    audit
        Share of the proposed slices that is drawn at random whatever the strategy, from 0 to 1: on
        these it shows how good the model is on the whole pool.
    per_volume
        Slices of a round that a volume gives before every other one has given as many; 0 sets no
        limit. Without a value the strategy decides.
    min_gap
        Smallest distance to a labelled slice of the same volume, in slices, as long as there are
        others. Without a value the strategy decides.
    train_after_batch
        Whether training starts by itself once a batch is labelled.
    interpolate
        Whether a round also trains on slices interpolated between accepted ones at most 4 apart.
        Each counts by the Dice that interpolation reaches on the accepted slices, half as long as
        too few lie close enough to measure it.
    segmentation
        The model and its training. The tool starts each round from the weights of the last.
    """

    strategy: str = "random_foreground"
    batch: Count = 12
    audit: Share = 0.15
    per_volume: Natural | None = None
    min_gap: Natural | None = None
    train_after_batch: bool = True
    interpolate: bool = False
    segmentation: SegmentationSettings = field(default_factory=SegmentationSettings)


@dataclass(frozen=True)
class SimulationSettings(Bounded):
    """An active-learning experiment in which known labels play the annotator.

    Parameters
    ----------
    strategies
        Query strategies to compare, separated by commas.
    initial
        Slices labelled before the first query; the same for all strategies of a seed.
    first
        How those slices are chosen: at random, or farthest from each other by the features of a
        pretrained encoder, the same for all seeds then.
    batch
        Slices labelled after each query.
    audit
        Share of the batch that is drawn at random whatever the strategy, from 0 to 1.
    per_volume
        Slices of a batch that a volume gives before every other one has given as many; 0 sets no
        limit. Without a value each strategy has its own.
    min_gap
        Smallest distance to a labelled slice of the same volume, in slices, as long as there are
        others. Without a value each strategy has its own.
    interpolate
        Whether the network also trains on slices interpolated between labelled ones, by a weight
        that is measured on the labelled slices.
    warm_start
        Whether a round starts from the weights that the strategy's last round ended with and is
        trained again from scratch where it loses a class, as in the tool; otherwise every round
        starts from scratch, or from the pretrained encoder if there is one.
    rounds
        Queries; the model is trained once more than that.
    seeds
        Repetitions. A seed fixes the initial slices and the network's weights for all strategies
        alike.
    plane
        Slicing plane.
    validation_every
        Every n-th patient is kept for validation, measured and reported apart; 0 keeps none.
    test_every
        Every n-th of the other patients is a test patient. No choice depends on validation or test.
    processes
        Rounds worked on at the same time, each with one thread; 0 takes one for each core.
    segmentation
        The model and its training.
    """

    strategies: str = "random,strided,entropy"
    initial: Count = 12
    first: Literal["random", "kcenter"] = "random"
    batch: Count = 12
    audit: Share = 0.0
    per_volume: Natural | None = None
    min_gap: Natural | None = None
    interpolate: bool = False
    warm_start: bool = False
    rounds: Count = 6
    seeds: Count = 3
    plane: Plane = "axial"
    validation_every: Natural = 0
    test_every: EveryNth = 5
    processes: Natural = 0
    segmentation: SegmentationSettings = field(default_factory=SegmentationSettings)

    def strategy_names(self) -> list[str]:
        """Return the strategies in the order given, each once."""
        names = (name.strip() for name in self.strategies.split(","))
        return list(dict.fromkeys(name for name in names if name))
