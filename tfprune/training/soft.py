"""How far a student's answer is from its teacher's: of one output, as a loss of Keras."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfprune.errors import PruneError
from tfprune.graph import OutputMeaning, answers_of

_ASKED = "distill"


class SoftLoss(keras.losses.Loss):
    """The distance from a student's output to its teacher's, one number per sample.

    Of classes T² · KL(softmax(t / T) ‖ softmax(s / T)), t and s the logits: Hinton, Vinyals and
    Dean, "Distilling the Knowledge in a Neural Network", 2015, arXiv:1503.02531, section 2, where
    T² keeps the gradients as large as those of the true labels. Of labels the same of each yes or
    no, in the mean. Of values the mean squared difference.

    Args:
        student: What the student's output says.
        teacher: What the teacher's says; of the same kind.
        temperature: T.

    Example:
        >>> meaning = OutputMeaning("y", "classes", logits=True)
        >>> same = ops.convert_to_tensor([[0.0, 2.0]])
        >>> float(SoftLoss(meaning, meaning, 3.0)(same, same + 5.0))
        0.0
    """

    def __init__(self, student: OutputMeaning, teacher: OutputMeaning, temperature: float) -> None:
        super().__init__(name="soft")
        self._student, self._teacher, self._temperature = student, teacher, temperature

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the distances; `y_true` is what the teacher says."""
        wanted, said = self._teacher.as_logits(y_true), self._student.as_logits(y_pred)
        if self._student.kind == "values":
            return ops.mean(ops.square(wanted - said), axis=-1)
        wanted, said = wanted / self._temperature, said / self._temperature
        if self._student.kind == "labels":
            p = ops.sigmoid(wanted)
            yes = p * (ops.log_sigmoid(wanted) - ops.log_sigmoid(said))
            no = (1 - p) * (ops.log_sigmoid(-wanted) - ops.log_sigmoid(-said))
            return self._temperature**2 * ops.mean(yes + no, axis=-1)
        wanted, said = ops.log_softmax(wanted), ops.log_softmax(said)
        return self._temperature**2 * ops.sum(ops.exp(wanted) * (wanted - said), axis=-1)


def soft_losses(student: Any, teacher: Any, loss: Any, temperature: float) -> list[SoftLoss]:
    """Return a loss for each output of the student, in the order of `student.outputs`.

    Args:
        student, teacher: Functional or built Sequential models with outputs of the same shapes.
        loss: What the student is compiled with.
        temperature: T.

    Raises:
        PruneError: it can't be told whether a teacher gives logits or probabilities, or the
            student's loss takes probabilities that its last layer does not give.
    """
    pairs = zip(answers_of(student, loss), answers_of(teacher), strict=True)
    return [_soft_loss(own, other, temperature) for own, other in pairs]


def _soft_loss(own: OutputMeaning, other: OutputMeaning, temperature: float) -> SoftLoss:
    if own.kind != "values" and not own.logits and own.activation == "linear":
        raise PruneError(
            f"{_ASKED} into the output {own.name!r}",
            "its loss takes probabilities, and its layer ends without a softmax or sigmoid",
            "compile the student with a loss of from_logits=True",
        )
    if other.kind == own.kind or own.kind == "values":
        return SoftLoss(own, OutputMeaning(other.name, own.kind, other.logits), temperature)
    if other.activation != "linear":
        raise PruneError(
            f"{_ASKED} from the output {other.name!r}",
            f"the student gives {own.kind}; whether these are logits or probabilities is not known",
            "compile the teacher with the loss it was trained with",
        )
    return SoftLoss(own, OutputMeaning(other.name, own.kind, True), temperature)
