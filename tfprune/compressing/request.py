"""compress: the journey from a model to a file for a phone, resumable."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tfprune.compressing.agreement import AgreementWay
from tfprune.compressing.feeding import wanted_of, word_for
from tfprune.compressing.floor import Bar
from tfprune.compressing.job import Job, Network
from tfprune.compressing.journey import Travelled, travel
from tfprune.compressing.measuring import check_budget, check_target
from tfprune.compressing.naming import word_of
from tfprune.compressing.own_classes import check_plain, known
from tfprune.compressing.publishing import publish
from tfprune.compressing.reporting import report_of
from tfprune.compressing.result import CompressResult
from tfprune.compressing.way import KerasWay, OwnWay, TrainingWay
from tfprune.criteria.naming import check_name
from tfprune.data import Batches
from tfprune.errors import PruneError
from tfprune.graph import compiled_as, is_graph, unfold
from tfprune.keras_facts.origins import name_of
from tfprune.keras_files import load_model
from tfprune.layer_names import Names, Selection
from tfprune.measured import FACTS
from tfprune.notes import Note
from tfprune.progress import Stages
from tfprune.recipes import Recipe, recipe_of
from tfprune.runs import Run


def compress(
    model: Any,
    train: Any = None,
    validation: Any = None,
    *,
    budget: Mapping[str, float] | None = None,
    max_drop: float | None = None,
    min_metric: float | None = None,
    metric: str | None = None,
    target: str | None = None,
    out: str | os.PathLike[str] = "compressed",
    recipe: Recipe | Mapping[str, Any] | None = None,
    fit: Callable[[Any, int], Any] | None = None,
    evaluate: Callable[[Any], Mapping[str, float]] | None = None,
    callbacks: Sequence[Any] = (),
    strategy: Any = None,
    report: bool = True,
) -> CompressResult:
    """Return the fastest .tflite of a model that stays above a floor of accuracy.

    Filters, neurons and heads are removed step by step; each network is repaired, trained, turned
    into files of each precision, and each file is verified, judged and timed. Everything is kept in
    `out`: the same call goes on where a killed one stopped and repeats no finished step; another
    budget finds the networks that are already there.

    Args:
        model: A built Functional or Sequential Keras model, or a `.keras` path. It is not changed.
            Loss, metrics and optimizer are those it is compiled with, or the recipe's.
        train: Training data in any form that `fit` takes, or a path: docs/data.md. Without
            targets nothing is trained: pruned networks are repaired, files are quantized after
            training, and both are judged by agreement with the model.
        validation: Data to judge by, never trained on. Without targets in `train` it may be
            missing.
        budget: What the file may cost, several at once: shares of the dense float32 file for
            "params", "macs", "file_bytes", "gzip_bytes", "latency", "instructions" (of an
            emulated ARM64 core), "peak_memory"; milliseconds for "latency_ms".
        max_drop: How much worse than the dense model it may be by `metric`; by default 0.01, for
            a loss or an error a hundredth of the dense model's.
        min_metric: Instead: what it must reach.
        metric: The metric that decides, or "loss"; by default the first that is no loss.
        target: Where files are timed: "host", "arm64-emulated" (counts instructions), "android",
            "android:SERIAL", or "phone.json", what `benchmark --android --save-profile` wrote.
        out: The folder of the run.
        recipe: All settings, as `tfprune.recipes.read_recipe` reads them or as nested dicts;
            the arguments above take the place of what it says.
        fit: `fit(model, epochs)` trains a network in place, where `model.fit` does not.
        evaluate: `evaluate(model)` returns metrics by name; needed with `fit`. A file comes to it
            as a Keras model.
        callbacks: Of Keras, for every training.
        strategy: A `tf.distribute` strategy under whose scope networks are made and trained.
        report: Whether the dense and the chosen models are measured once more, side by side, for
            `report.html` and `report.json`.

    Returns:
        A `CompressResult`: the best file, all that were tried, and whether the budget is met. If
        it cannot be met the best effort is there all the same, with how much it missed.

    Raises:
        PruneError: an argument, the model or the data is unfit; the target cannot be reached.
        FileError: `out` cannot be written, or another process works in it.

    Example:
        >>> result = compress(model, (x, y), (x_val, y_val), budget={"latency": 0.5},
        ...                   max_drop=0.01, out="out")                     # doctest: +SKIP
        >>> print(result)                                                   # doctest: +SKIP
    """
    model, train, asked, way, labels = prepared(
        model,
        train,
        validation,
        recipe,
        budget=budget,
        target=target,
        fit=fit,
        evaluate=evaluate,
        callbacks=callbacks,
        max_drop=max_drop,
        min_metric=min_metric,
        metric=metric,
    )
    spoken = asked.prune.keep or asked.quantize.keep_float or fit or callbacks
    word = word_of(model, exact=bool(spoken))
    with known(model), Run(out).at_work() as run:
        job = Job(
            model=model,
            model_word=word,
            train=train,
            data_word=word_for(train),
            recipe=asked,
            run=run,
            way=way,
            labels=labels,
            stages=Stages(),
            strategy=strategy,
        )
        if not way.trains:
            job.stages.remark(
                "the data has no labels: nothing is trained, networks are judged by agreement "
                "with the dense model"
            )
        elif not asked.fine_tune.epochs:
            job.stages.remark(f"fine_tune.epochs=0: nothing is trained; {FACTS['training']}")
        travelled = travel(job)
        page = report_of(job, travelled) if report else None
        result = _result(job, travelled, Path(out))
        publish(result, asked, page, travelled)
    return result


def prepared(
    model: Any,
    train: Any,
    validation: Any,
    recipe: Any,
    *,
    budget: Mapping[str, float] | None = None,
    target: str | None = None,
    fit: Any = None,
    evaluate: Any = None,
    callbacks: Sequence[Any] = (),
    **floor: Any,
) -> tuple[Any, Any, Recipe, TrainingWay, bool]:
    """Return model, training data, recipe, way and whether there are labels, all checked.

    Raises:
        PruneError: as `compress`.
    """
    asked = _recipe(recipe, budget, target, floor)
    check_target(asked.target)
    check_budget(asked.budget, asked.target)
    check_name(asked.prune.criterion)
    model = _model(model if model is not None else asked.model)
    train = train if train is not None else asked.data
    validation = validation if validation is not None else asked.validation
    for what, data in (("training", train), ("validation", validation)):
        if isinstance(data, Iterator):
            found = f"the {what} data is a {name_of(type(data))}, which is used up after one turn"
            fix = "pass the function that makes it, or a list of its batches"
            raise PruneError(f"compress {model.name!r}", found, fix)
    names = Names(model)
    for name, kept in (("keep", asked.prune.keep), ("keep_float", asked.quantize.keep_float)):
        # What is unknown is told now, not after an hour.
        Selection(name, kept, names).check([names.places()], "it is no layer")
    labels = _has_labels(train, model)
    way = _way(model, train, validation, labels, asked, fit, evaluate, callbacks)
    return model, train, asked, way, labels


def _recipe(recipe: Any, budget: Any, target: str | None, floor: Mapping[str, Any]) -> Recipe:
    asked = recipe if isinstance(recipe, Recipe) else recipe_of(recipe or {}, "compress(recipe=)")
    settings = msgspec.to_builtins(asked)
    given = {name: value for name, value in floor.items() if value is not None}
    if given.keys() & {"max_drop", "min_metric"}:
        settings["floor"].update(max_drop=None, min_metric=None)
    settings["floor"].update(given)
    if budget is not None:
        settings["budget"] = dict(budget)
    if target is not None:
        settings["target"] = target
    return recipe_of(settings)


def _model(model: Any) -> Any:
    if model is None:
        raise PruneError("compress", "no model is given", "pass one, or name it in the recipe")
    if isinstance(model, (str, os.PathLike)):
        model = load_model(model, compiled=True)
    if not model.built:
        raise PruneError(f"compress {model.name!r}", "it is not built", "call it on data once")
    check_plain(model)
    # One whose calls are code is followed: networks that are made of it are graphs.
    return model if is_graph(model) else compiled_as(unfold(model, lambda _: False)[0], model)


def _has_labels(train: Any, model: Any) -> bool:
    first = next(iter(Batches(train, wanted_of(model, f"compress {model.name!r}", rows=1))))
    return first.targets is not None


def _way(
    model: Any,
    train: Any,
    validation: Any,
    labels: bool,
    recipe: Recipe,
    fit: Any,
    evaluate: Any,
    callbacks: Sequence[Any],
) -> TrainingWay:
    asked = f"compress {model.name!r}"
    if (fit is None) != (evaluate is None):
        missing = "evaluate" if evaluate is None else "fit"
        raise PruneError(asked, f"{missing}= is missing", "give both, or none")
    if fit is not None:
        return OwnWay(fit, evaluate)
    if not labels:
        return AgreementWay(model, validation if validation is not None else train)
    if validation is None or not _has_labels(validation, model):
        raise PruneError(
            asked,
            "there is no data with labels to judge by",
            "keep some of it apart, which is never trained on: validation=(x_val, y_val)",
        )
    return KerasWay(model, train, validation, recipe.fine_tune, callbacks)


def _result(job: Job, travelled: Travelled, out: Path) -> CompressResult:
    history = tuple(_history(network, travelled.bar) for network in travelled.networks)
    notes = tuple(Note(job.model.name, text) for text in job.stages.remarks)
    return CompressResult(
        out=str(out),
        best=travelled.best,
        trials=tuple(travelled.trials),
        floor=travelled.bar,
        history=history,
        notes=notes,
    )


def _history(network: Network, bar: Bar) -> dict[str, Any]:
    record = network.done.record
    epochs = {
        start: [metrics[bar.metric] for metrics in found]
        for start, found in record["epochs"].items()
    }
    return {"network": network.name, "start": record["start"], bar.metric: epochs}
