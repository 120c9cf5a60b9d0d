"""Run many variants of a file on the same samples, in one process, and compare their outputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfprune.errors import PruneError
from tfprune.export.calibration import Sample
from tfprune.runners import Runner
from tfprune.runners.samples import order_inputs

Outputs = list[NDArray[Any]]


class Bench:
    """Outputs of variants of one model, compared with those of its float file.

    Args:
        folder: Where files may be written.
        float_content: The float file.
        samples: Inputs by name, one batch each.

    Raises:
        PruneError: the float file does not run, or gives no finite numbers.
    """

    def __init__(self, folder: str, float_content: bytes, samples: Sequence[Sample]) -> None:
        self._path, self._samples = Path(folder, "variant.tflite"), samples
        self._path.write_bytes(float_content)
        self._runner = Runner(self._path)
        self._float = self._run()
        if not all(np.isfinite(output).all() for output in self._float):
            self.close()
            raise PruneError(
                "compare int8 with float",
                "the float model's own output is not finite on this data",
                "check the model and the data",
            )

    def error(self, content: bytes) -> float:
        """Return how far a variant is off, relative, by root mean square; its worst output's."""
        self._path.write_bytes(content)
        self._runner.load(self._path)
        pairs = zip(self._run(), self._float, strict=True)
        return max(relative_error(found, wanted) for found, wanted in pairs)

    def _run(self) -> Outputs:
        ordered = [order_inputs(sample, self._runner.inputs) for sample in self._samples]
        found = [self._runner.run(arrays) for arrays in ordered]
        return [np.stack(output).astype(np.float64) for output in zip(*found, strict=True)]

    def close(self) -> None:
        """End the process."""
        self._runner.close()

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def relative_error(found: NDArray[Any], wanted: NDArray[Any]) -> float:
    """Return the root mean square of a difference over that of what was wanted.

    Example:
        >>> relative_error(np.array([3.0, 4.5]), np.array([3.0, 4.0]))
        0.1
    """
    size = float(np.linalg.norm(wanted))
    return float(np.linalg.norm(found - wanted)) / (size or 1.0)
