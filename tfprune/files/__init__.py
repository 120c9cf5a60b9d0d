"""Files: written whole or not at all, read with limits, measured."""

from __future__ import annotations

from tfprune.files.archives import (
    LEAST_LIMIT,
    check_unpacked,
    most_unpacked,
    open_archive,
    read_member,
)
from tfprune.files.folders import make_folder, temporary_folder
from tfprune.files.reading import check_regular, gzip_bytes, read_bytes, tell
from tfprune.files.writing import (
    check_writable,
    finite,
    replacing,
    write_bytes,
    write_json,
    write_text,
)

__all__ = [
    "LEAST_LIMIT",
    "check_regular",
    "check_unpacked",
    "check_writable",
    "finite",
    "gzip_bytes",
    "make_folder",
    "most_unpacked",
    "open_archive",
    "read_bytes",
    "read_member",
    "replacing",
    "tell",
    "temporary_folder",
    "write_bytes",
    "write_json",
    "write_text",
]
