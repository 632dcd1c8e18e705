"""A reader looks at what a score rests on, steers it by brush and keys, and goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from PIL import Image
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_salient.caries.examples import prepare
from napari_salient.caries.model import CariesModel
from napari_salient.caries.painted import EXCLUDE, INCLUDE
from napari_salient.caries.spec import CariesSpec
from napari_salient.data.region_files import read_regions
from napari_salient.data.regions import ImageKey
from napari_salient.engine.checkpoint import checkpoint_path, save_checkpoint
from napari_salient.networks.gated_attention import pool_patches
from napari_salient.widgets.inspect_caries import InspectCaries

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEIGHT, WIDTH = 64, 80
SPOTS = ((16, 20), (40, 48))
"""Upper left corners of the bright squares of 8 px that every film has."""
SPEC = CariesSpec("tiny", 4, 1, ("caries",), attention_width=8)
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier

pytestmark = [
    pytest.mark.window,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:System theme detection"),
]


def film(number: int) -> np.ndarray:
    """Return grey values of a dark film with two bright squares."""
    pixels = np.random.default_rng(number).normal(60, 4, (HEIGHT, WIDTH))
    for top, left in SPOTS:
        pixels[top : top + 8, left : left + 8] += 120
    return pixels.astype(np.uint8)


@torch.no_grad()
def teach(model: CariesModel, pixels: np.ndarray) -> None:
    """Let a model attend to what is bright and find caries there, by least squares."""
    image = torch.from_numpy(prepare(pixels[None].astype(np.float32), 1, 1))
    bright = torch.from_numpy(pixels[2::4, 2::4] > 120).double().ravel()
    vectors = pool_patches(model.encoder(image[None]), 1, 1)[0]
    known = torch.cat([vectors, torch.ones(len(bright), 1)], dim=1).double()
    fitted = torch.linalg.lstsq(known, (8 * bright - 4)[:, None]).solution.float()[:, 0]
    head = model.head
    for layer in (head.attention.content, head.attention.gate, head.attention.out, head.classifier):
        layer.weight.zero_()
        layer.bias.zero_()
    for layer in (head.attention.content, head.classifier):
        layer.weight[0], layer.bias[0] = fitted[:-1], fitted[-1]
    head.attention.out.weight[0, 0] = 12


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """Return the folder of a run whose model finds bright squares."""
    torch.manual_seed(0)
    model = CariesModel(SPEC).eval()
    teach(model, film(0))
    path = checkpoint_path(tmp_path / "run", 1)
    save_checkpoint(path, model.state_dict(), {"task": {"spec": SPEC.to_json()}}, {"step": 1})
    return tmp_path / "run"


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Return a folder of three films, the last of another size."""
    folder = tmp_path / "films"
    folder.mkdir()
    for number in range(3):
        pixels = film(number) if number < 2 else film(number)[:52]
        Image.fromarray(pixels).save(folder / f"film-{number}.png")
    return folder


@pytest.fixture
def read(make_napari_viewer: Any, sit_before: Any) -> Callable[..., Any]:
    """Return a function that opens films in a window and sits a reader before it."""

    def open_films(folder: Path, model: Path | None) -> Any:
        viewer = make_napari_viewer(show=True)
        viewer.window.resize(1400, 900)
        panel = InspectCaries(viewer)
        viewer.window.add_dock_widget(panel, name="Inspect Caries", area="right")
        reader = sit_before(viewer, panel)
        panel.open(folder, model)
        reader.wait(lambda: panel.bench and panel.bench.desk.layers.labels)
        QApplication.processEvents()
        return reader

    return open_films


def score(reader: Any) -> str:
    return reader.bench.page.card.score.text()


def test_a_reader_steers_a_score_undoes_accepts_saves_and_goes_on(films, run_dir, read):
    reader = read(films, run_dir)
    desk, page = reader.desk, reader.bench.page
    before = score(reader)
    assert before == "0.88"
    assert "from these" in page.card.reason.text()
    assert len(page.table.rows) == desk.marks.layer.shown.sum() == 2

    reader.press(Qt.Key.Key_2)
    desk.choose(0)
    desk.layers.labels.brush_size = 14
    reader.brush((1, 0), (0, 1))
    reader.wait(lambda: not desk.recorder.pending)
    assert (desk.session.case.labels == EXCLUDE).any()
    assert len(page.table.rows) == desk.marks.layer.shown.sum() == 1

    reader.press(Qt.Key.Key_Z, CONTROL)
    assert score(reader) == before
    assert len(page.table.rows) == 2
    assert not desk.session.case.labels.any()

    desk.choose(0)
    reader.press(Qt.Key.Key_A)
    assert (desk.session.case.labels == INCLUDE).sum() >= 64
    assert [row[-1] for row in page.table.rows].count("accepted") == 1
    reader.press(Qt.Key.Key_W)
    assert page.examined.isChecked()

    reader.press(Qt.Key.Key_S, SHIFT)
    reader.wait(lambda: "are saved in" in reader.panel.notice.text())
    saved = desk.session.project.exports_dir / "regions" / "film-0.geojson"
    drawn = read_regions(saved, ImageKey.of(films / "film-0.png", HEIGHT, WIDTH))
    assert {region.kind for region in drawn.regions} == {"include", "examined"}
    assert {region.model for region in drawn.regions} == {desk.session.examiner.digest}

    reader.decide(Qt.Key.Key_N)
    assert desk.session.case.case.name == "film-1"
    assert "2 of 3" in page.card.place.text()
    reader.press(Qt.Key.Key_N, SHIFT)
    reader.wait(lambda: desk.session.case.case.name == "film-0" and not desk.busy)
    assert page.examined.isChecked()


def test_the_score_follows_the_brush_before_the_mouse_is_let_go(films, run_dir, read):
    reader = read(films, run_dir)
    desk = reader.desk
    layer = desk.layers.labels
    attention = desk.maps.layers["attention"]
    shown = attention.data.copy()
    rows, columns = np.mgrid[16:24, 20:28]
    with layer.block_history():
        layer.data_setitem((np.zeros(64, int), rows.ravel(), columns.ravel()), EXCLUDE)
        reader.wait(lambda: len(desk.candidates) == 1)
        assert desk.session.project.journal.last_edit(desk.here) == 0
    assert attention.data[0, 18, 22] == 0
    assert shown[0, 18, 22] > 0.9
    np.testing.assert_array_equal(attention.data[:, 32:], shown[:, 32:])


def test_layers_follow_films_of_another_size_and_come_back_when_deleted(films, run_dir, read):
    reader = read(films, run_dir)
    desk = reader.desk
    for _ in range(2):
        reader.decide(Qt.Key.Key_N)
    wanted = [*desk.layers.all, *desk.maps.layers.values()]
    assert {layer.data.shape for layer in wanted} == {(1, 52, WIDTH)}
    assert len(desk.candidates) == 2
    reader.press(Qt.Key.Key_N)
    assert "last radiograph" in reader.panel.notice.text()

    deleted = desk.layers.labels
    reader.viewer.layers.remove(deleted)
    reader.wait(lambda: desk.layers.labels not in (None, deleted))
    desk.layers.labels.data_setitem((np.array([0]), np.array([2]), np.array([3])), INCLUDE)
    reader.wait(lambda: not desk.recorder.pending)
    assert desk.session.project.label_array(desk.here)[0, 2, 3] == INCLUDE


def test_a_film_that_is_gone_is_passed_over(films, run_dir, read):
    read(films, run_dir).close()
    (films / "film-1.png").unlink()
    reader = read(films, run_dir)
    reader.decide(Qt.Key.Key_N)
    assert reader.session.case.case.name == "film-2"
    assert "left out" in reader.panel.notice.text()
    reader.press(Qt.Key.Key_N, SHIFT)
    reader.wait(lambda: reader.session.case.case.name == "film-0")


def test_excluding_everything_is_no_evidence_rather_than_health(films, run_dir, read):
    reader = read(films, run_dir)
    layer = reader.desk.layers.labels
    layer.data_setitem(np.nonzero(layer.data == 0), EXCLUDE)
    reader.wait(lambda: "No evidence" in score(reader))
    assert "nothing about health" in reader.bench.page.card.reason.text()


def test_a_folder_is_read_on_where_one_stopped_and_without_a_model(films, run_dir, read):
    reader = read(films, run_dir)
    reader.press(Qt.Key.Key_R)
    assert (reader.session.case.labels == EXCLUDE).any()
    reader.press(Qt.Key.Key_W)
    reader.close()
    again = read(films, None)
    assert again.session.case.case.name == "film-1"
    reader = again
    reader.press(Qt.Key.Key_N, SHIFT)
    reader.wait(lambda: reader.session.case.case.name == "film-0")
    assert (reader.session.case.labels == EXCLUDE).any()
    assert score(reader) == "–"
    reader.press(Qt.Key.Key_Z, CONTROL)
    reader.press(Qt.Key.Key_Z, CONTROL)
    assert not reader.session.case.labels.any()


def test_what_cannot_be_opened_is_said_in_a_sentence(films, tmp_path, make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    panel = InspectCaries(viewer)
    viewer.window.add_dock_widget(panel, name="Inspect Caries", area="right")
    panel.open(films, tmp_path)
    qtbot.waitUntil(lambda: bool(panel.set_up.problem.text()), timeout=60_000)
    assert "holds no checkpoint" in panel.set_up.problem.text()
    assert not (tmp_path / "films-project").exists()
