"""find_ticket: iterative magnitude pruning with rewinding."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

from tfprune.errors import PruneError, is_whole_number
from tfprune.graph import Clones, compiled_as, is_graph, replay
from tfprune.layer_names import BySelector
from tfprune.masks import UpdatePruningStep, strip_pruning
from tfprune.notes import Note
from tfprune.plan import Rule
from tfprune.runs import Run, source_of
from tfprune.training.tickets.masks import MaskPlan, Masks, by_name, drawn, held, magnitudes
from tfprune.training.tickets.result import Ticket, TicketRound
from tfprune.training.tickets.trainings import (
    EarlyWeights,
    TrainedTicket,
    Trainings,
    Weights,
    judged,
    set_weights,
    weights_of,
)

_CONTROLS = ("none", "last", "all")
_OTHER = 10_000  # seeds of new weights and random masks begin so far behind the user's


def find_ticket(
    make_model: Callable[[], Any],
    train: Callable[[Any, list[Any]], float],
    *,
    sparsity: float = 0.8,
    rounds: int = 4,
    rewind_to: int = 0,
    rules: BySelector[Rule | None] | None = None,
    controls: str = "last",
    seed: int = 0,
    folder: str | os.PathLike[str] | None = None,
) -> Ticket:
    """Find a lottery ticket: few weights of a network that train as well from early values.

    The network is trained; the smallest weights of each kernel become zero; the others go back to
    what they were early in the first training; and so on, round after round, until `sparsity` is
    reached. Each round removes the same share of what is left: after round r of R a kernel has
    1 - (1 - sparsity)^(r / R) zeros (Frankle & Carbin 2019, arXiv:1803.03635, section 2; rewinding
    to a later batch: Frankle et al. 2020, arXiv:1912.05671). There, training goes on from that
    batch; here each training is the whole of `train`, so that a ticket sees `rewind_to` batches
    more.

    Everything is drawn from `seed`: Keras' global seed is set before each model is made and before
    each training. All trainings see the same order of data if they draw it from Keras.

    Args:
        make_model: Makes the network, with new weights, compiled or not: Functional or Sequential.
        train: `train(model, callbacks)` trains a model to the end, passes `callbacks` to `fit`, and
            returns what the model is worth then: its accuracy on held-out data, say; the higher
            the better. It may compile the model.
        sparsity: Share of zeros in the end, in each kernel that takes part, 0 < sparsity < 1.
        rounds: How many rounds of pruning.
        rewind_to: The weights go back to those after so many batches; 0 means initial weights.
        rules: Selector (see `tfprune.layer_names`) → `Rule` for kernels with another sparsity or
            with blocks, or None to leave them alone: `{"head": None}`.
        controls: For which rounds two controls are trained, too: "last", "all" or "none". One has
            the ticket's masks and new initial weights, the other the ticket's weights and as many
            zeros in each kernel at other places. A ticket that is none better has won nothing.
        seed: Of everything drawn.
        folder: Keeps finished trainings; the same call there repeats none. It knows the code of
            both functions, not what that code reads: for other data take another folder.

    Returns:
        A `Ticket`: the model at its early weights, the same trained, and a row for each round.

    Raises:
        PruneError: an argument is out of range, a rule asks for N:M groups or for another score
            than magnitude, the model is subclassed or not built, `train` returns no number or
            changes weights under the masks, or it never reaches `rewind_to`.
        FileError: the folder cannot be used.

    Example:
        >>> import numpy as np
        >>> x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
        >>> y = x @ np.ones((4, 1), "float32")
        >>> def make_model():
        ...     model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8)])
        ...     model.compile("sgd", "mse")
        ...     return model
        >>> def train(model, callbacks):
        ...     model.fit(x, y, verbose=0, callbacks=callbacks)
        ...     return -model.evaluate(x, y, verbose=0)
        >>> ticket = find_ticket(make_model, train, sparsity=0.75, rounds=2)
        >>> [row.sparsity for row in ticket.rounds]
        [0.0, 0.5, 0.75]
    """
    _check(sparsity, rounds, rewind_to, controls, seed)
    keras.utils.set_random_seed(seed)
    model = _made(make_model)
    plan = MaskPlan.of(model, sparsity, rules)
    asked = {
        "make_model": source_of(make_model),
        "train": source_of(train),
        "rules": plan.words(model),
        "rounds": rounds,
        "rewind_to": rewind_to,
        "seed": seed,
    }
    with contextlib.nullcontext() if folder is None else Run(folder).at_work() as run:
        trainings = Trainings(run, asked)
        search = _Search(
            model=model,
            make_model=make_model,
            train=train,
            plan=plan,
            trainings=trainings,
            rewind_to=rewind_to,
            seed=seed,
        )
        return search.run(rounds, controls)


@dataclass(frozen=True, kw_only=True)
class _Search:
    model: Any  # as it was made; copies of it are trained
    make_model: Callable[[], Any]
    train: Callable[[Any, list[Any]], float]
    plan: MaskPlan
    trainings: Trainings
    rewind_to: int
    seed: int

    def run(self, rounds: int, controls: str) -> Ticket:
        """Go through all rounds."""
        dense = self.trainings.do("dense", self._dense)
        trained, masks, rows = dense, dict[str, Any](), [_row(0, {}, dense.value)]
        for number in range(1, rounds + 1):
            scores = magnitudes(self._at(trained.weights), self.plan.rules)
            masks = dict(self.plan.masks(by_name(self.model), scores, number / rounds))
            trained = self._trained(f"ticket-{number}", dense.early, masks)
            others: tuple[float, ...] = ()
            if controls == "all" or (controls == "last" and number == rounds):
                others = self._controls(number, rounds, dense.early, masks)
            rows.append(_row(number, masks, trained.value, *others))
        return Ticket(
            model=self._at(dense.early, masks),
            trained=self._at(trained.weights),
            masks=masks,
            rounds=tuple(rows),
            rewind_to=self.rewind_to,
            seed=self.seed,
            notes=(*self.plan.notes, *self._unlike(controls)),
        )

    def _dense(self) -> TrainedTicket:
        model, early = self._at(weights_of(self.model)), EarlyWeights(self.rewind_to)
        early.weights = () if self.rewind_to else weights_of(model)
        value = judged(self.train, model, [early] if self.rewind_to else [], self.seed)
        return TrainedTicket(value=value, weights=weights_of(model), early=early.taken())

    def _trained(self, name: str, weights: Weights, masks: Masks) -> TrainedTicket:
        def work() -> TrainedTicket:
            wrapped = held(self._at(weights, masks), self.plan, masks)
            value = judged(self.train, wrapped, [UpdatePruningStep()], self.seed)
            plain = strip_pruning(wrapped)
            for kernel, found in magnitudes(wrapped, masks).items():
                if found[~masks[kernel]].any():
                    raise _moved(kernel)
            return TrainedTicket(value=value, weights=weights_of(plain))

        return self.trainings.do(name, work)

    def _controls(
        self, number: int, rounds: int, early: Weights, masks: Masks
    ) -> tuple[float, float]:
        new = self._trained(f"new-weights-{number}", self._new_weights(), masks)
        by_chance = drawn(masks, self.seed + _OTHER)
        moved = self.plan.masks(by_name(self.model), by_chance, number / rounds)
        chance = self._trained(f"random-masks-{number}", early, moved)
        return new.value, chance.value

    def _new_weights(self) -> Weights:
        keras.utils.set_random_seed(self.seed + _OTHER)
        return weights_of(_made(self.make_model))

    def _at(self, weights: Weights, masks: Masks | None = None) -> Any:
        """Return a copy of the network at some weights, zero under some masks."""
        keras.utils.set_random_seed(self.seed)
        clones = Clones(self.model)
        copy = replay(self.model, clones.of)
        clones.copy_weights()
        set_weights(copy, weights)
        for name, kernel in by_name(copy).items():
            if masks and name in masks:
                kernel.variable.assign(kernel.variable * masks[name])
        return compiled_as(copy, self.model)

    def _unlike(self, controls: str) -> list[Note]:
        """Tell of a network that is made with the same weights whatever the seed."""
        if controls == "none":
            return []
        new = zip(self.model.variables, weights_of(self.model), self._new_weights(), strict=True)
        if any(v.trainable and (own != other).any() for v, own, other in new):
            return []
        found = "makes the same weights for every seed: no control has new ones"
        return [Note("make_model", found)]


def _moved(kernel: str) -> PruneError:
    return PruneError(
        "find a ticket",
        f"train has changed weights of {kernel} that are under the mask",
        "model.fit(..., callbacks=callbacks): they undo what a moving average writes there",
    )


def _made(make_model: Callable[[], Any]) -> Any:
    model = make_model()
    if not isinstance(model, keras.Model) or not model.built or not is_graph(model):
        raise PruneError(
            "find a ticket",
            f"make_model made {type(model).__name__}, which is no Functional or built Sequential "
            "model",
            "begin it with keras.Input(shape)",
        )
    return model


def _row(number: int, masks: Masks, value: float, *others: float | None) -> TicketRound:
    size = sum(mask.size for mask in masks.values())
    zeros = sum(mask.size - int(mask.sum()) for mask in masks.values())
    new, chance = others or (None, None)
    return TicketRound(
        round=number,
        sparsity=zeros / max(size, 1),
        value=value,
        new_weights=new,
        random_masks=chance,
    )


def _check(sparsity: Any, rounds: Any, rewind_to: Any, controls: Any, seed: Any) -> None:
    if not isinstance(sparsity, (int, float)) or not 0 < sparsity < 1:
        found = "it is a share of zeros between 0 and 1"
        raise PruneError(f"sparsity={sparsity!r}", found, "sparsity=0.8")
    wholes = (("rounds", rounds, 1), ("rewind_to", rewind_to, 0), ("seed", seed, 0))
    for name, value, least in wholes:
        if not is_whole_number(value) or value < least:
            found = f"it is a whole number, {least} or more"
            raise PruneError(f"{name}={value!r}", found, f"{name}={max(least, 1)}")
    if controls not in _CONTROLS:
        fix = f"use one of {', '.join(_CONTROLS)}"
        raise PruneError(f"controls={controls!r}", "there is no such choice", fix)
