"""Segments: the steps of a model, some at a time, as compiled functions of the tensors alive."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tfprune.keras_internals import mask_of
from tfprune.repairing import Pair
from tfprune.repairing.walking import Values, Way

_STEPS = 12


class Segments:
    """Makes the calls of a model from a step on, in compiled pieces where that gives the same.

    A piece is compiled once for all that comes through it, which takes a third of the time of
    single calls. A model that passes masks along, or whose layers cannot be compiled, is called
    step by step.

    Args:
        model: A Functional or Sequential model.
        way: Its steps.
    """

    def __init__(self, model: Any, way: Way) -> None:
        self._pair, self._way = Pair(model, {}), way
        self._functions: dict[int, tuple[list[int], list[int], Any]] = {}
        tensors = [tensor for step in way.steps for tensor in step.node.outputs]
        self._compiles = not any(mask_of(tensor) is not None for tensor in tensors)

    def make(self, values: Values, start: int, end: int) -> None:
        """Make the calls from one step to before another; tensors nobody reads any more go."""
        at = start
        while at < end:
            if self._compiles and at % _STEPS == 0 and at + _STEPS <= end:
                self._compiled(at, values)
                at += _STEPS if self._compiles else 0
            else:
                self._call(at, values)
                at += 1

    def _call(self, at: int, values: Values) -> None:
        step = self._way.steps[at]
        values.update(zip(step.outputs, self._pair.call_original(step, values), strict=True))
        free(values, self._way.done_after(at))

    def _compiled(self, at: int, values: Values) -> None:
        before, after, function = self._function(at, sorted(values))
        try:
            made = function([values[number] for number in before])
        except Exception:  # a layer whose code needs numbers: whatever it says, it can be called
            self._compiles = False
            return
        values.clear()
        values.update(zip(after, made, strict=True))

    def _function(self, at: int, before: list[int]) -> tuple[list[int], list[int], Any]:
        if at not in self._functions:
            after = list(before)
            for number in range(at, at + _STEPS):
                after = [*after, *self._way.steps[number].outputs]
                done = set(self._way.done_after(number))
                after = [tensor for tensor in after if tensor not in done]

            # No function of ours: TensorFlow counts the traces of all that share a code, and warns.
            run = functools.partial(self._run, at, tuple(before), tuple(after))
            self._functions[at] = before, after, tf.function(run, reduce_retracing=True)
        return self._functions[at]

    def _run(
        self, at: int, before: Sequence[int], after: Sequence[int], tensors: Sequence[Any]
    ) -> list[Any]:
        values = dict(zip(before, tensors, strict=True))
        for number in range(at, at + _STEPS):
            self._call(number, values)
        return [values[number] for number in after]


def free(values: Values, numbers: Sequence[int]) -> None:
    """Forget tensors."""
    for number in numbers:
        values.pop(number, None)
