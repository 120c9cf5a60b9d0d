"""From the weights along an axis of a variable to the units that lie there."""

from __future__ import annotations

from typing import Literal

import numpy as np

from tfprune.channels import Group, Member
from tfprune.errors import PruneError
from tfprune.graph import values_of


def by_unit(positions: np.ndarray, units: np.ndarray, size: int) -> np.ndarray:
    """Sum values given per position into one float64 number per unit.

    Args:
        positions: One value per position on the axis.
        units: Which unit lies at each position, -1 for none of this group.
        size: Number of units.

    Example:
        >>> by_unit(np.array([1.0, 2.0, 4.0]), np.array([1, -1, 1]), size=2)
        array([0., 5.])
    """
    ours = units >= 0
    return np.bincount(units[ours], positions[ours], minlength=size)


def kernels(group: Group, roles: tuple[str, ...] = ("writes",)) -> list[Member]:
    """Return the members of these roles that multiply the data: biases are not among them."""
    return [m for m in group.members if m.role in roles and "bias" not in m.variable.name]


def power_sum(member: Member, p: Literal[1, 2], size: int) -> np.ndarray:
    """Return Σ |w|^p over the weights of each unit.

    Raises:
        PruneError: a weight is NaN or infinite.
    """
    weights = _matrix(member)
    sums = (
        np.abs(weights).sum(axis=1, dtype="float64")
        if p == 1
        else np.einsum("ij,ij->i", weights, weights, dtype="float64")
    )
    _check_finite(member, sums)
    return by_unit(sums, member.units, size)


def filters(member: Member, size: int) -> np.ndarray:
    """Return the weights of each unit as a row of a (size, weights) array.

    A unit that lies at several positions has the slices of all of them in its row; rows of units
    with fewer positions end in zeros.

    Raises:
        PruneError: a weight is NaN or infinite.
    """
    weights = _matrix(member)
    _check_finite(member, weights)
    positions = np.flatnonzero(member.units >= 0)
    positions = positions[np.argsort(member.units[positions], kind="stable")]
    units = member.units[positions]
    counts = np.bincount(units, minlength=size)
    nth = np.arange(len(units)) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = np.zeros((size, max(counts.tolist(), default=0), weights.shape[1]), weights.dtype)
    rows[units, nth] = weights[positions]
    return rows.reshape(size, -1)


def _matrix(member: Member) -> np.ndarray:
    """Return a member's weights as float32 (or float64), one row per position on its axis."""
    weights = values_of(member.variable)
    weights = weights.astype(np.promote_types(weights.dtype, "float32"), copy=False)
    length = weights.shape[member.axis]
    if member.axis == weights.ndim - 1:
        return weights.reshape(-1, length).T
    return np.moveaxis(weights, member.axis, 0).reshape(length, -1)


def _check_finite(member: Member, values: np.ndarray) -> None:
    if not np.isfinite(values).all():
        raise PruneError(
            f"judge the units of {member.name}",
            "the variable holds NaN or infinite weights",
            "go on from a checkpoint whose weights are finite",
        )
