"""PruningOptimizer: masks carried by the optimizer, for models that cannot be wrapped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from tfprune.errors import PruneError
from tfprune.keras_facts import Kernel
from tfprune.keras_internals import slots_of, variables_of_optimizer
from tfprune.layer_names import BySelector
from tfprune.masks.by_name import is_kernel, kernel_of, looks_depthwise
from tfprune.masks.engine import MaskedKernel, at_first, mask_of
from tfprune.masks.gradients import Gradient, known, whole
from tfprune.notes import Note
from tfprune.plan import Rule
from tfprune.plan.planning import DEPTHWISE, row_for
from tfprune.plan.rules import Chosen, Rules
from tfprune.schedules import PruningSchedule


@keras.saving.register_keras_serializable("tfprune")
class PruningOptimizer(keras.optimizers.Optimizer):
    """Wrap an optimizer so that it prunes the kernels it trains.

    The model stays what it is, so this reaches subclassed models and composite custom layers. In
    a model that `prune_low_magnitude` has wrapped, the masks stay with the layers, and all this
    does is tell them the gradients, which scores such as "movement" ask for.
    Masks and steps are variables of the optimizer: they are saved with it, and training resumes
    where it stopped. An optimizer sees variables, not layers, so kernels are known by name
    ("kernel", "recurrent_kernel", "pointwise_kernel", "embeddings") and N:M groups lie along the
    last axis but one. Add `UpdatePruningStep()` to the fit for its warnings and so that step 1
    has its mask too; without it the schedule starts one batch late.

    Args:
        inner_optimizer: An optimizer or its name.
        pruning_schedule, block_size, block_pooling_type, sparsity_m_by_n, score: As in
            `prune_low_magnitude`.
        rules: Name or glob of layers or variables ("encoder/*/kernel", see `tfprune.layer_names`)
            → `Rule`, or None to leave alone.
        kernels: A function that gets a variable and says whether it is a kernel, in place of the
            names above. It is not saved: pass it again after loading.

    Raises:
        PruneError: an argument is out of range, no variable is a kernel, the layers have masks
            already and other ones are asked for, or gradients are asked for and the inner optimizer
            scales the loss: scaling goes around this optimizer, where Keras puts it.

    Example:
        >>> from tfprune import ConstantSparsity
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> schedule = ConstantSparsity(0.5, begin_step=0, frequency=1)
        >>> model.compile(PruningOptimizer("sgd", schedule), "mse")
        >>> _ = model.fit(keras.ops.ones((8, 4)), keras.ops.ones((8, 2)), verbose=0)
        >>> int(keras.ops.count_nonzero(model.layers[0].kernel))
        4
    """

    def __init__(
        self,
        inner_optimizer: Any,
        pruning_schedule: PruningSchedule | None = None,
        block_size: tuple[int, ...] = (1, 1),
        block_pooling_type: str = "AVG",
        sparsity_m_by_n: tuple[int, int] | None = None,
        *,
        rule: Rule | None = None,
        rules: BySelector[Rule | None] | None = None,
        kernels: Callable[[Any], bool] | None = None,
        score: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(learning_rate=0.0, name=name)
        self.inner_optimizer = keras.optimizers.get(inner_optimizer)
        self.rule = rule or Rule.from_arguments(
            pruning_schedule, block_size, block_pooling_type, sparsity_m_by_n, score
        )
        self.rules = Rules(self.rule, rules).chosen
        self.kernels = kernels or is_kernel
        self.masked: list[MaskedKernel] = []
        self.told: list[MaskedKernel] = []
        self.notes: list[Note] = []

    def build(self, variables: list[Any]) -> None:
        """Create the inner optimizer's state, and a mask and a step for each kernel."""
        import tensorflow as tf

        if self.built:
            return
        super().build(variables)
        self.inner_optimizer.build(variables)
        in_layers = [m for v in variables if (m := mask_of(v)) is not None and m.of_layer]
        if in_layers:
            self._check_nothing_asked(in_layers[0])
        else:
            self._add_masks(variables)
        self._keys = tuple(map(id, variables))
        self.told = [m for m in in_layers or self.masked if m.needs_gradient]
        for masked in self.told:
            masked.optimizer_slots = slots_of(self.inner_optimizer, masked.kernel.variable)
        self._check_scaling()
        if not tf.inside_function():  # inside one, variables have no values yet
            for masked in self.masked:
                masked.begin()

    def _add_masks(self, variables: list[Any]) -> None:
        found = [kernel_of(v) for v in variables if self.kernels(v)]
        chosen = Rules(self.rule, self.rules).find(found, model=None)
        for kernel, its_own in zip(found, chosen, strict=True):
            self._add_mask(kernel, its_own)
        if not self.masked:
            raise PruneError(
                "prune with PruningOptimizer",
                f"none of {[v.path for v in variables]} is a kernel",
                "pass kernels=lambda variable: ... to say which variables are kernels",
            )

    def _check_nothing_asked(self, masked: MaskedKernel) -> None:
        if self.rules or self.rule != Rule.from_arguments():
            raise PruneError(
                f"prune {masked.name} to {self.rule.describe()} with PruningOptimizer",
                f"its layer has a mask already, of {masked.rule.describe()}",
                "leave the optimizer's arguments out: PruningOptimizer('adam')",
            )

    def _check_scaling(self) -> None:
        if self.told and isinstance(self.inner_optimizer, keras.optimizers.LossScaleOptimizer):
            raise PruneError(
                f"tell {self.told[0].name} its gradients with PruningOptimizer",
                "the optimizer inside scales them and drops some",
                "put the scaling outside: LossScaleOptimizer(tfprune.PruningOptimizer('adam'))",
            )

    def _add_mask(self, kernel: Kernel, chosen: Chosen) -> None:
        row = row_for(kernel, chosen)
        if row.rule is None or (looks_depthwise(kernel) and chosen.selector is None):
            reason = row.reason if row.rule is None else DEPTHWISE
            self.notes.append(Note(kernel.name, reason))
            return
        mask = self.add_variable(kernel.shape, initializer="ones", dtype="bool", name="mask")
        step = self.add_variable((), initializer="zeros", dtype="int32", name="step")
        remembered = None
        if row.rule.score.remembers:
            first = at_first(row.rule, kernel)
            remembered = self.add_variable(kernel.shape, first, dtype="float32", name="score")
        self.masked.append(MaskedKernel(kernel, row.rule, mask, step, remembered=remembered))

    @property
    def variables(self) -> list[Any]:
        """Masks and steps, then the variables of the inner optimizer."""
        return variables_of_optimizer(self) + self.inner_optimizer.variables

    @property
    def learning_rate(self) -> Any:
        """The inner optimizer's learning rate."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.inner_optimizer.learning_rate = value

    @property
    def iterations(self) -> Any:
        """The inner optimizer's step counter."""
        return self.inner_optimizer.iterations

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        """Apply the gradients; the masks follow, as constraints of the kernels."""
        if not self.built:
            self.build(list(trainable_variables))
        with known(self._told_gradients(grads, trainable_variables)):
            self.inner_optimizer.apply(grads, trainable_variables)

    def _told_gradients(self, grads: Any, variables: Any) -> dict[int, Gradient]:
        keys = self._keys if variables is None else tuple(map(id, variables))
        by_key = dict(zip(keys, grads, strict=True))
        scale = self.inner_optimizer.loss_scale_factor or 1.0
        found = {}
        for masked in self.told:
            variable = masked.kernel.variable
            gradient = by_key.get(id(variable))
            if gradient is not None:
                weights = ops.cast(ops.convert_to_tensor(variable), "float32")
                found[id(variable)] = Gradient(whole(gradient) / scale, weights)
        return found

    def scale_loss(self, loss: Any) -> Any:
        """Scale the loss as the inner optimizer does."""
        return self.inner_optimizer.scale_loss(loss)

    def finalize_variable_values(self, var_list: Any) -> None:
        """Finish the inner optimizer (moving averages) and make masked weights zero again."""
        self.inner_optimizer.finalize_variable_values(var_list)
        for masked in self.masked:
            masked.apply()

    def get_config(self) -> dict[str, Any]:
        """Return the inner optimizer and the rules, serialized."""
        serialize = keras.saving.serialize_keras_object
        return {
            "name": self.name,
            "inner_optimizer": serialize(self.inner_optimizer),
            "rule": serialize(self.rule),
            "rules": {name: serialize(rule) for name, rule in self.rules.items()},
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> PruningOptimizer:
        """Build the optimizer from `get_config()`."""
        load = keras.saving.deserialize_keras_object
        inner = load(config["inner_optimizer"], custom_objects=custom_objects)
        rules = {name: load(rule) for name, rule in config["rules"].items()}
        return cls(inner, rule=load(config["rule"]), rules=rules, name=config["name"])
