"""Criteria that look at weights and their gradients: how much the loss would change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from tfprune.channels import Group, Member
from tfprune.criteria.losses import Loss, loss_of, unchanged
from tfprune.criteria.observe import Measure, observe
from tfprune.criteria.pooling import by_unit
from tfprune.errors import PruneError
from tfprune.keras_internals import declared_trainable

_SizeOf = Callable[[np.ndarray], np.ndarray]
_UNJUDGED = "no trainable weights belong to these units"


@dataclass(frozen=True, eq=False)
class Taylor:
    """How much the loss of a batch changes, to first order, when a unit is removed.

    score_i = mean over batches of |Σ_{w reads unit i} w · ∂L/∂w|, the sum over the weights of all
    kernels that read the unit: it is the derivative of the loss by a factor on all that is read of
    the unit, and a unit that nobody reads is gone. (The sum over all weights of the group counts
    the same effect again in every BatchNorm and producer.) Molchanov et al., "Importance
    Estimation for Neural Network Pruning", CVPR 2019, arXiv:1906.10771 (equation 8 squares where
    this takes the absolute value; that is `Fisher`). The absolute value is taken per batch: over
    all data the gradients of a trained model cancel; for the same reason small batches tell more.
    Scores are in units of the loss, so those of different groups can be compared. Their signs
    differ from unit to unit as if by chance, so that not they but their squares add up when
    several units go (`loss_power`): where a plan has a target in MACs or parameters, it is the
    square that is divided by what the unit costs.

    Gradients are taken in inference mode: the pruned model will run so, and batch statistics or
    dropout would make them depend on the other examples and on chance. Weights that are frozen
    are judged like any other. See `tfprune.criteria.losses.loss_of` for what the loss includes.

    Args:
        data: What `fit` takes: a tuple of arrays (inputs, targets) or (inputs, targets, sample
            weights), or a `tf.data.Dataset`, `PyDataset` or generator of batches of those.
        loss: What `compile` takes; None for the model's own loss.
        batches: How many batches of the data to use; None for all.
        batch_size: Examples per batch where `data` is arrays.

    Raises:
        PruneError: on scoring: there is no loss, no data, the data does not fit the model, or a
            gradient is not finite.

    Example:
        >>> import keras
        >>> from tfprune.channels import trace
        >>> layers = [keras.layers.Dense(2, use_bias=False), keras.layers.Dense(1, use_bias=False)]
        >>> model = keras.Sequential([keras.Input((1,)), *layers])
        >>> model.set_weights([np.array([[1.0, 2.0]]), np.array([[1.0], [0.0]])])
        >>> data = np.ones((4, 1)), np.zeros((4, 1))
        >>> Taylor(data, loss="mse").scores(model, trace(model).groups[:1])
        [array([2., 0.])]
    """

    data: Any
    loss: Any = None
    batches: int | None = None
    batch_size: int = 32
    comparable: ClassVar[bool] = True
    loss_power: ClassVar[int] = 2
    unjudged: ClassVar[str] = _UNJUDGED

    def scores(self, model: Any, groups: Sequence[Group]) -> list[np.ndarray]:
        """Return one score per unit, in units of the loss."""
        return _mean_over_batches(self, model, groups, np.abs)


@dataclass(frozen=True, eq=False)
class Fisher:
    """The squared gradient of the loss with respect to a gate on the unit.

    score_i = mean over batches of (Σ_{w reads unit i} w · ∂L/∂w)²: the sum is the gradient of a
    factor that multiplies the unit, its mean square the diagonal of the Fisher information, and
    the loss grows with it to second order; Theis et al., "Faster gaze prediction with dense
    networks and Fisher pruning", 2018, arXiv:1801.05787; over groups of coupled layers: Liu et
    al., "Group Fisher Pruning for Practical Network Compression", ICML 2021, arXiv:2108.00708.
    The papers square per example; here the gradient of a batch is squared, which for a trained
    model is the same up to a factor and more noise, so use small batches, and many.

    Scores add up, so where a plan has a target in MACs or parameters each is divided by what its
    unit costs. Mode, frozen weights, `comparable` and arguments are as for `Taylor`.

    Args:
        data: As for `Taylor`.
        loss: As for `Taylor`.
        batches: As for `Taylor`.
        batch_size: As for `Taylor`.

    Raises:
        PruneError: as for `Taylor`.

    Example:
        >>> import keras
        >>> from tfprune.channels import trace
        >>> layers = [keras.layers.Dense(2, use_bias=False), keras.layers.Dense(1, use_bias=False)]
        >>> model = keras.Sequential([keras.Input((1,)), *layers])
        >>> model.set_weights([np.array([[1.0, 2.0]]), np.array([[1.0], [0.0]])])
        >>> data = np.ones((4, 1)), np.zeros((4, 1))
        >>> Fisher(data, loss="mse").scores(model, trace(model).groups[:1])
        [array([4., 0.])]
    """

    data: Any
    loss: Any = None
    batches: int | None = None
    batch_size: int = 32
    comparable: ClassVar[bool] = True
    loss_power: ClassVar[int] = 1
    unjudged: ClassVar[str] = _UNJUDGED

    def scores(self, model: Any, groups: Sequence[Group]) -> list[np.ndarray]:
        """Return one score per unit, in squared units of the loss."""
        return _mean_over_batches(self, model, groups, np.square)


def _mean_over_batches(
    criterion: Taylor | Fisher, model: Any, groups: Sequence[Group], size_of: _SizeOf
) -> list[np.ndarray]:
    """Return for each group the mean over batches of `size_of` the sums of weight · gradient."""
    asked = f"score units by {type(criterion).__name__}"
    means = [_Mean(group, size_of) for group in groups]
    members = [member for mean in means for member in mean.members]
    if members:
        loss = loss_of(model, criterion.loss, asked)

        def take(sums: dict[str, np.ndarray]) -> None:
            for mean in means:
                mean.add(sums)

        measure = _products(loss, members, asked)
        with unchanged(model):
            size = criterion.batch_size
            observe(model, measure, take, criterion.data, criterion.batches, asked, size)
    return [mean.score(asked) for mean in means]


class _Mean:
    """The mean over batches for the units of one group."""

    def __init__(self, group: Group, size_of: _SizeOf) -> None:
        weights = [member for member in group.members if _is_weight(member)]
        # What nobody reads is gone: the kernels that read a unit tell all that its loss would.
        self.members = [member for member in weights if member.role == "reads"] or weights
        self._group = group
        self._size_of = size_of
        self._total = np.zeros(group.size)
        self._batches = 0

    def add(self, sums: dict[str, np.ndarray]) -> None:
        size = self._group.size
        parts = (by_unit(sums[_key(member)], member.units, size) for member in self.members)
        self._total += self._size_of(sum(parts, np.zeros(size)))
        self._batches += 1

    def score(self, asked: str) -> np.ndarray:
        if not self.members:
            return np.full(self._group.size, np.nan)
        if not np.isfinite(self._total).all():
            raise PruneError(
                asked,
                f"the gradients of {self._group.name!r} are NaN or infinite",
                "check the data and the loss; score a mixed_float16 model in float32",
            )
        return self._total / self._batches


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
            for weight in weights:
                tape.watch(weight)
            total = loss(x, y, sample_weight)
        gradients = tape.gradient(total, weights)
        if all(gradient is None for gradient in gradients):
            found = "the loss does not depend on any weight of the groups"
            raise PruneError(asked, found, "give a loss that uses the model's outputs")
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
