"""A model's traits and a wish → a line for each technique. What is advised follows from facts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from tfprune.advising.advice import AdviceLine, Fitness
from tfprune.advising.traits import UNITS, Traits
from tfprune.keras_facts import kernel_kinds as kind
from tfprune.measured import FACTS
from tfprune.recipes import Recipe
from tfprune.tables.wording import percent

Bottleneck = Literal["latency", "size", "memory", "energy"]
TargetKind = Literal["phone", "old-phone", "mcu", "gpu"]
LARGE_TABLE = 0.3
"""From this share of the parameters on an embedding is advised on by itself."""

_PHONES = ("phone", "old-phone")


def lines_for(
    traits: Traits, bottleneck: Bottleneck, target: TargetKind, recipe: Recipe
) -> tuple[AdviceLine, ...]:
    """Return a line for each technique that a model of this kind asks about, the fitting first.

    Args:
        traits: What the model is like.
        bottleneck: What there is too little of.
        target: Where it runs.
        recipe: The one that is advised, whose settings the lines speak of.
    """
    found = [
        *_units(traits),
        *_blocks(traits),
        _int8(traits, bottleneck, target),
        *_table(traits, bottleneck),
        *_depthwise(traits),
        _pairs(traits, bottleneck, target),
        *_memory(traits, bottleneck),
        *_energy(bottleneck),
        _steps(recipe),
        _training(recipe),
    ]
    order = ("do", "try", "not here")
    return tuple(sorted(found, key=lambda line: order.index(line.fits)))


def _units(traits: Traits) -> Iterator[AdviceLine]:
    """Yield filters, neurons and heads: fewer of them are faster everywhere."""
    fact = {"CNN": "filters", "transformer": "transformer"}.get(traits.family)
    shown = [one for one in traits.units if one.units and one.what != "embedding widths"]
    for one in sorted(shown, key=lambda one: -one.can_go):
        if one.what == "neurons" and not one.can_go and len(shown) > 1:
            continue  # the head alone
        name = "remove heads" if one.what == "heads" else f"remove {one.what}"
        if one.what == "neurons" and traits.family == "transformer":
            name = "remove neurons of feed-forward layers"
        work = traits.share(*_kinds_of(one.what))
        what = "MACs" if traits.macs else "parameters"
        here = f"{one}; {percent(work)} of the {what} are theirs"
        fits: Fitness = "do" if one.can_go else "not here"
        yield AdviceLine(
            technique=name, fits=fits, here=here, measured=FACTS[fact] if fact else None
        )


def _kinds_of(units: str) -> list[str]:
    return [name for name, what in UNITS.items() if what == units]


def _blocks(traits: Traits) -> Iterator[AdviceLine]:
    if traits.blocks < 2:
        return
    what = "layers or halves of layers" if traits.family == "transformer" else "residual blocks"
    yield AdviceLine(
        technique="remove layers",
        fits="try",
        here=f"{traits.blocks} {what} can be taken out whole",
        measured=FACTS["blocks"],
    )


def _int8(traits: Traits, bottleneck: Bottleneck, target: TargetKind) -> AdviceLine:
    left = len(traits.stays_float)
    here = f"{left} layers have no int8 rule" if left else "every layer has an int8 rule"
    if target == "gpu":
        return AdviceLine(
            technique="float16 in place of int8",
            fits="do",
            here=f"{traits.weight_bytes:,} bytes of weights, half of that in float16",
        )
    if target == "phone" and bottleneck != "size":
        fact = "channels and int8" if traits.family == "CNN" else "dot product"
    elif target == "mcu":
        fact = "small in int8"
    else:
        fact = "int8 by machine"
    fits: Fitness = "try" if target == "old-phone" and bottleneck == "latency" else "do"
    return AdviceLine(technique="int8", fits=fits, here=here, measured=FACTS[fact])


def _table(traits: Traits, bottleneck: Bottleneck) -> Iterator[AdviceLine]:
    share = traits.weights(kind.EMBEDDING)
    if share < LARGE_TABLE:
        return
    here = f"{percent(share)} of the parameters are embeddings, which make no MACs"
    fits: Fitness = "do" if bottleneck in ("size", "memory") else "try"
    yield AdviceLine(
        technique='embedding table: "dynamic" or "int4"',
        fits=fits,
        here=here,
        measured=FACTS["embeddings"],
    )
    yield AdviceLine(
        technique="embedding table: words that your texts lack (cut_vocabulary)",
        fits=fits,
        here=f"{here}; tfprune.surgery.cut_vocabulary(model, ids) counts the rows that they use",
        measured=FACTS["vocabulary"],
    )


def _depthwise(traits: Traits) -> Iterator[AdviceLine]:
    share = traits.share(kind.DEPTHWISE)
    if share:
        what = "MACs" if traits.macs else "parameters"
        yield AdviceLine(
            technique="zeros in depthwise kernels",
            fits="not here",
            here=f"{percent(share)} of the {what}; their filters go with the 1x1 convolution "
            "before them, their zeros save nothing",
            measured=FACTS["depthwise"],
        )


def _pairs(traits: Traits, bottleneck: Bottleneck, target: TargetKind) -> AdviceLine:
    """Zeros in pairs of output channels: faster only where sparse kernels run."""
    name, size = "zeros in pairs, stored sparse", bottleneck == "size"
    if target not in _PHONES:
        fact = FACTS["download" if size else "zeros elsewhere"]
        here = f"no sparse kernels on this target ({target})"
        return AdviceLine(
            technique=name, fits="try" if size else "not here", here=here, measured=fact
        )
    share = traits.share(kind.POINTWISE)
    if traits.obstacles is None or not share:
        here = "only 1x1 convolutions run sparse, and it has none"
        if share:
            here = "what would run sparse is not known, see the notes"
        fact = FACTS["download" if size else "zeros elsewhere"]
        return AdviceLine(
            technique=name, fits="try" if size else "not here", here=here, measured=fact
        )
    what = "MACs" if traits.macs else "parameters"
    here = f"{percent(share)} of the {what} are in 1x1 convolutions; "
    if traits.obstacles:
        first, more = traits.obstacles[0], len(traits.obstacles) - 1
        here += f"it does not run sparse: {first}" + (f" (and {more} more)" if more else "")
        return AdviceLine(
            technique=name, fits="not here", here=here, measured=FACTS["zeros elsewhere"]
        )
    here += "it can run sparse" + (
        f" after make_sparse_ready ({traits.changes} changes)" if traits.changes else " as it is"
    )
    if target == "old-phone":
        return AdviceLine(technique=name, fits="do", here=here, measured=FACTS["older cores"])
    here += "; instead of int8, not with it"
    return AdviceLine(technique=name, fits="try", here=here, measured=FACTS["pairs"])


def _memory(traits: Traits, bottleneck: Bottleneck) -> Iterator[AdviceLine]:
    if bottleneck == "memory":
        activations = traits.activation_bytes
        known = "not known" if activations is None else f"{activations:,} bytes"
        yield AdviceLine(
            technique="fewer channels where maps are large, a smaller input",
            fits="do",
            here=f"weights {traits.weight_bytes:,} bytes; outputs of all layers {known}, of which "
            "some live at a time",
        )


def _energy(bottleneck: Bottleneck) -> Iterator[AdviceLine]:
    if bottleneck == "energy":
        yield AdviceLine(
            technique="fewer multiplications and fewer bytes read",
            fits="do",
            here="the recipe's budget is in MACs, which stand for energy here",
            measured=FACTS["energy"],
        )


def _steps(recipe: Recipe) -> AdviceLine:
    return AdviceLine(
        technique="little by little, repaired after each step",
        fits="do",
        here=f"prune.steps: {recipe.prune.steps}",
        measured=FACTS["too much at once"],
    )


def _training(recipe: Recipe) -> AdviceLine:
    return AdviceLine(
        technique="train what stays, with the dense model as teacher",
        fits="do",
        here=f"fine_tune.epochs: {recipe.fine_tune.epochs}, "
        f"fine_tune.teacher: {recipe.fine_tune.teacher:g}",
        measured=FACTS["teacher"],
    )
