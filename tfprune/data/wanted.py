"""What a model or a file takes, in words that data can be held against."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from tfprune.errors import PruneError

FIX = (
    "pass inputs preprocessed as in training, in a form that fit takes: an array, a dict by input "
    "name, (inputs, targets), e.g. (x, y), or train_dataset.take(20)"
)


@dataclass(frozen=True)
class Usual:
    """The values an input had in training, as a layer right behind it remembers them.

    Args:
        layer: The layer's name.
        mean: Its mean, of any shape that broadcasts against a batch.
        variance: Its variance, likewise.
    """

    layer: str
    mean: NDArray[Any]
    variance: NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Input:
    """One input of a model or file.

    Args:
        name: What the user calls it.
        shape: Its shape with the batch first; None where a size is open.
        dtype: NumPy's name, or `"string"`.
        aliases: Other names it is known by.
        stored: The integer type a file stores it in: integers of this type pass as they are.
        rows: How many rows the table has that its values are indices of; None if of none.
        table: The layer with that table.
        usual: What is known of its values in training.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str = "float32"
    aliases: tuple[str, ...] = ()
    stored: str | None = None
    rows: int | None = None
    table: str = ""
    usual: Usual | None = field(default=None, compare=False)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is asked of data.

    Args:
        asked: What the data is for, said in errors: `"recalibrate 'net'"`.
        inputs: In the order the model has them; None if it does not know its inputs.
        outputs: The names of its outputs, by which targets may be given.
        batch_size: Rows of a batch where the data does not come in batches; None for all rows of
            arrays at once.
        steps: At most so many batches; None for all.
        rows: At most so many rows; None for all.
        bound: At most so many rows of data that may have no end.
    """

    asked: str
    inputs: tuple[Input, ...] | None
    outputs: tuple[str, ...] = ()
    batch_size: int | None = 32
    steps: int | None = None
    rows: int | None = None
    bound: int = 100_000

    @property
    def fixed_size(self) -> int | None:
        """The batch size that the model has once and for all, None if it is open."""
        sizes = [spec.shape[0] for spec in self.inputs or () if spec.shape]
        return next((size for size in sizes if size is not None), None)

    @property
    def single(self) -> bool:
        """Whether the model is known to have one input."""
        return self.inputs is not None and len(self.inputs) == 1

    @property
    def names(self) -> list[str]:
        """The names of the inputs."""
        return [spec.name for spec in self.inputs or ()]

    def error(self, found: str, fix: str = FIX) -> PruneError:
        """Return the error for data that is not what is wanted."""
        return PruneError(self.asked, found, fix)
