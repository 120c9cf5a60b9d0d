import keras
import pytest


@pytest.fixture(autouse=True)
def _names_start_again():
    """Operations without a name are `softmax`, not `softmax_17`."""
    keras.utils.clear_session(free_memory=False)
