"""What a trained caries model says about a folder of radiographs, and how good it is on a list."""

from __future__ import annotations

import csv
import io
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_salient.caries.classes import Classes
from napari_salient.caries.training import read_examples, region_files
from napari_salient.data.label_list import read_label_list
from napari_salient.data.radiographs import find_radiographs, read_radiograph
from napari_salient.engine.atomic import write_atomically
from napari_salient.engine.events import Event, Finished, FinishReason, Progress
from napari_salient.engine.jobs import Cancelled, job
from napari_salient.engine.writing import attempt_each, outcome_sentence
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_salient.caries.model import CariesModel
    from napari_salient.caries.spec import CariesSpec
    from napari_salient.data.label_list import Listed
    from napari_salient.engine.control import Control
    from napari_salient.project.splits import Split

SCORES = "scores.csv"
MAPS = ("probability", "attention", "contribution")
"""Channels of a file of maps; the last one's sum over the patches is the score."""


@job
def predict_job(checkpoint: Path, images: Path, output: Path, control: Control) -> Iterator[Event]:
    """Score every radiograph of a folder and write the maps that the scores follow from.

    For each image a TIFF file of its name with three float channels, `MAPS`, of the image's size,
    and a line in ``scores.csv`` with the score of each class, empty where the model attends to
    nothing.

    Yields
    ------
    CaseSkipped
        For each image that cannot be read.
    Progress
        After each image.
    Finished
        At the end; its result has ``images`` (a row each) and ``left_out`` (why, by name).
    """
    from napari_salient.caries.model import load_caries_model

    model = load_caries_model(checkpoint).eval()
    files = find_radiographs(images)
    _refuse_equal_stems(files)
    output.mkdir(parents=True, exist_ok=True)
    cases = [(path.name, partial(_predicted, model, path, output)) for path in files]
    rows, left_out, reason = yield from attempt_each(cases, "radiographs", control)
    write_atomically(output / SCORES, _as_csv(rows, model.spec.class_names))
    message = outcome_sentence(len(rows), left_out, "scored", "radiographs")
    yield Finished(reason, message=message, result={"images": rows, "left_out": left_out})


@job
def evaluate_job(
    checkpoint: Path,
    images: Path,
    listing: Path,
    regions: Path | None,
    control: Control,
    split: Split | None = "test",
) -> Iterator[Event]:
    """Measure a model on a split of a list of radiographs, or on all of them.

    Yields
    ------
    Progress
        After each image.
    Finished
        At the end; its result has each measure with its 95 % interval over patients.
    """
    from napari_salient.caries.model import load_caries_model
    from napari_salient.caries.scores import Judged, with_intervals

    model = load_caries_model(checkpoint).eval()
    listed = read_label_list(listing, images)
    _refuse_other_classes(listing, listed, model.spec)
    wanted = [one for one in listed if split is None or one.split in (split, None)]
    if not wanted:
        raise InputError(f"{listing} has no image in the split {split}; choose another.")
    try:
        files, scale = region_files(listed, regions), model.spec.scale
        read = yield from read_examples(wanted, files, scale, control, model=model.spec)
        judged = []
        examples = [example for part in read.by_split.values() for example in part]
        for done, example in enumerate(examples, start=1):
            judged.append(Judged.of(model, example))
            yield Progress(done, len(examples), "radiographs judged")
            if not control.proceed():
                raise Cancelled
    except Cancelled:
        yield Finished(FinishReason.CANCELLED)
        return
    result = {"images": len(judged), "measures": with_intervals(judged)}
    yield Finished(FinishReason.COMPLETED, result=result)


def _predicted(model: CariesModel, path: Path, output: Path) -> dict[str, Any]:
    """Write the maps of a radiograph and return its row."""
    from tifffile import imwrite

    from napari_salient.caries.examples import prepare

    radiograph = read_radiograph(path)
    spec = model.spec
    evidence, grid = model.examine(prepare(radiograph.image, spec.channels, spec.scale))
    first = int(spec.multiclass)
    maps = [
        grid.spread(values)
        for values in (
            evidence.probability[:, first:].max(axis=1),
            evidence.weight,
            evidence.contributions[:, first:].max(axis=1),
        )
    ]
    content = io.BytesIO()
    imwrite(content, _of_shape(np.stack(maps), radiograph.shape), photometric="minisblack")
    write_atomically(output / f"{path.stem}.maps.tif", content.getvalue())
    score = evidence.score
    scores = [None] * spec.classes if score is None else score.tolist()
    return {"image": path.name, **dict(zip(spec.class_names, scores, strict=True))}


def _of_shape(maps: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return maps (channel, row, column) in the size of the image, each value where it belongs."""
    if maps.shape[1:] == shape:
        return maps
    from skimage.transform import resize

    resized: NDArray[np.float32] = resize(maps, (len(maps), *shape), order=0).astype(np.float32)
    return resized


def _as_csv(rows: list[dict[str, Any]], class_names: tuple[str, ...]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, ["image", *class_names], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _refuse_equal_stems(files: Sequence[Path]) -> None:
    names = Counter(path.stem for path in files)
    name, count = names.most_common(1)[0]
    if count > 1:
        raise InputError(
            f"{count} images are called {name}, whose maps would be one file; rename them."
        )


def _refuse_other_classes(listing: Path, listed: Sequence[Listed], spec: CariesSpec) -> None:
    classes = Classes.of(listed)
    if classes.names != spec.class_names:
        raise InputError(
            f"{listing} has the classes {', '.join(classes.names)} and the model "
            f"{', '.join(spec.class_names)}; choose the list that belongs to the model."
        )
