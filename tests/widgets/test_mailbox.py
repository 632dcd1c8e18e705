from __future__ import annotations

from napari_salient.engine.events import Evaluated, Finished, FinishReason, Progress, Saved, Step
from napari_salient.widgets.mailbox import Mailbox


def step(number: int) -> Step:
    return Step(step=number, total=100, loss=1.0, seconds=0.1)


def drain(mailbox: Mailbox) -> list:
    return list(iter(mailbox.take, None))


def test_a_burst_of_steps_takes_one_place():
    mailbox = Mailbox()
    for number in range(1000):
        mailbox.put(step(number))
        mailbox.put(Progress(number, 1000, "slices"))
    assert drain(mailbox) == [step(999), Progress(999, 1000, "slices")]


def test_everything_but_steps_and_progress_arrives_in_its_turn():
    mailbox = Mailbox()
    kept = [Saved(1, "a"), Evaluated(1, {}), Saved(2, "b"), Finished(FinishReason.COMPLETED)]
    for event in kept:
        mailbox.put(step(0))
        mailbox.put(event)
    assert [event for event in drain(mailbox) if not isinstance(event, Step)] == kept


def test_a_step_never_overtakes_what_came_before_it():
    mailbox = Mailbox()
    events = [step(1), Saved(1, "a"), step(2)]
    for event in events:
        mailbox.put(event)
    assert drain(mailbox) == events


def test_the_reader_is_woken_once_for_a_burst_and_for_whatever_is_urgent():
    mailbox = Mailbox()
    assert mailbox.put(step(1))
    assert not mailbox.put(step(2))
    assert not mailbox.urgent
    assert mailbox.put(Saved(2, "a"))
    assert mailbox.urgent
