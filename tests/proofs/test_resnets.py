"""The ResNets have the sizes of the paper and take PyTorch's weights."""

import keras
import numpy as np
import pytest

from proofs.counting import count_filters, count_macs, count_weights
from proofs.resnets import find_weights, load_weights, resnet, save_weights
from tfprune.errors import FileError


@pytest.fixture(scope="module")
def resnet20():
    keras.utils.set_random_seed(0)
    return resnet(20)


def test_resnet20_has_270_thousand_weights_and_41_million_macs(resnet20):
    assert count_weights(resnet20) == 269_722
    assert count_macs(resnet20) == 40_551_040


def test_resnet56_has_850_thousand_weights_and_126_million_macs():
    model = resnet(56)
    assert count_weights(model) == 853_018
    assert count_macs(model) == 125_485_696


def test_filters_are_counted_without_depthwise_channels():
    image = keras.Input((8, 8, 3))
    x = keras.layers.DepthwiseConv2D(3)(keras.layers.Conv2D(4, 1)(image))
    model = keras.Model(image, keras.layers.Conv2D(5, 1)(x))
    assert count_filters(model) == 9
    assert count_macs(model) == 8 * 8 * 3 * 4 + 6 * 6 * 9 * 4 + 6 * 6 * 4 * 5


def test_the_shortcut_takes_every_second_pixel_between_two_bands_of_zeros(resnet20):
    added = resnet20.get_layer("stage2_block1_add").input[1]
    before = resnet20.get_layer("stage1_block3_relu2").output
    x, shortcut = keras.Model(resnet20.input, [before, added])(np.ones((1, 32, 32, 3)))
    x, shortcut = np.asarray(x), np.asarray(shortcut)
    assert shortcut.shape == (1, 16, 16, 32)
    np.testing.assert_array_equal(shortcut[..., 8:24], x[:, ::2, ::2])
    assert not shortcut[..., :8].any() and not shortcut[..., 24:].any()


def test_a_convolution_with_stride_2_pads_all_four_sides_like_pytorch(resnet20):
    layer = resnet20.get_layer("stage2_block1_conv1")
    assert (layer.strides, layer.padding) == ((2, 2), "valid")
    assert layer.input.shape == (None, 34, 34, 16)


def test_it_comes_back_from_a_keras_file(resnet20, tmp_path):
    resnet20.save(tmp_path / "a.keras")
    x = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype("float32")
    again = keras.models.load_model(tmp_path / "a.keras")
    np.testing.assert_array_equal(again(x), resnet20(x))


def test_weights_are_stored_under_pytorchs_names_and_come_back(resnet20, tmp_path):
    save_weights(resnet20, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as file:
        assert len(file.files) == 97
        assert file["layer2.0.conv1.weight"].shape == (32, 16, 3, 3)
        assert file["linear.weight"].shape == (10, 64)
    other = resnet(20)
    load_weights(other, tmp_path / "a.npz")
    for one, two in zip(resnet20.variables, other.variables, strict=True):
        np.testing.assert_array_equal(one, two)


def test_weights_of_another_depth_are_refused(resnet20, tmp_path):
    save_weights(resnet20, tmp_path / "a.npz")
    with pytest.raises(FileError, match=r"layer1\.3\.conv1\.weight"):
        load_weights(resnet(56), tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", **np.load(tmp_path / "a.npz"), more=np.zeros(1))
    with pytest.raises(FileError, match="1 arrays too many"):
        load_weights(resnet20, tmp_path / "b.npz")


def test_missing_weights_name_the_folders_and_the_way_to_train_some(tmp_path, monkeypatch):
    monkeypatch.setenv("TFPRUNE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TFPRUNE_WEIGHTS", str(tmp_path / "mine"))
    with pytest.raises(FileError) as error:
        find_weights(20, "given")
    assert error.value.found == (
        f"no resnet20_cifar10.npz in given, {tmp_path}/mine, {tmp_path}/cache"
    )
    assert "python -m proofs.resnets --depths 20 --train" in error.value.fix
