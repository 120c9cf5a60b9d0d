"""The app's benchmark and classifier on this machine's JVM, with the LiteRT that is installed here.

All Java is the app's but LiteRT's own classes: behind their signatures lies desktop.c, which calls
the C API of the library in ai-edge-litert.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import ai_edge_litert
import keras
import numpy as np
import pytest

from android_demo.make_assets import write_digits
from tests.android_app.building import LITERT, MAIN, compile_java
from tests.android_app.toolchain import Toolchain
from tests.export.models import mobilenet, warm
from tfprune import convert
from tfprune.demo.digits import place
from tfprune.demo.networks import small_mobilenet
from tfprune.emulation.commands import run
from tfprune.runners import Runner
from tfprune.verification import golden_sample

HERE = Path(__file__).with_name("desktop")
LIBRARY = Path(ai_edge_litert.__file__).with_name("libLiteRt.so")


@dataclass(frozen=True)
class Desktop:
    """Starts the app's core and its LiteRT classes."""

    tools: Toolchain
    folder: Path
    litert: Path

    def __call__(self, *words):
        """Return what it prints."""
        properties = (f"-Ddesktop={self.folder / 'desktop.so'}", f"-Dlitert={LIBRARY}")
        path = f"{self.folder / 'app'}:{self.litert}"
        return self.tools.java("java", *properties, "-cp", path, "Desktop", *words)

    def benchmark(self, folder, **settings):
        """Return the document of a benchmark of the models in `folder`."""
        settings = {"folder": folder, "warmup": 1, "rounds": "2,3"} | settings
        words = [str(word) for setting in settings.items() for word in setting]
        return json.loads(self("benchmark", folder, *words))


@pytest.fixture(scope="module")
def desktop(tools, tmp_path_factory):
    compiler = shutil.which("cc") or pytest.skip("needs a C compiler, e.g. gcc")
    folder = tmp_path_factory.mktemp("desktop")
    app = MAIN / "java/org/tfprune/demo"
    sources = [*app.glob("core/*.java"), *app.glob("litert/*.java"), *HERE.glob("*.java")]
    litert = compile_java(tools, LITERT.rglob("*.java"), folder / "litert")
    compile_java(tools, sources, folder / "app", litert)
    headers = ("-I", tools.jdk / "include", "-I", tools.jdk / "include/linux")
    options = ("-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", *headers)
    run([compiler, *options, "-o", folder / "desktop.so", HERE / "desktop.c", "-ldl"], "")
    return Desktop(tools, folder, litert)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The same network as float32 and with int8 in and out: 0.tflite and 1.tflite."""
    folder = tmp_path_factory.mktemp("models")
    model = warm(mobilenet(size=32))
    samples = np.random.default_rng(0).uniform(0, 1, (20, 32, 32, 3)).astype(np.float32)
    convert(model, folder / "0.tflite")
    images = ([sample[None]] for sample in samples)
    convert(model, folder / "1.tflite", "int8", lambda: images, io_dtype="int8")
    return folder


def write_inputs(path, named):
    """Write inputs as docs/android.md describes them."""
    parts = [
        struct.pack("<IQ", len(name), array.nbytes) + name.encode() + array.tobytes()
        for name, array in named.items()
    ]
    path.write_bytes(b"".join(parts))


def test_outputs_are_those_of_the_interpreter_on_the_host(desktop, models):
    expected = []
    for number in range(2):
        with Runner(models / f"{number}.tflite") as runner:
            [spec] = runner.inputs
            image = np.random.default_rng(1).integers(-100, 100, spec.shape).astype(spec.dtype)
            write_inputs(models / f"{number}.in", {spec.signature or spec.name: image})
            expected.append(runner.run([image])[0])
    document = desktop.benchmark(models, models=2)
    for model, wanted in zip(document["models"], expected, strict=True):
        [output] = model["outputs"]
        values = np.frombuffer(base64.b64decode(output["base64"]), output["type"])
        np.testing.assert_allclose(values.reshape(output["shape"]), wanted, atol=1e-6)


@pytest.mark.parametrize("number", [0, 1])
def test_an_app_sees_by_the_golden_sample_whether_its_file_is_right(desktop, models, number):
    file, out = models / f"{number}.tflite", models / f"{number}.golden.json"
    made = golden_sample(file, out=out, samples=2)
    assert desktop("golden", file, made.arrays_path).strip() == "true"
    arrays = dict(np.load(made.arrays_path))
    arrays["1_output_0"].flat[0] += 100  # what another machine would have given
    np.savez(made.arrays_path, **arrays)
    assert desktop("golden", file, made.arrays_path).strip() == "false"


def test_every_run_of_every_round_is_reported(desktop, models):
    document = desktop.benchmark(models, models=2, threads=2)
    assert (document["format"], document["runner"], document["threads"]) == (1, "app", 2)
    assert [model["file"] for model in document["models"]] == ["0.tflite", "1.tflite"]
    for model in document["models"]:
        assert [len(own) for own in model["rounds_ms"]] == [2, 3]
        times = [ms for own in model["rounds_ms"] for ms in own]
        assert min(model["load_ms"], model["first_ms"], *times) > 0
        assert model["peak_memory_bytes"] > 0 and model["delegate"] == "XNNPACK"


@pytest.mark.parametrize("content", [b"", b"no model at all", None])
def test_what_is_no_model_is_an_error_that_names_it(desktop, tmp_path, content):
    if content is not None:
        (tmp_path / "0.tflite").write_bytes(content)
    error = desktop.benchmark(tmp_path)["error"]
    assert (error["file"], error["step"]) == ("0.tflite", "load")
    assert "0.tflite" in error["text"]


def test_without_models_it_is_seen_whether_litert_starts(desktop, tmp_path):
    document = desktop.benchmark(tmp_path, models=0)
    assert document["models"] == [] and document["runtime"].startswith("LiteRT")


def test_an_app_without_litert_says_so(desktop, models):
    alone = dataclasses.replace(desktop, litert=models)
    error = alone.benchmark(models)["error"]
    assert (error["file"], error["step"]) == ("", "library")
    assert error["text"].startswith("LiteRT is not in this app")


def test_inputs_of_another_model_are_an_error(desktop, models, tmp_path):
    (tmp_path / "0.tflite").symlink_to(models / "0.tflite")
    write_inputs(tmp_path / "0.in", {"other": np.zeros(3, np.float32)})
    error = desktop.benchmark(tmp_path)["error"]
    assert (error["file"], error["step"]) == ("0.tflite", "input")
    assert "only [other]" in error["text"]


def knows(images, labels):
    """A network of the demo that knows these digits by heart: its head is solved for them."""
    keras.utils.set_random_seed(0)
    model = warm(small_mobilenet(width=0.25))
    features = keras.Model(model.input, model.layers[-2].output)(images).numpy()
    features = np.c_[features, np.ones(len(features))]
    head = np.linalg.lstsq(features, 5 * np.eye(10)[labels], rcond=None)[0]
    model.layers[-1].set_weights([head[:-1], head[-1]])
    return model


def test_a_digit_is_seen_as_on_the_host(desktop, tmp_path):
    write_digits(tmp_path / "digits.bin")
    records = np.fromfile(tmp_path / "digits.bin", np.uint8)[4:].reshape(20, -1)
    labels, images = records[:, 0], place(np.float32(records[:, 1:].reshape(20, 28, 28)) / 255)
    convert(knows(images, labels), tmp_path / "m.tflite")
    said = desktop("classify", tmp_path / "m.tflite", tmp_path / "digits.bin").splitlines()
    shown, guesses, confidences = np.array([line.split() for line in said], float).T
    assert shown.tolist() == guesses.tolist() == labels.tolist() == [*range(10), *range(10)]
    with Runner(tmp_path / "m.tflite") as runner:
        scores = np.exp(np.concatenate([runner.run([image[None]])[0] for image in images]))
    expected = scores.max(1) / scores.sum(1)
    np.testing.assert_allclose(confidences, expected, rtol=1e-4)


def test_the_chart_shows_both_models(desktop, models):
    picture = ElementTree.fromstring(desktop("chart", models / "0.tflite", models / "1.tflite"))
    texts = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {"0.tflite", "1.tflite"} < set(texts) and sum(" ms" in text for text in texts) == 2
