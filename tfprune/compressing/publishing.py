"""What a run leaves on top of its folder."""

from __future__ import annotations

from pathlib import Path

from tfprune import files
from tfprune.compressing.feeding import inputs_of_samples
from tfprune.compressing.journey import Travelled
from tfprune.compressing.result import CompressResult
from tfprune.recipes import Recipe, yaml_of
from tfprune.runs import FinishedStep
from tfprune.verification import golden_sample


def publish(
    result: CompressResult, recipe: Recipe, report: FinishedStep | None, travelled: Travelled
) -> None:
    """Write the best file, its golden sample and network, recipe and report, each whole."""
    out = Path(result.out)
    files.write_bytes(out / "model.tflite", files.read_bytes(result.best.path))
    names = travelled.dense.done.record["inputs"]
    arrays = inputs_of_samples(travelled.samples.file("samples.npz")).values()
    golden_sample(out / "model.tflite", dict(zip(names, arrays, strict=True)))
    files.write_bytes(out / "model.keras", files.read_bytes(result.best.keras_path))
    files.write_text(out / "recipe.yaml", yaml_of(recipe))
    files.write_json(out / "result.json", result.to_dict())
    if report is None:
        return
    for path in (report.file("report.json"), report.file("report.html")):
        if path.exists():
            files.write_bytes(out / path.name, files.read_bytes(path))
