from __future__ import annotations

import pytest

from napari_salient.active_learning.progress import Counts
from napari_salient.project.states import SliceMark, SliceState
from napari_salient.widgets.label_volumes.words import (
    SHORT,
    STATE_COLORS,
    counts_text,
    place_text,
    state_text,
)


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        (SliceMark(), "not labelled"),
        (SliceMark(SliceState.DRAFT, "prediction"), "pre-annotated by the model, unchecked"),
        (SliceMark(SliceState.ACCEPTED, "empty"), "accepted as empty"),
        (SliceMark(SliceState.SENT_BACK, "unsure"), "unsure"),
        (SliceMark(SliceState.ACCEPTED, "a note of a later version"), "accepted"),
    ],
)
def test_a_state_is_said_in_words(mark, words):
    assert state_text(mark) == words


def test_every_state_has_a_short_word_and_a_colour():
    assert set(SHORT) == set(STATE_COLORS) == set(SliceState)


def test_slices_are_counted_from_one():
    assert place_text("brain-03", "axial", 40, 96) == "brain-03 · axial 41 of 96"


def test_counts_say_how_far_the_labelling_is():
    counts = Counts(slices=96, accepted=5, draft=1, proposed=3, sent_back=2, volumes=2)
    assert counts_text(counts, 4) == (
        "5 of 96 slices accepted in 2 of 4 volumes · 4 waiting · 2 sent back"
    )
