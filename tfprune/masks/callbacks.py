"""Keras callbacks around a fit with masks: begin, re-apply, warn, and log to TensorBoard."""

from __future__ import annotations

import warnings
from typing import Any

import keras

from tfprune.errors import PruneError, PruneWarning
from tfprune.keras_internals import layers_of
from tfprune.masks.engine import MaskedKernel, untold
from tfprune.masks.optimizer import PruningOptimizer
from tfprune.masks.strip import masked_kernels
from tfprune.masks.wrapper import PruneLowMagnitude


class UpdatePruningStep(keras.callbacks.Callback):
    """Begin, check and finish a fit with masks; pass it to every `fit` of a pruned model.

    Masks are updated by the training step itself. This callback sets the mask of the first step,
    makes weights under a mask zero again after an epoch (an optimizer's moving average overwrites
    them), adds the share of masked weights to the logs as `sparsity`, and warns when the fit ends
    below the planned sparsity. In a custom loop call `set_model(model)` and `on_train_begin()`
    before the first batch, and `on_epoch_end()` after each epoch.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> from tfprune import ConstantSparsity, prune_low_magnitude
        >>> model = prune_low_magnitude(model, ConstantSparsity(0.5, 0, frequency=1))
        >>> model.compile("sgd", "mse")
        >>> x, y = keras.ops.ones((8, 4)), keras.ops.ones((8, 2))
        >>> model.fit(x, y, verbose=0, callbacks=[UpdatePruningStep()]).history["sparsity"]
        [0.5]
    """

    def __init__(self) -> None:
        super().__init__()
        self._unbuilt: list[PruneLowMagnitude] = []

    def on_train_begin(self, logs: Any = None) -> None:
        """Set the masks of step 1, unless training resumes at a later one."""
        found = all_masked(self.model)
        self._unbuilt = [one for one in wrappers(self.model) if one.masked is None]
        if not found and not self._unbuilt and not pruning_optimizers(self.model):
            warnings.warn(
                "nothing to prune: the model has no PruneLowMagnitude layer and no "
                "PruningOptimizer. Call tfprune.prune_low_magnitude(model) before compile.",
                PruneWarning,
                stacklevel=2,
            )
        told = {id(m) for one in pruning_optimizers(self.model) for m in one.told}
        for masked in found:
            trains = masked.kernel.variable.trainable
            if masked.needs_gradient and trains and id(masked) not in told:
                raise untold(masked)
            masked.begin()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Begin late with what the first batch has built."""
        for wrapper in self._unbuilt:
            for masked in wrapper.masked or []:
                masked.catch_up()
        self._unbuilt = []

    def on_epoch_end(self, epoch: int | None = None, logs: Any = None, batch: Any = None) -> None:
        """Make the weights under the masks zero and log the sparsity."""
        found = all_masked(self.model)
        for masked in found:
            masked.apply()
        if logs is not None and found:
            logs["sparsity"] = mean_sparsity(found)

    def on_train_end(self, logs: Any = None) -> None:
        """Make the weights under the masks zero; warn if the plan was not reached."""
        found = all_masked(self.model)
        for masked in found:
            masked.apply()
        short: dict[str, list[str]] = {}
        for masked in found:
            reason = shortfall(masked)
            if reason is not None:
                short.setdefault(reason, []).append(masked.name)
        for reason, names in short.items():
            warnings.warn(f"{_listed(names)}: {reason}", PruneWarning, stacklevel=2)


class PruningSummaries(keras.callbacks.TensorBoard):
    """TensorBoard callback that also writes each kernel's sparsity and threshold, and the mean.

    In a loop of your own call `set_model(model)` and then `on_epoch_begin(epoch)`.

    Args:
        log_dir: Folder of the event files; scalars of this class go to `log_dir/metrics`.
        update_freq: "epoch", "batch", or a number of batches between two points.
        **kwargs: Passed to `keras.callbacks.TensorBoard`.

    Raises:
        PruneError: `log_dir` is empty.
    """

    def __init__(self, log_dir: str, update_freq: str | int = "epoch", **kwargs: Any) -> None:
        if not log_dir:
            raise PruneError(
                f"PruningSummaries(log_dir={log_dir!r})", "no folder is named", "log_dir='logs'"
            )
        super().__init__(log_dir=str(log_dir), update_freq=update_freq, **kwargs)
        self._every = int({"epoch": 0, "batch": 1}.get(str(update_freq), update_freq))
        self._pruning_writer: Any = None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Write a point, in a loop of one's own that passes no logs, as tfmot does."""
        if logs is None:
            self._write()
        else:
            super().on_epoch_begin(epoch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Write a point every `update_freq` batches."""
        super().on_train_batch_end(batch, logs)
        if self._every and (batch + 1) % self._every == 0:
            self._write()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write a point."""
        super().on_epoch_end(epoch, logs)
        self._write()

    def _write(self) -> None:
        import tensorflow as tf

        masked = all_masked(self.model)
        if not masked:
            return
        if self._pruning_writer is None:
            folder = f"{self.log_dir}/metrics"
            self._pruning_writer = tf.summary.create_file_writer(folder)
        step = masked[0].steps_begun
        with self._pruning_writer.as_default():
            tf.summary.scalar("sparsity", mean_sparsity(masked), step=step)
            for kernel in masked:
                tf.summary.scalar(f"{kernel.name}/sparsity", kernel.sparsity(), step=step)
                tf.summary.scalar(f"{kernel.name}/threshold", kernel.threshold(), step=step)
        self._pruning_writer.flush()


def wrappers(model: Any) -> list[PruneLowMagnitude]:
    """Return the wrappers in a model."""
    return [layer for layer in layers_of(model) if isinstance(layer, PruneLowMagnitude)]


def _listed(names: list[str], most: int = 8) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def all_masked(model: Any) -> list[MaskedKernel]:
    """Return the masked kernels of a model's wrappers and of its optimizer."""
    found = masked_kernels(model)
    for optimizer in pruning_optimizers(model):
        found = found + optimizer.masked
    return found


def pruning_optimizers(model: Any) -> list[PruningOptimizer]:
    """Return the PruningOptimizer that trains the model, built if the model is; else nothing."""
    chain, optimizer = [], getattr(model, "optimizer", None)
    while optimizer is not None:  # loss scaling wraps the optimizer it is given
        chain.append(optimizer)
        optimizer = getattr(optimizer, "inner_optimizer", None)
    pruning = [optimizer for optimizer in chain if isinstance(optimizer, PruningOptimizer)]
    if pruning and not chain[0].built and model.trainable_variables:
        chain[0].build(model.trainable_variables)
    return pruning


def mean_sparsity(masked: list[MaskedKernel]) -> float:
    """Return the share of masked weights over all kernels together."""
    sizes = [m.kernel.size for m in masked]
    zeros = sum(m.sparsity() * size for m, size in zip(masked, sizes, strict=True))
    return zeros / sum(sizes)


def shortfall(masked: MaskedKernel) -> str | None:
    """Return why the kernel is below its planned sparsity, None if it is not."""
    schedule, seen = masked.rule.pruning_schedule, masked.steps_begun - 1
    planned, reached = masked.rule.final_sparsity, masked.sparsity()
    # An exact share may need a fraction of a weight, block or group.
    unit = masked.rule.pattern.unit(masked.kernel.canonical_shape)
    if reached >= planned - unit / masked.kernel.size - 1e-6:
        return None
    state = f"the fit ended after {seen} batches at sparsity {reached:.3f}, not {planned:g}"
    if seen < 1:
        return f"{state}: the layer was never trained; is it frozen or unused?"
    first = max(1, schedule.begin_step, _next_turn(schedule))
    if seen < first:
        return (
            f"{state}: the first mask update is at step {first} (begin_step="
            f"{schedule.begin_step}, frequency={schedule.frequency}); train longer, or lower both"
        )
    last = schedule.last_update_step()
    if last is not None and seen >= last:
        return (
            f"{state}: frequency={schedule.frequency} does not divide end_step - begin_step="
            f"{schedule.end_step - schedule.begin_step}, so the last update was at step {last}"
        )
    return f"{state}: the schedule ends at step {schedule.end_step}; train longer or end it sooner"


def _next_turn(schedule: Any) -> int:
    """The first update step: tfmot's steps begin with 1, so a begin_step of 0 is passed over."""
    return schedule.begin_step or schedule.frequency
