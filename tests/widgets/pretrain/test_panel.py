"""How the pages of the panel work together."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QLabel, QLineEdit

from napari_salient.engine.events import Finished, FinishReason, Started, Step
from napari_salient.engine.run import Run, RunState
from napari_salient.pretraining.settings import KIND
from napari_salient.widgets.notice import RESEARCH_USE_ONLY
from napari_salient.widgets.pretrain import Pretrain
from napari_salient.widgets.pretrain.panel import WIDTH
from napari_salient.widgets.pretrain.run_page import GOES_ON

PATIENCE_MS = 300_000

pytestmark = pytest.mark.filterwarnings("ignore:System theme detection")


def job(reason):
    yield Started(10)
    yield Step(5, 10, 1.0, 0.0, {"accuracy": 0.9, "chance": 0.25})
    yield Finished(reason, 5)


@pytest.fixture
def panel(make_napari_viewer, qtbot):
    panel = Pretrain(make_napari_viewer())
    qtbot.addWidget(panel)
    panel.resize(WIDTH, 800)
    panel.show()
    return panel


def settle(qtbot, panel):
    qtbot.waitUntil(lambda: not panel.run_page.surveyor.busy, timeout=PATIENCE_MS)


def kept_run(tiny, runs, reason):
    run = Run.create(runs, KIND, tiny())
    list(run.record(job(reason)))
    return run


def test_everything_fits_and_can_be_told_by_name(panel, qtbot, pool):
    panel.run_page.set_up.pool.set_path(pool)
    settle(qtbot, panel)
    set_up = panel.run_page.set_up
    assert set_up.minimumSizeHint().width() <= WIDTH - 30
    assert panel.run_page.view.minimumSizeHint().width() <= WIDTH - 30
    named = (QLineEdit, QComboBox, QAbstractSpinBox, QAbstractButton)
    for part in (part for kind in named for part in set_up.findChildren(kind)):
        if not part.isVisible() or part.parent().inherits("QAbstractSpinBox"):
            continue
        buddies = [label for label in set_up.findChildren(QLabel) if label.buddy() is part]
        said = getattr(part, "text", str)() if isinstance(part, QAbstractButton) else ""
        assert part.accessibleName() or buddies or said, part
    assert RESEARCH_USE_ONLY in [label.text() for label in panel.findChildren(QLabel)]


def test_the_preview_is_of_the_settings_in_the_form_and_made_once(panel, qtbot, tiny, monkeypatch):
    shown = []
    monkeypatch.setattr(panel.preview_page, "show_pool", lambda *what: shown.append(what))
    panel.pages.setCurrentWidget(panel.preview_page)
    assert "Choose a folder" in panel.notice.text()
    panel.pages.setCurrentWidget(panel.run_page)
    panel.run_page.set_up.show_settings(tiny(task="jigsaw"))
    settle(qtbot, panel)
    for _ in range(2):
        panel.run_page.set_up.preview.click()
        assert panel.pages.currentWidget() is panel.preview_page
        panel.pages.setCurrentWidget(panel.run_page)
    ((pool, every, training),) = shown
    assert (pool, every, training.task) == (tiny().pool, 5, "jigsaw")


def test_runs_of_the_chosen_folder_are_in_the_library(panel, qtbot, tiny, tmp_path):
    run = kept_run(tiny, tmp_path / "pool-runs", FinishReason.COMPLETED)
    panel.run_page.set_up.pool.set_path(tiny().pool)
    table = panel.library_page.table
    qtbot.waitUntil(lambda: len(table.entries) == 1, timeout=PATIENCE_MS)
    assert table.entries[0].run_dir == run.directory


def test_an_interrupted_run_is_offered_where_one_is_set_up(panel, qtbot, tiny, tmp_path):
    assert panel.run_page.set_up.resume.isHidden()
    run = kept_run(tiny, tmp_path / "pool-runs", FinishReason.CANCELLED)
    panel.run_page.set_up.pool.set_path(tiny().pool)
    settle(qtbot, panel)
    assert not panel.run_page.set_up.resume.isHidden()
    assert run.id in panel.run_page.set_up.resume.toolTip()


def test_a_run_of_another_process_is_followed_from_the_library(panel, qtbot, tiny, tmp_path):
    run = Run.create(tmp_path / "elsewhere", KIND, tiny())
    events = run.record(job(FinishReason.COMPLETED))
    next(events)
    panel.pages.setCurrentWidget(panel.library_page)
    panel.library_page.follow_requested.emit(run.directory)
    assert panel.pages.currentWidget() is panel.run_page
    assert panel.controls.running
    list(events)
    qtbot.waitUntil(lambda: not panel.controls.running, timeout=PATIENCE_MS)
    view = panel.run_page.view
    assert "90% of its answers are right" in view.outcome.text()
    qtbot.keyClick(view.initialise, Qt.Key.Key_Space)
    assert panel.pages.currentWidget() is panel.library_page


def test_a_run_without_its_settings_cannot_be_resumed_and_says_so(panel, tiny, tmp_path):
    run = kept_run(tiny, tmp_path / "runs", FinishReason.CANCELLED)
    (run.directory / "settings.yaml").write_text("task: knitting")
    panel.library_page.resume_requested.emit(run.directory)
    assert "does not hold the settings" in panel.notice.text()
    assert not panel.controls.running


def test_two_runs_one_after_the_other_do_not_mix(panel, qtbot, tiny, tmp_path):
    first, second = (Run.create(tmp_path / "runs", KIND, tiny()) for _ in range(2))
    first_events, second_events = (r.record(job(FinishReason.COMPLETED)) for r in (first, second))
    next(first_events), next(second_events)
    panel.run_page.trainer.follow(first.directory)
    panel.run_page.trainer.follow(second.directory)
    list(first_events)
    assert panel.controls.running
    list(second_events)
    qtbot.waitUntil(lambda: not panel.controls.running, timeout=PATIENCE_MS)
    assert panel.run_page.trainer.run_dir == second.directory


@pytest.fixture
def followed(panel, qtbot, tiny, tmp_path):
    """A run that goes on until its events are taken, in a panel that follows it."""
    run = Run.create(tmp_path / "pool-runs", KIND, tiny())
    events = run.record(job(FinishReason.COMPLETED))
    next(events)
    panel.run_page.set_up.pool.set_path(tiny().pool)
    qtbot.waitUntil(lambda: panel.run_page.trainer.following, timeout=PATIENCE_MS)
    settle(qtbot, panel)
    return events


def test_one_changes_between_form_and_run_while_it_goes_on(panel, qtbot, followed):
    page, view = panel.run_page, panel.run_page.view
    assert view.isVisible()
    assert view.set_up.text() == "Back to the form"
    qtbot.mouseClick(view.set_up, Qt.MouseButton.LeftButton)
    assert page.set_up.isVisible()
    assert page.goes_on.text() == GOES_ON
    assert panel.focusWidget() is page.back
    settle(qtbot, panel)
    assert page.set_up.isVisible(), "the form stays, though the run of this folder goes on"
    assert panel.controls.cancel.isEnabled()
    qtbot.keyClick(page.back, Qt.Key.Key_Space)
    assert view.isVisible()
    qtbot.keyClick(view.set_up, Qt.Key.Key_Space)
    list(followed)
    qtbot.waitUntil(lambda: not panel.controls.running, timeout=PATIENCE_MS)
    assert page.set_up.isVisible()
    assert page.goes_on.isHidden()
    assert page.back.text() == "Show the last run"
    assert panel.controls.start.isEnabled()
    qtbot.keyClick(page.back, Qt.Key.Key_Space)
    assert "90% of its answers are right" in view.outcome.text()
    assert view.set_up.text() == "Set up another run"


def test_two_at_once_are_refused_with_a_sentence(panel, qtbot, tiny, tmp_path, followed):
    interrupted = kept_run(tiny, tmp_path / "elsewhere", FinishReason.CANCELLED)
    qtbot.mouseClick(panel.run_page.view.set_up, Qt.MouseButton.LeftButton)
    assert not panel.controls.start.isEnabled()
    assert panel.controls.start.toolTip() == GOES_ON
    before = panel.run_page.trainer.run_dir
    for attempt in (
        panel.run_page.start,
        lambda: panel.library_page.resume_requested.emit(interrupted.directory),
    ):
        panel.notice.forget()
        attempt()
        assert GOES_ON in panel.notice.text()
        assert panel.run_page.trainer.run_dir == before
    assert interrupted.state is RunState.FINISHED
    list(followed)
    qtbot.waitUntil(lambda: not panel.controls.running, timeout=PATIENCE_MS)
    assert panel.notice.isHidden()


def test_steps_are_timed_beside_a_run_whose_controls_stay(panel, qtbot, followed):
    page, form = panel.run_page, panel.run_page.set_up
    qtbot.mouseClick(page.view.set_up, Qt.MouseButton.LeftButton)
    form.show_settings(page.trainer.training)
    settle(qtbot, panel)
    for button in (page.timing.cancel, None):
        qtbot.mouseClick(form.budget.ask, Qt.MouseButton.LeftButton)
        assert page.timing.isVisible()
        assert not form.isEnabled()
        assert page.back.isEnabled()
        if button is not None:
            qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: not page.timing.isVisible(), timeout=PATIENCE_MS)
        assert form.isEnabled()
        assert bool(form.budget.estimate.text()) is (button is None)
    assert "A step takes" in form.budget.estimate.text()
    assert "alone they are quicker" in panel.notice.text()
    assert panel.controls.running
    assert panel.controls.pause.isEnabled()
    list(followed)
    qtbot.waitUntil(lambda: not panel.controls.running, timeout=PATIENCE_MS)
    assert not form.budget.estimate.text(), "what was timed beside the run is forgotten"


def test_a_run_that_is_followed_ends_a_timing_in_the_same_controls(panel, qtbot, tiny, tmp_path):
    page = panel.run_page
    page.set_up.show_settings(tiny())
    settle(qtbot, panel)
    qtbot.mouseClick(page.set_up.budget.ask, Qt.MouseButton.LeftButton)
    run = Run.create(tmp_path / "elsewhere", KIND, tiny())
    events = run.record(job(FinishReason.COMPLETED))
    next(events)
    panel.library_page.follow_requested.emit(run.directory)
    assert page.set_up.isEnabled()
    assert panel.controls.state.text() == "Running"
    list(events)
    qtbot.waitUntil(lambda: not panel.controls.running, timeout=PATIENCE_MS)
    assert panel.controls.state.text() == "Finished"


def test_a_run_stays_in_the_library_when_the_form_names_another_pool(
    panel, qtbot, tmp_path, followed
):
    (tmp_path / "another").mkdir()
    panel.run_page.set_up.pool.set_path(tmp_path / "another")
    settle(qtbot, panel)
    list(followed)
    qtbot.waitUntil(lambda: not panel.controls.running, timeout=PATIENCE_MS)
    panel.run_page.show_run()
    qtbot.mouseClick(panel.run_page.view.initialise, Qt.MouseButton.LeftButton)
    table, run_dir = panel.library_page.table, panel.run_page.trainer.run_dir
    qtbot.waitUntil(
        lambda: table.entry is not None and table.entry.run_dir == run_dir, timeout=PATIENCE_MS
    )


def test_features_are_those_of_the_run_that_ended_or_is_selected(panel, qtbot, tiny, tmp_path):
    runs = [kept_run(tiny, tmp_path / "pool-runs", FinishReason.COMPLETED) for _ in range(2)]
    panel.run_page.trainer.follow(runs[0].directory)
    qtbot.waitUntil(lambda: not panel.controls.running, timeout=PATIENCE_MS)
    assert panel.feature_page.run_dir == runs[0].directory
    panel.library_page.selected.emit(runs[1].directory)
    assert panel.feature_page.run_dir == runs[1].directory
    panel.run_page.view.features.click()
    assert panel.pages.currentWidget() is panel.feature_page
    assert panel.feature_page.run_dir == runs[0].directory
    assert panel.feature_page.controls.start.isEnabled()


def test_an_encoder_that_ships_maps_the_pool_in_the_form(panel, qtbot, tiny, tmp_path):
    bundle = tmp_path / "bundle"
    panel.library_page.selected.emit(bundle)
    assert panel.feature_page.run_dir is None
    assert "Choose a folder" in panel.notice.text()
    panel.run_page.set_up.show_settings(tiny())
    settle(qtbot, panel)
    panel.library_page.selected.emit(bundle)
    assert panel.feature_page.run_dir == bundle
    assert panel.feature_page.controls.start.isEnabled()


def test_a_closed_dock_leaves_the_run_alone(make_napari_viewer, qtbot, tiny, tmp_path):
    viewer = make_napari_viewer()
    panel = Pretrain(viewer)
    dock = viewer.window.add_dock_widget(panel, name="Pretrain")
    run = Run.create(tmp_path / "runs", KIND, tiny())
    events = run.record(job(FinishReason.COMPLETED))
    next(events)
    panel.run_page.trainer.follow(run.directory)
    viewer.window.remove_dock_widget(dock)
    qtbot.waitUntil(lambda: not panel.run_page.trainer.following, timeout=PATIENCE_MS)
    assert run.state is RunState.RUNNING
    list(events)
