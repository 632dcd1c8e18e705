"""Three signals always, advice only where it has proven itself, and never a command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from napari_salient.active_learning.session import LabellingSession
from napari_salient.project.rounds import Round
from napari_salient.widgets.label_volumes import stop_words
from napari_salient.widgets.label_volumes.stop_part import StopPart

if TYPE_CHECKING:
    from collections.abc import Callable

FLAT, RISING = (0.8, 0.8, 0.8, 0.8, 0.8), (0.4, 0.55, 0.65, 0.72, 0.77)


@pytest.fixture
def after(session: LabellingSession) -> Callable[..., LabellingSession]:
    """Return a function that gives the session as it is after rounds with these Dice."""

    def make(*dice: float) -> LabellingSession:
        for number, value in enumerate(dice, start=1):
            metrics = {"dice": value, **({"stability": 0.99} if number > 1 else {})}
            made = Round(number, f"run-{number}", "strided", 4 * number, metrics)
            session.project.catalogue.add_round(made)
        return LabellingSession(session.project, session.settings)

    return make


def shown(part: StopPart, qtbot: Any) -> StopPart:
    qtbot.addWidget(part)
    part.show_advice()
    return part


def buttons(part: StopPart) -> list[str]:
    offered = (part.finish, part.go_on, part.export)
    return [button.text() for button in offered if not button.isHidden()]


def test_before_the_first_round_every_signal_says_what_it_waits_for(
    session: LabellingSession, qtbot: Any
) -> None:
    part = shown(StopPart(session, proven=True), qtbot)
    texts = [label.text() for label in part.signals.values()]
    assert texts == [
        "Too early to say: a forecast needs 4 measured rounds with different numbers of labelled "
        "slices, and there are 0.",
        "No pre-annotated slice is accepted yet.",
        "Known after the second round.",
        "Whether the strategy finds harder slices cannot be told: not enough audit slices "
        "(0 of 10).",
    ]
    assert buttons(part) == []


def test_the_signals_are_shown_and_the_unproven_verdict_is_withheld(
    after: Callable[..., LabellingSession], qtbot: Any
) -> None:
    part = shown(StopPart(after(*FLAT), proven=False), qtbot)
    assert part.signals["Next batch"].text().startswith("+0.0 Dice points (0.0 to 0.0)")
    assert part.signals["Steadiness"].text() == (
        "Dice 0.990, then 0.990 from round to round: steady"
    )
    assert part.verdict.text() == stop_words.WITHHELD
    assert buttons(part) == []


def test_the_proven_verdict_is_shown_as_advice_with_its_warning(
    after: Callable[..., LabellingSession], qtbot: Any
) -> None:
    part = shown(StopPart(after(*FLAT), proven=True), qtbot)
    assert part.verdict.text().startswith(stop_words.VERDICTS["stop"])
    assert "the next 4 slices are expected to bring 0.0 Dice points" in part.verdict.toolTip()
    assert "Not enough audit slices (0 of 10)" in part.verdict.text()
    assert buttons(part) == ["Finish here", "Go on"]


def test_while_labelling_pays_there_is_nothing_to_heed(
    after: Callable[..., LabellingSession], qtbot: Any
) -> None:
    part = shown(StopPart(after(*RISING), proven=True), qtbot)
    assert part.verdict.text().startswith(stop_words.VERDICTS["go on"])
    assert buttons(part) == []


def test_going_on_dismisses_the_advice_until_the_next_round(
    after: Callable[..., LabellingSession], qtbot: Any
) -> None:
    part = shown(StopPart(after(*FLAT), proven=True), qtbot)
    part.go_on.click()
    assert part.verdict.text() == stop_words.WENT_ON
    assert buttons(part) == []
    newer = Round(6, "run-6", "strided", 24, {"dice": 0.8, "stability": 0.99})
    part.session.project.catalogue.add_round(newer)
    part.session = LabellingSession(part.session.project, part.session.settings)
    part.show_advice()
    assert buttons(part) == ["Finish here", "Go on"]


def test_finishing_offers_export_and_a_way_back(
    after: Callable[..., LabellingSession], qtbot: Any
) -> None:
    session = after(*FLAT)
    session.propose()
    part = shown(StopPart(session, proven=True), qtbot)
    part.finish_requested.connect(session.finish)
    part.go_on_requested.connect(session.go_on)
    part.finish.click()
    part.show_advice()
    assert session.queue == []
    assert session.propose() == []
    assert part.verdict.text().startswith("You finished here, with 0 slices accepted")
    assert buttons(part) == ["Go on", "Export…"]
    part.go_on.click()
    assert len(session.propose()) == 4


def test_having_finished_is_remembered(session: LabellingSession) -> None:
    session.propose()
    session.finish()
    again = LabellingSession(session.project, session.settings)
    assert again.finished
    assert again.propose() == []
    again.go_on()
    assert not LabellingSession(session.project, session.settings).finished
