"""The ResNets are fed as their pretrained weights expect."""

import numpy as np

from proofs.training import augmented, normalise


def test_images_are_normalised_as_pytorch_does():
    white_and_black = np.array([[255] * 3, [0] * 3], np.uint8)
    expected = [
        [0.515 / 0.229, 0.544 / 0.224, 0.594 / 0.225],
        [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225],
    ]
    np.testing.assert_allclose(normalise(white_and_black), expected, rtol=1e-5)


def test_an_image_moves_by_up_to_4_pixels_and_black_moves_in():
    white = normalise(np.full((64, 32, 32, 3), 255, np.uint8))
    [(moved, labels)] = augmented(white, np.arange(64), batch=64)
    black = normalise(np.zeros(3, np.uint8))
    is_black = np.isclose(moved, black, atol=1e-5).all(-1)
    is_white = np.isclose(moved, white[0, 0, 0], atol=1e-5).all(-1)
    assert (is_black | is_white).all()
    assert is_black[:, 16].sum(axis=1).max() == 4
    assert is_white[:, 4:28, 4:28].all()
    assert sorted(labels.numpy()) == list(range(64))
