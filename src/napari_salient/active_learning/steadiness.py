"""How much a round's model differs from the last one's, on slices that nobody has labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.choosing import pool_state
from napari_salient.active_learning.predict import predict_slices
from napari_salient.active_learning.stopping import draw_probe, stability
from napari_salient.active_learning.training_set import LabelSlices, group_by_case
from napari_salient.active_learning.worth import STABILITY
from napari_salient.engine.events import Event, Progress, Warned
from napari_salient.errors import InputError, RunError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_salient.active_learning.model import Segmenter
    from napari_salient.active_learning.rounds import RoundPlan
    from napari_salient.active_learning.training_set import Place

FILE_NAME = "probe.npz"


def compare_with_last(
    plan: RoundPlan,
    model: Segmenter,
    image: Callable[[int], NDArray[np.float32]],
    sizes: Mapping[int, int],
    run_dir: Path,
) -> Generator[Event, None, dict[str, float]]:
    """Predict the probe, keep that with the run, and measure how far the last round agrees.

    The probe is drawn once, in the first round; what has been labelled since leaves it.

    Parameters
    ----------
    plan
        Of the round.
    model
        What it trained.
    image
        Gives a normalised volume (channel, z, y, x).
    sizes
        Slices of each case of the pool that can be read.
    run_dir
        Where the predictions are kept.

    Returns
    -------
    dict
        The metric `worth.STABILITY`; empty in the first round.
    """
    before = yield from _kept_in(plan.last_run)
    after = LabelSlices()
    cases = group_by_case(_probe(plan, before, sizes))
    for done, (case_id, indices) in enumerate(cases.items(), start=1):
        try:
            labels, _ = predict_slices(model, image(case_id), indices)
            places = [(case_id, index) for index in indices]
            after.labels.update(zip(places, labels, strict=True))
        except InputError as error:
            yield Warned(str(error))
        yield Progress(done, len(cases), "volumes compared with the last round")
    after.write(run_dir, plan.number, FILE_NAME)
    both = [place for place in after.labels if place in before.labels]
    if not both:
        return {}
    values = [label.value for label in plan.schema.active]
    first, second = ([side.labels[place] for place in both] for side in (before, after))
    return {STABILITY: stability(first, second, values)}


def _probe(plan: RoundPlan, before: LabelSlices, sizes: Mapping[int, int]) -> list[Place]:
    labelled = set(plan.accepted)
    kept = [place for place in before.labels if place[0] in sizes and place not in labelled]
    rng = np.random.default_rng([plan.settings.segmentation.fit.seed, plan.number, 3])
    return kept or draw_probe(pool_state(plan.plane, sizes, plan.busy), rng)


def _kept_in(run_dir: Path | None) -> Generator[Event, None, LabelSlices]:
    """Return what the last round's model said of the probe; nothing where that is not known."""
    if run_dir is None or not (run_dir / FILE_NAME).exists():
        return LabelSlices()
    try:
        return LabelSlices.read(run_dir, FILE_NAME)[0]
    except RunError as error:
        yield Warned(f"The model cannot be compared with the last one: {error}")
        return LabelSlices()
