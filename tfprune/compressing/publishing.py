"""What a run leaves on top of its folder."""

from __future__ import annotations

from pathlib import Path

from tfprune import files
from tfprune.compressing.result import CompressResult
from tfprune.recipes import Recipe, yaml_of
from tfprune.runs import FinishedStep


def publish(result: CompressResult, recipe: Recipe, report: FinishedStep | None) -> None:
    """Write the best file, its network, the recipe as used and the report, each whole."""
    out = Path(result.out)
    files.write_bytes(out / "model.tflite", files.read_bytes(result.best.path))
    files.write_bytes(out / "model.keras", files.read_bytes(result.best.keras_path))
    files.write_text(out / "recipe.yaml", yaml_of(recipe))
    files.write_json(out / "result.json", result.to_dict())
    if report is None:
        return
    for path in (report.file("report.json"), report.file("report.html")):
        if path.exists():
            files.write_bytes(out / path.name, files.read_bytes(path))
