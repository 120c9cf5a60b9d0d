"""A .tflite file as data: its graphs, tensors and ops."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tfprune import files
from tfprune.tflite.tensor import Tensor


@dataclass(frozen=True, kw_only=True)
class Op:
    """One operation.

    Args:
        index: Its place in the subgraph, in execution order.
        name: The builtin's name, `"CONV_2D"`, or a custom op's code, `"FlexErf"`.
        version: The op version that a runtime must know.
        inputs: Tensor indices; -1 is an optional input left out.
        outputs: Tensor indices.
        options: The fields of the op's options table, with the names of `schema.fbs` in camel
            case, e.g. `{"padding": 1, "strideH": 2, ...}`.
        custom: Whether it is a custom or a TensorFlow (Flex) op.
        graph: The number of its subgraph, in which its tensor indices count.
        custom_options: What a custom op is given, in a form of its own.
    """

    index: int
    name: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: dict[str, Any]
    custom: bool = False
    graph: int = 0
    custom_options: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, kw_only=True)
class Subgraph:
    """One graph of a file: the first is the model, others are bodies of loops and branches."""

    name: str
    tensors: tuple[Tensor, ...]
    ops: tuple[Op, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class TFLiteModel:
    """A .tflite file as data.

    Args:
        path: Where it was read from; None if it was given as bytes.
        content: The whole file.
        subgraphs: The graphs in it; `tensors`, `ops`, `inputs`, `outputs` are those of the first.
    """

    path: str | None
    content: builtins.bytes = field(repr=False)
    subgraphs: tuple[Subgraph, ...]

    @property
    def bytes(self) -> int:
        """The size of the file."""
        return len(self.content)

    @cached_property
    def gzip_bytes(self) -> int:
        """The size of the file after gzip -9."""
        return files.gzip_bytes(self.content)

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The tensors of the main graph."""
        return self.subgraphs[0].tensors

    @property
    def ops(self) -> tuple[Op, ...]:
        """The ops of the main graph, in execution order."""
        return self.subgraphs[0].ops

    @cached_property
    def all_ops(self) -> tuple[Op, ...]:
        """The ops of all graphs, those in the bodies of loops and branches too."""
        return tuple(op for graph in self.subgraphs for op in graph.ops)

    @property
    def all_tensors(self) -> Iterator[Tensor]:
        """The tensors of all graphs."""
        return (tensor for graph in self.subgraphs for tensor in graph.tensors)

    def read_by(self, op: Op) -> list[Tensor | None]:
        """Return the tensors that an op reads, in its own graph; None for one left out."""
        tensors = self.subgraphs[op.graph].tensors
        return [tensors[index] if index >= 0 else None for index in op.inputs]

    def written_by(self, op: Op) -> list[Tensor]:
        """Return the tensors that an op writes; none if it only sets a variable."""
        tensors = self.subgraphs[op.graph].tensors
        return [tensors[index] for index in op.outputs]

    @property
    def inputs(self) -> tuple[int, ...]:
        """The tensor indices of the model's inputs."""
        return self.subgraphs[0].inputs

    @property
    def outputs(self) -> tuple[int, ...]:
        """The tensor indices of the model's outputs."""
        return self.subgraphs[0].outputs
