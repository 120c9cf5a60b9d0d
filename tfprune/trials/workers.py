"""joblib's workers: processes here, or those of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tfprune.errors import MissingExtra, PruneError


def parallel(
    function: Callable[..., Any], calls: Sequence[tuple[Any, ...]], jobs: int | None
) -> Iterator[Any]:
    """Yield what a function returns for each call, as they end where the backend can tell."""
    joblib = _joblib()
    unordered = joblib.parallel.get_active_backend()[0].supports_return_generator
    run = joblib.Parallel(
        n_jobs=jobs,
        return_as="generator_unordered" if unordered else "list",
        batch_size=1,
        pre_dispatch="all",
    )
    yield from run(joblib.delayed(function)(*call) for call in calls)


def check_workers(jobs: int | None) -> None:
    """Check that trials would run in processes of their own, none of them forked.

    Raises:
        PruneError: threads share seeds and names, and TensorFlow does not survive a fork.
        MissingExtra: joblib is not installed.
    """
    joblib = _joblib()
    backend, configured = joblib.parallel.get_active_backend()
    alone = jobs == 1 or (jobs is None and configured in (None, 1))
    why = {
        "ThreadingBackend": "threads share one process, its random seeds and Keras' state",
        "MultiprocessingBackend": "it forks this process, and TensorFlow does not survive that",
    }.get(type(backend).__name__)
    if why is not None and not alone:
        raise PruneError(
            f"run trials with joblib's {type(backend).__name__}",
            why,
            'use backend="loky" (the default), "dask" or "ray"',
        )


def _joblib() -> Any:
    try:
        import joblib
    except ImportError as error:
        raise MissingExtra.named("run trials", "joblib", "sweep") from error
    return joblib
