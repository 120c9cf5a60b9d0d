"""Training that is interrupted ends with the weights of training that is not."""

import keras
import numpy as np
import pytest
from keras import layers

from tfprune.compressing.fitting import Lessons, cosine, fit_and_keep_best


class StopAt(keras.callbacks.Callback):
    """Ctrl-C in the middle of an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.model.optimizer.iterations == 4 * self.epoch + 2:
            raise KeyboardInterrupt


def network():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), layers.Dropout(0.5), layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.1), "mse")
    return model


def fit(model, folder, judged=None, until=4, callbacks=()):
    x = np.random.default_rng(0).normal(size=(16, 3))
    data = {"x": x, "y": x[:, :1], "batch_size": 4, "shuffle": True}
    losses = iter(judged or range(9, 0, -1))
    lessons = Lessons(
        epochs=4,
        until=until,
        better=lambda first, second: first["loss"] < second["loss"],
        seed=0,
        folder=folder,
    )
    return fit_and_keep_best(
        model, data, lambda _: {"loss": next(losses)}, lessons, rate=0.1, callbacks=callbacks
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Trained without an interruption."""
    model = network()
    fit(model, tmp_path_factory.mktemp("whole"))
    return model


@pytest.mark.parametrize("epoch", [0, 2])
def test_an_interrupted_training_ends_as_if_it_had_not_been(whole, tmp_path, epoch):
    (tmp_path / "cut").mkdir()
    with pytest.raises(KeyboardInterrupt):
        fit(network(), tmp_path / "cut", callbacks=[StopAt(epoch)])
    again = network()
    again.set_weights([0 * w for w in again.get_weights()])  # what it was does not matter
    fit(again, tmp_path / "cut", judged=range(8 - epoch, 0, -1))
    for one, other in zip(whole.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_weights_of_the_best_epoch_are_kept(tmp_path):
    losses = [5, 4, 1, 3, 2]
    longer, shorter = network(), network()
    metrics = fit(longer, tmp_path, judged=losses)
    (tmp_path / "b").mkdir()
    fit(shorter, tmp_path / "b", judged=losses, until=2)
    assert [m["loss"] for m in metrics] == losses
    np.testing.assert_array_equal(longer.get_weights()[0], shorter.get_weights()[0])


def test_training_that_only_harms_is_undone(tmp_path):
    model = network()
    before = model.get_weights()[0]
    fit(model, tmp_path, judged=[1, 2, 3, 4, 5])
    np.testing.assert_array_equal(model.get_weights()[0], before)


def test_a_callback_hears_of_one_beginning_and_stops_the_training(tmp_path):
    heard = []

    class Ears(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            heard.append("begin")

        def on_epoch_end(self, epoch, logs=None):
            heard.append(epoch)
            self.model.stop_training = epoch == 1

    metrics = fit(network(), tmp_path, callbacks=[Ears()])
    assert heard == ["begin", 0, 1] and len(metrics) == 3


def test_the_learning_rate_falls_over_all_epochs():
    assert [round(cosine(0.2, epoch, 2), 6) for epoch in (0, 1, 2)] == [0.2, 0.1, 0.0]
