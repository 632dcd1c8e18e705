"""The queue: pictures of what is in sight alone, and only what the annotator wants to see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_salient.active_learning.pool import Proposal
from napari_salient.widgets.label_volumes.queue_filter import ALL, AUDIT, CHOSEN, QueueFilter
from napari_salient.widgets.label_volumes.queue_table import QueueTable
from napari_salient.widgets.label_volumes.thumbnails import SIDE, Thumbnails, thumbnail

if TYPE_CHECKING:
    from napari_salient.active_learning.session import LabellingSession

BLOCK = Proposal(1, "axial", 3, 0.5, "end of the block 3–7")
DRAWN = Proposal(1, "axial", 8, 0.0, "audit: drawn at random", audit=True)
PATIENCE_MS = 60_000


@pytest.fixture
def queue_filter(qtbot: Any) -> QueueFilter:
    made = QueueFilter()
    qtbot.addWidget(made)
    return made


def shown(session: LabellingSession, qtbot: Any, waits: Any = lambda: False) -> QueueTable:
    """Return a queue of all slices, of which a few are in sight."""
    table = QueueTable()
    qtbot.addWidget(table)
    table.thumbnails = Thumbnails(session, waits, table)
    table.show_pictures(table.thumbnails)
    table.resize(380, 180)
    table.show()
    qtbot.waitExposed(table)
    table.show_queue(session)
    return table


def pictures(table: QueueTable, session: LabellingSession) -> list[bool]:
    places = [(p.case_id, p.index) for p in session.queue]
    return [table.thumbnails.known(place) is not None for place in places]


@pytest.mark.parametrize(
    ("kind", "words", "block", "drawn"),
    [
        (ALL, "", True, True),
        (AUDIT, "", False, True),
        (CHOSEN, "", True, False),
        (ALL, "BRAIN-1", True, True),
        (ALL, "brain block", True, False),
        (ALL, "block audit", False, False),
        (AUDIT, "brain-2", False, False),
    ],
)
def test_a_filter_goes_by_kind_volume_and_reason(
    queue_filter: QueueFilter, kind: str, words: str, block: bool, drawn: bool
) -> None:
    queue_filter.kind.setCurrentText(kind)
    queue_filter.words.setText(words)
    assert queue_filter.admits("brain-1", BLOCK) is block
    assert queue_filter.admits("brain-1", DRAWN) is drawn


def test_return_keeps_the_filter_and_escape_clears_it(
    queue_filter: QueueFilter, qtbot: Any
) -> None:
    queue_filter.show()
    qtbot.waitExposed(queue_filter)
    queue_filter.kind.setCurrentText(CHOSEN)
    for key, left in ((Qt.Key.Key_Return, "brain"), (Qt.Key.Key_Escape, "")):
        queue_filter.begin()
        QTest.keyClicks(queue_filter.words, "brain")
        QTest.keyClick(queue_filter.words, key)
        assert queue_filter.words.text() == left
        assert not queue_filter.words.hasFocus()
    assert queue_filter.admits("other", DRAWN)


def test_the_queue_shows_what_is_admitted_and_chooses_from_it(
    session: LabellingSession, qtbot: Any
) -> None:
    session.propose(12)
    table = QueueTable()
    qtbot.addWidget(table)
    names = [table.name_of(session, p.case_id) for p in session.queue]
    wanted = [p for p, name in zip(session.queue, names, strict=True) if name == "case-1"]
    table.show_queue(session, lambda p: table.name_of(session, p.case_id) == "case-1")
    assert [row[1] for row in table.rows] == [p.index + 1 for p in wanted]
    table.choose(0)
    with qtbot.waitSignal(table.proposal_chosen) as chosen:
        QTest.keyClick(table, Qt.Key.Key_Down)
    assert tuple(chosen.args) == (wanted[1].case_id, wanted[1].index)


def test_pictures_are_made_of_the_rows_in_sight_and_of_others_once_they_are(
    session: LabellingSession, qtbot: Any
) -> None:
    session.propose(30)
    table = shown(session, qtbot)
    qtbot.waitUntil(lambda: all(pictures(table, session)[:3]), timeout=PATIENCE_MS)
    assert not any(pictures(table, session)[10:])
    table.scrollToBottom()
    qtbot.waitUntil(lambda: all(pictures(table, session)[-3:]), timeout=PATIENCE_MS)
    assert not any(pictures(table, session)[10:20])
    assert not any(session.in_memory(case_id) for case_id in (1, 2, 3))


def test_no_volume_is_read_for_a_picture_while_another_is_waited_for(
    session: LabellingSession, qtbot: Any
) -> None:
    waiting = [True, True, True]
    session.propose(4)
    table = shown(session, qtbot, lambda: bool(waiting) and bool(waiting.pop()))
    qtbot.waitUntil(lambda: pictures(table, session)[0], timeout=PATIENCE_MS)
    assert waiting == []


def test_a_volume_that_cannot_be_read_stays_without_a_picture_and_is_not_tried_again(
    session: LabellingSession, qtbot: Any
) -> None:
    session.propose(1)
    (proposal,) = session.queue
    session.project.catalogue.case(proposal.case_id).path.write_bytes(b"no volume")
    table = shown(session, qtbot)
    with qtbot.waitSignal(table.thumbnails.made, timeout=PATIENCE_MS):
        pass
    picture = table.thumbnails.known((proposal.case_id, proposal.index))
    assert picture is not None
    assert picture.isNull()


@pytest.mark.parametrize(
    ("shape", "pixel", "size"),
    [
        ((50, 100), (1.0, 1.0), (SIDE, SIDE // 2)),
        ((50, 100), (2.0, 1.0), (SIDE, SIDE)),
        ((SIDE, SIDE), (1.0, 1.0), (SIDE, SIDE)),
        ((400, 1), (1.0, 1.0), (1, SIDE)),
    ],
)
def test_a_picture_has_the_proportions_of_the_slice_in_mm(
    shape: tuple[int, int], pixel: tuple[float, float], size: tuple[int, int]
) -> None:
    pixels = np.linspace(-300, 900, shape[0] * shape[1], dtype=np.float32).reshape(shape)
    image = thumbnail(pixels, pixel)
    assert (image.width(), image.height()) == size
    top, bottom = image.pixelColor(0, 0).value(), image.pixelColor(0, image.height() - 1).value()
    assert top < 40
    assert bottom > 200


def test_a_slice_of_one_value_is_drawn(qtbot: Any) -> None:
    assert not thumbnail(np.zeros((5, 5), np.float32), (1.0, 1.0)).isNull()
