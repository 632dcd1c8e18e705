"""How much the model changes from round to round: its predictions on slices drawn once a seed."""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.progress import agreement
from napari_salient.active_learning.stopping import draw_probe
from napari_salient.active_learning.training_set import group_by_case

if TYPE_CHECKING:
    from napari_salient.active_learning.model import Segmenter
    from napari_salient.active_learning.simulation.cohort import Cohort


def predict_probe(cohort: Cohort, model: Segmenter, seed: int) -> str:
    """Return the predicted label values of a seed's probe, packed to fit into a record."""
    from napari_salient.active_learning.predict import predict_slices

    probe = draw_probe(cohort.pool_state([]), np.random.default_rng([seed, 3]))
    labels = [
        predict_slices(model, cohort.image(case), indices)[0].ravel()
        for case, indices in group_by_case(probe).items()
    ]
    return base64.b85encode(zlib.compress(np.concatenate(labels).tobytes())).decode()


def probe_stability(before: str, after: str, cohort: Cohort) -> float:
    """Return the mean Dice over classes between what `predict_probe` gave in two rounds."""
    labels = [
        np.frombuffer(zlib.decompress(base64.b85decode(packed)), dtype=np.uint8)
        for packed in (before, after)
    ]
    return agreement(labels[0], labels[1], cohort.label_values[1:])
