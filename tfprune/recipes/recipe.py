"""Recipe: every setting of `compress`, its limits and its sentence, each written once.

YAML files, arguments, the JSON Schema and the commented recipe follow from these classes.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Share = Annotated[float, Meta(gt=0, le=1)]
Count = Annotated[int, Meta(ge=1)]


def _says(text: str) -> Meta:
    return Meta(description=text)


class Budget(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the result may cost. Each is a share of the dense float32 model but latency_ms."""

    params: Annotated[Share | None, _says("parameters")] = None
    macs: Annotated[Share | None, _says("multiply-accumulates of one sample")] = None
    file_bytes: Annotated[Share | None, _says("size of the .tflite file")] = None
    gzip_bytes: Annotated[Share | None, _says("its size as a download")] = None
    latency: Annotated[Share | None, _says("time of one inference on the target")] = None
    latency_ms: Annotated[
        Annotated[float, Meta(gt=0)] | None, _says("the same in milliseconds")
    ] = None
    instructions: Annotated[
        Share | None, _says("instructions of one inference on an emulated ARM64 core")
    ] = None
    peak_memory: Annotated[Share | None, _says("memory that running it takes")] = None


BUDGETS = tuple(Budget.__struct_fields__)


class Floor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What accuracy must not fall below."""

    metric: Annotated[
        str | None, _says("a metric of the model, or loss; by default its first metric")
    ] = None
    max_drop: Annotated[
        Annotated[float, Meta(ge=0)] | None,
        _says("how much worse than the dense model it may be, 0.01 is one point of accuracy"),
    ] = None
    min_metric: Annotated[
        float | None, _says("the least that it must reach; of a loss or an error, the most")
    ] = None


class Prune(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which filters, neurons and heads go."""

    criterion: Annotated[str, _says("taylor, fisher, l1, l2, fpgm, ...; see docs/channels.md")] = (
        "taylor"
    )
    scope: Annotated[
        Literal["local", "global", "isomorphic"], _says("where units are ranked against each other")
    ] = "global"
    widths: Annotated[
        Literal["ranked", "searched"],
        _says(
            "ranked: units go by criterion and scope; searched: what each layer loses is measured "
            "on repaired networks, and widths are those that lose least (docs/search.md)"
        ),
    ] = "ranked"
    steps: Annotated[Count, _says("in how many steps to the budget, each followed by training")] = 2
    trials: Annotated[Count, _says("at most so many networks are trained")] = 6
    round_to: Annotated[Count, _says("widths are multiples of it")] = 1
    max_ratio: Annotated[
        Annotated[float, Meta(gt=0, lt=1)], _says("no layer loses a larger share of its units")
    ] = 0.9
    keep: Annotated[tuple[str, ...], _says("layers, globs or classes that keep their units")] = ()
    samples: Annotated[
        Count, _says("training samples to judge and repair by; labels are used where there are any")
    ] = 256


class FineTune(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How what stays is trained."""

    epochs: Annotated[Annotated[int, Meta(ge=0)], _says("for each network; 0 trains nothing")] = 2
    batch_size: Annotated[Count, _says("where the data does not come in batches")] = 32
    learning_rate: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        _says("at the start; falls as a cosine; by default the optimizer's own"),
    ] = None
    loss: Annotated[str | None, _says("by default the one the model is compiled with")] = None
    metrics: Annotated[tuple[str, ...], _says("likewise")] = ()
    optimizer: Annotated[str | None, _says("likewise")] = None
    teacher: Annotated[
        Annotated[float, Meta(ge=0, le=1)],
        _says("share of the dense model's word in the loss; 0 learns from labels alone"),
    ] = 0.5
    start: Annotated[
        Literal["repaired", "recalibrated", "better"],
        _says("weights that training starts from; better tries both for an epoch"),
    ] = "better"


class Quantize(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which number formats the file may have."""

    precisions: Annotated[
        tuple[Literal["float32", "float16", "dynamic", "int8"], ...],
        _says("each is made and measured; the fastest within the floor is taken"),
    ] = ("float32", "int8")
    train_epochs: Annotated[
        Annotated[int, Meta(ge=0)],
        _says("of training with int8 arithmetic, where int8 without it is below the floor"),
    ] = 1
    keep_float: Annotated[tuple[str, ...], _says("layers that stay float in an int8 file")] = ()


class Recipe(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that `tfprune compress` is asked to do."""

    model: Annotated[str | None, _says("a .keras file")] = None
    data: Annotated[str | None, _says("training data: docs/data.md")] = None
    validation: Annotated[str | None, _says("data to judge by, with labels; never trained on")] = (
        None
    )
    imports: Annotated[tuple[str, ...], _says("Python files with the model's own layers")] = ()
    target: Annotated[
        str, _says("where it is timed: host, arm64-emulated, android, android:SERIAL or phone.json")
    ] = "host"
    budget: Budget = Budget()
    floor: Floor = Floor()
    prune: Prune = Prune()
    fine_tune: FineTune = FineTune()
    quantize: Quantize = Quantize()
    seed: Annotated[int, _says("of everything drawn at random")] = 0
