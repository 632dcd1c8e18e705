from __future__ import annotations

import pytest
from napari.utils.notifications import notification_manager

from napari_salient.errors import InputError
from napari_salient.widgets.notice import NoticeLine, ResearchFooter, sentence_of


@pytest.fixture
def line(qtbot):
    line = NoticeLine()
    qtbot.addWidget(line)
    return line


@pytest.fixture
def raised():
    seen = []
    notification_manager.notification_ready.connect(seen.append)
    yield seen
    notification_manager.notification_ready.disconnect(seen.append)


def test_an_error_is_shown_as_its_sentence_in_both_places(line, raised, caplog):
    line.tell_error(InputError("brain-07.nii.gz is truncated; download it again."))
    assert line.text() == "Error: brain-07.nii.gz is truncated; download it again."
    assert [str(note.severity) for note in raised] == ["error"]
    assert "truncated" in caplog.text


def test_an_unexpected_error_names_its_kind():
    assert "KeyError" in sentence_of(KeyError("3"))


def test_a_notice_stays_until_it_is_forgotten(line, raised):
    line.tell("Saved.", popup=False)
    assert line.isVisibleTo(None)
    assert not raised
    line.forget()
    assert not line.text()


def test_the_footer_says_what_the_software_is_for(qtbot):
    footer = ResearchFooter()
    qtbot.addWidget(footer)
    assert footer.text().startswith("Research use only")
