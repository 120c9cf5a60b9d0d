"""One small result of every kind, with a name of one's choice everywhere."""

from __future__ import annotations

from tfprune.ablation.result import KeptFloat, LayerError, QuantizationErrors
from tfprune.android.result import PhoneResult, PhoneRow
from tfprune.bench.instructions import InstructionResult, InstructionRow
from tfprune.bench.result import BenchmarkResult, BenchmarkRow
from tfprune.counts import LayerCount
from tfprune.diagnosis.records import Diagnosis, Finding, OpKernels, Verdict
from tfprune.evaluation.classes import ClassRow
from tfprune.evaluation.result import Evaluation
from tfprune.export.result import ConvertResult
from tfprune.inspection import Inspection, KernelRow, Totals
from tfprune.notes import Note
from tfprune.reports import Comparison, ModelRow, ReportedModel, RunReport
from tfprune.runners import OpTime
from tfprune.verification.result import Check, VerifyResult

HOSTILE = "dense\x1b[2J\x9b1m\u202e\x07\rname"
NUMBERS = {
    "ConvertResult": ["1,234,567", "1,034,567"],
    "BenchmarkResult": ["1,234,567", "0.123", "0.111 to 0.222", "1.00x", "77.7 MB", "123.456"],
    "PhoneResult": ["1,234,567", "0.123", "0.111 to 0.222", "1.00x", "77.7 MB", "5e-07"],
    "InstructionResult": ["1,234,567", "987,654,321", "1.00x", "900,000,000"],
    "VerifyResult": ["1.2e-06", "3.4e-07", "0.0001"],
    "Inspection": ["224x224x3", "2,359,296", "116 M", "100.0 %", "9,437,184"],
    "QuantizationErrors": ["12.34 %", "18.2", "1,234,567", "40 %"],
    "Diagnosis": ["1,234,567"],
    "Evaluation": ["0.9812", "1,234,567", "1,000,000", "81.0 %", "80.9 to 81.1 %", "99.0 %"],
    "Comparison": ["0.9812", "1,234,567", "116 M", "0.123", "1.00x", "77.7 MB", "99.0 %"],
    "RunReport": ["98.1 %", "1,234,567", "0.123", "0.111 to 0.222", "1.00x"],
}


def results(name: str) -> list:
    notes = (Note(name, name),)
    timed = {
        **{"label": name, "path": "m.tflite", "bytes": 1_234_567, "gzip_bytes": 1_034_567},
        **{"median_ms": 0.1234, "p10_ms": 0.1111, "p90_ms": 0.2222, "min_ms": 0.1},
        **{"first_ms": 0.2, "load_ms": 0.3, "peak_memory_bytes": 77_700_000},
        **{"ratio": 1.0, "ratio_low": 1.0, "ratio_high": 1.0, "ratio_of_minima": 1.0},
        **{"runs": 50, "runtime": "litert", "sparse": False},
        "per_op": (OpTime(name, 123.456, 111.5),),
    }
    settings = {"threads": 1}
    return [
        ConvertResult(
            path=name,
            quantize=None,
            bytes=1_234_567,
            gzip_bytes=1_034_567,
            sparse=False,
            sparse_reason="no zeros",
            kernels=(),
            notes=notes,
        ),
        BenchmarkResult((BenchmarkRow(**timed),), settings, {"cpu": name}, notes),
        _phone(name, timed, notes),
        InstructionResult(rows=(_counted(name),), cpu="cortex-a76", settings=settings, notes=notes),
        VerifyResult(
            path=name,
            precision="float32",
            checks=(_check(name, 1.2e-6, 3.4e-7),),
            kernels=(),
            notes=notes,
        ),
        _inspection(name, notes),
        _ablation(name, notes),
        _diagnosis(name),
        _evaluation(name, notes),
        _comparison(name, notes),
        RunReport(title=name, created="now", models=(_model(name),)),
    ]


def _check(name, absolute, relative):
    errors = {"max_abs_error": absolute, "max_rel_error": relative, "rms_rel_error": 1e-7}
    return Check(name=name, passed=True, **errors, tolerance=1e-4, detail="x")


def _model(name):
    return ModelRow(
        label=name,
        file="m.tflite",
        bytes=1_234_567,
        gzip_bytes=1_034_567,
        accuracy=0.981,
        sparsity=0.8,
        median_ms=0.1234,
        p10_ms=0.1111,
        p90_ms=0.2222,
        ratio=1.0,
        notes=(name,),
    )


def _phone(name, timed, notes):
    state = {"battery": "80 %"}
    keys = ("manufacturer", "model", "serial", "soc", "android", "abi", "kernel")
    phone = {**dict.fromkeys(keys, name), "cores": [], "before": state, "after": state}
    check = _check("out", 1e-7, 5e-7)
    return PhoneResult(
        (PhoneRow(**timed, delegate=name, checks=(check,)),), {"threads": 1}, phone, notes
    )


def _counted(name):
    kernels = {name: 900_000_000}
    return InstructionRow(
        label=name,
        path="m.tflite",
        bytes=1_234_567,
        gzip_bytes=9,
        instructions=987_654_321,
        ratio=1.0,
        kernels=kernels,
        runtime="litert",
        sparse=False,
    )


def _inspection(name, notes):
    row = KernelRow(name=name, shape=(3, 3, 512, 512), dtype="float32", zeros=0, bytes=9_437_184)
    layer = LayerCount(
        name=name,
        op="Conv2D",
        output_shape=(224, 224, 3),
        params=2_359_296,
        bytes=4,
        macs=115_605_504,
        activations=8,
        activation_bytes=16,
    )
    totals = Totals(
        params=2_359_296, kernel_params=2_359_296, zeros=0, macs=115_605_504, activations=8
    )
    return Inspection(
        subject=name, kind="keras", rows=(row,), totals=totals, notes=notes, layers=(layer,)
    )


def _ablation(name, notes):
    row = LayerError(layer=name, ops="CONV_2D", fused=(), error=0.1234, from_weights=0.4)
    trials = (KeptFloat((name,), 0.01, 1_234_567),)
    return QuantizationErrors(
        subject=name,
        error=0.1234,
        bytes=1_234_567,
        samples=8,
        rows=(row,),
        trials=trials,
        suggestion=(name,),
        notes=notes,
    )


def _evaluation(name, notes):
    row = ClassRow(label=name, samples=1_234_567, right=1_000_000, predicted=1_010_101, output=name)
    values = {"metrics": {name: 0.98123}, "samples": 1_234_567}
    return Evaluation(subject=name, kind="tflite", **values, per_class=(row,), notes=notes)


def _comparison(name, notes):
    model = ReportedModel(
        label=name,
        metrics={name: 0.98123},
        bytes=1_234_567,
        macs=115_605_504,
        sparsity=0.99,
        median_ms=0.1234,
        ratio=1.0,
        peak_memory_bytes=77_700_000,
        verdict=name,
    )
    return Comparison(title=name, created="now", models=(model,), metric=name, notes=notes)


def _diagnosis(name):
    verdicts = tuple(Verdict(t, "dense", name) for t in ("android-arm64", "x86-noavx"))
    ops = (
        OpKernels(
            index=0,
            op="CONV_2D",
            name=name,
            kernels=dict.fromkeys(("android-arm64", "x86-noavx"), "fp32"),
        ),
    )
    findings = (Finding(rule="inside", subject=name, found="is", fix="change", source="LiteRT"),)
    return Diagnosis(
        subject=name, verdicts=verdicts, ops=ops, findings=findings, runtime="2.3", bytes=1_234_567
    )
