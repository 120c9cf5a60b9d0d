"""advise: look at a model, and say what to do with it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import keras

from tfprune.advising.advice import Advice
from tfprune.advising.next_steps import commands_for, notes_for, recipe_for
from tfprune.advising.techniques import Bottleneck, TargetKind, lines_for
from tfprune.advising.traits import traits_of
from tfprune.errors import FileError, PruneError, near
from tfprune.keras_files import load_model
from tfprune.keras_internals import layers_inside
from tfprune.notes import Note
from tfprune.wrapping import Around


def advise(
    model: Any,
    *,
    bottleneck: Bottleneck = "latency",
    target: TargetKind = "phone",
    max_drop: float = 0.01,
    data: str | None = None,
    validation: str | None = None,
    imports: Sequence[str] = (),
    input_shape: Any = None,
    recipe_path: str = "recipe.yaml",
) -> Advice:
    """Say which techniques fit a model, why, and with which recipe to begin.

    The model is looked at, not trained: where its parameters and multiply-accumulates are, which
    units and blocks can go, which layers have an int8 rule and, for a phone and a model with 1x1
    convolutions, what would run sparse, for which it is converted. Each line names what was counted
    in this model and what was measured before, with the page of the docs on which that stands.

    Args:
        model: A built Keras model, or a `.keras` path. It is not changed.
        bottleneck: What there is too little of: "latency", "size", "memory" or "energy".
        target: "phone" (int8 dot product, most since 2018), "old-phone", "mcu" or "gpu".
        max_drop: How much worse than now the metric may become: 0.01 is one point of accuracy.
        data, validation: Paths for the recipe (docs/data.md).
        imports: Python files with the model's own layers, for the recipe.
        input_shape: Of one sample, where the model leaves sizes open.
        recipe_path: What the commands call the recipe; nothing is written.

    Returns:
        An `Advice`: print it; `advice.yaml` is the recipe as a file, `advice.recipe` is what
        `compress(recipe=)` takes.

    Raises:
        PruneError: the model is not built or wrapped for masks, clusters or int8, or an argument is
            wrong.
        FileError: the file cannot be read.

    Example:
        >>> import keras
        >>> layers = [keras.Input((8,)), keras.layers.Dense(64), keras.layers.Dense(2)]
        >>> advice = advise(keras.Sequential(layers), bottleneck="size", target="mcu")
        >>> advice.traits.family, [line.technique for line in advice.lines][0]
        ('MLP', 'remove neurons')
        >>> advice.recipe.quantize.precisions
        ('int8',)
    """
    _check("bottleneck", bottleneck, get_args(Bottleneck))
    _check("target", target, get_args(TargetKind))
    subject, given, found = _loaded(model)
    _check_model(subject, given)
    sparse = target in ("phone", "old-phone")
    traits = traits_of(given, input_shape, sparse)
    paths = {
        "model": subject if isinstance(model, (str, os.PathLike)) else None,
        "data": data,
        "validation": validation,
        "imports": list(imports),
    }
    recipe = recipe_for(traits, bottleneck, target, max_drop, paths)
    lines = lines_for(traits, bottleneck, target, recipe)
    if not given.trainable_variables:
        found.append(
            Note("training", "every layer is frozen: nothing would learn; thaw some first")
        )
    notes = [*found, *notes_for(traits, recipe, bottleneck, target, lines, given.compiled)]
    return Advice(
        subject=subject,
        bottleneck=bottleneck,
        target=target,
        max_drop=max_drop,
        traits=traits,
        lines=lines,
        recipe=recipe,
        commands=commands_for(traits, recipe, target, lines, recipe_path),
        notes=tuple(dict.fromkeys((*notes, *traits.notes))),
    )


def _check(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        found = f"there is {near(str(value), choices)}"
        raise PruneError(f"advise, {name}={value!r}", found, f"use one of {', '.join(choices)}")


def _check_model(subject: str, model: Any) -> None:
    asked = f"advise on {subject!r}"
    if not isinstance(model, keras.Model):
        raise PruneError(asked, f"it is a {type(model).__name__}", "pass a built keras.Model")
    wrapped = [layer.name for layer in layers_inside(model) if isinstance(layer, Around)]
    if wrapped:
        found = f"{wrapped[0]!r} is wrapped, for masks, clusters or int8: half of the way is done"
        raise PruneError(asked, found, "advise on the plain model; strip_pruning(model) returns it")


def _loaded(model: Any) -> tuple[str, Any, list[Note]]:
    """Return the model's name, the model, and why it could not be loaded as it was compiled."""
    if not isinstance(model, (str, os.PathLike)):
        return getattr(model, "name", type(model).__name__), model, []
    path = os.fspath(model)
    try:
        return path, load_model(path, compiled=True), []
    except FileError as error:
        plain = load_model(path)
        return path, plain, [Note(Path(path).name, f"loaded without its loss: {error.found}")]
