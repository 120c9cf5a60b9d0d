"""Whole networks, against TensorFlow's profiler: not one multiply-accumulate of difference."""

import keras
import pytest

from tests.counts.profiler import profiled_macs
from tfprune.counts import count

FAMILIES = {
    "ConvNeXtTiny": 64,
    "DenseNet121": 64,
    "EfficientNetB0": 64,
    "EfficientNetV2B0": 64,
    "InceptionResNetV2": 96,
    "InceptionV3": 96,
    "MobileNet": 64,
    "MobileNetV2": 64,
    "MobileNetV3Large": 64,
    "MobileNetV3Small": 64,
    "NASNetMobile": 64,
    "ResNet50": 64,
    "ResNet50V2": 64,
    "VGG16": 64,
    "VGG19": 64,
    "Xception": 96,
}


def check(name):
    size = FAMILIES[name]
    build = getattr(keras.applications, name)
    model = build(weights=None, input_shape=(size, size, 3), classes=10)
    counts = count(model)
    assert counts.macs == profiled_macs(model)
    assert counts.params == model.count_params()
    assert counts.notes == ()


@pytest.mark.parametrize("name", ["MobileNetV2", "ResNet50"])
def test_two_networks(name):
    check(name)


@pytest.mark.proof
@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_of_keras_applications(name):
    check(name)
    keras.backend.clear_session()


def test_resnet50_has_the_macs_that_its_paper_gives():
    """He et al. 2015, arXiv:1512.03385, table 1: 3.8 x 10^9 multiply-adds at 224 x 224."""
    image = keras.Input((None, None, 3))
    net = keras.applications.ResNet50(weights=None, include_top=False, input_tensor=image)
    assert count(net, (224, 224, 3)).macs == 3_855_925_248  # without the head's 2048 x 1000
