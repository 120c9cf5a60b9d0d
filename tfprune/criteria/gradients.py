"""Criteria that look at weights and their gradients: how much the loss would change."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tfprune.criteria.gates import GateDerivative


class Taylor(GateDerivative):
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


class Fisher(GateDerivative):
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

    loss_power: ClassVar[int] = 1

    def size_of(self, sums: np.ndarray) -> np.ndarray:
        """Return their squares."""
        return np.square(sums)
