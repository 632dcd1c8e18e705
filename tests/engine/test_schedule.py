from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_salient.engine.schedule import one_cycle, rate_factor


@pytest.mark.parametrize("total", [10, 37, 300])
def test_one_cycle_is_the_published_schedule_as_torch_has_it(total):
    weight = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([weight], lr=1.0)
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=1.0, total_steps=total, cycle_momentum=False
    )
    for step in range(total):
        assert one_cycle(step, total) == pytest.approx(optimiser.param_groups[0]["lr"], abs=1e-9)
        optimiser.step()
        if step < total - 1:
            theirs.step()


@given(st.integers(1, 500), st.data())
def test_the_factor_stays_within_its_peak(total, data):
    step = data.draw(st.integers(0, total - 1))
    assert 0 < one_cycle(step, total) <= 1


def test_constant_is_constant():
    assert {rate_factor("constant", step, 9) for step in range(9)} == {1.0}
