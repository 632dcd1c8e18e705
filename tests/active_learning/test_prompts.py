"""Clicks, scribbles, boxes and strokes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_salient.active_learning.prompts import (
    BoxPrompt,
    BrushStroke,
    Click,
    Prompt,
    Relabelling,
    Scene,
    Scribble,
    answer,
)
from napari_salient.data.label_values import UNSURE
from napari_salient.errors import InputError
from napari_salient.project.edits import box_slices

MM = (1.0, 1.0, 1.0)
SHAPE = (6, 7, 8)
VALUES = (0, 1, 2)
MIDDLE = (8, 8, 8)

label_arrays = arrays(np.uint8, SHAPE, elements=st.sampled_from([0, 1, 2, UNSURE]))
voxels = st.tuples(*(st.integers(0, side - 1) for side in SHAPE))
spacings = st.tuples(*[st.sampled_from([0.5, 1.0, 2.5])] * 3)
reaches = st.sampled_from([0.0, 1.0, 3.0])


@st.composite
def boxes(draw: st.DrawFn) -> tuple[int, ...]:
    sides = [st.sets(st.integers(0, size), min_size=2, max_size=2) for size in SHAPE]
    return tuple(end for side in sides for end in sorted(draw(side)))


strokes = st.lists(voxels, min_size=1, max_size=4).map(tuple)
prompts = st.one_of(
    st.builds(Click, voxels, st.booleans(), reaches),
    st.builds(
        Scribble, st.lists(voxels, min_size=1, max_size=4).map(tuple), st.booleans(), reaches
    ),
    st.builds(BoxPrompt, boxes(), st.booleans()),
    st.builds(BrushStroke, strokes, st.booleans(), low=st.just(0.0)),
)


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    odds = rng.normal(size=(3, *SHAPE))
    probabilities = (np.exp(odds) / np.exp(odds).sum(0)).astype(np.float32)
    return Scene(
        image=rng.normal(size=(draw(st.integers(1, 2)), *SHAPE)).astype(np.float32),
        labels=draw(label_arrays),
        spacing=draw(spacings),
        values=VALUES,
        probabilities=draw(st.sampled_from([None, probabilities])),
    )


def applied(scene: Scene, change: Relabelling | None) -> np.ndarray:
    labels = scene.labels.copy()
    if change is not None:
        labels[box_slices(change.box)] = change.labels
    return labels


def ball(radius: float, centre: tuple[int, int, int] = MIDDLE, side: int = 17) -> np.ndarray:
    grid = np.mgrid[:side, :side, :side]
    return sum((grid[i] - centre[i]) ** 2 for i in range(3)) <= radius**2


def ball_scene(radius: float = 5.0, *, noise: float = 0.1, seed: int = 0) -> Scene:
    """A bright ball of the given radius on a dark ground, nothing labelled, no model."""
    shape = (17,) * 3
    image = ball(radius) + np.random.default_rng(seed).normal(0, noise, shape)
    return Scene(image[None].astype(np.float32), np.zeros(shape, np.uint8), MM, VALUES)


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return 2 * np.count_nonzero(one & other) / (np.count_nonzero(one) + np.count_nonzero(other))


@given(scenes(), voxels, reaches)
def test_what_an_include_click_is_on_gets_the_class(
    scene: Scene, voxel: tuple[int, int, int], reach: float
) -> None:
    assert applied(scene, answer(Click(voxel, True, reach), 1, scene))[voxel] == 1


@given(scenes(), voxels, reaches)
def test_what_an_exclude_click_is_on_loses_the_class(
    scene: Scene, voxel: tuple[int, int, int], reach: float
) -> None:
    assert applied(scene, answer(Click(voxel, False, reach), 1, scene))[voxel] != 1


@given(scenes(), voxels, reaches, st.booleans())
def test_nothing_changes_beyond_the_reach(
    scene: Scene, voxel: tuple[int, int, int], reach: float, include: bool
) -> None:
    after = applied(scene, answer(Click(voxel, include, reach), 1, scene))
    away = np.argwhere(after != scene.labels) - voxel
    assert (np.linalg.norm(away * scene.spacing, axis=1) <= reach).all()


@given(scenes(), boxes(), st.booleans())
def test_nothing_changes_outside_a_box(scene: Scene, box: tuple[int, ...], include: bool) -> None:
    after = applied(scene, answer(BoxPrompt(box, include), 1, scene))
    after[box_slices(box)] = scene.labels[box_slices(box)]
    assert (after == scene.labels).all()


@given(scenes(), prompts.filter(lambda prompt: not isinstance(prompt, BrushStroke)))
def test_classes_that_were_not_pointed_at_stay_and_so_does_what_is_unsure(
    scene: Scene, prompt: Prompt
) -> None:
    changed = applied(scene, answer(prompt, 1, scene)) != scene.labels
    pointed = () if isinstance(prompt, BoxPrompt) else prompt.voxels
    told = {0, 1} | {int(scene.labels[voxel]) for voxel in pointed}
    assert set(np.unique(scene.labels[changed])) <= told


@given(scenes(), prompts)
def test_an_answer_gives_one_value_to_all_that_change(scene: Scene, prompt: Prompt) -> None:
    after = applied(scene, answer(prompt, 1, scene))
    given_ = 1 if getattr(prompt, "include", True) else 0
    assert (after[after != scene.labels] == given_).all()


@given(scenes(), prompts)
def test_the_box_of_an_answer_is_the_smallest_and_no_change_has_no_box(
    scene: Scene, prompt: Prompt
) -> None:
    change = answer(prompt, 1, scene)
    if change is None:
        return
    changed = change.labels != scene.labels[box_slices(change.box)]
    for axis in range(3):
        along = changed.any(axis=tuple(other for other in range(3) if other != axis))
        assert along[0]
        assert along[-1]


@given(scenes(), prompts)
def test_prompts_change_nothing_in_place(scene: Scene, prompt: Prompt) -> None:
    arrays_ = [scene.image, scene.labels, scene.probabilities]
    before = [None if array is None else array.copy() for array in arrays_]
    change = answer(prompt, 1, scene)
    if change is not None:
        change.labels[:] = 77
    for one, other in zip(before, arrays_, strict=True):
        np.testing.assert_array_equal(one, other)


@given(scenes(), prompts, st.sampled_from([0, 1, 2]))
def test_nothing_changes_where_labels_are_locked(scene: Scene, prompt: Prompt, axis: int) -> None:
    shape = [1, 1, 1]
    shape[axis] = SHAPE[axis]
    locked = (np.arange(SHAPE[axis]) % 2 == 0).reshape(shape)
    locking = replace(scene, locked=locked)
    try:
        after = applied(scene, answer(prompt, 1, locking))
    except InputError:
        return
    where = np.broadcast_to(locked, SHAPE)
    assert (after[where] == scene.labels[where]).all()


@settings(max_examples=50)
@given(scenes(), prompts, st.sampled_from([0, 1, 2]))
def test_a_flipped_volume_gives_the_flipped_answer(scene: Scene, prompt: Prompt, axis: int) -> None:
    flip = axis + 1
    mirrored = replace(
        scene,
        image=np.flip(scene.image, flip),
        labels=np.flip(scene.labels, axis),
        probabilities=None if scene.probabilities is None else np.flip(scene.probabilities, flip),
    )
    after = applied(mirrored, answer(flipped(prompt, axis), 1, mirrored))
    assert (np.flip(after, axis) == applied(scene, answer(prompt, 1, scene))).all()


@settings(max_examples=50)
@given(scenes(), prompts, st.permutations([0, 1, 2]))
def test_axes_in_another_order_give_the_answer_in_that_order(
    scene: Scene, prompt: Prompt, order: list[int]
) -> None:
    with_channel = (0, *(axis + 1 for axis in order))
    model = scene.probabilities
    turned = Scene(
        image=scene.image.transpose(with_channel),
        labels=scene.labels.transpose(order),
        spacing=tuple(scene.spacing[axis] for axis in order),
        values=VALUES,
        probabilities=None if model is None else model.transpose(with_channel),
    )
    after = applied(turned, answer(reordered(prompt, order), 1, turned))
    assert (after == applied(scene, answer(prompt, 1, scene)).transpose(order)).all()


def flipped(prompt: Prompt, axis: int) -> Prompt:
    """Return the prompt in a volume of `SHAPE` flipped along an axis."""
    size = SHAPE[axis]
    if isinstance(prompt, BoxPrompt):
        box = list(prompt.box)
        low, high = box[2 * axis : 2 * axis + 2]
        box[2 * axis : 2 * axis + 2] = size - high, size - low
        return replace(prompt, box=tuple(box))

    def mirror(voxel: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(size - 1 - v if i == axis else v for i, v in enumerate(voxel))

    if isinstance(prompt, Click):
        return replace(prompt, voxel=mirror(prompt.voxel))
    return replace(prompt, voxels=tuple(map(mirror, prompt.voxels)))


def reordered(prompt: Prompt, order: list[int]) -> Prompt:
    """Return the prompt in a volume with its axes in another order."""
    if isinstance(prompt, BoxPrompt):
        return replace(
            prompt, box=tuple(prompt.box[2 * axis + i] for axis in order for i in (0, 1))
        )
    if isinstance(prompt, Click):
        return replace(prompt, voxel=tuple(prompt.voxel[axis] for axis in order))
    turned = tuple(tuple(voxel[axis] for axis in order) for voxel in prompt.voxels)
    return replace(prompt, voxels=turned)


@given(scenes(), voxels, st.sampled_from([(2.0, 3.0), (0.25, -8.0), (1024.0, 0.0)]))
def test_the_scale_of_intensities_does_not_matter(
    scene: Scene, voxel: tuple[int, int, int], scale: tuple[float, float]
) -> None:
    factor, offset = scale
    doubled = replace(scene, image=scene.image.astype(np.float64) * factor + offset)
    change, other = (answer(Click(voxel, True, 3.0), 1, one) for one in (scene, doubled))
    assert (applied(scene, change) == applied(scene, other)).all()


@given(st.integers(0, 99))
def test_two_clicks_that_do_not_reach_each_other_may_come_in_any_order(seed: int) -> None:
    scene = replace(ball_scene(seed=seed), labels=np.zeros((17,) * 3, np.uint8))
    clicks = Click((3, 8, 8), True, 4.0), Click((13, 8, 8), True, 4.0)

    def both(first: Click, second: Click) -> np.ndarray:
        between = replace(scene, labels=applied(scene, answer(first, 1, scene)))
        return applied(between, answer(second, 1, between))

    assert (both(*clicks) == both(*clicks[::-1])).all()


@given(st.integers(0, 99))
def test_the_later_of_two_clicks_on_a_voxel_counts(seed: int) -> None:
    scene = ball_scene(seed=seed)
    for last in (True, False):
        labels = scene.labels
        for include in (not last, last):
            now = replace(scene, labels=labels)
            labels = applied(now, answer(Click(MIDDLE, include, 4.0), 1, now))
        assert bool(labels[MIDDLE] == 1) is last


@pytest.mark.parametrize("seed", range(3))
def test_a_click_finds_a_ball_by_its_intensity(seed: int) -> None:
    scene = ball_scene(seed=seed)
    after = applied(scene, answer(Click(MIDDLE, True, 8.0), 1, scene))
    assert dice(after == 1, ball(5.0)) > 0.95


@pytest.mark.parametrize("seed", range(3))
def test_a_click_finds_what_only_the_model_sees(seed: int) -> None:
    scene = ball_scene(seed=seed)
    dull = np.random.default_rng(seed).normal(0, 0.1, scene.image.shape).astype(np.float32)
    there = np.where(ball(5.0), 0.45, 0.02).astype(np.float32)
    probabilities = np.stack([1 - there, there, np.zeros_like(there)])
    click, plain = Click(MIDDLE, True, 8.0), replace(scene, image=dull)
    modelled = replace(plain, probabilities=probabilities)
    assert dice(applied(plain, answer(click, 1, plain)) == 1, ball(5.0)) < 0.8
    assert dice(applied(modelled, answer(click, 1, modelled)) == 1, ball(5.0)) > 0.95


def test_an_exclude_click_cuts_what_leaked_into_the_dark() -> None:
    leaked = ball(5.0) | ball(3.0, (8, 8, 14))
    scene = replace(ball_scene(), labels=leaked.astype(np.uint8))
    after = applied(scene, answer(Click((8, 8, 15), False, 8.0), 1, scene))
    assert dice(after == 1, ball(5.0)) > 0.98


def test_a_click_on_another_class_takes_from_it_but_not_from_a_third() -> None:
    labels = np.where(ball(5.0), 2, 0).astype(np.uint8)
    labels[:, :, 10:] = UNSURE
    scene = replace(ball_scene(), labels=labels)
    after = applied(scene, answer(Click(MIDDLE, True, 8.0), 1, scene))
    assert dice(after == 1, ball(5.0) & (labels == 2)) > 0.95
    assert (after[labels == UNSURE] == UNSURE).all()


def test_a_scribble_over_two_looks_takes_the_common_region_along_it() -> None:
    scene = ball_scene()
    line = tuple((8, 8, x) for x in range(5, 12))
    after = applied(scene, answer(Scribble(line, True, 3.0), 1, scene))
    assert all(after[voxel] == 1 for voxel in line)
    assert not (after == 1)[~ball(5.0)].any()


@pytest.mark.parametrize("seed", range(3))
def test_a_box_finds_the_object_in_it(seed: int) -> None:
    scene = ball_scene(seed=seed)
    after = applied(scene, answer(BoxPrompt((2, 15, 2, 15, 2, 15)), 1, scene))
    assert dice(after == 1, ball(5.0)) > 0.97


def test_a_box_on_one_slice_changes_that_slice_alone() -> None:
    scene = ball_scene()
    change = answer(BoxPrompt((8, 9, 2, 15, 2, 15)), 1, scene)
    assert change is not None
    assert change.box[:2] == (8, 9)
    assert dice(applied(scene, change)[8] == 1, ball(5.0)[8]) > 0.97


def test_a_box_cuts_the_object_in_it_from_its_class() -> None:
    scene = replace(ball_scene(), labels=np.ones((17,) * 3, np.uint8))
    after = applied(scene, answer(BoxPrompt((2, 15, 2, 15, 2, 15), False), 1, scene))
    assert dice(after == 0, ball(5.0)) > 0.97


def test_a_box_that_sticks_out_is_cut_to_the_volume() -> None:
    scene = ball_scene()
    inside = answer(BoxPrompt((0, 17, 2, 15, 2, 15)), 1, scene)
    outside = answer(BoxPrompt((-4, 40, 2, 15, 2, 15)), 1, scene)
    assert (applied(scene, inside) == applied(scene, outside)).all()


def test_a_constant_image_gives_a_ball() -> None:
    scene = replace(ball_scene(), image=np.ones((1, 17, 17, 17), np.float32))
    after = applied(scene, answer(Click(MIDDLE, True, 6.0), 1, scene))
    assert dice(after == 1, ball(6.0)) > 0.9
