"""A child that does to files what users do, and tells the cost of each: a line of JSON."""

import json
import os
import resource
import sys
import time

import keras

import tfprune
from proofs.resident import Children
from tfprune.errors import PruneError
from tfprune.reports import html
from tfprune.reports.record import RunReport
from tfprune.runners.leash import reset_peak, resident_bytes

MODEL = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
VERBS = {
    "inspect": tfprune.inspect,
    "doctor": tfprune.doctor,
    "benchmark": lambda path: tfprune.benchmark(path, runs=1, rounds=1),
    "verify": lambda path: tfprune.verify(MODEL, path, samples=1),
    "report": lambda path: html.render(RunReport.load(path)),
}


def cost(verb, path):
    """Do it; its answer, its seconds, and the memory it took, here or in a process of its own."""
    reset_peak()
    before, start = resident_bytes("VmRSS"), time.monotonic()
    with Children() as children:
        try:
            VERBS[verb](path)
            said = "answered"
        except PruneError as error:
            said = "refused" if error.fix else "without a fix"
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
    took = max(resident_bytes("VmHWM") - before, children.peak)
    return {"said": said, "seconds": time.monotonic() - start, "bytes": took}


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_DATA, (2**33, 2**33))
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        for line in sys.stdin:
            answers.write(json.dumps(cost(**json.loads(line))) + "\n")
            answers.flush()
