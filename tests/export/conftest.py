import numpy as np
import pytest

from tfprune.export import convert

from .models import mobilenet, prune, warm


@pytest.fixture(scope="session")
def images():
    return np.random.default_rng(0).random((16, 32, 32, 3)).astype("float32")


@pytest.fixture(scope="session")
def pruned():
    """A MobileNet with 80 % zeros in 1x2 output blocks of its 1x1 convolutions."""
    return prune(warm(mobilenet()), 0.8)


@pytest.fixture(scope="session")
def converted(pruned, images, tmp_path_factory):
    """`converted(quantize, sparse)` converts the pruned MobileNet, each way once."""
    folder, done = tmp_path_factory.mktemp("converted"), {}

    def way(quantize=None, sparse="auto"):
        if (quantize, sparse) not in done:
            path = folder / f"{quantize}-{sparse}.tflite"
            data = images if quantize in ("int8", "int16x8") else None
            done[quantize, sparse] = convert(pruned, path, quantize, data, sparse=sparse)
        return done[quantize, sparse]

    return way
