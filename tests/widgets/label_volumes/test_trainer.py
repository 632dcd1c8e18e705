"""Going on with a round that was interrupted, without a window."""

from __future__ import annotations

from dataclasses import replace

import pytest
from qtpy.QtWidgets import QWidget

from napari_salient.active_learning.settings import SegmentationSettings
from napari_salient.engine.events import Started
from napari_salient.engine.run import Run, RunState
from napari_salient.engine.settings import FitSettings
from napari_salient.widgets.label_volumes.trainer import Trainer

LONG = FitSettings(steps=20_000, save_every=1, threads=1, device="cpu")
SHORT = replace(LONG, steps=20)


@pytest.fixture
def trainer(session, qtbot):
    session.propose()
    for _ in range(2):
        session.open_next()
        session.case.labels[session.index, 2:8, 3:9] = 1
        session.accept()
    session.settings = with_fit(session.settings, LONG)
    owner = QWidget()
    qtbot.addWidget(owner)
    return Trainer(session, owner)


def with_fit(settings, fit):
    tiny = SegmentationSettings(width=4, context=0, batch_size=2, augment=False, fit=fit)
    return replace(settings, segmentation=tiny)


def interrupt(trainer, qtbot):
    """Start a round, cancel it once it has saved, and return its run."""
    trainer.start()
    saved = trainer.run.directory / "checkpoints"
    qtbot.waitUntil(lambda: any(saved.glob("*.safetensors")), timeout=60_000)
    cancel(trainer, qtbot)
    return trainer.run


def cancel(trainer, qtbot):
    trainer.run.cancel()
    qtbot.waitUntil(lambda: not trainer.running, timeout=60_000)


def test_a_round_goes_on_by_its_own_settings(trainer, qtbot):
    run = interrupt(trainer, qtbot)
    trainer.session.settings = with_fit(trainer.session.settings, SHORT)
    events = []
    trainer.event.connect(events.append)
    trainer.resume()
    qtbot.waitUntil(lambda: any(isinstance(e, Started) for e in events), timeout=60_000)
    cancel(trainer, qtbot)
    started = next(event for event in events if isinstance(event, Started))
    assert trainer.run.id == run.id
    assert started.step > 0
    assert started.total == LONG.steps
    assert trainer.session.settings.segmentation.fit == SHORT


@pytest.mark.parametrize("damaged", ["batch: [", "batch: -3", ""])
def test_a_round_whose_settings_are_lost_is_told_and_a_new_one_can_start(trainer, qtbot, damaged):
    run, told = interrupt(trainer, qtbot), []
    (run.directory / "settings.yaml").write_text(damaged)
    trainer.told.connect(lambda words, severity: told.append((words, severity)))
    trainer.resume()
    assert "train a new round instead" in told[0][0]
    assert told[0][1] == "error"
    assert Run.open(run.directory).state is RunState.FINISHED
    trainer.start()
    assert trainer.run.id != run.id
    cancel(trainer, qtbot)
