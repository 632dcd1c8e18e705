"""Real volumes to prompt on, with the truth and what a network says about them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.settings import SegmentationSettings
from napari_salient.active_learning.simulation.cohort import Cohort
from napari_salient.active_learning.simulation.experiment import initial_slices
from napari_salient.active_learning.training_set import group_by_case
from napari_salient.data.labels import read_labels
from napari_salient.data.planes import axis_of
from napari_salient.data.volumes import load_image, normalise, read_header

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_salient.active_learning.model import Segmenter

DATA = Path(__file__).resolve().parents[3] / "shared/data"
LABELLED, STEPS = 16, 300
"""Slices the network learns from, and for how many steps."""

SINGLE = {
    "spleen": ("msd_spleen_crop", "spleen_2.nii.gz"),
    "cord T1w": ("spinal_cord", "sub-unf01_T1w.nii.gz"),
    "cord T2w": ("spinal_cord", "sub-unf01_T2w.nii.gz"),
    "cord T2*": ("spinal_cord", "sub-unf01_T2star.nii.gz"),
}
ORGANS = {
    "spleen": 1, "right kidney": 2, "left kidney": 3, "liver": 5, "stomach": 6, "pancreas": 7,
    "colon": 20, "aorta": 52,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Volume:
    """A volume, its true labels, and a network's probabilities if there is one."""

    name: str
    image: np.ndarray
    truth: np.ndarray
    spacing: tuple[float, float, float]
    values: tuple[int, ...]
    probabilities: np.ndarray | None = None

    def blind(self) -> Volume:
        """Return the volume without a network."""
        return replace(self, probabilities=None)

    def start(self) -> np.ndarray:
        """Return the network's labels, or nothing labelled."""
        if self.probabilities is None:
            return np.zeros_like(self.truth)
        return np.array(self.values, np.uint8)[self.probabilities.argmax(0)]


def hippocampi(side: str, seed: int, count: int) -> list[Volume]:
    """Return volumes of the ``pool`` that the network did not learn from, or of the ``test``."""
    folder = DATA / "hippocampus"
    cohort = Cohort.read(folder / "images", folder / "labels", "coronal", 5)
    labelled = initial_slices(cohort, seed, LABELLED)
    model = trained(cohort, labelled, seed)
    learned = {case for case, _ in labelled}
    cases = [case for case in getattr(cohort, side) if case not in learned][:count]
    return [volume_of(cohort, case, model) for case in cases]


def volume_of(cohort: Cohort, case: int, model: Segmenter) -> Volume:
    image = cohort.image(case)
    spacing = read_header(cohort.images[case]).spacing
    given = probabilities(model, image)
    name = cohort.images[case].name
    return Volume(name, image, cohort.truth(case), spacing, cohort.label_values, given)


def trained(cohort: Cohort, labelled: list[tuple[int, int]], seed: int) -> Segmenter:
    """Return a network trained on some slices with the tool's settings."""
    from napari_salient.active_learning.task import SegmentationTask
    from napari_salient.active_learning.training import cohort_spec
    from napari_salient.engine.control import Control
    from napari_salient.engine.fit import fit

    settings = SegmentationSettings()
    settings = replace(settings, fit=replace(settings.fit, steps=STEPS, seed=seed, threads=1))
    examples = cohort.examples(settings, group_by_case(labelled))
    task = SegmentationTask(cohort_spec(cohort, settings), examples, settings)
    with TemporaryDirectory(prefix="napari-salient-prompts-") as folder:
        for _ in fit(task, settings.fit, Control(), Path(folder)):
            pass
    return task.model.eval()


def probabilities(model: Segmenter, image: np.ndarray) -> np.ndarray:
    """Return the network's probabilities, float32 ``(class, z, y, x)``."""
    axis = axis_of(model.spec.plane) + 1
    outputs = model.slice_outputs(image, range(image.shape[axis]))
    slices = np.concatenate([output.logits.softmax(1).cpu().numpy() for output in outputs])
    return np.moveaxis(np.moveaxis(slices, 1, 0), 1, axis)


def organs() -> Iterator[Volume]:
    """Yield volumes of one organ each, without a network."""
    folder = DATA / "volumes3d"
    for name, (where, file) in SINGLE.items():
        yield read_one(name, folder / where / "images" / file, folder / where / "labels" / file)
    scan = folder / "totalsegmentator"
    whole = read_one("", scan / "example_ct_sm.nii.gz", scan / "example_seg.nii.gz")
    for name, value in ORGANS.items():
        yield replace(whole, name=f"CT {name}", truth=(whole.truth == value).astype(np.uint8))


def read_one(name: str, image: Path, labels: Path) -> Volume:
    header = read_header(image)
    truth = read_labels(labels, header)
    return Volume(name, normalise(load_image(header)), truth, header.spacing, (0, 1))
