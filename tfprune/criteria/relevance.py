"""A criterion that looks at the answer: how much of it passes through each unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfprune.channels import Carrier, Group
from tfprune.criteria.gates import (
    GateDerivative,
    Sums,
    WeightSums,
    not_finite,
    without_gradient,
)
from tfprune.criteria.losses import Loss
from tfprune.graph import OutputMeaning, answers_of, run_watched


class Relevance(GateDerivative):
    """How much of the model's answer passes through a unit: layer-wise relevance propagation.

    score_i = mean over examples of |R_i|, R_i = Σ a · ∂f/∂a over all places of the unit in the
    tensors that carry it to a reader. f is what is explained: of classes the logit of the one that
    the model answers, less the mean logit; of labels and of values Σ |value|, labels as logits.
    Yeom et al., "Pruning by Explaining: A Novel Criterion for Deep Neural Network Pruning", Pattern
    Recognition 2021, arXiv:1912.08881, who take the true class and the rule alpha 1, beta 0, which
    keeps what speaks for the class only.

    The rule here is LRP-ε with ε = 0: each input gets relevance in proportion to its share in the
    sum that reads it. Where all is linear or a ReLU that is activation times gradient (Ancona et
    al., "Towards better understanding of gradient-based attribution methods", ICLR 2018,
    arXiv:1711.06104, proposition 1), through residual additions, BatchNorm, pooling and biases
    too, without a rule for each kind of layer. Through other functions (GELU, the softmax of
    attention, the division of LayerNorm) a · ∂f/∂a is no conserved relevance, but still what a
    small gate on the unit would change. Of units inside a composite layer (attention heads), which
    no tensor of the graph carries, the derivative by a gate is taken from the weights that read
    them, as `Taylor` does, and its size per batch.

    Nothing is learned from labels, and an answer's gradient does not vanish as the loss's does
    where the model is sure. Scores are in units of the logits. Mode, frozen weights, `comparable`
    and `loss_power` are as for `Taylor`.

    Args:
        data: Inputs, in any form that `fit` takes; targets and sample weights are not looked at.
        loss: What `compile` takes, to tell logits from values where no softmax does; None for the
            model's own.
        batches: As for `Taylor`.
        batch_size: As for `Taylor`.

    Raises:
        PruneError: on scoring: there is no data, it does not fit the model, or a gradient is not
            finite.

    Example:
        >>> from tfprune.channels import trace
        >>> layers = [keras.layers.Dense(2, use_bias=False), keras.layers.Dense(1, use_bias=False)]
        >>> model = keras.Sequential([keras.Input((1,)), *layers])
        >>> model.set_weights([np.array([[1.0, 2.0]]), np.array([[3.0], [1.0]])])
        >>> Relevance(np.ones((4, 1))).scores(model, trace(model).groups[:1])
        [array([3., 2.])]
    """

    def scores(self, model: Any, groups: Sequence[Group]) -> list[np.ndarray]:
        """Return one score per unit, in units of the logits."""
        asked = "score units by Relevance"
        carried = [group for group in groups if group.tensors]
        others = [group for group in groups if not group.tensors]
        tensors = TensorSums(model, answers_of(model, self.loss), carried, asked)
        weights = WeightSums(self, model, others, asked)
        sums: list[Sums] = [tensors] if carried else []
        self.observe(model, [*sums, weights] if weights.members else sums, asked)
        by_tensors, by_weights = iter(tensors.scores()), iter(weights.scores())
        return [next(by_tensors if group.tensors else by_weights) for group in groups]

    def differentiated(self, model: Any, asked: str) -> Loss:
        """Return a function (x, y, sample_weight) → what is explained, a mean over examples."""
        answers = answers_of(model, self.loss)

        def explained(x: Any, *_: Any) -> Any:
            outputs = model(x, training=False)
            return _explained(answers, outputs) / tf.cast(_examples(outputs), "float32")

        return explained


class TensorSums:
    """|R| of each example, R the relevance of a unit in all tensors that carry it, summed.

    Args:
        model: The model of the groups.
        answers: What its outputs say.
        groups: The groups to judge, each carried by at least one tensor.
        asked: What for, to be said in errors.
    """

    def __init__(
        self, model: Any, answers: Sequence[OutputMeaning], groups: Sequence[Group], asked: str
    ) -> None:
        self._model, self._answers, self._groups, self._asked = model, answers, groups, asked
        self._wanted = {id(tensor.tensor) for group in groups for tensor in group.tensors}
        self._totals = [np.zeros(group.size) for group in groups]
        self._examples = 0

    def measure(self, x: Any, *_: Any) -> dict[str, Any]:
        """Return the sums over the examples of a batch, and how many those are."""
        values: dict[int, list[Any]] = {}
        with tf.GradientTape(watch_accessed_variables=False) as tape:

            def seen(tensor: Any, value: Any) -> None:
                if id(tensor) in self._wanted:
                    tape.watch(value)
                    values.setdefault(id(tensor), []).append(value)

            outputs = run_watched(self._model, x, seen)
            total = _explained(self._answers, outputs)
        gradients = tape.gradient(total, values)
        if all(gradient is None for gradient in keras.tree.flatten(gradients)):
            raise without_gradient(self._asked, "the answer")
        examples = _examples(outputs)
        found = {"examples": examples}
        for place, group in enumerate(self._groups):
            parts = [
                _by_unit(value, gradient, tensor, group.size, examples)
                for tensor in group.tensors
                for value, gradient in zip(
                    values[id(tensor.tensor)], gradients[id(tensor.tensor)], strict=True
                )
                if gradient is not None
            ]
            relevance = sum(parts, tf.zeros((group.size, 1)))
            found[f"relevance {place}"] = tf.reduce_sum(tf.abs(relevance), 1)
        return found

    def take(self, batch: dict[str, np.ndarray]) -> None:
        """Add the sums of one batch."""
        self._examples += int(batch["examples"])
        for place, total in enumerate(self._totals):
            total += batch[f"relevance {place}"]

    def scores(self) -> list[np.ndarray]:
        """Return the means over examples."""
        for group, total in zip(self._groups, self._totals, strict=True):
            if not np.isfinite(total).all():
                raise not_finite(group, self._asked)
        return [total / self._examples for total in self._totals]


def _by_unit(value: Any, gradient: Any, tensor: Carrier, size: int, examples: Any) -> Any:
    """Return a · ∂f/∂a of one tensor, summed over places: a row per unit, a column per example."""
    product = tf.cast(value, "float32") * tf.cast(gradient, "float32")
    axis = tensor.axis % len(product.shape)
    other = [i for i in range(1, len(product.shape)) if i != axis]
    rows = tf.reduce_sum(product, other)  # more than there are examples where a batch is cut up
    rows = tf.reduce_sum(tf.reshape(rows, (examples, -1, len(tensor.units))), 1)
    return tf.math.unsorted_segment_sum(tf.transpose(rows), tensor.units, size)


def _explained(answers: Sequence[OutputMeaning], outputs: Any) -> Any:
    """Return the sum over examples of what the outputs answer."""
    total = tf.zeros(())
    for answer, output in zip(answers, keras.tree.flatten(outputs), strict=True):
        logits = answer.as_logits(output)
        sizes = tf.reduce_max(logits, -1) if answer.kind == "classes" else tf.abs(logits)
        total += tf.reduce_sum(sizes)
    return total


def _examples(outputs: Any) -> Any:
    return tf.shape(keras.tree.flatten(outputs)[0])[0]
