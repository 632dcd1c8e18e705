from __future__ import annotations

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_tasks import same

from napari_salient.engine.nest import clone_nest, put_together, take_apart

plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
tensors = st.lists(st.floats(-1, 1), max_size=3).map(torch.tensor)
keys = st.text(max_size=5) | st.integers() | st.sampled_from(["$tensor", "$mapping", "$tuple"])
nests = st.recursive(
    plain | tensors,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(keys, inner, max_size=3)
    ),
    max_leaves=8,
)


@given(nests)
def test_a_nest_survives_json_and_named_tensors(nest):
    named: dict[str, torch.Tensor] = {}
    through_json = json.loads(json.dumps(take_apart(nest, "state", named)))
    assert same(put_together(through_json, named), nest)


@given(nests)
def test_a_clone_is_equal_and_shares_nothing(nest):
    named, cloned = {}, {}
    take_apart(nest, "state", named)
    copy = clone_nest(nest)
    take_apart(copy, "state", cloned)
    assert same(copy, nest)
    assert all(
        a.data_ptr() != b.data_ptr()
        for a in named.values()
        if a.numel()
        for b in [*cloned.values()]
    )


def test_what_would_need_pickle_is_refused_by_name():
    with pytest.raises(TypeError, match=r"'state\.loader\.1' holds a set"):
        take_apart({"loader": [1, {2}]}, "state", {})
