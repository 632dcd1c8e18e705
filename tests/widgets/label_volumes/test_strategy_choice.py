"""The strategies are offered by name, each with a line about what it does."""

from __future__ import annotations

from napari_salient.active_learning.strategies import STRATEGIES
from napari_salient.active_learning.strategies.measured import claim, measured
from napari_salient.widgets.label_volumes.model_page import ModelPage
from napari_salient.widgets.label_volumes.strategy_choice import NEEDS_MODEL, StrategyChoice


def test_every_strategy_is_offered_and_explained(qtbot):
    choice = StrategyChoice("strided")
    qtbot.addWidget(choice)
    assert [choice.names.itemText(n) for n in range(choice.names.count())] == list(STRATEGIES)
    assert choice.says.text() == STRATEGIES["strided"].summary
    with qtbot.waitSignal(choice.changed) as said:
        choice.names.setCurrentText("kcenter")
    assert said.args == ["kcenter"]
    assert choice.says.text().startswith(STRATEGIES["kcenter"].summary)
    assert choice.says.text().endswith(NEEDS_MODEL)


def test_each_strategy_says_what_was_measured_about_it(qtbot):
    choice = StrategyChoice("random")
    qtbot.addWidget(choice)
    assert choice.measured.text() == "What the others are measured against."
    for name in STRATEGIES:
        choice.names.setCurrentText(name)
        assert choice.measured.text() == claim(name)
    measured_one = next(row for row in measured() if row.strategy != "random")
    choice.names.setCurrentText(measured_one.strategy)
    assert str(measured_one) in choice.measured.text()
    assert str(measured_one) in choice.measured.toolTip()


def test_what_is_chosen_on_the_page_holds_for_the_next_proposals(qtbot, session):
    page = ModelPage(session)
    qtbot.addWidget(page)
    page.strategy.names.setCurrentText("stratified")
    assert session.settings.strategy == "stratified"
    assert "slices of this volume labelled" in next(
        p.reason for p in session.propose(4) if not p.audit
    )
    page.form.editor("audit").value = 1.0
    assert all(p.audit for p in session.propose(3))
