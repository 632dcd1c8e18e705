"""The options of fine-tuning and of comparing it with training from scratch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import get_args

from napari_salient.active_learning.settings import SegmentationSettings
from napari_salient.data.planes import Plane
from napari_salient.engine.bounds import Bounded, Count, EveryNth, Natural, Share
from napari_salient.engine.settings import FitSettings
from napari_salient.errors import InputError
from napari_salient.pretraining.settings import TaskName


@dataclass(frozen=True)
class FinetuningSettings(SegmentationSettings):
    """A segmentation model that starts from a pretrained encoder, and its training.

    Parameters
    ----------
    warm_up
        Share of the steps, from the first on, in which the encoder stays as it was pretrained; with
        1 it is never trained.
    encoder_rate
        Learning rate of the encoder after that, as a share of that of the other layers.
    """

    warm_up: Share = 0.1
    encoder_rate: Share = 1.0


@dataclass(frozen=True)
class ComparisonSettings(Bounded):
    """What pretraining is worth: the same trainings from scratch and from pretrained encoders.

    Parameters
    ----------
    tasks
        Proxy tasks by which to pretrain on the images of the pool, separated by commas.
    pretraining_steps
        Optimiser steps of each of these pretrainings.
    fractions
        Shares of the pool's volumes that are labelled, separated by commas.
    seeds
        Repetitions. A seed draws the labelled volumes and the first weights, for all arms alike.
    warm_up
        Share of the steps, from the first on, in which the encoder stays as it was pretrained.
    encoder_rate
        Learning rate of the encoder after that, as a share of that of the other layers.
    frozen
        Whether there is a second arm for each encoder, in which it is never trained.
    curve_points
        How often each training is measured, the last time at its end.
    curve_volumes
        Test volumes on which it is measured in between; at the end it is on all.
    plane
        Slicing plane.
    test_every
        Every n-th patient in sorted order is a test patient. No choice depends on these.
    processes
        Trainings worked on at the same time, each with one thread; 0 takes one for each core.
    segmentation
        The model and its training, the same number of steps for all arms.
    """

    tasks: str = ""
    pretraining_steps: Count = 1000
    fractions: str = "0.01,0.02,0.05,0.1,0.25"
    seeds: Count = 5
    warm_up: Share = 0.1
    encoder_rate: Share = 1.0
    frozen: bool = True
    curve_points: Count = 6
    curve_volumes: Count = 8
    plane: Plane = "axial"
    test_every: EveryNth = 5
    processes: Natural = 0
    segmentation: SegmentationSettings = field(default_factory=SegmentationSettings)

    def task_names(self) -> list[TaskName]:
        """Return the proxy tasks in the order given.

        Raises
        ------
        InputError
            If there is no such task.
        """
        known: dict[str, TaskName] = {name: name for name in get_args(TaskName)}
        names = dict.fromkeys(name.strip() for name in self.tasks.split(",") if name.strip())
        for name in names:
            if name not in known:
                raise InputError(
                    f"There is no proxy task {name!r}; choose from {', '.join(known)}."
                )
        return [known[name] for name in names]

    def shares(self) -> list[float]:
        """Return the fractions in ascending order.

        Raises
        ------
        InputError
            If there is none, or one is no number above 0 and up to 1.
        """
        try:
            shares = sorted({float(word) for word in self.fractions.split(",") if word.strip()})
        except ValueError:
            shares = []
        if not shares or not all(0 < share <= 1 for share in shares):
            raise InputError(
                f"'fractions' must be numbers above 0 and up to 1, such as 0.01,0.1, not "
                f"{self.fractions!r}."
            )
        return shares


@dataclass(frozen=True)
class GradingSettings(Bounded):
    """A model that grades pictures, and its training.

    Parameters
    ----------
    width
        Channels of the encoder's first level.
    side
        Rows and columns to which pictures are resized.
    batch_size
        Pictures in one optimiser step.
    augment
        Whether to mirror the training pictures at random.
    fraction
        Share of the training pictures that is used, drawn by the seed.
    warm_up
        Share of the steps, from the first on, in which a pretrained encoder stays as it was; with 1
        it is never trained.
    encoder_rate
        Learning rate of a pretrained encoder after that, as a share of that of the head.
    fit
        The training run.
    """

    width: Count = 8
    side: Count = 128
    batch_size: Count = 16
    augment: bool = True
    fraction: Share = 1.0
    warm_up: Share = 0.1
    encoder_rate: Share = 1.0
    fit: FitSettings = field(default_factory=FitSettings)
