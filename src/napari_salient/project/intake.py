"""Reading what a project must know of its images, many at a time, before they become cases."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_salient.engine.events import Progress
from napari_salient.errors import InputError
from napari_salient.project.catalogue import Case
from napari_salient.project.splits import hash_patient

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from napari_salient.data.volumes import VolumeHeader
    from napari_salient.engine.control import Control
    from napari_salient.project.splits import Split

_READERS = 4


@dataclass(frozen=True)
class Image:
    """A readable image: where it is, whose it is, and what its header says."""

    path: Path
    name: str
    patient: str
    content_hash: str
    size: int
    header: VolumeHeader

    def as_case(self, split: Split, salt: str) -> Case:
        """Return the case that the catalogue keeps, which knows the patient by a hash only."""
        return Case(
            id=0,
            kind="volume",
            name=self.name,
            path=self.path,
            content_hash=self.content_hash,
            patient=hash_patient(self.patient, salt),
            split=split,
            shape=self.header.shape,
            channels=self.header.channels,
            spacing=self.header.spacing,
            size=self.size,
        )


@dataclass(frozen=True)
class Refused:
    """An image that was left out, and why in a sentence."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Intake:
    """The images that can be used, in the order given, and those that cannot."""

    images: tuple[Image, ...]
    refused: tuple[Refused, ...]


def read_images(
    paths: Sequence[Path], control: Control
) -> Generator[Progress, None, Intake | None]:
    """Read headers and hashes of images; return the intake, or `None` once cancelled.

    Yields
    ------
    Progress
        After each image.

    Raises
    ------
    InputError
        If there is no image, none that can be read, or two would be cases of one name.
    """
    refuse_equal_names(paths)
    found: dict[int, Image | Refused] = {}
    with ThreadPoolExecutor(_READERS) as readers:
        jobs = {readers.submit(_look_at, path): number for number, path in enumerate(paths)}
        for job in as_completed(jobs):
            if not control.proceed():
                readers.shutdown(cancel_futures=True)
                return None
            found[jobs[job]] = job.result()
            yield Progress(len(found), len(paths), "images")
    ordered = [found[number] for number in range(len(paths))]
    images = tuple(item for item in ordered if isinstance(item, Image))
    refused = tuple(item for item in ordered if isinstance(item, Refused))
    if not images:
        raise InputError(refused[0].reason)
    return Intake(images, refused)


def refuse_equal_names(paths: Iterable[Path]) -> None:
    """Raise `InputError` if there is no path, or if two would become cases of one name."""
    from napari_salient.data.discover import case_name

    names = Counter(case_name(path) for path in paths)
    if not names:
        raise InputError("There are no images to make cases of; choose a folder with volumes.")
    name, count = names.most_common(1)[0]
    if count > 1:
        raise InputError(
            f"{count} images would be the case '{name}'; rename the files so that their names "
            "differ."
        )


def _look_at(path: Path) -> Image | Refused:
    from napari_salient.data.discover import case_name, content_hash, patient_of
    from napari_salient.data.volumes import read_header

    try:
        path = Path(path).absolute()
        header = read_header(path)
        return Image(
            path, case_name(path), patient_of(path), content_hash(path), path.stat().st_size, header
        )
    except (InputError, OSError) as error:
        return Refused(path, str(error))
