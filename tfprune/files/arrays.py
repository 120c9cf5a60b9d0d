"""Reading one array in NumPy's format, after a look at what it claims."""

from __future__ import annotations

import math
from typing import IO, Any

import numpy as np

from tfprune.errors import first_line
from tfprune.files.archives import open_archive
from tfprune.files.reading import PathLike

_READERS = {(1, 0): "read_array_header_1_0", (2, 0): "read_array_header_2_0"}
_MOST_AXES = 32  # NumPy 1 has no more
_CHUNK = 2**24


def read_npy(stream: IO[bytes], size: int) -> np.ndarray[Any, Any]:
    """Read one plain array from a `.npy` file, or from a member of an `.npz`.

    NumPy makes room for what a header claims before it reads on; this compares them first.

    Args:
        stream: The file, opened in binary, at its start.
        size: How many bytes it has, or, inside an archive, claims to have.

    Returns:
        The array, in the shape and dtype that the header tells.

    Raises:
        ValueError: it is no `.npy` file, holds Python objects, or its values need more
            bytes than follow.

    Example:
        >>> import io
        >>> file = io.BytesIO()
        >>> np.save(file, np.arange(3, dtype="int8"))
        >>> _ = file.seek(0)
        >>> read_npy(file, len(file.getvalue()))
        array([0, 1, 2], dtype=int8)
    """
    version = np.lib.format.read_magic(stream)
    if version not in _READERS:
        raise ValueError(f"version {version} of the .npy format is not read")
    try:
        shape, fortran, dtype = getattr(np.lib.format, _READERS[version])(stream)
    except Exception as error:  # it is parsed as Python; tokenize has errors of its own, too
        raise ValueError(f"its header is broken: {first_line(error)}") from error
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which are never loaded")
    if len(shape) > _MOST_AXES or any(n < 0 for n in shape):
        raise ValueError(f"no array has the shape {shape}")
    left, claimed = size - stream.tell(), math.prod(shape) * dtype.itemsize
    if claimed > left:
        raise ValueError(
            f"an array of shape {shape} and type {dtype} has {claimed:,} bytes; {left:,} follow"
        )
    content = memoryview(bytearray(claimed))
    done = 0
    while done < claimed and (more := _read_into(stream, content[done:])):
        done += more
    if done < claimed:
        raise ValueError(f"it ends after {done:,} of {claimed:,} bytes")
    flat = np.frombuffer(content, dtype)
    return flat.reshape(shape[::-1]).T if fortran else flat.reshape(shape)


def read_npz(path: PathLike, fix: str) -> dict[str, np.ndarray[Any, Any]]:
    """Read the plain arrays of an `.npz` file, each as `read_npy` does.

    Args:
        path: The file.
        fix: What to do if it is broken, for the error.

    Raises:
        FileError: it is missing, no zip file, broken, or claims too much.
    """
    arrays = {}
    with open_archive(path, fix) as archive:
        for member in archive.infolist():
            with archive.open(member) as file:
                arrays[member.filename.removesuffix(".npy")] = read_npy(file, member.file_size)
    return arrays


def _read_into(stream: IO[bytes], place: memoryview) -> int:
    content = stream.read(min(len(place), _CHUNK))
    place[: len(content)] = content
    return len(content)
