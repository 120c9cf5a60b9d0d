"""What follows from advice: a recipe, the commands that no recipe holds, and what to beware of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tfprune.advising.advice import AdviceLine
from tfprune.advising.techniques import LARGE_TABLE, Bottleneck, TargetKind
from tfprune.advising.traits import Traits
from tfprune.emulation import find_setup
from tfprune.errors import PruneError
from tfprune.keras_facts.kernel_kinds import EMBEDDING
from tfprune.measured import FACTS
from tfprune.notes import Note
from tfprune.recipes import Recipe, recipe_of

_WIDE, _STEP = 64, 8
"""From this median width on widths are kept in multiples of eight."""
_EPOCHS = 3
_BUDGETS: dict[str, dict[str, float]] = {
    "latency": {},  # the fastest file within the floor is what compress looks for anyway
    "size": {"file_bytes": 0.25},
    "memory": {"peak_memory": 0.5},
    "energy": {"macs": 0.5},
}


def recipe_for(
    traits: Traits,
    bottleneck: Bottleneck,
    target: TargetKind,
    max_drop: float,
    paths: dict[str, Any],
) -> Recipe:
    """Return the recipe of a model like this.

    Args:
        traits: What the model is like.
        bottleneck, target, max_drop: The wish.
        paths: `model`, `data`, `validation` and `imports` of the recipe, where they are known.

    Raises:
        PruneError: `max_drop` or a path is no value that a recipe takes.
    """
    settings: dict[str, Any] = {
        **paths,
        "target": _timed_on(bottleneck, target),
        "budget": _BUDGETS[bottleneck],
        "floor": {"max_drop": max_drop},
        "prune": {"round_to": _STEP if traits.widest >= _WIDE else 1},
        "fine_tune": {"epochs": _EPOCHS},
        "quantize": {"precisions": _precisions(traits, bottleneck, target)},
    }
    return recipe_of(settings, f"advise, max_drop={max_drop}")


def _timed_on(bottleneck: Bottleneck, target: TargetKind) -> str:
    """Return an emulated core for a phone's time where one is set up: this PC is no phone."""
    if bottleneck != "latency" or target != "phone":
        return "host"
    try:
        find_setup("advise")
    except PruneError:
        return "host"
    return "arm64-emulated"


def _precisions(traits: Traits, bottleneck: Bottleneck, target: TargetKind) -> tuple[str, ...]:
    if target == "mcu":
        return ("int8",)
    if target == "gpu":
        return ("float16",)
    if bottleneck in ("size", "memory"):
        return ("dynamic", "int8") if traits.weights(EMBEDDING) >= LARGE_TABLE else ("int8",)
    # On an older core only a time on that core says whether int8 is faster than float.
    return ("float32",) if target == "old-phone" else ("float32", "int8")


def commands_for(
    traits: Traits,
    recipe: Recipe,
    target: TargetKind,
    lines: tuple[AdviceLine, ...],
    recipe_path: str,
) -> tuple[str, ...]:
    """Return the commands from the baseline to the last look, in order."""
    model = recipe.model or "model.keras"
    data, judge = recipe.data or "DATA", recipe.validation or "VALIDATION"
    pairs = any(one.fits == "do" and one.technique.startswith("zeros in pairs") for one in lines)
    table = any(one.fits == "do" and one.technique.startswith("embedding") for one in lines)
    found = [
        f"tfprune evaluate {model} --data {judge}   # the baseline: write it down",
        *(
            [f"tfprune sparse-ready {model} -o ready.keras   # train it; it is the recipe's model"]
            if pairs and traits.changes
            else []
        ),
        f"tfprune run {recipe_path} -o out --dry-run   # how long it will take",
        f"tfprune run {recipe_path} -o out",
    ]
    if table:
        found.append("tfprune convert out/model.keras -o int4.tflite --quantize int4")
    if pairs:
        found += [
            f"tfprune prune-once out/model.keras --sparsity 0.8 --pattern 1x2 --repair-on {data} "
            "-o sparse.keras",
            "tfprune convert sparse.keras -o sparse.tflite --quantize float16",
            "tfprune verify sparse.keras sparse.tflite --target arm64",
        ]
    last = "sparse.tflite" if pairs else "out/model.tflite"
    if target in ("phone", "old-phone"):
        found += [
            f"tfprune convert {model} -o dense.tflite",
            f"tfprune doctor {last}",
            f"tfprune benchmark dense.tflite {last} --android   # the phone itself",
        ]
    found.append(f"tfprune evaluate {last} --data {judge}   # beside the baseline")
    return tuple(found)


def notes_for(
    traits: Traits,
    recipe: Recipe,
    bottleneck: Bottleneck,
    target: TargetKind,
    lines: tuple[AdviceLine, ...],
    compiled: bool,
) -> Iterator[Note]:
    """Yield what a reader should know before beginning: the usual mistakes, where they threaten."""
    missing = [name for name in ("data", "validation") if getattr(recipe, name) is None]
    if missing:
        yield Note("recipe", f"it names no {' and no '.join(missing)}: add what compress needs")
    if not compiled:
        yield Note(
            "training",
            "the model is not compiled: compile it and save it again, or give fine_tune.loss and "
            f"fine_tune.metrics; without training {FACTS['training']}",
        )
    if bottleneck == "size":
        yield Note("time", "a smaller file is no faster for that: look at the report's times, too")
    if bottleneck in ("size", "memory", "energy"):
        [(name, share)] = _BUDGETS[bottleneck].items()
        yield Note("budget", f"{name}: {share} is a beginning; say what you need")
    if target in ("phone", "old-phone") and recipe.target == "host":
        yield Note("target", "times on this machine are no phone's: target: android with one")
    if recipe.target == "arm64-emulated":
        yield Note("target", "instructions are no time: target: android with a phone plugged in")
    if target in ("mcu", "gpu"):
        yield Note("target", f"nothing was measured on a {target} here: measure on yours")
    pairs = next(one for one in lines if one.technique.startswith("zeros in pairs"))
    if pairs.fits == "do":
        yield Note(
            "zeros",
            "prune-once trains nothing: zeros in training (prune_low_magnitude with "
            f"block_size=(1, 2)) keep more; {FACTS['two thirds']}",
        )
        if traits.changes:
            yield Note(
                "zeros",
                "make_sparse_ready comes before training: train what it returns, and put that in "
                "the recipe in place of model",
            )
    if "int8" in recipe.quantize.precisions and traits.stays_float:
        names = [one.subject for one in traits.stays_float]
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        yield Note("int8", f"float in training with int8: {', '.join(names[:3])}{more}")
