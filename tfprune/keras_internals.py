"""The private names of Keras, KerasHub and TensorFlow that tfprune reads: all of them, here alone.

Any release may rename one. Nothing here has a default, so that a name that is gone is an error that
says so, never another answer. `tests/test_keras_internals.py` runs before all other tests and holds
each function to what Keras does. A new private name is added here with its test, and only where
nothing public says the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import keras
from keras.src.backend.common import global_state
from keras.src.layers.rnn import dropout_rnn_cell
from keras.src.utils import naming

from tfprune.errors import PruneError

_WAITING, _SCOPES = "uninitialized_variables", "name_scope_stack"
TESTED = "Keras 3.12 to 3.15, KerasHub 0.25 to 0.32, TensorFlow 2.21"


def private(owner: Any, name: str) -> Any:
    """Return an attribute that is none of Keras' public ones.

    Raises:
        PruneError: this release does not have it.
    """
    try:
        return getattr(owner, name)
    except AttributeError as error:
        kind = owner.__name__ if isinstance(owner, type) else type(owner).__name__
        raise renamed(f"{kind}.{name}") from error


def renamed(name: str) -> PruneError:
    """Return the error of a private name that a release does not have."""
    return PruneError(
        f"read {name}, a private name",
        f"it is not there, with Keras {keras.__version__}; tfprune knows {TESTED}",
        "install one of those releases, or give tfprune/keras_internals.py the new name",
    )


def default_name(kind: str) -> str:
    """Return what Keras calls the first layer of a class that is given no name.

    Example:
        >>> default_name("MultiHeadAttention")
        'multi_head_attention'
    """
    return str(private(naming, "to_snake_case")(kind))


@contextmanager
def without_values() -> Iterator[None]:
    """Make layers whose variables never get values, so that nothing is allocated, now or later.

    Keras remembers variables made in a StatelessScope and fills them at the end of the next one
    (keras/src/backend/common/variables.py, initialize_all_variables): these are forgotten.
    """
    waiting = list(global_state.get_global_attribute(_WAITING) or ())
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        global_state.set_global_attribute(_WAITING, waiting)


@contextmanager
def scopes_closed() -> Iterator[None]:
    """Close the name scopes that the block leaves open.

    Where TensorFlow refuses a layer's name, Keras leaves open the scope of what is around it
    (keras/src/backend/tensorflow/core.py, name_scope), and all variables made later are called
    by it.
    """
    scopes = global_state.get_global_attribute(_SCOPES, default=[], set_to_default=True)
    before = len(scopes)
    try:
        yield
    finally:
        del scopes[before:]


# Layers and what is inside them: keras/src/layers/layer.py. Models of tf_keras have the first too.


@contextmanager
def growing(layer: Any) -> Iterator[None]:
    """Let a layer take up another one in the block, though Keras may call it built."""
    tracker = private(layer, "_tracker")
    locked = private(tracker, "locked")
    private(tracker, "unlock")()
    try:
        yield
    finally:
        if locked:
            private(tracker, "lock")()


def layers_of(layer: Any) -> list[Any]:
    """Return a layer or model and all layers inside it, each once."""
    return private(layer, "_flatten_layers")()


class Lora(NamedTuple):
    """The frozen variable that LoRA adds to, the sum, and the variables that were added."""

    base: Any
    merged: Any
    added: tuple[Any, Any]


def has_lora(layer: Any) -> bool:
    """Whether LoRA is enabled on a layer itself."""
    return bool(getattr(layer, "lora_enabled", False))


def lora_of(layer: Any) -> Lora | None:
    """Return what LoRA has learned on a layer, None where it is not enabled on the layer itself."""
    if not has_lora(layer):
        return None
    name = "embeddings" if isinstance(layer, keras.layers.Embedding) else "kernel"
    added = (getattr(layer, f"lora_{name}_a"), getattr(layer, f"lora_{name}_b"))
    return Lora(private(layer, f"_{name}"), getattr(layer, name), added)


def layers_inside(layer: Any) -> list[Any]:
    """Return all layers inside a layer or model, at any depth, without itself."""
    return private(layer, "_flatten_layers")(include_self=False)


def direct_layers(layer: Any) -> list[Any]:
    """Return the layers directly inside a layer, in the order in which Keras tracks them."""
    return private(layer, "_flatten_layers")(include_self=False, recursive=False)


def replace_layer(parent: Any, old: Any, new: Any) -> None:
    """Put a layer in the place of another in Keras' list of those directly inside `parent`."""
    private(parent, "_tracker").replace_tracked_value("layers", old, new)


def declared_trainable(layer: Any) -> list[Any]:
    """Return the variables of a layer alone that an optimizer trains unless they are frozen."""
    return private(layer, "_trainable_variables")


def draws_numbers(layer: Any) -> bool:
    """Whether a layer itself, without those inside it, draws random numbers."""
    return bool(private(layer, "_seed_generators"))


def drops_out_inside(layer: Any) -> bool:
    """Whether a layer is a recurrent cell that has dropout (keras/src/layers/rnn)."""
    return isinstance(layer, private(dropout_rnn_cell, "DropoutRNNCell"))


def holding_variables(layer: Any) -> dict[str, Any]:
    """Return the attributes of a layer that are variables of its own, or lists or dicts of them."""
    names = ("_trainable_variables", "_non_trainable_variables")
    tracked = [private(layer, name) for name in names]
    own = {id(variable) for variables in tracked for variable in variables}

    def holds(value: Any) -> bool:
        if any(value is variables for variables in tracked):
            return False
        return any(id(each) in own for each in _contents(value))

    attributes = vars(layer).items()  # of which TensorFlow keeps some for itself
    return {k: value for k, value in attributes if not k.startswith("_self_") and holds(value)}


def _contents(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, (list, tuple)) else [value]


def own_trainable(layer: Any) -> bool:
    """Return the flag of a layer itself; `trainable` is False as well if all its weights are."""
    return private(layer, "_trainable")


def set_own_trainable(layer: Any, flag: bool) -> None:
    """Set the flag of a layer itself; setting `trainable` sets it for all that is inside."""
    private(layer, "_trainable")
    layer._trainable = flag


def take_input_shape(wrapper: Any, layer: Any) -> None:
    """Let a Sequential model whose first layer is `wrapper` begin with the input of `layer`.

    It is there only if the layer was made with `input_shape=`; Keras looks for it likewise.
    """
    if "_input_shape_arg" in vars(layer):
        wrapper._input_shape_arg = layer._input_shape_arg


def begin_fit_at(model: Any, epoch: int) -> None:
    """Let the `fit` that has begun go on with an epoch; for callbacks, in `on_train_begin`.

    `keras.callbacks.BackupAndRestore` does so (keras/src/backend/tensorflow/trainer.py, fit).
    """
    private(model, "_initial_epoch")
    model._initial_epoch = epoch


def takes_training(operation: Any) -> bool:
    """Whether a call takes `training`; operations of `keras.ops` do not."""
    is_layer = isinstance(operation, keras.layers.Layer)
    return is_layer and private(operation, "_call_has_training_arg")


def check_input(layer: Any, tensor: Any) -> None:
    """Let a layer check its input's shape against its `input_spec`.

    Raises:
        ValueError: it does not fit.
    """
    private(layer, "_assert_input_compatibility")(tensor)


# Graphs: keras/src/ops/node.py, ops/function.py, models/functional.py, models/sequential.py.


def maker(tensor: Any) -> Any:
    """Return the operation that makes a tensor of a graph; its `InputLayer` for an input."""
    return private(tensor, "_keras_history")[0]  # tf_keras calls it `layer`


def node_behind(tensor: Any) -> Any:
    """Return the call that makes a tensor, None for one that no operation has made."""
    if "_keras_history" not in vars(tensor):
        return None
    operation, index, _ = tensor._keras_history
    return None if operation is None else calls_of(operation)[index]


def calls_of(operation: Any) -> list[Any]:
    """Return all calls of an operation ever made on symbolic tensors, in any model."""
    return private(operation, "_inbound_nodes")


def uncalled(operation: Any) -> Any:
    """Return a copy of an operation of `keras.ops`, which has no weights, that nobody called."""
    fresh = object.__new__(type(operation))
    vars(fresh).update(vars(operation))
    for name in ("_inbound_nodes", "_outbound_nodes"):
        private(operation, name)
        setattr(fresh, name, [])
    return fresh


@contextmanager
def calls_undone(layers: Sequence[Any]) -> Iterator[None]:
    """Forget the calls that these layers get inside the block, when it ends."""
    names = ("_inbound_nodes", "_outbound_nodes")
    lists = [private(layer, name) for layer in layers for name in names]
    lengths = [len(nodes) for nodes in lists]
    try:
        yield
    finally:
        for nodes, length in zip(lists, lengths, strict=True):
            del nodes[length:]


def nodes_by_depth(net: Any) -> dict[int, list[Any]]:
    """Return the calls of a Functional model by their distance from its outputs."""
    return private(net, "_nodes_by_depth")


def graph_in(sequential: Any) -> Any:
    """Return the Functional model in a Sequential one, None if it is not built or has no graph."""
    return private(sequential, "_functional")


def input_structure(net: Any) -> Any:
    """Return the inputs of a Functional model, nested as it takes them."""
    return private(net, "_inputs_struct")


def output_structure(net: Any) -> Any:
    """Return the outputs of a Functional model, nested as it returns them."""
    return private(net, "_outputs_struct")


def flat_inputs(net: Any, inputs: Any) -> list[Any]:
    """Return a batch as the tensors of a Functional model's inputs, in their order."""
    return private(net, "_standardize_inputs")(inputs)


def mask_of(tensor: Any) -> Any:
    """Return the mask that a tensor of a graph carries, None for none.

    Keras itself says "no mask" by the absence of the name (`get_keras_mask`).
    """
    return vars(tensor).get("_keras_mask")


# Training: keras/src/trainers/trainer.py, optimizers/base_optimizer.py.


def loss_weights(model: Any) -> Any:
    """Return the `loss_weights` that a model was compiled with."""
    return compiled_settings(model).get("loss_weights")


def added_losses(model: Any) -> Any:
    """Return the sum of what regularizers and `add_loss` add to a model's loss in one step."""
    aggregate = private(model, "_aggregate_additional_loss")
    return sum((aggregate(loss) for loss in model.losses), 0.0)


def resolves_jit_itself(model: Any) -> bool:
    """Whether `jit_compile` is what a model compiled with "auto" would have taken."""
    return model.jit_compile == private(model, "_resolve_auto_jit_compile")()


def optimizer_config(optimizer: Any) -> dict[str, Any]:
    """Return the config of an optimizer, with its learning-rate schedule as it is.

    A schedule of the user's own need not be one that can be saved.
    """
    schedule = private(optimizer, "_learning_rate")
    if not isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        return dict(optimizer.get_config())
    probe = object.__new__(type(optimizer))
    vars(probe).update({**vars(optimizer), "_learning_rate": 0.0})
    return {**probe.get_config(), "learning_rate": schedule}


def compiled_settings(model: Any) -> dict[str, Any]:
    """Return what a model was compiled with, `loss`, `metrics` and the like; {} if it was not.

    The objects are the user's own.
    """
    if not getattr(model, "compiled", False):
        return {}
    return dict(private(model, "_compile_config").config)


def reset_random_states(model: Any, seed: int) -> None:
    """Make dropout and noise draw from a seed, whatever they have drawn before."""
    states = [v for v in model.variables if v.path.endswith("seed_generator_state")]
    for number, state in enumerate(states):
        state.assign([seed + 7919 * number, 0])


def slots_of(optimizer: Any, variable: Any) -> list[tuple[Any, float]]:
    """Return what an optimizer keeps for each weight of a variable, and the value it begins with.

    That is its lists with an entry for each model variable, where the entry has the variable's
    shape: momentum, moments, accumulators, moving averages.
    """
    several = getattr(keras.optimizers, "MultiOptimizer", None)
    if several is not None and isinstance(optimizer, several):
        for inner in private(optimizer, "_inner_optimizers"):
            if any(known is variable for known in private(inner, "_trainable_variables")):
                return slots_of(inner, variable)
    trained = private(optimizer, "_trainable_variables")
    place = next(i for i, known in enumerate(trained) if known is variable)
    found = []
    for name, kept in vars(optimizer).items():
        if not isinstance(kept, list) or len(kept) != len(trained):
            continue
        slot = kept[place]
        if slot is variable or not isinstance(slot, keras.Variable):
            continue
        if slot.shape == variable.shape:
            first = getattr(optimizer, "initial_accumulator_value", 0.0)
            found.append((slot, first if name == "_accumulators" else 0.0))
    return found


def variables_of_optimizer(optimizer: Any) -> list[Any]:
    """Return the variables that an optimizer itself added."""
    return private(optimizer, "_variables")


# Layers of Keras and KerasHub whose parts have no public name.


def given_output_shape(layer: Any) -> Any:
    """Return the `output_shape` that a Lambda or a MultiHeadAttention was given."""
    return private(layer, "_output_shape")


def projections(attention: Any) -> tuple[Any, Any, Any, Any]:
    """Return the layers of an attention that make queries, keys, values and its output."""
    names = ("_query_dense", "_key_dense", "_value_dense", "_output_dense")
    query, key, value, output = (private(attention, name) for name in names)
    return query, key, value, output


def gate_of(attention: Any) -> Any:
    """Return the layer that makes an attention's gate, None if it has none."""
    gated = attention.get_config().get("use_gate")  # since Keras 3.13
    return private(attention, "_gate_dense") if gated else None


def attention_mask(attention: Any, query: Any, value: Any, **masks: Any) -> Any:
    """Return the one mask that a MultiHeadAttention makes of all it is given."""
    return private(attention, "_compute_attention_mask")(query, value, **masks)


def attention_equations(attention: Any) -> tuple[str, str]:
    """Return the einsum equations of a built attention's scores and of its sums of values."""
    names = ("_dot_product_equation", "_combine_equation")
    scores, sums = (private(attention, name) for name in names)
    return scores, sums


def attention_dropout(attention: Any) -> Any:
    """Return the dropout of a built MultiHeadAttention's scores."""
    return private(attention, "_dropout_layer")


def attends_like(attention: Any, kind: type) -> bool:
    """Whether the class of an attention computes its scores as `kind` does."""
    name = "_compute_attention"
    return private(type(attention), name) is private(kind, name)


def normalized_axes(layer: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return which axes of a built Normalization have statistics of their own, and which not."""
    return tuple(private(layer, "_keep_axis")), tuple(private(layer, "_reduce_axis"))


def self_attention(block: Any) -> Any:
    """Return the attention in an encoder or decoder of KerasHub."""
    return private(block, "_self_attention_layer")


def cross_attention(decoder: Any) -> Any:
    """Return the attention to an encoder in a decoder of KerasHub, None without one."""
    return private(decoder, "_cross_attention_layer")


def feed_forward(block: Any) -> tuple[Any, Any]:
    """Return the layers that widen and narrow the stream in an encoder or decoder of KerasHub."""
    names = ("_feedforward_intermediate_dense", "_feedforward_output_dense")
    first, second = (private(block, name) for name in names)
    return first, second


def f_net_feed_forward(encoder: Any) -> tuple[Any, Any]:
    """Return the layers that widen and narrow the stream in KerasHub's FNetEncoder."""
    return private(encoder, "_intermediate_dense"), private(encoder, "_output_dense")


# TensorFlow's converter: tensorflow/lite/python. `runners/worker.py` has one name of LiteRT's, for
# it runs where tfprune is not installed.


def converter_of(folder: str) -> Any:
    """Return a TFLiteConverter of the signature `serving_default` of a SavedModel.

    `tf.lite.TFLiteConverter.from_saved_model` loads the whole model only to read the names of its
    signatures, and its `convert` loads it again, for the lines of code that made each op, then
    collects garbage among all objects of the process. Here neither is done.
    """
    from tensorflow.lite.python import lite

    whole: Any = private(lite, "TFLiteSavedModelConverterV2")

    class Converter(whole):
        def convert(self) -> Any:
            return private(self, "_convert_and_export_metrics")(_convert_unloaded)

    return Converter(folder, {"serve"}, ["serving_default"])


def _convert_unloaded(converter: Any) -> Any:
    load = private(converter, "_load_saved_model")
    tags = private(converter, "_saved_model_tags")
    graph, _, _ = load(private(converter, "saved_model_dir"), tags)
    private(converter, "_debug_info")
    converter._debug_info = None
    return private(converter, "_convert_from_saved_model")(graph)


def calibrate_only(converter: Any) -> None:
    """Let a TFLiteConverter stop after calibration, with a float file that holds every range.

    It is the only way to one, for tf.lite's own QuantizationDebugger too.
    """
    private(converter, "_experimental_calibrate_only")
    converter._experimental_calibrate_only = True


def quantize_calibrated(content: bytes, **settings: Any) -> bytes:
    """Return a calibrated float file quantized; some ops or kinds of op may be left out.

    Args:
        content: The file.
        settings: `input_data_type`, `output_data_type`, `denylisted_nodes`, `denylisted_ops`.
    """
    from tensorflow.lite.python import convert

    return private(convert, "mlir_quantize")(content, **settings)
