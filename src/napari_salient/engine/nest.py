"""Taking a nest of tensors and plain values apart into JSON and named tensors, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

TENSOR, MAPPING, TUPLE = "$tensor", "$mapping", "$tuple"


def take_apart(nest: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """Return `nest` as JSON values, its tensors put into `tensors` under names below `name`.

    Mappings with other keys than strings and tuples come back as what they were.

    Raises
    ------
    TypeError
        If the nest holds anything else than tensors, mappings, lists, tuples, strings, numbers,
        booleans and `None`.
    """
    import torch

    if isinstance(nest, torch.Tensor):
        tensors[name] = nest
        return {TENSOR: name}
    if isinstance(nest, Mapping):
        return _mapping_apart(nest, name, tensors)
    if isinstance(nest, (list, tuple)):
        items = [take_apart(item, f"{name}.{i}", tensors) for i, item in enumerate(nest)]
        return {TUPLE: items} if isinstance(nest, tuple) else items
    if nest is None or isinstance(nest, (str, int, float, bool)):
        return nest
    raise TypeError(f"'{name}' holds a {type(nest).__name__}, which a checkpoint cannot keep.")


def put_together(values: Any, tensors: Mapping[str, Tensor]) -> Any:
    """Return the nest that `take_apart` took apart."""
    if isinstance(values, list):
        return [put_together(item, tensors) for item in values]
    if not isinstance(values, dict):
        return values
    if TENSOR in values:
        return tensors[values[TENSOR]]
    if TUPLE in values:
        return tuple(put_together(item, tensors) for item in values[TUPLE])
    if MAPPING in values:
        return {key: put_together(item, tensors) for key, item in values[MAPPING]}
    return {key: put_together(item, tensors) for key, item in values.items()}


def clone_nest(nest: Any) -> Any:
    """Return a copy that shares no tensor with `nest`."""
    import torch

    if isinstance(nest, torch.Tensor):
        return nest.detach().clone()
    if isinstance(nest, Mapping):
        return {key: clone_nest(value) for key, value in nest.items()}
    if isinstance(nest, (list, tuple)):
        return type(nest)(clone_nest(value) for value in nest)
    return nest


def _mapping_apart(nest: Mapping[Any, Any], name: str, tensors: dict[str, Tensor]) -> Any:
    apart = {key: take_apart(value, f"{name}.{key}", tensors) for key, value in nest.items()}
    if all(isinstance(key, str) and not key.startswith("$") for key in apart):
        return apart
    return {MAPPING: [[key, value] for key, value in apart.items()]}
