"""No small file takes much memory, whatever it claims."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.tflite import hostile
from tfprune.errors import FileError
from tfprune.tflite import read_tflite

FILES = hostile.files()
REFUSED = {
    "a sparse weight of 2^29 rows": "is too large for a file",
    "a sparse weight of 2^29 columns": "claim 2,147,483,648 bytes",
    "a shape of 200 sizes": "has rank 200",
    "more zero points than scales": "1 scales and 2 zero points",
    "100,000 tensors on one place": "its lists overlap",
    "a long name told 100 times": "its lists overlap",
}

# One process for all, for its peak of memory is theirs; it imports no TensorFlow.
VERBS = """
import json, resource, sys, time, tfprune
resource.setrlimit(resource.RLIMIT_AS, (2**33, 2**33))
from tfprune.errors import PruneError
from tfprune.runners.leash import resident_bytes
VERBS = {"inspect": tfprune.inspect, "doctor": tfprune.doctor,
         "benchmark": lambda path: tfprune.benchmark(path, runs=1, rounds=1)}
before = resident_bytes("VmHWM")
for path in sys.argv[1:]:
    for verb, call in VERBS.items():
        start = time.monotonic()
        try:
            call(path)
            said = "answered"
        except PruneError as error:
            said = f"{type(error).__name__}: {error.found} {error.fix}"
        took, peak = time.monotonic() - start, resident_bytes("VmHWM")
        print(json.dumps([path, verb, said, took, peak - before]))
"""


def test_none_is_above_a_megabyte():
    assert max(map(len, FILES.values())) < 2**20


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_converter_writes_is_refused(name):
    with pytest.raises(FileError, match=REFUSED[name]):
        read_tflite(FILES[name])


def test_a_lone_scale_without_a_zero_point_is_what_no_runtime_takes():
    with pytest.raises(FileError, match="1 scales and 0 zero points"):
        read_tflite(hostile.file([hostile.tensor([2], scales=[0.5], zeros=[])]))


def test_no_verb_takes_more_than_half_a_gigabyte_itself(tmp_path):
    paths = [tmp_path / f"{i}.tflite" for i in range(len(FILES))]
    for path, content in zip(paths, FILES.values(), strict=True):
        path.write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", VERBS, *map(str, paths)], capture_output=True, text=True, check=True
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == 3 * len(FILES)
    assert max(row[4] for row in rows) < 2**29
    for name in ("an input of 8 GB", "a FILL of 8 GB"):
        said = rows[3 * list(FILES).index(name) + 2][2]
        assert "memory runs out" in said and "TFPRUNE_MEMORY_GB=8" in said
