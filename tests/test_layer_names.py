"""The language in which a user says which layers are meant."""

import keras
import pytest
from keras import layers

from tfprune import PruneError, prune_low_magnitude
from tfprune.errors import near
from tfprune.layer_names import Names, Place, Selection

NOTHING = Names(None)
KERNEL = Place(("encoder", "attention", "query"), ("kernel",))


def chosen(selectors, place, names=NOTHING):
    """The selector that comes first at a place."""
    fit = Selection("rules", selectors, names).best([place])
    return fit and fit.selector


@pytest.mark.parametrize(
    "name",
    [
        "query",
        "encoder",
        "attention/query",
        "encoder/attention",
        "atten*",
        "*query",
        "query/kernel",
    ],
)
def test_any_run_of_whole_names_is_a_name(name):
    assert chosen(name, KERNEL) == name


@pytest.mark.parametrize("name", ["quer", "kernel", "encoder/query", "key", ""])
def test_parts_of_names_and_gaps_are_none(name):
    assert chosen(name, KERNEL) is None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("encoder/attention/query/kernel", "encoder/attention/query"),
        ("encoder/attention/query", "query"),  # an exact path before a name
        ("query", "attention"),  # the innermost layer first
        ("attention", "encoder/attention"),  # both name the same layer: the first given
        ("encoder", "*query"),  # a name before a glob
        ("*query", "q*"),  # of two globs the first given
    ],
)
def test_what_comes_first(first, second):
    assert chosen([first, second], KERNEL) == first


def test_a_class_comes_after_a_glob_and_before_a_function():
    layer = layers.Dense(2, name="head")
    names = Names(keras.Sequential([keras.Input((4,)), layer]))
    (place,) = names.of(layer)

    def any_layer(layer):
        return True

    assert chosen([any_layer, "Dense", "h*"], place, names) == "h*"
    assert chosen([any_layer, "Dense"], place, names) == "Dense"


def test_the_name_of_a_layer_is_no_class():
    dense, other = layers.Dense(2, name="Dense"), layers.Dense(2, name="other")
    names = Names(keras.Sequential([keras.Input((4,)), dense, other]))
    selection = Selection("keep", "Dense", names)
    assert [selection.means(names.of(x)) for x in (dense, other)] == [True, False]


def test_a_shared_layer_answers_to_the_path_of_each_place():
    shared = layers.Dense(4, name="shared")
    x = keras.Input((4,))
    inner = keras.Model(x, shared(x), name="inner")
    y = keras.Input((4,))
    names = Names(keras.Model(y, inner(shared(y))))
    assert sorted(map(str, names.of(shared))) == ["inner/shared", "shared"]
    assert Selection("keep", "inner", names).means(names.of(shared))


def test_layers_inside_layers_have_paths():
    attention = layers.MultiHeadAttention(2, 4, name="attention")
    x = keras.Input((3, 4))
    names = Names(keras.Model(x, attention(x, x)))
    (query,) = names.at(("attention", "query"))
    assert query.variables == ("kernel", "bias")
    assert chosen("MultiHeadAttention", query, names) == "MultiHeadAttention"


def test_a_wrapper_of_the_same_name_adds_no_part():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2, name="head")])
    wrapper = prune_low_magnitude(model).layers[0]
    names = Names(keras.Sequential([keras.Input((4,)), wrapper]))
    assert names.path_of(wrapper) == names.path_of(wrapper.layer) == "head"


def test_an_operation_in_a_graph_has_a_name_too():
    x = keras.Input((4,))
    y = keras.ops.relu(x)
    inner = keras.Model(x, y, name="inner")
    names = Names(keras.Sequential([keras.Input((4,)), inner]))
    assert [str(place) for place in names.places()] == [
        "inner",
        f"inner/{inner.operations[-1].name}",
    ]


def test_where_no_layers_are_known_only_names_are_taken():
    with pytest.raises(PruneError, match="the layers are not known here, only their names"):
        Selection("rules", {layers.Dense: None}, NOTHING)


def test_what_is_no_selector_is_refused():
    with pytest.raises(PruneError, match=r"0\.5 says no layers"):
        Selection("keep", 0.5, NOTHING)


def test_unknown_names_list_the_nearest():
    places = [Place((f"block_{i}_expand",)) for i in range(12)]
    with pytest.raises(PruneError, match="the model has block_3_expand"):
        Selection("keep_float", ["block3_expand"], NOTHING).check([places], "")
    assert near("f_0", ["backbone/f0", "head"]) == "backbone/f0 and 1 more"
