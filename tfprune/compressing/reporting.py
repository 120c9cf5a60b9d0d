"""The report of a run: the dense model, what was chosen, and all that was tried."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tfprune.compressing.job import Job, TriedFile
from tfprune.compressing.journey import Travelled
from tfprune.compressing.measuring import is_profile
from tfprune.compressing.own_classes import has_code
from tfprune.compressing.searching import sensitivity_of
from tfprune.errors import MissingExtra
from tfprune.reports import Trial
from tfprune.runs import FinishedStep


def report_of(job: Job, travelled: Travelled) -> FinishedStep:
    """Measure the models that matter side by side, and write them as JSON and as a page.

    Without the extra that draws, the page is left out, and the run says so.
    """
    best, dense = travelled.best, travelled.dense
    models = {"dense": str(dense.path)}
    if best.keras_path != str(dense.path):
        models[best.network] = best.keras_path
    if best.precision != "float32" or best.how:
        models[best.name] = best.path

    def do(folder: Path) -> dict[str, Any]:
        from tfprune.comparing import compare
        from tfprune.reports import report

        named = {label: _measurable(job, path) for label, path in models.items()}
        record = compare(
            named,
            *job.way.judged_on,
            title=f"{job.model.name}, compressed",
            phone=job.recipe.target if is_profile(job.recipe.target) else None,
            trials=[_trial(tried, travelled) for tried in travelled.trials],
            sensitivity=sensitivity_of(job, dense, travelled.samples) if job.searches else (),
            latency=travelled.predicted,
        )
        record.save(folder / "report.json")
        try:
            report(record, folder / "report.html")
        except MissingExtra as error:
            return {"page": error.fix}
        return {"page": None}

    asked = {
        "models": list(models),
        "files": [Path(path).parent.name for path in models.values()],
        "trials": [tried.name for tried in travelled.trials],
        "way": job.way.key,
        "searches": job.searches,
        "times": [tried.usage.get("latency_ms") for tried in travelled.trials],
        "predicted": [(one.label, one.predicted) for one in travelled.predicted],
    }
    done = job.run.step("report", asked, do)
    if done.record["page"] is not None:
        job.stages.remark(f"no report.html: {done.record['page']}")
    return done


def _measurable(job: Job, path: str) -> Any:
    """Return what `compare` takes: a path, or a model whose file it would not load."""
    return job.load(Path(path)) if path.endswith(".keras") and has_code(job.model) else path


def _trial(tried: TriedFile, travelled: Travelled) -> Trial:
    return Trial(
        label=tried.name,
        metric=tried.metrics[travelled.bar.metric],
        median_ms=tried.usage.get("latency_ms"),
        bytes=Path(tried.path).stat().st_size,
        kept=tried == travelled.best,
        reason=tried.judgement,
    )
