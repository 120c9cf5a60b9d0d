"""What `import tfprune` promises: the names, their examples, the house, and no TensorFlow."""

import ast
import dataclasses
import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
import types

import pytest

import tfprune

from .sessions import in_fresh_sessions

MODULES = [
    m.name for m in pkgutil.walk_packages(tfprune.__path__, "tfprune.") if "__main__" not in m.name
]


def python(code, cwd=None):
    """Return what a fresh session prints, its errors included."""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=cwd)
    return ran.stdout if ran.returncode == 0 else ran.stderr


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_in_the_docstrings_run(module):
    results = doctest.testmod(importlib.import_module(module))
    assert results.failed == 0


@pytest.mark.parametrize("name", [n for n in tfprune.__all__ if n != "__version__"])
def test_every_public_name_exists_and_says_what_it_is(name):
    assert getattr(tfprune, name).__doc__


def test_all_is_what_is_visible():
    assert sorted(tfprune.__all__) == sorted(dir(tfprune))
    assert len(tfprune._PUBLIC) <= 45


TFMOT = {"PolynomialDecay", "PruneLowMagnitude", "PruningOptimizer", "prune_low_magnitude"}
"""They keep the positions that users of tfmot know."""


def test_a_dataclass_takes_five_fields_or_more_by_name_alone():
    mixed = {
        cls.__name__
        for module in map(importlib.import_module, MODULES)
        for cls in vars(module).values()
        if dataclasses.is_dataclass(cls)
        and len(fields := [f for f in dataclasses.fields(cls) if f.init]) >= 5
        and not all(f.kw_only for f in fields)
    }
    assert mixed - TFMOT == set()


@pytest.mark.parametrize("name", sorted({*tfprune.__all__} - TFMOT - {"plan_pruning"}))
def test_what_is_public_takes_four_arguments_by_position_at_most(name):
    given = getattr(tfprune, name)
    told = isinstance(given, types.FunctionType) or dataclasses.is_dataclass(given)
    arguments = inspect.signature(given).parameters.values() if told else ()
    by_position = [p.name for p in arguments if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert len(by_position) <= 4


def test_type_checkers_are_told_of_every_public_name_where_it_lives():
    told = {}
    for node in ast.walk(ast.parse(inspect.getsource(tfprune))):
        if isinstance(node, ast.ImportFrom) and node.col_offset:
            told |= {alias.asname: node.module for alias in node.names if alias.asname}
    own_files = {
        name: f"{tfprune._PUBLIC[name]}.{name}" for name in ("benchmark", "verify", "recalibrate")
    }
    assert told == {
        **tfprune._PUBLIC,
        **own_files,  # the room has a file of the function's name: checkers would see the file
        **dict.fromkeys(["android", "criteria", "rewriting"], "tfprune"),
    }


def test_an_unknown_name_says_the_nearest():
    with pytest.raises(AttributeError, match=r"no attribute 'convertt'; it has convert\b"):
        tfprune.convertt  # noqa: B018


@pytest.mark.parametrize("statement", ["import tfprune", "import tfprune; tfprune.PruneError"])
def test_importing_tfprune_imports_neither_tensorflow_nor_keras(statement):
    check = f"{statement}; import sys; print({{'tensorflow', 'keras', 'numpy'}} & set(sys.modules))"
    output = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert output.stdout.strip() == "set()"


@pytest.fixture(scope="module")
def half_done(tmp_path_factory):
    """A folder with a model that is half pruned and half in int8."""
    import keras

    folder = tmp_path_factory.mktemp("half")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    tfprune.prune_low_magnitude(model).save(folder / "wrapped.keras")
    tfprune.quantize_model(model).save(folder / "int8.keras")
    return folder


LOADING = "[keras.saving.load_model(f) for f in ('wrapped.keras', 'int8.keras')]"
NAMES = ("android.benchmark_android", "rewriting.plan_sparse_ready", "criteria.Taylor")
ORDERS = (
    "import keras, tfprune",
    "import tfprune; tfprune.PruneError; import keras",
    "import tfprune.cli, keras",
    "import keras; from tfprune.graph import Calls",
    "import tfprune.tflite, tfprune.keras_files, keras; tfprune.verify",
)


@pytest.fixture(scope="module")
def printed(half_done):
    """What is printed by a session for each name, and one for each order of imports."""
    codes = [f"import tfprune; tfprune.{name}" for name in NAMES]
    return in_fresh_sessions([*codes, *(f"{o}; {LOADING}" for o in ORDERS)], cwd=half_done)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_the_docs_write_out_works_in_a_fresh_session(printed, name):
    assert printed[f"import tfprune; tfprune.{name}"] == ""


@pytest.mark.parametrize("imports", ORDERS)
def test_keras_loads_our_layers_whichever_was_imported_first(printed, imports):
    assert printed[f"{imports}; {LOADING}"] == ""


def test_keras_loads_our_layers_where_tfprune_imports_it_with_tensorflow(half_done):
    assert python(f"import tfprune; tfprune.convert; import keras; {LOADING}", half_done) == ""


def test_keras_is_found_as_if_nobody_had_waited_for_it_and_loads_our_layers(half_done):
    found = "type(keras.__loader__).__name__, keras.__spec__.loader is keras.__loader__"
    waiting = "[f for f in sys.meta_path if 'tfprune' in type(f).__module__]"
    code = f"import tfprune, keras, sys; print({found}, {waiting}); {LOADING}"
    assert python(code, half_done) == "SourceFileLoader True []\n"


def test_no_submodule_hides_a_public_function():
    submodules = {m.name for m in pkgutil.iter_modules(tfprune.__path__)}
    # `criteria` is public as the module it is: it holds the criteria.
    assert submodules & set(tfprune.__all__) == {"criteria"}
