"""Distilled: a student that learns from its labels and from a teacher, in an ordinary fit."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfprune.errors import PruneError
from tfprune.graph import functional
from tfprune.graph.compiling import fresh_metrics
from tfprune.keras_internals import added_losses, compiled_settings
from tfprune.training.hints import HintLoss, Hints, adapter, feature, pairs_of, with_features
from tfprune.training.soft import SoftLoss, soft_losses

_OWN_TRAINING = ("train_step", "test_step", "compute_loss", "compute_metrics")


class Distilled(keras.Model):
    """Train a student from its labels and from what a teacher says of the same inputs.

    The loss in `fit` is (1 - alpha) · L + alpha · (S + H) + R. L is the student's own loss with its
    `loss_weights`; S the sum over outputs of the distance to the teacher's answer (Hinton et al.
    2015, arXiv:1503.02531; `tfprune.training.soft.SoftLoss`); H the sum over `hints` of the squared
    difference of features as a share of the teacher's (Romero et al., "FitNets: Hints for Thin Deep
    Nets", ICLR 2015, arXiv:1412.6550, equation 3); R what regularizers and `add_loss` add. Sample
    weights count in L, S and H. Whether an output is logits or probabilities is told by its last
    activation and by the loss; both become logits.

    Everything else is the student's: `evaluate` and `val_loss` are its own loss, metrics and
    callbacks see it, and `save` and `save_weights` write it alone, so that it may be a plain
    model, one from `prune_low_magnitude` or one from `quantize_model`. It is compiled here if
    it is compiled, with its optimizer itself; `compile` compiles both.

    Args:
        student: A Functional or built Sequential model. It is trained in place.
        teacher: One with outputs of the same shapes, which takes the same inputs. It runs in
            inference and is never changed, nor are its `trainable` flags.
        temperature: T > 0: logits are divided by it; the higher, the more the wrong classes count.
        alpha: Share of the teacher's word, 0 to 1.
        hints: Layers whose outputs shall be alike: `{student's: teacher's}`, or a list of names
            that both have (see `tfprune.layer_names`). Where widths differ a linear map from the
            student's to the teacher's is learned, and thrown away at the end.

    Raises:
        PruneError: a model is subclassed, trains by code of its own or is the other one; shapes do
            not fit; an argument is out of range; a hint names no layer, or several.

    Example:
        >>> import numpy as np
        >>> x, y = np.ones((8, 4)), np.zeros(8)
        >>> big, small = (
        ...     keras.Sequential([keras.Input((4,)), keras.layers.Dense(n), keras.layers.Dense(3)])
        ...     for n in (16, 2)
        ... )
        >>> distilled = Distilled(small, big, temperature=3.0, alpha=0.5)
        >>> loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        >>> distilled.compile("adam", loss, metrics=["accuracy"])
        >>> sorted(distilled.fit(x, y, validation_data=(x, y), verbose=0).history)
        ['accuracy', 'loss', 'val_accuracy', 'val_loss']
    """

    def __init__(
        self,
        student: Any,
        teacher: Any,
        temperature: float = 3.0,
        alpha: float = 0.5,
        *,
        hints: Hints = (),
    ) -> None:
        _check(student, teacher, temperature, alpha)
        super().__init__(name=student.name, dtype=student.dtype_policy)
        self.student = student
        self.temperature, self.alpha = temperature, alpha
        self.output_names = functional(student).output_names
        pairs = pairs_of(hints)
        own = [feature(student, name) for name, _ in pairs]
        others = [feature(teacher, name) for _, name in pairs]
        found = [adapter(*given) for given in zip(own, others, pairs, strict=True)]
        self.adapters = [layer for layer in found if layer is not None]
        self._beside = _Beside(teacher, found)
        if pairs:
            self._beside.student = with_features(student, own)
        self._beside.answering = with_features(teacher, others)
        self.built = True
        settings = compiled_settings(student)
        if settings:
            self._mirror(settings)

    @property
    def teacher(self) -> Any:
        """The teacher, as it was given; it is no part of this model."""
        return self._beside.teacher

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Compile the student, and this model with the same settings and the same optimizer."""
        self.student.compile(*args, **kwargs)
        self._mirror(compiled_settings(self.student))

    def _mirror(self, settings: dict[str, Any]) -> None:
        metrics = {key: fresh_metrics(settings[key]) for key in ("metrics", "weighted_metrics")}
        super().compile(**{**settings, "optimizer": self.student.optimizer, **metrics})
        self._beside.soft = soft_losses(
            self.student, self._beside.teacher, settings["loss"], self.temperature
        )

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Return the student's outputs."""
        beside = self._beside
        if beside.student is None or not training:
            return self.student(inputs, training=training)
        outputs, beside.features = beside.student(inputs, training=training)
        return outputs

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the loss of a batch: in training with the teacher's share in it."""
        own = super().compute_loss(x, y, y_pred, sample_weight, training=training)
        if not training:
            return own
        answers, features = self._beside.answering(x, training=False)
        weights = _by_output(sample_weight, y_pred)
        outputs = zip(
            self._beside.soft,
            keras.tree.flatten(answers),
            keras.tree.flatten(y_pred),
            weights,
            strict=True,
        )
        soft = sum(loss(ops.stop_gradient(a), p, sample_weight=w) for loss, a, p, w in outputs)
        hints = self._hints(features, weights[0]) if features else 0.0
        labels = own - added_losses(self)
        return own + self.alpha * (soft + hints - labels)

    def _hints(self, features: list[Any], weight: Any) -> Any:
        triples = zip(self._beside.features, features, self._beside.adapters, strict=True)
        loss = HintLoss()
        return sum(
            loss(ops.stop_gradient(wanted), own if layer is None else layer(own), weight)
            for own, wanted, layer in triples
        )

    def save(self, *args: Any, **kwargs: Any) -> Any:
        """Save the student."""
        return self.student.save(*args, **kwargs)

    def save_weights(self, *args: Any, **kwargs: Any) -> Any:
        """Save the student's weights."""
        return self.student.save_weights(*args, **kwargs)

    def load_weights(self, *args: Any, **kwargs: Any) -> Any:
        """Load the student's weights."""
        return self.student.load_weights(*args, **kwargs)


class _Beside:
    """What Keras shall not see: neither the teacher nor the views of the student are parts."""

    def __init__(self, teacher: Any, adapters: list[Any]) -> None:
        self.teacher, self.adapters = teacher, adapters
        self.student: Any = None
        self.answering: Any = None
        self.features: list[Any] = []
        self.soft: list[SoftLoss] = []


def _by_output(weights: Any, outputs: Any) -> list[Any]:
    """Return the sample weights of each output; one that is given alone is that of all."""
    count = len(keras.tree.flatten(outputs))
    if weights is None or not keras.tree.is_nested(weights):
        return [weights] * count
    if isinstance(weights, dict) and isinstance(outputs, dict):
        return [weights.get(key) for key in sorted(outputs)]
    return keras.tree.flatten_up_to(outputs, weights)


def _check(student: Any, teacher: Any, temperature: float, alpha: float) -> None:
    if student is teacher:
        raise PruneError("distill", "student and teacher are the same model", "give two models")
    if not temperature > 0:
        raise PruneError(f"temperature={temperature}", "it must be above 0", "temperature=3.0")
    if not 0 <= alpha <= 1:
        raise PruneError(f"alpha={alpha}", "it is a share, 0 <= alpha <= 1", "alpha=0.5")
    own = [n for n in _OWN_TRAINING if getattr(type(student), n) is not getattr(keras.Model, n)]
    if own:
        raise PruneError(
            f"distill into {student.name!r}",
            f"its class {type(student).__name__} has a {own[0]} of its own",
            "give a plain keras.Model on the same layers",
        )
    shapes = [[tuple(t.shape) for t in functional(m).outputs] for m in (student, teacher)]
    if shapes[0] != shapes[1]:
        raise PruneError(
            f"distill {teacher.name!r} into {student.name!r}",
            f"the student gives {shapes[0]}, the teacher {shapes[1]}",
            "give a teacher with outputs of the same shapes",
        )
