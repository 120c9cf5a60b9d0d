"""Arguments of `prune_low_magnitude` that nothing would read."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import keras

from tfprune.errors import PruneError, near


def check_keywords(what: str, given: Iterable[str], *takers: Any) -> None:
    """Check that somebody takes each keyword argument.

    Args:
        what: The call, as the caller wrote it.
        given: The names of the arguments that were left over.
        takers: Functions whose keyword arguments are meant.

    Raises:
        PruneError: nobody takes one; it lists the nearest names.
    """
    known = {
        name
        for taker in takers
        for name, parameter in inspect.signature(taker).parameters.items()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD and name != "self"
    }
    for name in given:
        if name not in known:
            raise PruneError(
                f"{what} with {name}=...",
                "there is no such argument",
                f"use one of: {near(name, known)}",
            )


def check_no_model(what: str, rules: Mapping[Any, Any] | None, allocation: Any = None) -> None:
    """Check that a layer or a list was not given what only says something about a whole model."""
    if allocation is not None:
        raise PruneError(
            f"{what} with allocation=...",
            "zeros are shared out over the kernels of a model; here it is layers that were given",
            "leave allocation out, or pass the model",
        )
    if rules is not None:
        raise PruneError(
            f"{what} with rules=...",
            "rules choose among the layers of a model; here it is layers that were given",
            "leave rules out and say how to prune with pruning_schedule, block_size or "
            "sparsity_m_by_n; or pass the model",
        )


LAYER = keras.layers.Layer.__init__
"""What every Keras layer takes."""


def first_layer(input_shape: Any, input_dim: Any) -> None:
    """What a layer takes besides, as the first of a Sequential model; a signature, no more."""
