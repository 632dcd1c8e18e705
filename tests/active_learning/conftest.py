"""A tiny project of volumes with two bright blobs, and an annotator who knows the truth."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
import pytest

from napari_salient.active_learning.session import LabellingSession
from napari_salient.active_learning.settings import LoopSettings, SegmentationSettings
from napari_salient.active_learning.simulation.cohort import Cohort
from napari_salient.data.planes import plane_slice
from napari_salient.engine.run import Run
from napari_salient.engine.settings import FitSettings
from napari_salient.project.labels import LabelSchema
from napari_salient.project.project import Project
from napari_salient.project.splits import SplitFractions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_salient.active_learning.pool import Proposal
    from napari_salient.active_learning.rounds import RoundResult
    from napari_salient.engine.events import Event
    from napari_salient.project.states import SliceMark

SIDE = 24
ALL_POOL = SplitFractions(1.0, 0.0, 0.0)
AS_DISPLAYED = np.diag([-1.0, -1.0, -1.0, 1.0])
"""Affine of a file whose axes (x, y, z) are those of the display."""


def blob_truth(seed: int) -> NDArray[np.uint8]:
    """Return labels ``(z, y, x)``: a ball of class 1, and a brighter one of class 2 beside it."""
    rng = np.random.default_rng(seed)
    grid = np.mgrid[:SIDE, :SIDE, :SIDE]
    truth = np.zeros((SIDE,) * 3, np.uint8)
    for value, x in ((1, 7), (2, 17)):
        centre = np.array([12, 12, x]) + rng.integers(-2, 3, 3)
        truth[((grid - centre[:, None, None, None]) ** 2).sum(0) < 25] = value
    return truth


def write_blobs(
    folder: Path, seed: int, affine: NDArray[np.float64] = AS_DISPLAYED, depth: int = SIDE
) -> Path:
    """Write the volume ``case-<seed>``, or as many of its middle slices, and return its path."""
    noise = np.random.default_rng(seed).normal(0, 20, (SIDE,) * 3)
    voxels = (100.0 * blob_truth(seed) + noise).astype(np.float32)[middle(depth)]
    path = folder / f"case-{seed}.nii"
    nib.save(nib.Nifti1Image(voxels.T, affine), path)
    return path


def middle(depth: int) -> slice:
    """Return so many axial slices in the middle of the blobs."""
    first = (SIDE - depth) // 2
    return slice(first, first + depth)


class BlobProject:
    """The project, and what an oracle and a trainer do to it."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.folder = project.folder

    @classmethod
    def create(
        cls, folder: Path, cases: int, fractions: SplitFractions, **volumes: Any
    ) -> BlobProject:
        """Write volumes and make a project of them."""
        (folder / "images").mkdir()
        images = [write_blobs(folder / "images", seed, **volumes) for seed in range(cases)]
        schema = LabelSchema.of("dim", "bright")
        return cls(Project.create(folder / "project", images, labels=schema, fractions=fractions))

    def session(self, **loop: Any) -> LabellingSession:
        """Return a new session on the open project; it trains a tiny model for a second."""
        fit = FitSettings(steps=loop.pop("steps", 30), save_every=10, threads=1, device="cpu")
        model = SegmentationSettings(width=4, context=0, batch_size=4, augment=False, fit=fit)
        settings = LoopSettings(
            **{"strategy": "strided", "batch": 6, "audit": 0.0, **loop}, segmentation=model
        )
        return LabellingSession(self.project, settings)

    def restart(self) -> LabellingSession:
        """Close the project as the end of the program would, and go on in a new session."""
        self.project.close()
        self.project = Project.open(self.folder)
        return self.session()

    def paint(self, session: LabellingSession) -> None:
        """Paint the truth over the current slice."""
        assert session.case is not None
        truth = blob_truth(int(session.case.case.name.removeprefix("case-")))
        truth = truth[middle(len(session.case.labels))]
        where = plane_slice(session.plane, session.index or 0)
        session.case.labels[where] = truth[where]

    def label(self, session: LabellingSession, count: int) -> None:
        """Open, paint and accept the next `count` proposals."""
        for _ in range(count):
            assert session.open_next() is not None
            self.paint(session)
            session.accept()

    def run(self, session: LabellingSession) -> Run:
        """Return a new run for a round."""
        return Run.create(self.project.runs_dir, "segmentation", session.settings)

    def events(self, session: LabellingSession, run: Run | None = None) -> list[Event]:
        """Work through a round and return its events."""
        run = run or self.run(session)
        return list(run.record(session.round_job(run)))

    def train(self, session: LabellingSession) -> RoundResult:
        """Work through a round and return its result."""
        finished: Any = self.events(session)[-1]
        assert finished.result is not None, finished.message
        return finished.result

    def first_round(self, session: LabellingSession, slices: int = 6) -> RoundResult:
        """Label a first batch and train on it."""
        session.propose(slices)
        self.label(session, slices)
        return self.train(session)

    def mark(self, session: LabellingSession, place: Proposal) -> SliceMark:
        """Return the state of a proposed slice."""
        return self.project.journal.slice_state(place.case_id, session.plane, place.index).mark


@pytest.fixture
def make_blobs(tmp_path: Path) -> Iterator[Callable[..., BlobProject]]:
    """Return a function that makes the project, by default of four volumes of the pool."""
    made: list[BlobProject] = []

    def make(cases: int = 4, fractions: SplitFractions = ALL_POOL, **volumes: Any) -> BlobProject:
        made.append(BlobProject.create(tmp_path, cases, fractions, **volumes))
        return made[-1]

    yield make
    for blobs in made:
        blobs.project.close()


@pytest.fixture
def blobs(make_blobs: Callable[..., BlobProject]) -> BlobProject:
    """Return the project of four volumes."""
    return make_blobs()


@pytest.fixture(scope="session")
def trained_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the project after its first round, to be copied."""
    folder = tmp_path_factory.mktemp("trained")
    blobs = BlobProject.create(folder, 4, ALL_POOL)
    session = blobs.session(steps=40)
    session.propose()
    blobs.label(session, 6)
    session.adopt(blobs.train(session))
    blobs.project.close()
    return folder


@pytest.fixture
def trained(trained_folder: Path, tmp_path: Path) -> Iterator[BlobProject]:
    """Return the project after its first round."""
    shutil.copytree(trained_folder, tmp_path, dirs_exist_ok=True)
    blobs = BlobProject(Project.open(tmp_path / "project"))
    yield blobs
    blobs.project.close()


@pytest.fixture
def tube_cohort(tmp_path: Path) -> Cohort:
    """Return three volumes, one of them for testing; a tube runs straight from top to bottom."""
    yy, xx = np.mgrid[:20, :20]
    tube = np.repeat(((yy - 9) ** 2 + (xx - 9) ** 2 < 16)[..., None], 12, 2).astype(np.uint8)
    for name, voxels in (("images", tube.astype(np.float32)), ("labels", tube)):
        (tmp_path / name).mkdir()
        for number in range(3):
            path = tmp_path / name / f"case-{number}.nii.gz"
            nib.save(nib.Nifti1Image(voxels, np.eye(4)), path)
    return Cohort.read(tmp_path / "images", tmp_path / "labels", "axial", 3)
