"""What every traced model must show, and its groups as text."""

import tempfile

import keras
import numpy as np

from tfprune.channels import trace
from tfprune.surgery.masked import force_to_zero
from tfprune.surgery.shrinking import shrink


def prunable(model):
    """The groups that may lose units, one line each, `"conv 4: writes conv/kernel[3]; reads …"`."""
    return [_line(group) for group in trace(model).groups if group.kept_whole is None]


def kept(model):
    """Name of a group → why it is kept whole, without the outputs of the model."""
    return {
        group.name: group.kept_whole
        for group in trace(model).groups
        if group.kept_whole not in (None, "an output of the model")
    }


def notes(model):
    """What the trace could not follow, one line each."""
    return [str(note) for note in trace(model).notes]


def _line(group):
    roles = {}
    for member in group.members:
        roles.setdefault(member.role, []).append(f"{member.name}[{member.axis}]")
    listed = "; ".join(f"{role} {' '.join(names)}" for role, names in roles.items())
    return f"{group.name} {group.size}: {listed}"


def removed_at_random(groups, ratio, seed):
    """Keep masks that leave out this share of the units of each group, and leave one at least."""
    rng = np.random.default_rng(seed)
    masks = [np.ones(group.size, bool) for group in groups]
    for group, mask in zip(groups, masks, strict=True):
        if group.kept_whole is None:
            count = min(round(ratio * group.size), group.size - 1)
            mask[rng.permutation(group.size)[:count]] = False
    return masks


def check(model, *, keep=None, ratio=0.5, seed=0, custom_objects=None, tolerance=1e-4, saves=True):
    """Remove units at random; the smaller model must stand three tests. It is returned.

    It computes what the original computes with those units forced to zero; it comes back from a
    `.keras` file, without custom objects unless some are given; and the original is as it was.
    `saves=False` is for models that Keras itself cannot save or load.
    """
    randomize(model, seed)
    before = [np.array(variable) for variable in model.variables]
    structure = trace(model)
    keep = removed_at_random(structure.groups, ratio, seed) if keep is None else keep
    stays = structure.kept(keep)
    small, _ = shrink(structure, stays)
    data = inputs(model, seed)
    data = data[0] if len(data) == 1 else data
    assert_close(small(data), force_to_zero(structure, stays)(data), tolerance)
    if saves:
        assert_close(reloaded(small, custom_objects)(data), small(data), 1e-6)
    for variable, values in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable, values)
    return small


def reloaded(model, custom_objects=None):
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.keras"
        model.save(path)
        return keras.saving.load_model(path, custom_objects=custom_objects, compile=False)


def assert_close(found, wanted, tolerance):
    """Largest difference over the largest value of each output."""
    pairs = zip(keras.tree.flatten(found), keras.tree.flatten(wanted), strict=True)
    for number, (a, b) in enumerate(pairs):
        a, b = (np.asarray(value, "float64") for value in (a, b))
        assert a.shape == b.shape, f"output {number}: {a.shape} is not {b.shape}"
        error = np.max(np.abs(a - b), initial=0) / (np.max(np.abs(b), initial=0) + 1e-6)
        assert error < tolerance, f"output {number} differs by {error:.2e}"


def randomize(model, seed=0):
    """Weights without the zeros and ones that hide a mistake: biases, scales, statistics."""
    rng = np.random.default_rng(seed)
    for variable in model.variables:
        if not str(variable.dtype).startswith(("float", "bfloat")):
            continue
        low, high = (0.5, 1.5) if _is_scale(variable) else (-0.5, 0.5)
        if len(variable.shape) < 2 or _is_scale(variable):
            variable.assign(rng.uniform(low, high, variable.shape))


def _is_scale(variable):
    return variable.path.split("/")[-1] in ("gamma", "moving_variance", "variance", "scale")


def inputs(model, seed=0):
    """Random inputs, whole numbers below 5 where the input is of integers."""
    rng = np.random.default_rng(seed)
    return [_draw(tensor, rng) for tensor in model.inputs]


def _draw(tensor, rng):
    batch, *lengths = tensor.shape
    shape = [batch or 2, *(6 if length is None else length for length in lengths)]
    if "int" in tensor.dtype:
        return rng.integers(0, 5, shape).astype(tensor.dtype)
    return rng.normal(size=shape).astype(tensor.dtype)
