"""Errors and notes speak the language of the command line."""

from __future__ import annotations

import pytest

from tfprune.cli.parser import build_parser
from tfprune.cli.speaking import spoken


def options(*words):
    return build_parser().parse_args(words).options


@pytest.mark.parametrize(
    ("python", "words"),
    [
        ("representative_dataset=x_train", "--representative-data inputs.npy"),
        ("keep_float=['head', 'block 1/*']", "--keep-float head --keep-float 'block 1/*'"),
        ("quantize='int8'", "--quantize int8"),
        ("sparse=True", "--sparse yes"),
        ("sparse='auto'.", "--sparse auto."),
        ("something=else", "something=else"),
        (
            "tfprune.verify(model, 'm.tflite')",
            "`tfprune verify`",
        ),
    ],
)
def test_arguments_of_python_become_options(python, words):
    assert (
        spoken(f"use {python}", options("convert", "m.keras", "-o", "m.tflite")) == f"use {words}"
    )


def test_flags_and_shapes_are_written_as_they_are_typed():
    benchmark = options("benchmark", "m.tflite")
    assert spoken("per_op=True, xnnpack=False", benchmark) == "--per-op, --no-xnnpack"
    prune = options("prune", "m.keras")
    assert spoken("input_shape=(224, 224, 3)", prune) == "--input-shape 224x224x3"
    assert spoken("ratio={'f0': 0.2, 'b*': 0.3}", prune) == "--ratio f0=0.2 --ratio 'b*=0.3'"


def test_an_error_of_the_command_line_names_its_own_options(run, tmp_path):
    words = ["convert", "model.keras", "-o", tmp_path / "m.tflite", "--quantize", "int8"]
    code, _, err = run(*words)
    assert code == 1 and "--representative-data" in err and "representative_dataset" not in err
