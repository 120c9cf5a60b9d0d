"""A table of words loses the rows that nobody uses; what is left computes what it did."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from tfprune.errors import PruneError
from tfprune.surgery import cut_vocabulary


def reader(rows=10, mask_zero=False, name="words"):
    ids = keras.Input((3,), dtype="int32", name="ids")
    x = layers.Embedding(rows, 2, mask_zero=mask_zero, name=name)(ids)
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(ids, layers.Dense(1, name="head")(x), name="reader")


SENTENCES = np.array([[7, 3, 0], [9, 3, 3]], "int32")


def test_rows_that_the_data_uses_stay_in_their_order():
    model = reader()
    cut = cut_vocabulary(model, SENTENCES)
    assert cut.kept.tolist() == [0, 3, 7, 9]
    old, new = (own.get_layer("words").get_weights()[0] for own in (model, cut.model))
    np.testing.assert_array_equal(new, old[[0, 3, 7, 9]])
    assert model.get_layer("words").input_dim == 10  # the user's own is as it was


@pytest.mark.parametrize("mask_zero", [False, True])
def test_the_model_says_of_new_ids_what_it_said_of_old_ones(mask_zero):
    model = reader(mask_zero=mask_zero)
    cut = cut_vocabulary(model, SENTENCES)
    np.testing.assert_allclose(cut.model(cut.ids(SENTENCES)), model(SENTENCES), atol=1e-6)


def test_an_unknown_word_becomes_the_word_for_unknown_ones():
    cut = cut_vocabulary(reader(), SENTENCES, unknown=1)
    assert cut.kept.tolist() == [0, 1, 3, 7, 9]
    assert cut.ids([[9, 8, 0]]).tolist() == [[4, 1, 0]]
    assert cut.ids(SENTENCES).dtype == np.int32


def test_without_such_a_word_a_cut_one_is_an_error():
    with pytest.raises(PruneError, match="words that were cut: 4, 8"):
        cut_vocabulary(reader(), SENTENCES).ids([8, 4, 3])


def test_an_id_that_never_was_is_an_error():
    with pytest.raises(PruneError, match="ids from -1 to 3"):
        cut_vocabulary(reader(), SENTENCES, unknown=1).ids([-1, 3])


def test_words_that_are_used_too_seldom_go():
    cut = cut_vocabulary(reader(), SENTENCES, at_least=2, unknown=1)
    assert cut.kept.tolist() == [0, 1, 3]  # 3 is used three times, 7 and 9 once
    assert cut.ids(SENTENCES).tolist() == [[1, 2, 0], [1, 2, 2]]
    with pytest.raises(PruneError, match="with unknown="):
        cut_vocabulary(reader(), SENTENCES, at_least=2)


def test_words_are_the_lines_of_the_new_vocabulary():
    cut = cut_vocabulary(reader(), SENTENCES, keep=[5])
    assert cut.words(list("abcdefghij")) == ["a", "d", "f", "h", "j"]
    with pytest.raises(PruneError, match="2 words for a table of 10 rows"):
        cut.words(["a", "b"])


def test_two_inputs_of_one_table_share_the_new_ids():
    words = layers.Embedding(10, 2, name="words")
    pair = [keras.Input((2,), dtype="int32", name=name) for name in ("question", "answer")]
    model = keras.Model(pair, layers.Dot(2)([words(ids) for ids in pair]))
    data = {"question": np.array([[1, 2]]), "answer": np.array([[8, 2]])}
    cut = cut_vocabulary(model, data)
    assert cut.kept.tolist() == [0, 1, 2, 8]


def test_of_several_tables_one_is_named():
    words, places = (keras.Input((2,), dtype="int32", name=name) for name in ("words", "places"))
    tables = [layers.Embedding(9, 2, name=f"{i.name}_table")(i) for i in (words, places)]
    model = keras.Model([words, places], layers.Add()(tables))
    data = {"words": np.array([[1, 2]]), "places": np.array([[0, 5]])}
    with pytest.raises(PruneError, match="several tables read inputs: places_table, words_table"):
        cut_vocabulary(model, data)
    with pytest.raises(PruneError, match="words_table"):
        cut_vocabulary(model, data, layer="word_table")
    small = cut_vocabulary(model, data, layer="words_table").model
    assert [small.get_layer(f"{n}_table").input_dim for n in ("words", "places")] == [3, 9]


def test_a_table_within_a_nested_model_is_cut():
    inner = reader()
    ids = keras.Input((3,), dtype="int32")
    model = keras.Model(ids, inner(ids))
    cut = cut_vocabulary(model, SENTENCES)
    np.testing.assert_allclose(cut.model(cut.ids(SENTENCES)), model(SENTENCES), atol=1e-6)


def test_ids_that_are_compared_with_a_number_are_refused():
    ids = keras.Input((3,), dtype="int32")
    ends = ops.cast(ops.expand_dims(ops.equal(ids, 9), -1), "float32")
    model = keras.Model(ids, layers.Embedding(10, 2, name="words")(ids) + ends)
    with pytest.raises(PruneError, match="it uses ids for more than to look up"):
        cut_vocabulary(model, SENTENCES)


def test_a_model_without_ids_is_refused():
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    with pytest.raises(PruneError, match="no Embedding reads an input"):
        cut_vocabulary(model, np.zeros((1, 3)))


def test_a_table_with_lora_is_refused():
    model = reader()
    model.get_layer("words").enable_lora(2)
    with pytest.raises(PruneError, match="LoRA"):
        cut_vocabulary(model, SENTENCES)


def test_an_id_to_keep_lies_within_the_table():
    with pytest.raises(PruneError, match="a table of 10 rows"):
        cut_vocabulary(reader(), SENTENCES, keep=[10])


def test_a_frozen_table_stays_frozen():
    model = reader()
    model.get_layer("words").trainable = False
    assert not cut_vocabulary(model, SENTENCES).model.get_layer("words").trainable
