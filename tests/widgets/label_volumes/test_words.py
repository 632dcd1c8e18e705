from __future__ import annotations

import numpy as np
import pytest

from napari_salient.active_learning.interpolating import Bridge
from napari_salient.active_learning.progress import Counts
from napari_salient.project.states import SliceMark, SliceState
from napari_salient.widgets.label_volumes.words import (
    SHORT,
    STATE_COLORS,
    bridge_text,
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
        (SliceMark(SliceState.DRAFT, "interpolated", pseudo=True), "interpolated, unchecked"),
        (SliceMark(SliceState.ACCEPTED, "interpolated"), "accepted as interpolated"),
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


@pytest.mark.parametrize(
    ("dice", "worth"), [(None, "not measured yet"), (0.914, "measured Dice 0.91")]
)
def test_a_slice_between_two_says_what_it_is_made_of(dice, worth):
    slices = np.zeros((4, 4), np.uint8)
    bridge = Bridge(1, 19, 23, (slices, slices), (1.0, 1.0))
    assert bridge_text(bridge, dice) == f"Interpolated from slices 20 and 24, {worth}"
