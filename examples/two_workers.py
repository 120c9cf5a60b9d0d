"""Train with masks in two processes, kill one, start both again: nothing is lost.

    python examples/two_workers.py [--quick]

Each worker is a process of its own with a TF_CONFIG that names all workers; on a cluster that is a
machine each, and whatever starts them sets it (Kubernetes, Slurm, ...):

    TF_CONFIG={"cluster": {"worker": ["host1:2222", "host2:2222"]},
               "task": {"type": "worker", "index": 0}}                # 1 on host2
    python examples/two_workers.py --worker FOLDER --epochs 4         # on each; FOLDER is shared

Gradients are summed over the workers in each step, so that weights and masks are the same on both;
each writes down what its masks are, step by step. When one dies, the other can't go on: both are
started again, and go on after the last finished epoch, bit for bit as if nothing had happened.
"""

import argparse
import hashlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

import numpy as np


def worker(folder, epochs):
    """Train, as one of the workers that TF_CONFIG names."""
    import keras
    import tensorflow as tf

    import tfprune
    from tfprune.training import BackupTogether, MultiWorkerStrategy

    strategy = MultiWorkerStrategy()  # before anything else of TensorFlow
    index = strategy.cluster_resolver.task_id
    random = np.random.default_rng(0)
    x = random.normal(size=(256, 8)).astype("float32")
    y = (x @ random.normal(size=(8, 3))).astype("float32")
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(32)  # each worker gets its share
    with strategy.scope():
        keras.utils.set_random_seed(0)
        hidden = keras.layers.Dense(16, "relu")
        model = keras.Sequential([keras.Input((8,)), hidden, keras.layers.Dense(3)])
        schedule = tfprune.PolynomialDecay(0.0, 0.75, 0, 8 * epochs, frequency=4)
        model = tfprune.prune_low_magnitude(model, schedule)
        model.compile(keras.optimizers.Adam(0.01), "mse")
    journal = Journal(pathlib.Path(folder) / f"worker-{index}.txt")
    backup = BackupTogether(pathlib.Path(folder) / "backup")
    callbacks = [
        backup,
        tfprune.UpdatePruningStep(),
        keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: journal.write(model)),
    ]
    model.fit(data, epochs=epochs, verbose=0, callbacks=callbacks)
    plain = tfprune.strip_pruning(model)
    zeros = [float((layer.kernel.numpy() == 0).mean()) for layer in plain.layers]
    digest = hashlib.sha256(b"".join(w.tobytes() for w in plain.get_weights())).hexdigest()
    result = {"zeros": zeros, "weights": digest}
    (pathlib.Path(folder) / f"worker-{index}.json").write_text(json.dumps(result))


class Journal:
    """A line for each step: its number, and what all masks are."""

    def __init__(self, path):
        self.path = path

    def write(self, model):
        masks = [own for own in model.weights if own.name.endswith("_mask")]
        bits = b"".join(np.packbits(mask.numpy()).tobytes() for mask in masks)
        step = int(model.optimizer.iterations.numpy())
        with self.path.open("a") as file:
            file.write(f"{step} {hashlib.sha256(bits).hexdigest()[:12]}\n")


def run(folder, epochs, kill_at=None):
    """Start two workers here; kill the second one when it has made so many steps.

    Returns whether both came to their end.
    """
    folder = pathlib.Path(folder)
    cluster = {"worker": [f"localhost:{port}" for port in free_ports(2)]}
    started = []
    for index in range(2):
        config = {"cluster": cluster, "task": {"type": "worker", "index": index}}
        command = [sys.executable, __file__, "--worker", str(folder), "--epochs", str(epochs)]
        with (folder / f"worker-{index}.log").open("w") as log:
            environment = {**os.environ, "TF_CONFIG": json.dumps(config)}
            started.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
    try:
        if kill_at is not None:
            wait_for(folder / "worker-1.txt", kill_at, started)
            started[1].send_signal(signal.SIGKILL)
            started[1].wait()
            time.sleep(1)
            started[0].kill()  # it waits for a worker that does not come back
        return [process.wait() for process in started] == [0, 0]
    finally:
        for process in started:
            process.kill()


def wait_for(path, lines, processes):
    """Wait until a file has so many lines."""
    while not path.exists() or len(path.read_text().splitlines()) < lines:
        if any(process.poll() is not None for process in processes):
            raise RuntimeError(f"a worker ended early: see {path.parent}/worker-*.log")
        time.sleep(0.05)


def free_ports(count):
    sockets = [socket.create_server(("localhost", 0)) for _ in range(count)]
    ports = [own.getsockname()[1] for own in sockets]
    for own in sockets:
        own.close()
    return ports


def main(epochs=4):
    with tempfile.TemporaryDirectory() as place:
        whole, cut = pathlib.Path(place, "whole"), pathlib.Path(place, "cut")
        whole.mkdir(), cut.mkdir()
        assert run(whole, epochs)
        assert not run(cut, epochs, kill_at=8 * (epochs - 2) + 3)  # inside the last epoch but one
        assert run(cut, epochs)
        return report(whole, cut)


def report(whole, cut):
    """Compare the masks of all steps of both workers, and the runs' weights."""
    steps = [journal(whole / f"worker-{index}.txt") for index in range(2)]
    assert steps[0] == steps[1], "the workers' masks differ"
    results = [
        json.loads((folder / f"worker-{index}.json").read_text())
        for folder in (whole, cut)
        for index in range(2)
    ]
    assert all(result == results[0] for result in results), "the runs differ"
    assert journal(cut / "worker-0.txt") == steps[0], "the masks of the killed run differ"
    print(f"{len(steps[0])} steps: the masks of both workers are the same in each")
    print(f"zeros in each layer: {results[0]['zeros']}; killed and resumed: the same weights")
    return results[0]["zeros"]


def journal(path):
    """Step -> masks; a step that was made again must have had the same."""
    lines = [line.split() for line in path.read_text().splitlines()]
    found = dict(lines)
    assert all(found[step] == masks for step, masks in lines), "a step made again differs"
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worker", metavar="FOLDER", help="be a worker; TF_CONFIG says which")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--quick", action="store_true", help="fewer epochs")
    arguments = parser.parse_args()
    if arguments.worker:
        worker(arguments.worker, arguments.epochs)
    else:
        main(3 if arguments.quick else arguments.epochs)
