"""Decode TFLite's sparse tensor encoding (TACO: dense and compressed levels, with blocks)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Level:
    """One level of the storage tree.

    Args:
        dense_size: The number of children of each node, or None for a compressed level.
        segments: Node `i` of a compressed level owns the children `segments[i]` up to
            `segments[i + 1]`.
        indices: The coordinate of each child of a compressed level.
    """

    dense_size: int | None
    segments: Indices
    indices: Indices


@dataclass(frozen=True)
class SparseEncoding:
    """How the stored values of a sparse tensor lie in the dense one.

    Args:
        order: The dimension that each level walks. Below the tensor's rank it is a dimension of
            the tensor, counted in blocks; from the rank on, a dimension inside the block.
        block_map: The tensor dimension that each block dimension divides.
        levels: One `Level` for each entry of `order`.

    The format is `SparsityParameters` in TensorFlow Lite's `schema.fbs`.
    """

    order: tuple[int, ...]
    block_map: tuple[int, ...]
    levels: tuple[Level, ...]

    @property
    def stored_bytes(self) -> int:
        """The bytes that the index arrays hold once they are widened to 64 bits."""
        return sum(level.segments.nbytes + level.indices.nbytes for level in self.levels)


def decode(
    values: NDArray[np.generic], encoding: SparseEncoding, shape: tuple[int, ...]
) -> NDArray[np.generic]:
    """Return the dense tensor of shape `shape` that `values` and `encoding` describe.

    Args:
        values: The stored values, flat, in storage order.
        encoding: Where they go.
        shape: The dense shape.

    Returns:
        An array of `shape` and the dtype of `values`, zero where nothing is stored.

    Raises:
        ValueError: the encoding does not describe a tensor of this shape.

    Example:
        A 2x2 matrix whose rows are dense and whose columns are compressed:

        >>> none = np.array([], np.int64)
        >>> rows = Level(2, none, none)
        >>> columns = Level(None, np.array([0, 1, 2]), np.array([1, 0]))
        >>> encoding = SparseEncoding((0, 1), (), (rows, columns))
        >>> decode(np.array([5, 7], np.int8), encoding, (2, 2)).tolist()
        [[0, 5], [7, 0]]
    """
    blocks = _block_sizes(encoding, len(shape))
    sizes = (*(_in_blocks(size, blocks, d) for d, size in enumerate(shape)), *_inner(encoding))
    nodes: Indices = np.zeros(1, np.int64)
    coordinates: dict[int, Indices] = {}
    # No level has more nodes than the values or the segments stored for the next: whatever a
    # shape claims, the lists below stay as long as what the file holds.
    most = max(len(values), *(len(level.segments) for level in encoding.levels), 0)
    for dimension, level in zip(encoding.order, encoding.levels, strict=True):
        parents, nodes, index = _descend(level, nodes, sizes[dimension], most)
        coordinates = {d: c[parents] for d, c in coordinates.items()}
        coordinates[dimension] = index
    if len(nodes) != len(values):
        raise ValueError(f"{len(values)} values stored, {len(nodes)} places for them")
    dense = np.zeros(shape, values.dtype)
    dense[_positions(coordinates, encoding, blocks, len(shape))] = values[nodes]
    return dense


def _inner(encoding: SparseEncoding) -> tuple[int, ...]:
    """Return the size of each block dimension; block dimensions are always dense levels."""
    rank = len(encoding.order) - len(encoding.block_map)
    sizes = dict(zip(encoding.order, encoding.levels, strict=True))
    if sorted(encoding.order) != list(range(len(encoding.order))):
        raise ValueError(f"the traversal order {encoding.order} is no permutation")
    inner = [sizes[rank + i].dense_size for i in range(len(encoding.block_map))]
    if any(not size for size in inner):
        raise ValueError("a block dimension is compressed or empty")
    return tuple(size or 0 for size in inner)


def _block_sizes(encoding: SparseEncoding, rank: int) -> dict[int, int]:
    if len(encoding.order) != rank + len(encoding.block_map):
        raise ValueError(f"{len(encoding.order)} levels for {rank} dimensions")
    if not set(encoding.block_map) <= set(range(rank)):
        raise ValueError(f"the block map {encoding.block_map} names missing dimensions")
    return dict(zip(encoding.block_map, _inner(encoding), strict=True))


def _in_blocks(size: int, blocks: dict[int, int], dimension: int) -> int:
    block = blocks.get(dimension, 1)
    if size % block:
        raise ValueError(f"dimension {dimension} of size {size} has no whole blocks of {block}")
    return size // block


def _descend(
    level: Level, nodes: Indices, size: int, limit: int
) -> tuple[Indices, Indices, Indices]:
    """Return, for each child one level down: its parent's place, its own node, its coordinate."""
    if level.dense_size is not None:
        if level.dense_size != size or len(nodes) * size > limit:
            raise ValueError(f"a dense level of {level.dense_size}, expected {size}, "
                             f"with {limit} places stored")  # fmt: skip
        parents = np.repeat(np.arange(len(nodes)), size)
        index = np.tile(np.arange(size), len(nodes))
        return parents, nodes[parents] * size + index, index
    if len(nodes) and int(np.max(nodes)) + 1 >= len(level.segments):
        raise ValueError("a segment array is too short")
    starts, ends = level.segments[nodes], level.segments[nodes + 1]
    counts = ends - starts
    if (counts < 0).any() or counts.sum() > limit or (ends > len(level.indices)).any():
        raise ValueError("a segment array points outside its indices")
    if (starts < 0).any():
        raise ValueError("a segment array has a negative entry")
    parents = np.repeat(np.arange(len(nodes)), counts)
    within = np.arange(len(parents)) - np.repeat(np.cumsum(counts) - counts, counts)
    children = starts[parents] + within
    index = level.indices[children]
    if len(index) and not (index.min() >= 0 and index.max() < size):
        raise ValueError(f"an index lies outside 0 to {size - 1}")
    return parents, children, index


def _positions(
    coordinates: dict[int, Indices], encoding: SparseEncoding, blocks: dict[int, int], rank: int
) -> tuple[Indices, ...]:
    positions = [coordinates[d] * blocks.get(d, 1) for d in range(rank)]
    for i, dimension in enumerate(encoding.block_map):
        positions[dimension] = positions[dimension] + coordinates[rank + i]
    return tuple(positions)
