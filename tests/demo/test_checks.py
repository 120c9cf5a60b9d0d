from __future__ import annotations

from tfprune.checks import Check
from tfprune.demo.measuring import checks_of
from tfprune.reports import RunReport
from tfprune.reports.record import ModelRow
from tfprune.verification import VerifyResult


def test_the_report_holds_what_was_verified_number_by_number():
    own = Check(name="outputs", passed=True, max_abs_error=3.0, max_rel_error=0.5, tolerance=1.0)
    checks = checks_of(
        VerifyResult(path="m.tflite", precision="float32", checks=(own,), kernels=())
    )
    record = RunReport(
        title="run",
        created="now",
        models=(ModelRow(label="m", file="m.tflite", bytes=2, gzip_bytes=1, checks=checks),),
    )
    [read, zeros] = RunReport.from_json(record.to_json()).models[0].checks
    assert read == own and read.max_abs_error == 3.0
    assert zeros == Check(name="zeros of every kernel", passed=True)
