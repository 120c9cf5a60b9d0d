"""The Keras layer that carries the masks of the layer it wraps."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from typing import Any

import keras

from tfprune.errors import PruneError
from tfprune.keras_facts import Kernel, KnownKernels, PrunableLayer, kernels_of
from tfprune.masks.arguments import LAYER, check_keywords, first_layer
from tfprune.masks.engine import MaskedKernel, at_first
from tfprune.masks.tfmot_names import TfmotNames
from tfprune.plan import Rule, Rules
from tfprune.schedules import PruningSchedule
from tfprune.wrapping import Masking, is_built


@keras.saving.register_keras_serializable("tfprune")
class PruneLowMagnitude(TfmotNames, Masking, keras.layers.Wrapper):
    """Wrap a layer so that its kernels are masked while it trains.

    The wrapper takes the name, the call signature and the dtype policy of its layer, so that
    losses keyed by output name, `get_layer` and Keras masks work as before. It adds a boolean
    mask for each kernel and one step for each mask; both are saved with the model.

    Args:
        layer: Any Keras layer with kernels, or with `get_prunable_weights()`.
        pruning_schedule, block_size, block_pooling_type, sparsity_m_by_n: As in
            `prune_low_magnitude`.
        score: As in `prune_low_magnitude`.
        rule: A `Rule` in place of those five.
        rules: Kernel name inside the layer ("cell/recurrent_kernel") → its own `Rule`, or None
            to leave that kernel alone.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        PruneError: the layer has no kernel, or the pattern does not fit one.
    """

    def __init__(
        self,
        layer: Any,
        pruning_schedule: PruningSchedule | None = None,
        block_size: tuple[int, ...] = (1, 1),
        block_pooling_type: str = "AVG",
        sparsity_m_by_n: tuple[int, int] | None = None,
        *,
        rule: Rule | None = None,
        rules: Mapping[str, Rule | None] | None = None,
        score: Any = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(layer, keras.layers.Layer):
            raise PruneError(
                f"prune {type(layer).__name__}",
                "it is not a Keras layer",
                "pass a keras.layers.Layer",
            )
        check_keywords("PruneLowMagnitude", kwargs, PruneLowMagnitude, LAYER, first_layer)
        super().__init__(layer, **kwargs)
        self.rule = rule or Rule.from_arguments(
            pruning_schedule, block_size, block_pooling_type, sparsity_m_by_n, score
        )
        given: Mapping[Any, Rule | None] = rules or {}
        self.rules: dict[Any, Rule | None] = Rules(self.rule, given).chosen
        self.masked: list[MaskedKernel] | None = None
        self.borrow_build()
        if not isinstance(layer, PrunableLayer):
            vars(layer)["get_prunable_weights"] = KnownKernels(layer)
        if is_built(layer):
            self.hold()

    def rules_in_force(self) -> dict[int, Rule]:
        """Return id of a variable → the rule that prunes it."""
        return {id(masked.kernel.variable): masked.rule for masked in self.masked or []}

    def hold(self) -> None:
        """Add the masks of the kernels, once."""
        if self.masked is not None:
            return
        kernels = kernels_of(self.layer)
        chosen = zip(kernels, self._rules_for(kernels), strict=True)
        self.masked = [self._mask(k, rule) for k, rule in chosen if rule is not None]
        if not self.masked:
            raise PruneError(
                f"prune {type(self.layer).__name__} {self.layer.name!r}",
                "its rules leave every kernel alone" if kernels else "it has no kernel to prune",
                "leave it unwrapped, or give it a method get_prunable_weights()",
            )

    def _rules_for(self, kernels: list[Kernel]) -> list[Rule | None]:
        """Return each kernel's rule; by order where Keras has numbered the names inside anew."""
        names = [self._local(kernel) for kernel in kernels]
        strange = [name for name in self.rules if name not in names]
        if strange and [_unnumbered(name) for name in self.rules] == [
            _unnumbered(name) for name in names
        ]:
            return list(self.rules.values())
        if strange:
            raise PruneError(
                f"rules for {strange[0]!r} in {self.layer.name!r}",
                "the layer has no kernel of that name",
                f"choose one of: {', '.join(names)}",
            )
        return [self.rules.get(name, self.rule) for name in names]

    def _local(self, kernel: Kernel) -> str:
        return kernel.name.removeprefix(f"{self.layer.name}/")

    def _mask(self, kernel: Kernel, rule: Rule) -> MaskedKernel:
        misfit = rule.pattern.misfit(kernel.canonical_shape)
        if misfit is not None:
            raise PruneError(
                f"prune {kernel.name} to {rule.describe()}", misfit, "choose a pattern that fits"
            )
        name = self._local(kernel).replace("/", "_")
        mask = self.add_weight(
            shape=kernel.shape,
            initializer="ones",
            dtype="bool",
            trainable=False,
            name=f"{name}_mask",
        )
        step = self.add_weight(
            shape=(), initializer="zeros", dtype="int32", trainable=False, name=f"{name}_step"
        )
        # TensorFlow checkpoints hold the variables that are attributes of their layer.
        setattr(self, f"{name}_mask", mask)
        setattr(self, f"{name}_step", step)
        remembered = self._remembered(kernel, rule, name)
        return MaskedKernel(kernel, rule, mask, step, remembered=remembered, of_layer=True)

    def _remembered(self, kernel: Kernel, rule: Rule, name: str) -> Any:
        if not rule.score.remembers:
            return None
        variable = self.add_weight(
            shape=kernel.shape,
            initializer=at_first(rule, kernel),
            dtype="float32",
            trainable=False,
            name=f"{name}_score",
        )
        setattr(self, f"{name}_score", variable)
        return variable

    def get_config(self) -> dict[str, Any]:
        """Return the wrapped layer and the rules, serialized."""
        serialize = keras.saving.serialize_keras_object
        return {
            **keras.layers.Layer.get_config(self),
            "layer": serialize(self.layer),
            "rule": serialize(self.rule),
            "rules": {name: serialize(rule) for name, rule in self.rules.items()},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> PruneLowMagnitude:
        """Build the wrapper from `get_config()`."""
        load = keras.saving.deserialize_keras_object
        rules = {name: load(rule) for name, rule in config["rules"].items()}
        built = {"layer": load(config["layer"]), "rule": load(config["rule"]), "rules": rules}
        return cls(**{**config, **built})


def prune_scope() -> Any:
    """Return a scope in which Keras can load a model with wrapped layers (tfmot's name).

    Nothing is left for it to do: who can call it has imported the wrapper, and Keras knows it
    then. (A scope of Keras' own would hide the user's scope around it.)

    Example:
        >>> with prune_scope():
        ...     layer = keras.layers.deserialize(
        ...         keras.layers.serialize(PruneLowMagnitude(keras.layers.Dense(2, name="d")))
        ...     )
        >>> type(layer).__name__
        'PruneLowMagnitude'
    """
    return contextlib.nullcontext()


def _unnumbered(name: str) -> str:
    return re.sub(r"_\d+(?=/|$)", "", name)
