"""`--app`: the demo app runs the models.

The test phone has no apps: its `am` starts the native runner,
which takes the same settings and prints the same document (docs/android.md).
"""

from __future__ import annotations

import json
import shutil

import pytest

from tests.android.conftest import QUICK, needs_phone
from tfprune.android import benchmark_android
from tfprune.android.device.adb import Adb, find_adb
from tfprune.android.planning import RunnerPlan
from tfprune.android.runtimes.app import INSTRUMENTATION, App, fetch_outputs, how_it_failed
from tfprune.android.runtimes.bundles import glibc
from tfprune.errors import PruneError
from tfprune.verification import golden_sample

AM = f"""#!/bin/sh
[ "$1" = force-stop ] && exit 0
[ "$1 $2" = "instrument -w" ] || exit 9
shift 2
words=
while [ "$1" = -e ]; do words="$words --$2 $3"; shift 3; done
[ "$1" = {INSTRUMENTATION} ] || exit 8
cd /app && exec ./ld-linux-x86-64.so.2 --library-path /app ./tfprune_runner \\
  --library /app/libLiteRt.so --runtime demo $words 2>/dev/null
"""
NOT_THERE = f"#!/bin/sh\necho INSTRUMENTATION_FAILED: {INSTRUMENTATION} >&2\nexit 1\n"
CRASHED = "#!/bin/sh\necho INSTRUMENTATION_RESULT: shortMsg=Process crashed.\n"


@pytest.fixture
def app(phone):
    """A phone with what stands for the app."""
    (phone.root / "app").mkdir(exist_ok=True)
    for name, path in glibc("x86_64").files.items():
        shutil.copy(path, phone.root / "app" / name)
    phone.program("am", AM)
    return phone


@needs_phone
@pytest.mark.android
def test_the_app_runs_the_models_and_its_outputs_are_checked(app, run, dense, int8):
    code, out, _ = run(dense, int8, "--app", *QUICK, "--json")
    document = json.loads(out)
    assert (code, document["settings"]["runtime"]) == (0, "the demo app")
    assert [row["checks"][0]["passed"] for row in document["rows"]] == [True, True]


@needs_phone
@pytest.mark.android
def test_the_app_is_checked_by_a_golden_sample_input_by_input(app, run, int8, tmp_path):
    golden = str(tmp_path / "int8.golden.json")
    golden_sample(int8, out=golden, samples=2)
    code, out, _ = run(int8, "--app", "--golden", golden, *QUICK, "--json")
    document = json.loads(out)
    assert (code, document["settings"]["inputs"]) == (0, "golden")
    assert [row["label"].rpartition(", ")[2] for row in document["rows"]] == [
        "sample 1",
        "sample 2",
    ]
    assert all("in steps" in row["checks"][0]["detail"] for row in document["rows"])


@needs_phone
@pytest.mark.android
def test_outputs_too_large_for_the_document_are_fetched_and_removed(phone):
    phone.shell('printf abc > "/data/local/tmp/it\'s.out"')
    output = {"name": "y", "file": "/data/local/tmp/it's.out"}
    fetch_outputs(Adb(find_adb(), phone.serials[0]), [{"outputs": [output]}])
    assert output["base64"] == "YWJj"


@needs_phone
@pytest.mark.android
@pytest.mark.parametrize(
    ("am", "found", "fix"),
    [
        (NOT_THERE, "the demo app is not installed", "gradle -p android_demo installDebug"),
        (CRASHED, "the app crashed", "adb logcat -d"),
    ],
)
def test_an_app_that_is_missing_or_crashes_is_named(phone, run, dense, am, found, fix):
    phone.program("am", am)
    code, _, err = run(dense, "--app")
    assert code == 1 and f"found: {found}" in err and fix in err


def test_the_settings_are_those_of_the_instrumentation():
    line = App().line("/data/local/tmp/it's", RunnerPlan(labels=("a",), threads=2, rounds=(3, 2)))
    assert line == (
        "chmod -R a+rX '/data/local/tmp/it'\"'\"'s' && am instrument -w "
        "-e folder '/data/local/tmp/it'\"'\"'s' -e models 1 -e threads 2 -e xnnpack 1 -e warmup -1 "
        "-e profile 0 -e rounds 3,2 org.tfprune.demo/.BenchmarkInstrumentation"
    )


@pytest.mark.parametrize("asked", [{"cpu_mask": "f0"}, {"per_op": True}])
def test_what_an_app_cannot_do_is_refused_before_a_phone_is_looked_for(asked):
    with pytest.raises(PruneError, match="demo app"):
        benchmark_android("model.tflite", runtime="app", **asked)


def test_a_document_is_no_failure():
    assert how_it_failed('{"format": 1, "models": []}') is None
