"""When further labelling stops paying."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from napari_salient.active_learning.pool import PoolState
from napari_salient.active_learning.stopping import (
    Agreement,
    StopAdvice,
    advise,
    draw_probe,
    forecast,
    is_stable,
    prequential_agreement,
    stability,
)

SLICES = [12, 24, 36, 48, 60, 72, 84, 96]
ENOUGH = Agreement(0.9, 12)
STEADY = [0.95, 0.981, 0.99]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def power_law(n: np.ndarray, a: float, b: float, c: float) -> np.ndarray:
    return a - b * n**-c


def curve(noise: float = 0.0, a: float = 0.85, b: float = 1.0, c: float = 0.8) -> list[float]:
    exact = power_law(np.array(SLICES, float), a, b, c)
    return list(exact + noise * rng().standard_normal(len(SLICES)))


def advice(dice: list[float], **more: object) -> StopAdvice:
    given_: dict[str, object] = {"stabilities": STEADY, "audit": ENOUGH, **more}
    return advise(SLICES[: len(dice)], dice, 12, rng(), **given_)


@pytest.mark.parametrize(("b", "c"), [(1.0, 0.8), (0.4, 0.3), (3.0, 1.5)])
def test_a_curve_without_noise_is_continued_exactly(b: float, c: float) -> None:
    found = forecast(SLICES, curve(b=b, c=c), 12, rng())
    true_gain = np.diff(power_law(np.array([96.0, 108.0]), 0.85, b, c))[0]
    assert found is not None
    assert found.gain == pytest.approx(true_gain, abs=2e-4)
    assert found.dice(96) == pytest.approx(curve(b=b, c=c)[-1], abs=1e-3)
    assert found.high - found.low < 1e-3


def test_the_fit_is_that_of_scipy() -> None:
    n, dice = np.array(SLICES, float), np.array(curve(noise=0.004))
    bounds = [0, 0, 0.05], [1, np.inf, 3]
    best, _ = curve_fit(power_law, n, dice, p0=[0.8, 1, 0.5], bounds=bounds)
    found = forecast(SLICES, list(dice), 12, rng())
    assert found is not None
    fitted = np.array([found.dice(k) for k in n])
    least = ((power_law(n, *best) - dice) ** 2).sum()
    assert ((fitted - dice) ** 2).sum() == pytest.approx(least, rel=0.01)


def test_the_band_holds_the_true_gain_most_of_the_time() -> None:
    noise = np.random.default_rng(1)
    exact = np.array(curve())
    true_gain = np.diff(power_law(np.array([96.0, 108.0]), 0.85, 1.0, 0.8))[0]
    held = 0
    for _ in range(60):
        found = forecast(SLICES, list(exact + 0.01 * noise.standard_normal(8)), 12, rng())
        assert found is not None
        held += found.low <= true_gain <= found.high
    assert held >= 50


@pytest.mark.parametrize("points", [0, 1, 3])
def test_too_few_points_give_no_forecast(points: int) -> None:
    assert forecast(SLICES[:points], curve()[:points], 12, rng()) is None


def test_repeated_and_missing_measurements_do_not_make_up_for_points() -> None:
    assert forecast([12, 12, 24, 24, 36], [0.5, 0.52, 0.6, 0.61, 0.7], 12, rng()) is None
    assert forecast(SLICES[:5], [0.5, np.nan, 0.6, np.nan, 0.7], 12, rng()) is None


@pytest.mark.parametrize("dice", [[0.8] * 8, list(np.linspace(0.8, 0.7, 8))])
def test_a_flat_or_falling_curve_promises_nothing(dice: list[float]) -> None:
    found = forecast(SLICES, dice, 12, rng())
    assert found is not None
    assert found.gain == pytest.approx(0, abs=1e-9)
    assert 0 <= found.low <= found.high < 0.03


@given(st.lists(st.floats(0, 1), min_size=4, max_size=8), st.integers(1, 50))
def test_any_curve_gives_a_sane_forecast(dice: list[float], batch: int) -> None:
    found = forecast(SLICES[: len(dice)], dice, batch, rng())
    assert found is not None
    assert 0 <= found.gain <= 1
    assert 0 <= found.low <= found.high <= 1.5
    assert found.plateau <= 1
    assert np.isfinite([found.plateau, found.scale, found.decay]).all()


def test_the_same_generator_gives_the_same_forecast() -> None:
    assert forecast(SLICES, curve(0.01), 12, rng()) == forecast(SLICES, curve(0.01), 12, rng())


def test_audit_slices_are_counted_apart_from_chosen_ones() -> None:
    audit, chosen = prequential_agreement([0.9, 0.5, 0.8, 0.6], [True, False, True, False])
    assert audit == Agreement(pytest.approx(0.85), 2)
    assert chosen == Agreement(pytest.approx(0.55), 2)
    assert prequential_agreement([0.4], [False])[0] == Agreement(None, 0)


def test_stability_is_the_dice_of_two_rounds_over_the_whole_probe() -> None:
    before = [np.zeros((4, 5), np.uint8), np.ones((3, 3), np.uint8)]
    assert stability(before, before, [1, 2]) == 1
    after = [before[0], before[1].copy()]
    after[1][0] = 0
    assert stability(before, after, [1, 2]) == pytest.approx(2 * 6 / (9 + 6))
    assert stability(before[:1], before[:1], [1, 2]) == 1


@pytest.mark.parametrize(
    ("stabilities", "stable"),
    [([], False), ([0.99], False), ([0.5, 0.98, 0.98], True), ([0.99, 0.97], False)],
)
def test_steady_means_two_rounds_in_a_row(stabilities: list[float], stable: bool) -> None:
    assert is_stable(stabilities) is stable


def test_the_probe_is_drawn_from_unlabelled_slices_and_stays_the_same() -> None:
    case, index = np.divmod(np.arange(200), 20)
    state = PoolState("axial", case, index, index < 5)
    probe = draw_probe(state, rng())
    assert probe == draw_probe(state, rng())
    assert len(set(probe)) == 64
    assert min(position for _, position in probe) >= 5


def test_a_rising_curve_says_what_the_next_batch_is_worth() -> None:
    found = advice(curve(c=0.3), seconds=[30.0, 40.0, 300.0])
    assert found.verdict == "go on"
    assert found.minutes == 8
    assert "next 12 slices are expected to bring" in found.sentence
    assert "about 8 minutes of work" in found.sentence
    assert found.warning is None


def test_a_flat_curve_with_a_steady_model_advises_stopping() -> None:
    found = advice(curve(b=1.0, c=1.5))
    assert found.verdict == "stop"
    assert found.sentence.startswith("You may stop here: the next 12 slices are expected to bring")
    assert "Dice 0.981 and 0.990" in found.sentence
    assert "minutes" not in found.sentence


@pytest.mark.parametrize(
    ("stabilities", "said"),
    [([0.9, 0.95], "still change from round to round"), ([0.99], "too few rounds")],
)
def test_a_model_that_still_changes_keeps_the_labelling_going(
    stabilities: list[float], said: str
) -> None:
    found = advice(curve(b=1.0, c=1.5), stabilities=stabilities)
    assert found.verdict == "go on"
    assert said in found.sentence


def test_a_small_gain_that_may_be_large_keeps_the_labelling_going() -> None:
    found = advice([0.66, 0.8, 0.7, 0.82, 0.68])
    assert found.forecast is not None
    assert found.forecast.gain < 0.005 < 0.01 <= found.forecast.high
    assert found.verdict == "go on"
    assert "may be much more" in found.sentence


def test_after_two_rounds_it_is_too_early() -> None:
    found = advice(curve()[:2])
    assert found.verdict == "too early"
    assert "4 measured rounds with different numbers of labelled slices, and there are 2" in (
        found.sentence
    )
    assert found.forecast is None


def test_few_audit_slices_are_warned_about() -> None:
    found = advice(curve(), audit=Agreement(0.9, 9))
    assert found.warning is not None
    assert found.warning.startswith("Not enough audit slices (9 of 10)")
