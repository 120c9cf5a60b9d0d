"""Code in fresh sessions of Python that share one import of TensorFlow, most of what each costs."""

import json
import subprocess
import sys

# TensorFlow imports Keras when it is imported, and goes on without where it finds none: a session
# forked from this process still imports Keras and tfprune as if it were the first to do so.
_FORKING = """
import json, os, sys
sys.modules["keras"] = None
import tensorflow
del sys.modules["keras"]
assert not {"keras", "tf_keras", "tfprune"} & {name.split(".")[0] for name in sys.modules}

def run(code):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(writing, 1)
        try:
            exec(code, {"__name__": "__main__"})
        except BaseException as error:
            print(repr(error), flush=True)
        sys.stdout.flush()
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said

codes = json.load(sys.stdin)
print(json.dumps([run(code) for code in codes]))
"""


def in_fresh_sessions(codes, cwd=None):
    """Return what each code prints in a session of its own, and the error that ends it."""
    done = subprocess.run(
        [sys.executable, "-c", _FORKING],
        input=json.dumps(codes),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=cwd,
        timeout=300,  # a fork that hangs is a failure, not a night
    )
    return dict(zip(codes, json.loads(done.stdout), strict=True))
