"""The ways of `proofs.side_by_side`: each makes a smaller model of a network in the same epochs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tfprune
from proofs.regrowth import SPARSITY, WAYS
from proofs.side_by_side_task import Task, Way
from tfprune.clustering import cluster_weights, strip_clustering

FEWER, MUCH_FEWER, ZEROS = 2.0, 3.0, 0.8  # times fewer MACs, alone and in steps; zeros, alone
BLOCKS, CLUSTERS, ROUND_TO, STEPS = 4, 16, 8, 3
TEMPERATURE, ALPHA = 3.0, 0.7


def growing(task: Task, **settings: Any) -> Any:
    """Return the network with zeros that grew over two thirds of the steps."""
    end = 2 * task.steps // 3 // task.beat * task.beat
    schedule = tfprune.PolynomialDecay(0.0, ZEROS, 0, end, frequency=task.beat)
    return task.masked(task.dense, schedule, **settings)


def two_of_four(task: Task) -> Any:
    """Return the network with two zeros in every four input channels, chosen once."""
    schedule = tfprune.ConstantSparsity(0.5, 0, 1, frequency=1)
    return task.masked(task.dense, schedule, sparsity_m_by_n=(2, 4))


def fewer_blocks(task: Task) -> Any:
    """Return the network without its most redundant blocks, trained."""
    return task.fit(tfprune.prune_layers(task.dense, n=BLOCKS, data=task.unlabelled))


def taught(task: Task, **settings: Any) -> Any:
    """Return the network of fewer filters, trained by the dense one's answers."""
    small = task.filters(FEWER, round_to=ROUND_TO, **settings)
    task.fit(tfprune.Distilled(small, task.dense, TEMPERATURE, ALPHA), norms=small)
    return small


def clustered(task: Task) -> Any:
    """Return the network with few values in each kernel, trained."""
    return strip_clustering(task.fit(cluster_weights(task.dense, CLUSTERS)))


def in_steps(task: Task, **settings: Any) -> Any:
    """Return the network of much fewer filters: a little less, trained, and again."""
    each = task.epochs // STEPS
    return task.filters(
        MUCH_FEWER, steps=STEPS, fine_tune=lambda model: task.fit(model, each), **settings
    )


def scheduled(way: str) -> Callable[[Task], Any]:
    """Return the way of `proofs.regrowth` of that name."""

    def trained(task: Task) -> Any:
        schedule = WAYS[way](task.steps, task.beat)
        return task.masked(task.dense, schedule, allocation="erdos_renyi")

    return trained


def refitted(task: Task) -> Any:
    """Return the network with all zeros at once, its other weights refitted, then trained."""
    schedule = WAYS["held"](task.steps, task.beat)
    plan = tfprune.plan_pruning(task.dense, schedule, allocation="erdos_renyi")
    rules = {row.kernel: row.rule for row in plan.rows}
    sparse = tfprune.prune_once(task.dense, rules=rules, repair_on=task.unlabelled)
    return task.masked(sparse, schedule, allocation="erdos_renyi")


def zeros_in_steps(task: Task) -> Any:
    """Return the network with some zeros, trained, with more, and so on."""
    model = task.dense
    for step in range(1, STEPS + 1):
        share = 1 - (1 - SPARSITY) ** (step / STEPS)
        schedule = tfprune.ConstantSparsity(share, 0, 1, frequency=1)
        each = task.epochs // STEPS
        model = task.masked(model, schedule, each, allocation="erdos_renyi")
    return model


def rewound(task: Task) -> Any:
    """Return a ticket: trained, the smallest weights zero, the others back to where they began."""

    def train(model: Any, callbacks: list[Any]) -> float:
        return -float(task.fit(model, task.epochs // STEPS, callbacks).history.history["loss"][-1])

    schedule = tfprune.ConstantSparsity(SPARSITY, 0)
    plan = tfprune.plan_pruning(task.dense, schedule, allocation="erdos_renyi")
    ticket = tfprune.find_ticket(
        task.copy,
        train,
        sparsity=SPARSITY,
        rounds=STEPS - 1,  # the first training is the dense network's
        rules={row.kernel: row.rule for row in plan.rows},
        controls="none",
        seed=task.seed,
    )
    return ticket.trained


_PAIRS = f"{ZEROS:.0%} zeros in pairs of output channels, grown while training"
TECHNIQUES = {
    "dense": Way(says="as it is, not trained", make=lambda task: task.dense, trains=False),
    "int8 after": Way(
        says="calibrated on 256 inputs, not trained",
        make=lambda task: task.dense,
        quantize="int8",
        trains=False,
    ),
    "repair": Way(
        says="half the MACs, refitted on 256 inputs, not trained",
        make=lambda task: task.filters(FEWER, round_to=ROUND_TO, repair_on=task.unlabelled),
        trains=False,
    ),
    "training alone": Way(says="nothing goes", make=lambda task: task.fit(task.copy())),
    "filters": Way(
        says="half the MACs, by Taylor, in eights",
        make=lambda task: task.fit(task.filters(FEWER, round_to=ROUND_TO)),
    ),
    "blocks of layers": Way(says=f"{BLOCKS} residual blocks go", make=fewer_blocks),
    "weights": Way(says=f"{ZEROS:.0%} zeros, grown while training", make=growing),
    "pairs": Way(says=_PAIRS, make=lambda task: growing(task, block_size=(1, 2))),
    "2:4": Way(says="two of four input channels zero", make=two_of_four),
    "int8 training": Way(
        says="rounded in every step",
        make=lambda task: task.fit(tfprune.quantize_model(task.dense)),
        quantize="int8",
    ),
    "clusters": Way(says=f"{CLUSTERS} values in each kernel", make=clustered),
    "teacher": Way(says="the same filters; the dense network teaches", make=taught),
    "together": Way(
        says="the same filters, repaired, the teacher, then int8 after training",
        make=lambda task: taught(task, repair_on=task.unlabelled),
        quantize="int8",
    ),
}
STRUCTURED = {
    "one shot": Way(
        says="all at once, then all epochs", make=lambda task: task.fit(task.filters(MUCH_FEWER))
    ),
    "in steps": Way(says=f"{STEPS} cuts, a share of the epochs after each", make=in_steps),
    "one shot, repaired": Way(
        says="repaired before the epochs",
        make=lambda task: task.fit(task.filters(MUCH_FEWER, repair_on=task.unlabelled)),
    ),
    "in steps, repaired": Way(
        says=f"{STEPS} cuts, repaired after each, then its share of the epochs",
        make=lambda task: in_steps(task, repair_on=task.unlabelled),
    ),
}
MASKS = {
    "one shot": Way(says="all zeros from the first step, by size, held", make=scheduled("held")),
    "one shot, refitted": Way(says="the same, by `prune_once` with repair", make=refitted),
    "in steps": Way(
        says=f"{STEPS} times more, a share of the epochs after each", make=zeros_in_steps
    ),
    "rewound": Way(
        says="the same as a lottery ticket: after each training but the last, weights go back",
        make=rewound,
    ),
    "gradual": Way(
        says="`PolynomialDecay` over two thirds of the steps", make=scheduled("polynomial")
    ),
    "SET": Way(says="zeros move: the smallest go, others are drawn", make=scheduled("set")),
    "RigL": Way(says="zeros move: the largest gradients grow", make=scheduled("rigl")),
}
PARTS = {"techniques": TECHNIQUES, "structured": STRUCTURED, "masks": MASKS}
