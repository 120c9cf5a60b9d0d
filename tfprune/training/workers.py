"""Training in several processes that keep in step: a strategy for `fit`, and a common backup."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from tfprune.errors import PruneError
from tfprune.files import read_bytes, temporary_folder, write_bytes
from tfprune.keras_internals import begin_fit_at

_ENDING = ".weights.h5"


class MultiWorkerStrategy(tf.distribute.MultiWorkerMirroredStrategy):
    """`tf.distribute.MultiWorkerMirroredStrategy`, with which `fit` of Keras 3 works.

    Keras 3.15 asks its strategy for the mean of a tuple of tensors, and of scalars along their
    first axis; the base class refuses both (`keras/src/backend/tensorflow/trainer.py`,
    `_maybe_symbolic_build` and `reduce_per_replica`). Make it before anything else of TensorFlow
    runs: it reads the cluster from the environment's TF_CONFIG.

    Example, in each of two processes (`index` 0 and 1):
        >>> cluster = {"worker": ["localhost:2222", "localhost:2223"]}
        >>> task = {"type": "worker", "index": 0}
        >>> os.environ["TF_CONFIG"] = json.dumps({"cluster": cluster,
        ...                                       "task": task})      # doctest: +SKIP
        >>> with MultiWorkerStrategy().scope():                       # doctest: +SKIP
        ...     model = tfprune.prune_low_magnitude(network())
        ...     model.compile("adam", "mse")
        >>> model.fit(data, epochs=6, callbacks=[BackupTogether("backup"),
        ...           tfprune.UpdatePruningStep()])                   # doctest: +SKIP
    """

    def reduce(self, reduce_op: Any, value: Any, axis: Any) -> Any:
        """Return the reduction of each tensor of a structure; of scalars that of all replicas."""
        if isinstance(value, (tuple, list, dict)):
            return tf.nest.map_structure(lambda one: self.reduce(reduce_op, one, axis), value)
        if self.experimental_local_results(value)[0].shape.rank == 0:
            axis = None
        return super().reduce(reduce_op, value, axis)


class BackupTogether(keras.callbacks.Callback):
    """Keep the state after each epoch, and begin a `fit` with the newest one that is there.

    `keras.callbacks.BackupAndRestore` writes from every process; here the chief (worker 0, or the
    only process) writes, and all of them read the same file. Workers leave an epoch together, so
    that its state is that of all. Weights, masks, their steps and the optimizer are in it: data in
    the same order makes the run bit-exact to one that was never killed. A killed worker stops the
    others, too: start all again.

    Args:
        folder: On a disk that all workers see. What an earlier training left there is gone on
            with: use an empty one for a new training.

    Raises:
        PruneError: the folder is a file.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        super().__init__()
        self._folder = Path(folder)
        if self._folder.is_file():
            raise PruneError(f"back up into {folder}", "it is a file", "name a folder")

    def on_train_begin(self, logs: Any = None) -> None:
        """Read the newest state, and go on after its epoch."""
        found = sorted(self._folder.glob(f"*{_ENDING}"))
        if not found:
            return
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is not None and not optimizer.built:
            optimizer.build(self.model.trainable_variables)
        self.model.load_weights(found[-1])
        begin_fit_at(self.model, int(found[-1].name.removesuffix(_ENDING)))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the state, whole or not at all; the one before stays until then."""
        if not _is_chief(self.model):
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        old = sorted(self._folder.glob(f"*{_ENDING}"))
        with temporary_folder() as temporary:
            whole = Path(temporary) / f"whole{_ENDING}"
            self.model.save_weights(whole)
            write_bytes(self._folder / f"{epoch + 1:06d}{_ENDING}", read_bytes(whole))
        for path in old[:-1]:
            path.unlink()


def _is_chief(model: Any) -> bool:
    resolver = model.distribute_strategy.cluster_resolver
    return resolver is None or resolver.task_id in (None, 0)
