"""Every script in examples/ runs, on less data than by hand."""

import importlib.util
import inspect
import pathlib

import pytest

EXAMPLES = sorted((pathlib.Path(__file__).parents[1] / "examples").glob("*.py"))
SLOW = {
    "qat",
    "sparse_mobilenet",
    "structured_mobilenet",
    "two_workers",
    "your_images",
    "your_text",
}  # half a minute each; `make proof` runs them


def each():
    for path in EXAMPLES:
        marks = [pytest.mark.proof] if path.stem in SLOW else []
        yield pytest.param(path, id=path.stem, marks=marks)


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    return example


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("path", each())
def test_an_example_runs(path):
    main = load(path).main
    sized = "samples" in inspect.signature(main).parameters
    main(**({"samples": 500, "epochs": 2} if sized else {}))


def test_the_tfmot_example_prunes_only_the_layer_it_wraps():
    (path,) = [path for path in EXAMPLES if path.stem == "coming_from_tfmot"]
    assert load(path).main() == [0.0, 0.5, 0.0]
