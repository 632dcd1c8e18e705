from __future__ import annotations

import threading

from napari_salient.engine.control import Control


def test_a_job_goes_on_until_it_is_cancelled():
    control = Control()
    assert control.proceed()
    control.cancel()
    assert control.cancelled
    assert not control.proceed()


def test_a_resume_right_after_a_pause_is_not_lost():
    control = Control()
    control.pause()
    control.resume()
    assert control.proceed()


def test_cancel_wakes_a_paused_job():
    control, outcome = Control(), []
    control.pause()
    job = threading.Thread(target=lambda: outcome.append(control.proceed()))
    job.start()
    control.cancel()
    job.join(10)
    assert outcome == [False]


def test_a_cancelled_job_cannot_be_paused():
    control = Control()
    control.cancel()
    control.pause()
    assert not control.paused
    assert not control.proceed()
