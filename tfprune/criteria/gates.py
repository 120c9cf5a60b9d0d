"""The derivative of something by a factor on a unit, summed up over batches of data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import tensorflow as tf

from tfprune.channels import Group, Member
from tfprune.criteria.losses import Loss, loss_of, unchanged
from tfprune.criteria.observe import Measure, observe
from tfprune.criteria.pooling import by_unit
from tfprune.errors import PruneError
from tfprune.keras_internals import declared_trainable


@dataclass(frozen=True, eq=False)
class GateDerivative:
    """What Taylor, Fisher and Relevance share: the mean over batches of a size of Σ w · ∂f/∂w.

    Args:
        data: What `observe` takes.
        loss: What `compile` takes; None for the model's own.
        batches: How many batches of the data to use; None for all.
        batch_size: Examples per batch where `data` is arrays.
    """

    data: Any
    loss: Any = None
    batches: int | None = None
    batch_size: int = 32
    comparable: ClassVar[bool] = True
    loss_power: ClassVar[int] = 2
    unjudged: ClassVar[str] = "no trainable weights belong to these units"

    def scores(self, model: Any, groups: Sequence[Group]) -> list[np.ndarray]:
        """Return one score per unit, NaN for a group without trainable weights."""
        asked = f"score units by {type(self).__name__}"
        weights = WeightSums(self, model, groups, asked)
        self.observe(model, [weights] if weights.members else [], asked)
        return weights.scores()

    def observe(self, model: Any, sums: Sequence[Sums], asked: str) -> None:
        """Show the batches of the data, each once, to all that sum over them."""

        def measure(x: Any, y: Any, sample_weight: Any) -> dict[str, Any]:
            found = [each.measure(x, y, sample_weight) for each in sums]
            return {key: value for part in found for key, value in part.items()}

        def take(batch: dict[str, np.ndarray]) -> None:
            for each in sums:
                each.take(batch)

        if sums:
            with unchanged(model):
                observe(model, measure, take, self.data, self.batches, asked, self.batch_size)

    def differentiated(self, model: Any, asked: str) -> Loss:
        """Return the function (x, y, sample_weight) → f: the loss of a batch."""
        return loss_of(model, self.loss, asked)

    def size_of(self, sums: np.ndarray) -> np.ndarray:
        """Return the sizes of what a batch gives each unit."""
        return np.abs(sums)


class Sums(Protocol):
    """What is summed over batches: in a compiled function of one, and then over all."""

    def measure(self, x: Any, y: Any, sample_weight: Any) -> dict[str, Any]:
        """Return the tensors that a batch gives, by keys that nobody else uses."""
        ...

    def take(self, batch: dict[str, np.ndarray]) -> None:
        """Add what `measure` gave."""
        ...


class WeightSums:
    """Sizes of Σ w · ∂f/∂w of each batch, over the weights that read a unit, summed over batches.

    Args:
        criterion: Says what is differentiated, and what the size of a sum is.
        model: The model of the groups.
        groups: The groups to judge.
        asked: What for, to be said in errors.
    """

    def __init__(
        self, criterion: GateDerivative, model: Any, groups: Sequence[Group], asked: str
    ) -> None:
        self._members = [(group, _readers(group)) for group in groups]
        self._totals = [np.zeros(group.size) for group in groups]
        self._size_of, self._asked, self._batches = criterion.size_of, asked, 0
        self.members = [member for _, members in self._members for member in members]
        if self.members:
            self.measure = _products(criterion.differentiated(model, asked), self.members, asked)

    def take(self, batch: dict[str, np.ndarray]) -> None:
        """Add the sizes of one batch."""
        self._batches += 1
        for (group, members), total in zip(self._members, self._totals, strict=True):
            parts = (by_unit(batch[_key(m)], m.units, group.size) for m in members)
            total += self._size_of(sum(parts, np.zeros(group.size)))

    def scores(self) -> list[np.ndarray]:
        """Return the means over batches, NaN for a group without weights."""
        return [
            self._score(group, total) if members else np.full(group.size, np.nan)
            for (group, members), total in zip(self._members, self._totals, strict=True)
        ]

    def _score(self, group: Group, total: np.ndarray) -> np.ndarray:
        if not np.isfinite(total).all():
            raise not_finite(group, self._asked)
        return total / self._batches


def _readers(group: Group) -> list[Member]:
    """Return the weights that read a group's units, all its weights where none does."""
    weights = [member for member in group.members if _is_weight(member)]
    # What nobody reads is gone: the kernels that read a unit tell all that its loss would.
    return [member for member in weights if member.role == "reads"] or weights


def not_finite(group: Group, asked: str) -> PruneError:
    """Return the error of a gradient that is no number."""
    return PruneError(
        asked,
        f"the gradients of {group.name!r} are NaN or infinite",
        "check the data and the loss; score a mixed_float16 model in float32",
    )


def without_gradient(asked: str, what: str) -> PruneError:
    """Return the error of something that no unit of the groups has a part in."""
    found = f"{what} does not depend on any weight of the groups"
    return PruneError(asked, found, "give a loss that uses the model's outputs")


def _is_weight(member: Member) -> bool:
    """Whether an optimizer would train the variable, were its layer not frozen.

    Keras lists a variable once and for all by what its layer declared; freezing only sets flags.
    """
    return any(v is member.variable for v in declared_trainable(member.layer))


def _key(member: Member) -> str:
    return f"{id(member.variable)} {member.axis}"


def _products(loss: Loss, members: Sequence[Member], asked: str) -> Measure:
    """Return a function of a batch that gives, for each member, Σ weight · gradient by position."""
    variables = list({id(m.variable): m.variable for m in members}.values())

    def measure(x: Any, y: Any, sample_weight: Any) -> dict[str, Any]:
        weights = [variable.value for variable in variables]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(weights)
            total = loss(x, y, sample_weight)
        gradients = tape.gradient(total, weights)
        if all(gradient is None for gradient in gradients):
            raise without_gradient(asked, "the loss")
        products = {
            id(variable): _product(weight, gradient)
            for variable, weight, gradient in zip(variables, weights, gradients, strict=True)
        }
        return {_key(m): _per_position(products[id(m.variable)], m) for m in members}

    return measure


def _product(weight: Any, gradient: Any) -> Any:
    if gradient is None:  # the loss does not depend on this weight
        return tf.zeros(weight.shape)
    return tf.cast(weight, "float32") * tf.cast(tf.convert_to_tensor(gradient), "float32")


def _per_position(product: Any, member: Member) -> Any:
    return tf.reduce_sum(product, [i for i in range(len(product.shape)) if i != member.axis])
