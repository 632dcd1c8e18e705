"""The caries model headless: trained on a list of radiographs, and on regions where there are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from napari_salient.caries.classes import Classes
from napari_salient.data.label_list import read_label_list, refuse_copies
from napari_salient.data.radiographs import read_radiograph
from napari_salient.data.region_files import read_regions
from napari_salient.data.region_pictures import read_region_mask
from napari_salient.data.regions import ImageKey
from napari_salient.engine.events import Event, Finished, FinishReason, Progress
from napari_salient.engine.jobs import Cancelled, job
from napari_salient.errors import InputError
from napari_salient.project.splits import SplitFractions, split_listed

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
    from pathlib import Path

    from napari_salient.caries.examples import Example
    from napari_salient.caries.settings import CariesSettings
    from napari_salient.caries.spec import CariesSpec
    from napari_salient.data.label_list import Listed
    from napari_salient.data.regions import ImageRegions
    from napari_salient.engine.control import Control
    from napari_salient.project.splits import Split

REGIONS = ".geojson"
"""Ending of a file of regions, which is called like its image but for the ending."""

READERS: dict[str, Callable[[Path, ImageKey], ImageRegions]] = {
    REGIONS: read_regions,
    ".png": read_region_mask,
}
"""What reads such a file, by its ending."""


@dataclass
class Radiographs:
    """The images of a list in memory, by split."""

    classes: Classes
    channels: int
    by_split: dict[Split, list[Example]] = field(default_factory=dict)

    def of(self, split: Split) -> list[Example]:
        """Return those of a split."""
        return self.by_split.get(split, [])


@job
def train_job(
    images: Path,
    listing: Path,
    regions: Path | None,
    run_dir: Path,
    settings: CariesSettings,
    control: Control,
    *,
    seed: int = 0,
    resume: bool = False,
) -> Iterator[Event]:
    """Train on the split train, measure on validation, or on test where there is none.

    Parameters
    ----------
    images
        Folder of radiographs.
    listing
        CSV file with their labels; see `data.label_list.read_label_list`.
    regions
        Folder with a file of regions for each image on which something is marked, if there is any:
        GeoJSON, or a mask with its JSON file.
    run_dir
        Where checkpoints go.
    seed
        Of the split by patients, where the list has none.

    Yields
    ------
    Progress
        After each image that is read.
    Event
        What `engine.fit.fit` yields. The last `Finished` has what was measured as its result: on
        the split validation, or on test where there is none.
    """
    from napari_salient.caries.task import CariesTask
    from napari_salient.engine.fit import fit

    listed = split_listed(read_label_list(listing, images), SplitFractions(), seed)
    refuse_copies(listed)
    try:
        files = region_files(listed, regions)
        read = yield from read_examples(listed, files, settings.scale, control)
    except Cancelled:
        yield Finished(FinishReason.CANCELLED)
        return
    spec = settings.spec(read.classes, read.channels)
    measured = read.of("validation") or read.of("test")
    task = CariesTask(spec, read.of("pool"), settings, measured)
    yield from fit(task, settings.fit, control, run_dir, resume=resume)


def read_examples(
    listed: Sequence[Listed],
    regions: Mapping[Path, Path],
    scale: float,
    control: Control,
    *,
    model: CariesSpec | None = None,
) -> Generator[Event, None, Radiographs]:
    """Read the radiographs of a list and what is marked on them; see `region_files`.

    Classes and channels are those of a `model` if there is one, or else follow from the list.

    Raises
    ------
    InputError
        If an image or its regions cannot be read, or the regions are of another image.
    Cancelled
        When `control` says so.
    """
    from napari_salient.caries.examples import Example, Marks, prepare

    classes = Classes(model.class_names, model.multiclass) if model else Classes.of(listed)
    labels = classes.indicators(listed)
    raw = []
    for done, one in enumerate(listed, start=1):
        raw.append(read_radiograph(one.path))
        yield Progress(done, len(listed), "radiographs read")
        if not control.proceed():
            raise Cancelled
    channels = model.channels if model else max(len(radiograph.image) for radiograph in raw)
    found = Radiographs(classes, channels)
    for one, radiograph, label in zip(listed, raw, labels, strict=True):
        image = prepare(radiograph.image, found.channels, scale)
        marks = None
        if one.path in regions:
            file, key = regions[one.path], ImageKey.of(one.path, *radiograph.shape)
            drawn = READERS[file.suffix](file, key)
            height, width = image.shape[1:]
            marks = Marks.of(drawn, (height, width), classes.lesions)
        example = Example(one.path.name, one.patient, image, label, marks)
        found.by_split.setdefault(one.split or "pool", []).append(example)
    return found


def region_files(listed: Sequence[Listed], regions: Path | None) -> dict[Path, Path]:
    """Return the file of regions of each image of a list that has one; none without a folder.

    Raises
    ------
    InputError
        If the folder has none, or one that belongs to no image of the list.
    """
    if regions is None:
        return {}
    if not regions.is_dir():
        raise InputError(f"{regions} is no folder; choose that with the regions.")
    by_stem = {one.path.stem: one.path for one in listed}
    files = sorted(file for suffix in READERS for file in regions.glob(f"*{suffix}"))
    strange = next((file for file in files if file.stem not in by_stem), None)
    if not files or strange is not None:
        raise InputError(
            f"{strange} belongs to no image of the list; regions are called like their image."
            if strange
            else f"{regions} has no {' or '.join(READERS)} files; choose the folder with regions."
        )
    return {by_stem[file.stem]: file for file in files}
