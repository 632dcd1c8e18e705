"""How unsure a model is about each pixel: maps made from logits, larger for less sure.

All take logits ``(slice, class, row, column)``, give ``(slice, row, column)``, and are finite for
all finite logits and also where a class has probability 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from torch import Tensor


def entropy(logits: Tensor) -> Tensor:
    """Return the Shannon entropy in nats."""
    log_probability = logits.float().log_softmax(1)
    return -(log_probability.exp() * log_probability.clamp(min=-1e4)).sum(1)


def least_confidence(logits: Tensor) -> Tensor:
    """Return what is missing to certainty in the likeliest class."""
    return 1.0 - logits.float().softmax(1).amax(1)


def margin(logits: Tensor) -> Tensor:
    """Return 1 minus the lead of the likeliest class over the second."""
    first, second = logits.float().softmax(1).topk(2, dim=1).values.unbind(1)
    return 1.0 - (first - second)


def distance(logits: Tensor) -> Tensor:
    """Return how near a pixel is to a tie of all classes: 1 for a tie, 0 for certainty.

    Burmeister et al. 2022, LCUS, take the sum of `class_distances` over classes and slice and want
    it small. This is its complement for one pixel, as a share of the sum for a certain one.
    """
    classes = logits.shape[1]
    return 1.0 - class_distances(logits).sum(1) * classes / (2.0 * (classes - 1))


def class_distances(logits: Tensor) -> Tensor:
    """Return how far each class is from the probability it has in a tie, classes on axis 1."""
    return (logits.float().softmax(1) - 1.0 / logits.shape[1]).abs()


def disagreement(outputs: Iterable[Tensor]) -> Tensor:
    """Return the mutual information between class and network, in nats, over several outputs.

    It is the entropy of the mean minus the mean entropy: high where networks are sure of different
    classes, low where they share a doubt (Houlsby et al. 2011, BALD).
    """
    rest = iter(outputs)
    logits = next(rest)
    count, total, own = 1, logits.float().softmax(1), entropy(logits)
    for logits in rest:
        count, total, own = count + 1, total + logits.float().softmax(1), own + entropy(logits)
    return (entropy((total / count).log()) - own / count).clamp(min=0.0)


MAPS: dict[str, Callable[[Tensor], Tensor]] = {
    "entropy": entropy,
    "least_confidence": least_confidence,
    "margin": margin,
    "distance": distance,
}
"""Measures of one network's output by name."""
