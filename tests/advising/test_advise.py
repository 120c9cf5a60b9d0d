"""What is advised follows from the model that is there and from what was measured before."""

import re
from typing import get_args

import keras
import pytest
from keras import layers

from tfprune import PruneError, advise, prune_low_magnitude, quantize_model
from tfprune.advising.techniques import Bottleneck, TargetKind
from tfprune.advising.traits import traits_of
from tfprune.cli.verbs.advise import BOTTLENECKS, TARGETS
from tfprune.notes import Note


@pytest.fixture(scope="module")
def advised(networks):
    """`advised(family, target, bottleneck)`, each asked once: the CNN is converted for phones."""
    found = {}

    def get(family, target="gpu", bottleneck="latency"):
        key = family, target, bottleneck
        if key not in found:
            found[key] = advise(networks[family], target=target, bottleneck=bottleneck)
        return found[key]

    return get


def fits(advice):
    return {line.technique: line.fits for line in advice.lines}


@pytest.mark.parametrize(
    ("family", "technique"),
    [
        ("CNN", "remove filters"),
        ("transformer", "remove heads"),
        ("transformer", "remove neurons of feed-forward layers"),
        ("MLP", "remove neurons"),
    ],
)
def test_a_network_is_told_by_where_its_work_is(advised, family, technique):
    advice = advised(family)
    assert advice.traits.family == family
    assert fits(advice)[technique] == "do"


def test_each_line_counts_this_model(advised):
    here = {line.technique: line.here for line in advised("MLP").lines}
    assert here["remove neurons"] == "32 of 36 neurons can go; 100.0 % of the MACs are theirs"


def test_layers_go_where_two_or_more_can(advised):
    assert fits(advised("transformer"))["remove layers"] == "try"
    assert "remove layers" not in fits(advised("MLP"))


def test_a_large_embedding_table_has_advice_of_its_own(advised):
    advice = advised("transformer", "phone", "size")
    lines = [line for line in advice.lines if line.technique.startswith("embedding")]
    assert [line.technique for line in lines] == [
        'embedding table: "dynamic" or "int4"',
        "embedding table: words that your texts lack (cut_vocabulary)",
    ]
    for line in lines:
        assert line.fits == "do" and line.here.startswith("64.4 % of the parameters are embeddings")
    assert advice.recipe.quantize.precisions == ("dynamic", "int8")
    assert not any(name.startswith("embedding") for name in fits(advised("CNN")))


PAIRS = "zeros in pairs, stored sparse"


@pytest.mark.parametrize(
    ("target", "verdict"),
    [("phone", "try"), ("old-phone", "do"), ("mcu", "not here"), ("gpu", "not here")],
)
def test_zeros_are_for_cores_that_skip_them(advised, target, verdict):
    assert fits(advised("CNN", target))[PAIRS] == verdict


def test_an_old_phone_gets_the_commands_that_make_pairs_of_zeros(advised):
    advice = advised("CNN", "old-phone")
    verbs = [command.split()[1] for command in advice.commands]
    assert verbs.index("sparse-ready") < verbs.index("run") < verbs.index("prune-once")
    assert any("train what it returns" in note.reason for note in advice.notes)


def test_zeros_are_for_networks_that_run_sparse(advised):
    [line] = [line for line in advised("MLP", "old-phone").lines if line.technique == PAIRS]
    assert line.fits == "not here"
    assert line.here == "only 1x1 convolutions run sparse, and it has none"


def test_what_keeps_a_network_from_running_sparse_is_named():
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(8, 3, strides=2, padding="same"),
            layers.Conv2D(16, 1),
            layers.PReLU(shared_axes=(1, 2), name="own_slope"),
            layers.GlobalAveragePooling2D(),
        ]
    )
    [line] = [line for line in advise(model, target="old-phone").lines if line.technique == PAIRS]
    assert line.fits == "not here" and "own_slope" in line.here


@pytest.mark.parametrize(
    ("bottleneck", "budget"),
    [("size", "file_bytes"), ("memory", "peak_memory"), ("energy", "macs")],
)
def test_the_bottleneck_is_the_budget_of_the_recipe(advised, bottleneck, budget):
    assert getattr(advised("MLP", "mcu", bottleneck).recipe.budget, budget) is not None


def test_widths_stay_multiples_of_eight_where_they_are_wide(advised):
    assert advised("CNN", "phone").recipe.prune.round_to == 8


@pytest.mark.parametrize(
    ("family", "target", "bottleneck", "mistake"),
    [
        ("MLP", "gpu", "latency", "the model is not compiled"),
        ("MLP", "gpu", "latency", "it names no data and no validation"),
        ("MLP", "gpu", "latency", "nothing was measured on a gpu here"),
        ("MLP", "mcu", "size", "a smaller file is no faster for that"),
    ],
)
def test_the_usual_mistakes_are_told_before_they_are_made(
    advised, family, target, bottleneck, mistake
):
    notes = [note.reason for note in advised(family, target, bottleneck).notes]
    assert any(mistake in reason for reason in notes)


def test_what_cannot_be_known_is_a_note_and_no_zero():
    model = keras.Sequential([keras.Input((None, 4)), layers.Dense(8), layers.Dense(2)])
    traits = traits_of(model)
    assert traits.macs is None and traits.kinds[0].macs is None
    assert any("give input_shape" in note.reason for note in traits.notes)
    assert traits_of(model, input_shape=(5, 4)).macs == 5 * (4 * 8 + 8 * 2)


class Forks(keras.Model):
    """A model whose graph cannot be followed: its code asks for `training`."""

    def __init__(self):
        super().__init__(name="forks")
        self.dense = layers.Dense(2)

    def call(self, x, training=False):
        return self.dense(x) * (2 if training else 1)


def test_a_model_without_a_graph_gets_the_advice_that_is_left():
    model = Forks()
    model(keras.ops.ones((1, 4)))
    advice = advise(model)
    assert fits(advice)["remove neurons"] == "not here"
    assert Note("blocks", "not known: it is subclassed: its calls are code") in advice.notes


def frozen():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(8), layers.Dense(2)])
    model.trainable = False
    return model


def test_a_frozen_model_is_told_that_nothing_would_learn():
    assert any(
        "every layer is frozen" in str(note) for note in advise(frozen(), target="gpu").notes
    )


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: layers.Dense(2, name="head"), "it is a Dense"),
        (lambda: prune_low_magnitude(frozen()), "is wrapped, for masks, clusters or int8"),
        (lambda: quantize_model(frozen()), "is wrapped, for masks, clusters or int8"),
    ],
)
def test_what_is_no_plain_model_is_refused(make, said):
    with pytest.raises(PruneError, match=said):
        advise(make())


def test_the_table_names_each_page_below(advised):
    printed = str(advised("MLP", "mcu", "size"))
    numbers = {int(number) for number in re.findall(r"\[(\d+)\]", printed)}
    assert re.search(r"^\[1\] (docs/|README)", printed, re.MULTILINE)
    assert numbers == set(range(1, max(numbers) + 1))
    assert "tfprune run recipe.yaml -o out" in printed


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ({"bottleneck": "speed"}, "use one of latency, size"),
        ({"target": "phones"}, "use one of phone, old-phone"),
        ({"max_drop": -1.0}, "floor.max_drop"),
    ],
)
def test_a_wrong_wish_is_an_error_with_the_nearest(networks, argument, said):
    with pytest.raises(PruneError, match=said):
        advise(networks["MLP"], **{"target": "gpu", **argument})


def test_the_command_line_offers_what_the_function_takes():
    assert get_args(Bottleneck) == BOTTLENECKS and get_args(TargetKind) == TARGETS
