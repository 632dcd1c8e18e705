from __future__ import annotations

import pytest
from qtpy.QtCore import Qt

from napari_salient.engine.control import Control
from napari_salient.engine.events import (
    Evaluated,
    Finished,
    FinishReason,
    MemoryFallback,
    Paused,
    Progress,
    Resumed,
    Started,
    Step,
)
from napari_salient.errors import RunError
from napari_salient.widgets.run_controls import RunControls
from napari_salient.widgets.time_left import TimeLeft, duration_text


@pytest.fixture
def controls(qtbot):
    controls = RunControls("Train")
    qtbot.addWidget(controls)
    controls.show()
    return controls


def press(qtbot, button):
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Space)


def test_start_asks_and_does_nothing_itself(qtbot, controls):
    with qtbot.waitSignal(controls.start_requested):
        press(qtbot, controls.start)
    assert not controls.running


def test_pause_resume_and_cancel_work_by_keyboard(qtbot, controls):
    run = Control()
    controls.follow(run)
    press(qtbot, controls.pause)
    assert run.paused
    assert controls.state.text() == "Paused"
    press(qtbot, controls.pause)
    assert not run.paused
    press(qtbot, controls.cancel)
    assert run.cancelled
    assert not controls.cancel.isEnabled()


def test_only_what_makes_sense_is_enabled(controls):
    def enabled():
        return [b.isEnabled() for b in (controls.start, controls.pause, controls.cancel)]

    assert enabled() == [True, False, False]
    controls.follow(Control())
    assert enabled() == [False, True, True]
    controls.show_event(Finished(FinishReason.COMPLETED))
    assert enabled() == [True, False, False]


def test_progress_loss_and_metrics_are_shown(controls):
    controls.follow(Control())
    assert controls.bar.maximum() == 0
    controls.show_event(Started(total=300, step=100))
    assert controls.state.text() == "Resumed at step 100"
    controls.show_event(Step(120, 300, 0.41234, 0.1))
    assert (controls.bar.value(), controls.bar.maximum()) == (120, 300)
    assert controls.bar.text() == "step 120 of 300"
    assert controls.loss.text() == "loss 0.412"
    controls.show_event(Evaluated(120, {"Dice": 0.81}))
    assert controls.loss.text() == "Dice 0.81"
    controls.show_event(Progress(3, 9, "scoring slices"))
    assert controls.bar.text() == "scoring slices 3 of 9"


def test_an_error_frees_the_panel_and_says_so(controls):
    controls.follow(Control())
    controls.show_event(MemoryFallback(3, "micro-batch", "batch of 4 in 2 parts"))
    assert "batch of 4 in 2 parts" in controls.state.text()
    controls.show_event(Finished(FinishReason.ERRORED, message="The loss is no number."))
    assert controls.state.text() == "Stopped by an error"
    assert controls.state.toolTip() == "The loss is no number."
    assert controls.start.isEnabled()
    assert controls.bar.maximum() == 1


def test_what_leaves_no_run_behind_leaves_no_progress(controls):
    controls.follow(Control())
    controls.show_event(Progress(6, 6, "steps timed"))
    controls.show_event(Finished(FinishReason.COMPLETED))
    controls.rest("Estimated")
    assert controls.state.text() == "Estimated"
    assert controls.bar.text() == ""
    assert controls.start.isEnabled()


def test_start_can_be_refused_with_a_reason(controls):
    controls.set_start_enabled(False, "Label one slice first.")
    assert not controls.start.isEnabled()
    assert controls.start.toolTip() == "Label one slice first."


def test_a_cancelled_run_cannot_be_paused(qtbot, controls):
    run = Control()
    controls.follow(run)
    controls.cancel_run()
    controls.toggle_pause()
    assert not run.paused
    controls.show_event(Finished(FinishReason.CANCELLED))
    assert controls.state.text() == "Cancelled, progress saved"


def test_a_run_that_ended_a_moment_ago_may_refuse(controls):
    class Ended:
        def pause(self):
            raise RunError("The run has finished.")

        resume = cancel = pause

    controls.follow(Ended())
    controls.show_event(Started(3))
    controls.toggle_pause()
    controls.cancel_run()
    assert controls.state.text() == "Running"


def test_a_pause_from_elsewhere_is_shown(qtbot, controls):
    run = Control()
    controls.follow(run)
    controls.show_event(Paused())
    assert (controls.state.text(), controls.pause.text()) == ("Paused", "Resume")
    controls.show_event(Resumed())
    assert (controls.state.text(), controls.pause.text()) == ("Running", "Pause")
    controls.show_event(Paused())
    controls.cancel_run()
    controls.show_event(Resumed())
    assert controls.state.text() == "Saving, then stopping"


def test_word_of_a_pause_that_was_ended_here_comes_too_late(controls):
    run = Control()
    controls.follow(run)
    controls.toggle_pause()
    controls.toggle_pause()
    controls.show_event(Paused())
    assert controls.state.text() == "Running"
    controls.toggle_pause()
    assert run.paused
    controls.show_event(Resumed())
    assert controls.state.text() == "Paused"
    controls.show_event(Paused())
    controls.show_event(Resumed())
    assert controls.state.text() == "Running"


def test_time_left_follows_the_pace_and_leaves_pauses_out():
    now = [0.0]
    left = TimeLeft(lambda: now[0])
    assert left.update(0, 100) is None
    now[0] = 2.0
    assert left.update(1, 100) == pytest.approx(198)
    left.skip()
    now[0] = 1000.0
    assert left.update(2, 100) == pytest.approx(196)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (59, "59 s"), (80, "1 min 20 s"), (7500, "2 h 05 min")],
)
def test_durations_read_as_people_say_them(seconds, text):
    assert duration_text(seconds) == text
