"""Merging: similar units become one, whose readers see the sum, instead of dropping the others.

A matrix takes the old units to the new ones. What makes units is averaged by it, what reads them is
added up. Dropping is the special case of a matrix that picks some units: so merging changes the
weights of the units that stay, and then drops the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tfprune.channels import Group, KeptUnits, Structure
from tfprune.graph import nets, nodes_in_order, values_of
from tfprune.keras_facts import (
    ELEMENTWISE_LAYERS,
    PASS_THROUGH,
    activation_of,
    is_elementwise,
    kernels_of,
    op_name,
)
from tfprune.notes import Note

Array = NDArray[Any]

_CARRIED_ON = (  # they treat each channel alike, or only lay channels out in another way
    *ELEMENTWISE_LAYERS,
    *PASS_THROUGH,
    keras.layers.Add,
    keras.layers.BatchNormalization,
    keras.layers.Concatenate,
    keras.layers.Flatten,
    keras.layers.Average,
    *(
        getattr(keras.layers, f"{kind}{rank}D")
        for rank in (1, 2, 3)
        for kind in ("AveragePooling", "MaxPooling", "ZeroPadding", "UpSampling", "Cropping")
    ),
    *(
        getattr(keras.layers, f"Global{kind}Pooling{rank}D")
        for rank in (1, 2, 3)
        for kind in ("Average", "Max")
    ),
)


def merged(structure: Structure, kept: KeptUnits) -> tuple[KeptUnits, dict[int, Array], list[Note]]:
    """Choose which units become one, as many as a plan lets stay, and merge their weights.

    Units are clustered by all weights that make them, those of their BatchNormalization too: at
    each step the two clusters become one whose weights differ least (Ward 1963, "Hierarchical
    Grouping to Optimize an Objective Function"). Units that are alike are lost nothing of; merged
    neurons are data-free in Srinivas and Babu 2015, "Data-free parameter pruning for Deep Neural
    Networks", arXiv 1507.06149, the source of the readers' sum.

    Args:
        structure: The traced model.
        kept: How many units of each group stay; in a group that is merged, which ones is found
            anew: the first of each cluster.

    Returns:
        Which units stay; the merged values of variables by id, in their old shapes; and why a
        group is not merged.
    """
    values: dict[int, Array] = {}
    masks, notes = [], []
    blocked = _blocked(structure)
    for group in structure.groups:
        mask = kept.mask(group.roots)
        reason = None if mask.all() else _why_not(structure, group, blocked)
        if reason is not None:
            notes.append(Note(group.name, f"dropped, not merged: {reason}"))
        elif not mask.all():
            labels = _clusters(_features(group), int(mask.sum()))
            mask = np.zeros(len(labels), bool)
            mask[np.unique(labels, return_index=True)[1]] = True
            _merge(group, labels, values)
        masks.append(mask)
    return structure.kept(masks), values, notes


def _merge(group: Group, labels: Array, values: dict[int, Array]) -> None:
    """Average, or add up, the weights of each cluster at the place of its first unit."""
    for member in group.members:
        key = id(member.variable)
        array = values.get(key, values_of(member.variable))
        moved = np.moveaxis(array.astype(np.float64), member.axis, 0)
        places = _places(member)
        for label in np.unique(labels):
            together = places[labels == label]
            total = moved[together].sum(0)
            moved[together[0]] = total if member.role == "reads" else total / len(together)
        values[key] = np.moveaxis(moved, 0, member.axis).astype(array.dtype)


def _places(member: Any) -> Array:
    """Return (units, positions of each on the axis)."""
    order = np.argsort(member.units, kind="stable")
    order = order[np.count_nonzero(member.units < 0) :]
    return order.reshape(len(np.unique(member.units[order])), -1)


def _features(group: Group) -> Array:
    """Return (units, weights that make them), each variable as large as the others in all."""
    found = []
    for member in group.members:
        if member.role != "reads":
            moved = np.moveaxis(values_of(member.variable).astype(np.float64), member.axis, 0)
            rows = moved[_places(member)].reshape(group.size, -1)
            size = np.sqrt((rows**2).sum())
            found.append(rows / size if size > 0 else rows)
    return np.concatenate(found, 1)


def _clusters(rows: Array, count: int) -> Array:
    """Return the number of each row's cluster."""
    labels, sizes, centres = np.arange(len(rows)), np.ones(len(rows)), rows.copy()
    squares = (centres**2).sum(1)
    costs = squares[:, None] + squares[None, :] - 2 * centres @ centres.T
    costs = np.maximum(costs, 0) / 2
    np.fill_diagonal(costs, np.inf)
    for _ in range(len(rows) - count):
        a, b = sorted(np.unravel_index(int(np.argmin(costs)), costs.shape))
        centres[a] = (sizes[a] * centres[a] + sizes[b] * centres[b]) / (sizes[a] + sizes[b])
        sizes[a] += sizes[b]
        labels[labels == b] = a
        weight = sizes[a] * sizes / (sizes[a] + sizes)
        row = np.where(np.isinf(costs[a]), np.inf, weight * ((centres - centres[a]) ** 2).sum(1))
        costs[a], costs[:, a] = row, row
        costs[b], costs[:, b] = np.inf, np.inf
        costs[a, a] = np.inf
    return labels


def _why_not(structure: Structure, group: Group, blocked: Mapping[int, str]) -> str | None:
    """Return why the units of a group cannot be merged."""
    if not any(member.role == "reads" for member in group.members):
        return "nothing that sums over them is known"
    for member in group.members:
        sizes = np.bincount(member.units[member.units >= 0], minlength=group.size)
        if len(set(sizes.tolist())) > 1 or sizes[0] == 0:
            return f"{member.name} holds some of its units more often than others"
        if not _linear(member):
            return f"how {type(member.layer).__name__} uses {member.name} is not known here"
    return next((blocked[root] for root in group.roots.tolist() if root in blocked), None)


def _linear(member: Any) -> bool:
    """Whether what is made or read by a variable adds up."""
    if isinstance(member.layer, keras.layers.BatchNormalization):
        return True
    known = {id(kernel.variable) for kernel in kernels_of(member.layer)}
    one_by_one = (keras.layers.Dense, keras.layers.EinsumDense, *_convolutions())
    if not isinstance(member.layer, one_by_one) or not is_elementwise(member.layer.activation):
        return False
    grouped = getattr(member.layer, "groups", 1) > 1 and member.role == "reads"
    return not grouped and (id(member.variable) in known or member.role != "reads")


def _convolutions() -> tuple[Any, ...]:
    layers = keras.layers
    return (
        *(getattr(layers, f"Conv{rank}D") for rank in (1, 2, 3)),
        *(getattr(layers, f"Conv{rank}DTranspose") for rank in (1, 2, 3)),
        *(getattr(layers, f"DepthwiseConv{rank}D") for rank in (1, 2)),
    )


def _blocked(structure: Structure) -> dict[int, str]:
    """Return id that stands for a unit → what it goes through that may not be followed."""
    found: dict[int, str] = {}
    for _, net in nets(structure.model):
        for node in nodes_in_order(net):
            if node.is_input or _follows(node.operation):
                continue
            for tensor in node.input_tensors:
                for ids in structure.flow(tensor).units.values():
                    for root in structure.roots(ids).tolist():
                        found.setdefault(root, f"{node.operation.name} does more than add them up")
    return found


def _follows(operation: Any) -> bool:
    """Whether an operation treats units one by one and alike, or sums over them."""
    if op_name(operation) == "Add" or isinstance(operation, keras.Model):
        return True
    kinds = (*_CARRIED_ON, *_convolutions(), keras.layers.Dense, keras.layers.EinsumDense)
    if type(operation) in kinds:
        return getattr(operation, "axis", -1) in (-1, (-1,)) or not isinstance(
            operation, keras.layers.BatchNormalization
        )
    name = activation_of(operation)
    return name is not None and is_elementwise(getattr(keras.activations, name, None))
