"""What `import tfprune` promises: the names, their examples, the house, and no TensorFlow."""

import doctest
import importlib
import pkgutil
import subprocess
import sys

import pytest

import tfprune

MODULES = [
    m.name for m in pkgutil.walk_packages(tfprune.__path__, "tfprune.") if "__main__" not in m.name
]


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_in_the_docstrings_run(module):
    results = doctest.testmod(importlib.import_module(module))
    assert results.failed == 0


@pytest.mark.parametrize("name", [n for n in tfprune.__all__ if n != "__version__"])
def test_every_public_name_exists_and_says_what_it_is(name):
    assert getattr(tfprune, name).__doc__


def test_all_is_what_is_visible():
    assert sorted(tfprune.__all__) == sorted(dir(tfprune))
    assert len(tfprune.__all__) <= 30


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'prune'"):
        tfprune.prune  # noqa: B018


@pytest.mark.parametrize("statement", ["import tfprune", "import tfprune; tfprune.PruneError"])
def test_importing_tfprune_imports_neither_tensorflow_nor_keras(statement):
    check = f"{statement}; import sys; print({{'tensorflow', 'keras', 'numpy'}} & set(sys.modules))"
    output = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert output.stdout.strip() == "set()"


def test_a_half_trained_model_loads_where_keras_was_imported_first(tmp_path):
    import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    tfprune.prune_low_magnitude(model).save(tmp_path / "half.keras")
    load = "import keras, tfprune; keras.saving.load_model('half.keras')"
    assert subprocess.run([sys.executable, "-c", load], cwd=tmp_path).returncode == 0


def test_no_submodule_hides_a_public_function():
    submodules = {m.name for m in pkgutil.iter_modules(tfprune.__path__)}
    # `criteria` is public as the module it is: it holds the criteria.
    assert submodules & set(tfprune.__all__) == {"criteria"}
