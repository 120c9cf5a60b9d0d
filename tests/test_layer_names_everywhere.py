"""One address means the same layers in every verb."""

import inspect

import keras
import pytest
from keras import layers

from tfprune import (
    ConstantSparsity,
    PruneError,
    Rule,
    plan_pruning,
    plan_structured,
    prune_structured,
    quantize_model,
)
from tfprune.depth import plan_layers
from tfprune.export.kept_float import find_layers
from tfprune.layer_names import Names, Selection
from tfprune.linking.layer_ops import LayerOps
from tfprune.quantization.planning import plan as plan_quantization
from tfprune.quantization.wrapper import Quantized

RULE = Rule(ConstantSparsity(0.9, begin_step=0))
INSIDE = {"backbone/f0", "backbone/wide", "backbone/f1"}
ALL = {"stem", *INSIDE, "head"}


class Wide(layers.Dense):
    """A class of the user's own."""


def network(residual):
    """A stem, three layers in a nested model, each in a block of its own if residual, a head."""
    x = inputs = keras.Input((4,))
    inside = (
        layers.Dense(4, name="f0"),
        Wide(4, use_bias=False, name="wide"),
        layers.Dense(4, name="f1"),
    )
    for i, layer in enumerate(inside):
        x = layers.Add(name=f"add{i}")([x, layer(x)]) if residual else layer(x)
    backbone = keras.Model(inputs, x, name="backbone")
    outer = keras.Input((3,))
    x = backbone(layers.Dense(4, name="stem")(outer))
    return keras.Model(outer, layers.Dense(2, name="head")(x), name="net")


CHAIN, BLOCKS = network(residual=False), network(residual=True)


def by_rules(selector):
    rows = plan_pruning(CHAIN, rules={selector: RULE}).rows
    return {row.kernel.removesuffix("/kernel") for row in rows if row.rule == RULE}


def by_ratio(selector):
    rows = plan_structured(CHAIN, {selector: 0.5}).rows
    return {row.group for row in rows if row.after < row.before}


def by_keep(selector):
    rows = plan_structured(CHAIN, keep=selector).rows
    return {row.group for row in rows if row.reason == "named in keep"}


def by_keep_layers(selector):
    rows = plan_layers(BLOCKS, keep=selector).rows
    return {name for row in rows if row.reason.startswith("keep=") for name in row.layers}


def by_layers(selector):
    rows = plan_layers(BLOCKS, selector).rows
    gone = {name for row in rows if row.remove for name in row.layers}
    return gone - {"backbone"}  # which goes whole, for its shapes agree


def by_quantize_model(selector):
    kept = plan_quantization(CHAIN, Selection("keep_float", selector, Names(CHAIN))).notes
    return {note.subject for note in kept if "as asked" in note.reason}


def by_convert(selector):
    ops = [LayerOps(name, (), (), ()) for name in sorted(ALL)]
    return {layer.name for layer in find_layers(selector, CHAIN, ops)}


def is_without_bias(layer):
    return not layer.use_bias  # which an Add does not have


SELECTORS = {
    "backbone/f0": {"backbone/f0"},
    "f0": {"backbone/f0"},
    "backbone/f0/kernel": {"backbone/f0"},
    "f0/kernel": {"backbone/f0"},
    "backbone/*0": {"backbone/f0"},
    "f*": {"backbone/f0", "backbone/f1"},
    "backbone": INSIDE,
    keras.Model: INSIDE,
    "Wide": {"backbone/wide"},
    Wide: {"backbone/wide"},
    is_without_bias: {"backbone/wide"},
    CHAIN.get_layer("backbone").get_layer("f1"): {"backbone/f1"},
}


def in_words(value):
    """Return the same name in every process: sets have no order, functions an address."""
    if isinstance(value, set):
        return "+".join(sorted(value))
    return value.__name__ if inspect.isroutine(value) else str(value)


@pytest.mark.parametrize("verb", [by_rules, by_ratio, by_keep, by_quantize_model, by_convert])
@pytest.mark.parametrize(("selector", "meant"), SELECTORS.items(), ids=in_words)
def test_an_address_means_the_same_layers_in_every_verb(verb, selector, meant):
    assert verb(selector) == meant


@pytest.mark.parametrize("verb", [by_keep_layers, by_layers])
@pytest.mark.parametrize(("selector", "meant"), list(SELECTORS.items())[:-1], ids=in_words)
def test_it_means_the_blocks_of_these_layers_to_prune_layers(verb, selector, meant):
    assert verb(selector) == meant


@pytest.mark.parametrize(
    "verb", [by_rules, by_ratio, by_keep, by_quantize_model, by_convert, by_keep_layers, by_layers]
)
@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("f_0", "backbone/f0"),
        ("g*", "the model has"),
        (layers.LSTM, "it means no layer"),
        (lambda layer: layer.filtres, "has no attribute 'filtres'"),
    ],
)
def test_what_means_nothing_is_an_error_in_every_verb(verb, selector, found):
    with pytest.raises(PruneError, match=found):
        verb(selector)


def test_a_list_and_one_selector_are_the_same():
    assert by_keep(["backbone"]) == by_keep("backbone") == by_keep(("f*", Wide))
    assert by_quantize_model([Wide, "head"]) == {"backbone/wide", "head"}


def test_a_nested_model_stays_float_with_all_that_is_in_it():
    aware = quantize_model(CHAIN, keep_float="backbone")
    kinds = [type(layer).__name__ for layer in aware.get_layer("backbone").layers]
    assert kinds == ["InputLayer", "Dense", "Wide", "Dense"]


def test_no_block_of_a_kept_model_goes():
    with pytest.raises(PruneError, match="remove 2 of 0 blocks"):
        plan_layers(BLOCKS, n=2, keep="backbone", criterion=lambda block, model: 0.0)


@pytest.mark.parametrize(
    ("verb", "found"),
    [
        (by_rules, "backbone/add0: no kernel is known"),
        (by_keep, "backbone/add0: no weights produce or scale units"),
        (by_convert, "backbone/add0: there is no op of its own in the file"),
    ],
)
def test_a_layer_that_a_verb_can_do_nothing_with_is_said_to_be_there(verb, found, monkeypatch):
    monkeypatch.setitem(globals(), "CHAIN", BLOCKS)
    with pytest.raises(PruneError, match=found):
        verb("add0")


class Block(layers.Layer):
    """A composite layer without a rule, which is followed through the layers that it calls."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.wide, self.narrow = layers.Dense(6, name="wide"), layers.Dense(4, name="narrow")

    def call(self, x):
        return self.narrow(self.wide(x))


@pytest.fixture(scope="module")
def composite():
    x = inputs = keras.Input((4,))
    for name in ("block_1", "block_2"):
        x = Block(name=name)(x)
    return keras.Model(inputs, layers.Dense(2, name="head")(x))


@pytest.mark.parametrize("selector", ["block_1", "block_1/*", ["block_1/wide", "block_1/narrow"]])
def test_layers_inside_a_composite_are_called_as_reports_print_them(composite, selector):
    kept = {
        row.group
        for row in plan_structured(composite, keep=selector).rows
        if row.reason == "named in keep"
    }
    assert kept == {"block_1/wide", "block_1/narrow"}


def test_a_layer_inside_a_composite_stays_float(composite):
    aware = quantize_model(composite, keep_float="block_1/wide")
    kinds = {name: type(aware.get_layer(name).get_layer("wide")) for name in ("block_1", "block_2")}
    assert kinds == {"block_1": layers.Dense, "block_2": Quantized}


def test_the_class_of_a_composite_means_all_that_is_in_it(composite):
    rows = plan_structured(composite, {Block: 0.5}).rows
    assert [row.after < row.before for row in rows] == [True] * 4 + [False]
    aware = quantize_model(composite, keep_float="Block")
    assert type(aware.get_layer("block_2")) is Block


@pytest.mark.parametrize("of", [lambda model: Block, lambda model: model.get_layer("block")])
def test_in_several_steps_the_same_layers_are_kept(of):
    dense = (layers.Dense(8, name=name) for name in ("first", "last"))
    model = keras.Sequential([keras.Input((4,)), next(dense), Block(name="block"), *dense])
    small = prune_structured(model, 0.75, steps=2, keep=of(model))
    assert small.get_layer("first").units == 2
    assert [x.units for x in small.get_layer("block").layers if x.weights] == [6, 4]


def test_notes_speak_of_a_layer_in_a_nested_model_by_its_path(caplog):
    inputs = keras.Input((4,))
    norm = layers.LayerNormalization(name="norm")
    inner = keras.Model(inputs, layers.Dense(4)(norm(inputs)), name="backbone")
    quantize_model(keras.Sequential([keras.Input((4,)), inner]), keep_float=["norm"])
    assert "backbone/norm: stays float" in caplog.text
