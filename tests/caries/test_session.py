"""Reading radiographs without a window: what is painted steers the score and is never lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from napari_salient.caries.evidence import Evidence
from napari_salient.caries.examination import Examination
from napari_salient.caries.guidance import save_regions_job
from napari_salient.caries.painted import EXAMINED, EXCLUDE, INCLUDE, SCHEMA, PaintedRegions
from napari_salient.caries.session import ReadingSession
from napari_salient.data.patch_grid import PatchGrid
from napari_salient.data.region_files import read_regions, write_regions
from napari_salient.data.region_masks import rasterise
from napari_salient.data.regions import ImageKey, ImageRegions, Region, rectangle
from napari_salient.engine.control import Control
from napari_salient.engine.jobs import result_of
from napari_salient.errors import InputError
from napari_salient.project.labels import LabelSchema
from napari_salient.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEIGHT, WIDTH = 40, 48
GRID = PatchGrid(HEIGHT, WIDTH, 10, 12, window=4, stride=4)
LESIONS = {(2, 3): 0.9, (2, 4): 0.8, (7, 9): 0.7}


class Finder:
    """A model that sees two lesions in every radiograph, and counts how often it is asked."""

    digest = "0" * 64
    class_names = ("caries",)
    lesions = range(1)

    def __init__(self) -> None:
        self.asked = 0

    def examine(self, image: np.ndarray) -> Examination:
        self.asked += 1
        probability, weight = np.full((len(GRID), 1), 0.02), np.full(len(GRID), 0.001)
        for (row, column), value in LESIONS.items():
            patch = row * GRID.columns + column
            probability[patch], weight[patch] = value, 0.9
        return Examination(Evidence(probability, weight, 1.0), GRID)


@pytest.fixture
def films(tmp_path: Path) -> list[Path]:
    """Return three pictures, no two alike."""
    folder = tmp_path / "films"
    folder.mkdir()
    paths = [folder / f"film-{number}.png" for number in range(3)]
    for number, path in enumerate(paths):
        pixels = np.random.default_rng(number).integers(0, 255, (HEIGHT, WIDTH), np.uint8)
        Image.fromarray(pixels).save(path)
    return paths


@pytest.fixture
def project(tmp_path: Path, films: list[Path]) -> Iterator[Project]:
    """Return an open project of the pictures."""
    with Project.create(tmp_path / "project", films, labels=SCHEMA) as opened:
        yield opened


@pytest.fixture
def session(project: Project) -> ReadingSession:
    """Return a session with the first picture open."""
    session = ReadingSession(project, Finder())
    session.open(session.cases[0].id)
    return session


def score(session: ReadingSession) -> float | None:
    found = session.evidence.score
    return None if found is None else float(found[0])


def found(session: ReadingSession) -> list:
    return session.candidates(session.evidence)


def paint(session: ReadingSession, value: int, rows: slice, columns: slice) -> None:
    session.case.labels[0, rows, columns] = value
    session.record_changes()


def test_excluding_lowers_the_score_and_undo_restores_it_bit_for_bit(session):
    before = score(session)
    paint(session, EXCLUDE, slice(7, 13), slice(11, 21))
    assert score(session) < before
    steered = score(session)
    session.undo()
    assert score(session) == before
    session.redo()
    assert score(session) == steered


def test_a_stroke_counts_before_it_is_recorded(session):
    before = score(session)
    session.case.labels[0, 8:12, 12:20] = EXCLUDE
    session.look(slice(8, 12), slice(12, 20))
    assert score(session) < before
    assert session.project.journal.last_edit(session.case.case.id) == 0


def test_strokes_in_any_order_cover_what_the_painted_pixels_say():
    grid = PatchGrid(HEIGHT, WIDTH, 9, 11, window=8.5, stride=4.1, offset=(-0.7, 0.3))
    labels, rng = np.zeros((HEIGHT, WIDTH), np.uint8), np.random.default_rng(1)
    painted = PaintedRegions(grid, labels)
    for _ in range(40):
        top, left = rng.integers(0, HEIGHT - 3), rng.integers(0, WIDTH - 3)
        part = slice(top, top + rng.integers(1, 14)), slice(left, left + rng.integers(1, 14))
        labels[part] = rng.integers(0, 3)
        painted.look(*part)
    for value in (INCLUDE, EXCLUDE):
        afresh = PaintedRegions(grid, labels).covered_by(value)
        np.testing.assert_array_equal(painted.covered_by(value), afresh)
        np.testing.assert_allclose(afresh, grid.coverage(labels == value), atol=1e-12)


def test_excluding_everything_leaves_no_evidence(session):
    paint(session, EXCLUDE, slice(None), slice(None))
    evidence = session.evidence
    verdict = session.verdict(evidence, session.candidates(evidence))
    assert verdict.after is None
    assert verdict.before == pytest.approx(0.8, abs=0.05)


def test_what_included_regions_do_is_for_the_reader_to_choose(session):
    session.mode = "exclude"
    alone = score(session)
    paint(session, INCLUDE, slice(28, 32), slice(36, 40))
    assert score(session) == alone
    session.mode = "only"
    assert score(session) == pytest.approx(0.9 * 0.7)
    session.mode = "force"
    assert session.evidence.weight[7 * GRID.columns + 9] == 1


def test_the_sentence_behind_a_score_counts_its_patches(session):
    evidence = session.evidence
    verdict = session.verdict(evidence, session.candidates(evidence))
    assert verdict.patches == 3
    assert verdict.part == pytest.approx(verdict.after, rel=0.1)
    assert not verdict.flips
    session.reject(found(session)[1])
    assert session.verdict(session.evidence, found(session)).flips


def test_candidates_are_ranked_and_a_rejected_one_is_excluded_in_one_row(session):
    first, second = found(session)
    assert first.contribution > second.contribution
    session.reject(first)
    (left,) = found(session)
    assert left.centre == pytest.approx(second.centre)
    assert len(list(session.project.journal.edits())) == 1
    session.undo()
    assert [c.centre for c in found(session)] == [first.centre, second.centre]


def test_an_accepted_candidate_is_included(session):
    session.accept(found(session)[1])
    assert [session.is_accepted(c) for c in found(session)] == [False, True]
    assert (session.case.labels[0, 28:32, 36:40] == INCLUDE).all()
    assert session.case.labels.sum() == 16


def test_undo_outlives_a_restart(session, project):
    before = score(session)
    session.reject(found(session)[0])
    folder, case_id = project.folder, session.case.case.id
    project.close()
    with Project.open(folder) as again:
        later = ReadingSession(again, Finder())
        later.open(case_id)
        assert score(later) < before
        later.undo()
        assert score(later) == before


def test_a_radiograph_is_examined_once_and_comes_back_as_it_was_left(session):
    paint(session, INCLUDE, slice(4), slice(4))
    here, following = session.case.case.id, session.neighbour(1)
    session.open(following)
    session.open(here)
    assert session.examiner.asked == 2
    assert session.case.labels.sum() == 16
    assert session.neighbour(-1) is None


def test_a_radiograph_that_cannot_be_read_is_passed_over(session, films):
    films[1].unlink()
    with pytest.raises(InputError):
        session.open(session.neighbour(1))
    gone, last = session.cases[1].id, session.cases[2].id
    assert session.leave_out(gone) == last
    assert session.neighbour(1) == last


def test_another_model_gives_another_score_of_the_same_regions(session):
    paint(session, EXCLUDE, slice(4), slice(4))
    live, other = session.case.labels, Finder()
    session.use(other)
    session.open(session.case.case.id)
    assert other.asked == 1
    assert session.case.labels is live
    session.undo()
    assert not live.any()


def test_a_mark_that_all_was_examined_stays_when_one_paints_on_and_is_undone(session):
    session.set_examined(True)
    paint(session, INCLUDE, slice(4), slice(4))
    assert session.examined
    session.undo()
    session.undo()
    assert not session.examined


def test_without_a_model_regions_can_be_painted_all_the_same(project):
    session = ReadingSession(project)
    session.open(session.cases[0].id)
    assert session.evidence is None
    paint(session, INCLUDE, slice(4), slice(4))
    assert project.label_array(session.case.case.id).sum() == 16


def test_regions_are_saved_as_guidance_called_like_their_images(session, tmp_path, films):
    paint(session, INCLUDE, slice(2, 6), slice(3, 9))
    paint(session, EXAMINED, slice(20, 40), slice(None))
    session.open(session.neighbour(1))
    session.set_examined(True)
    written = result_of(
        save_regions_job(session.project, tmp_path / "out", Finder.digest, Control())
    )
    assert [path.name for path in written.files] == ["film-0.geojson", "film-1.geojson"]
    first, second = (
        read_regions(path, ImageKey.of(image, HEIGHT, WIDTH))
        for path, image in zip(written.files, films, strict=False)
    )
    assert {r.kind for r in first.regions} == {"include", "examined"}
    assert {(r.author, r.model) for r in first.regions} == {
        (session.project.journal.annotator, Finder.digest)
    }
    (included,) = first.of_kind("include")
    mask = rasterise(included.polygons, (HEIGHT, WIDTH))
    assert mask.sum() == 24
    assert mask[2:6, 3:9].all()
    assert second.regions[0].polygons == (second.image.whole,)


def test_saving_again_replaces_ones_own_regions_and_keeps_those_of_others(session, tmp_path, films):
    paint(session, INCLUDE, slice(2, 6), slice(3, 9))
    (path,) = result_of(save_regions_job(session.project, tmp_path, None, Control())).files
    key = ImageKey.of(films[0], HEIGHT, WIDTH)
    theirs = Region("exclude", ((rectangle(0, 0, 5, 5),),), author="somebody else")
    mine = read_regions(path, key).regions
    write_regions(path, ImageRegions(key, (*mine, theirs)))
    session.undo()
    result_of(save_regions_job(session.project, tmp_path, None, Control()))
    assert read_regions(path, key).regions == (theirs,)


def test_a_file_of_regions_of_another_image_is_not_written_over(session, tmp_path, films):
    paint(session, INCLUDE, slice(2, 6), slice(3, 9))
    path = tmp_path / "film-0.geojson"
    write_regions(path, ImageRegions(ImageKey.of(films[1], HEIGHT, WIDTH)))
    before = path.read_bytes()
    written = result_of(save_regions_job(session.project, tmp_path, None, Control()))
    assert "another image" in written.left_out["film-0"]
    assert path.read_bytes() == before


def test_a_project_of_other_classes_is_refused(tmp_path, films):
    schema = LabelSchema.of("tooth")
    with (
        Project.create(tmp_path / "other", films, labels=schema) as project,
        pytest.raises(InputError, match="no project of radiographs"),
    ):
        ReadingSession(project)
