"""Reading what a project must know of its images, many at a time, before they become cases."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_salient.engine.cases import CaseFailed, map_cases
from napari_salient.engine.events import Progress
from napari_salient.errors import InputError
from napari_salient.project.catalogue import Case
from napari_salient.project.splits import hash_patient

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from napari_salient.data.volumes import VolumeHeader
    from napari_salient.engine.control import Control
    from napari_salient.project.catalogue import CaseKind
    from napari_salient.project.splits import Split

_READERS = 4


@dataclass(frozen=True)
class Image:
    """A readable image: where it is, whose it is, and what its header says.

    `spacing` is `None` where the file does not say how large its pixels are.
    """

    kind: CaseKind
    path: Path
    name: str
    patient: str
    content_hash: str
    size: int
    header: VolumeHeader
    spacing: tuple[float, ...] | None

    def as_case(self, split: Split, salt: str) -> Case:
        """Return the case that the catalogue keeps, which knows the patient by a hash only."""
        return Case(
            id=0,
            kind=self.kind,
            name=self.name,
            path=self.path,
            content_hash=self.content_hash,
            patient=hash_patient(self.patient, salt),
            split=split,
            shape=self.header.shape,
            channels=self.header.channels,
            spacing=self.spacing,
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
    paths: Sequence[Path], control: Control, known: Mapping[str, str]
) -> Generator[Progress, None, Intake | None]:
    """Read headers and hashes of images; return the intake, or `None` once cancelled.

    `known` are the contents that are cases already: content hash to case name.

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
    for looked_at in map_cases(_look_at, enumerate(paths), control, _READERS):
        if isinstance(looked_at, CaseFailed):
            raise looked_at.error
        number, found[number] = looked_at
        yield Progress(len(found), len(paths), "images")
    if len(found) < len(paths):
        return None
    return sort_out(paths, [found[number] for number in range(len(paths))], known)


def sort_out(
    paths: Sequence[Path], looked_at: Sequence[Image | Refused], known: Mapping[str, str]
) -> Intake:
    """Return the images that become cases: readable, and each content once.

    The same image under two names could be learned from in one split and measured on in another.

    Raises
    ------
    InputError
        If none is left.
    """
    names, images, refused = dict(known), [], []
    for path, item in zip(paths, looked_at, strict=True):
        if isinstance(item, Refused):
            refused.append(item)
        elif item.content_hash in names:
            twin = names[item.content_hash]
            reason = f"{path} is the same image as that of case '{twin}'; each may be a case once."
            refused.append(Refused(item.path, reason))
        else:
            names[item.content_hash] = item.name
            images.append(item)
    if not images:
        raise InputError(refused[0].reason)
    return Intake(tuple(images), tuple(refused))


def refuse_equal_names(paths: Sequence[Path]) -> None:
    """Raise `InputError` if there is no path, or if two would become cases of one name."""
    from napari_salient.data.discover import case_name

    names = Counter(case_name(path) for path in paths)
    if not names:
        raise InputError("There are no images to make cases of; choose a folder with volumes.")
    name, count = names.most_common(1)[0]
    if count > 1:
        first, second = [path for path in paths if case_name(path) == name][:2]
        raise InputError(
            f"{count} images would be the case '{name}', {first} and {second} among them; rename "
            "the files so that their names differ."
        )


def _look_at(numbered: tuple[int, Path]) -> tuple[int, Image | Refused]:
    from napari_salient.data.discover import case_name, content_hash, patient_of

    number, path = numbered[0], Path(numbered[1]).absolute()
    try:
        known, size = _read(path), path.stat().st_size
        name, patient, content = case_name(path), patient_of(path), content_hash(path)
    except (InputError, OSError) as error:
        return number, Refused(path, str(error))
    kind, header, spacing = known
    return number, Image(kind, path, name, patient, content, size, header, spacing)


def _read(path: Path) -> tuple[CaseKind, VolumeHeader, tuple[float, ...] | None]:
    from napari_salient.data.nifti import suffix_of
    from napari_salient.data.radiograph_grid import grid_of
    from napari_salient.data.radiographs import read_radiograph
    from napari_salient.data.volumes import read_header

    if suffix_of(path):
        header = read_header(path)
        return "volume", header, header.spacing
    radiograph = read_radiograph(path)
    grid = grid_of(radiograph)
    return "radiograph", grid, grid.spacing if radiograph.spacing else None
