"""The parts of a transformer layer: the residual stream, attention, the feed-forward part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tfprune.channels.call import Call
from tfprune.channels.rules.elementwise import check_activation
from tfprune.channels.units import Ids
from tfprune.keras_internals import projections


def residual_stream(call: Call, besides: Any = None) -> Ids:
    """Keep whatever flows into a composite, but for one flow, and return what it adds to."""
    for flow in call.inputs:
        if flow is not besides:
            call.keep(flow, why_kept(call))
    stream = call.input[-1]
    if stream is None:
        stream = call.new(call.output_shapes[0][-1] or 0)
        call.keep(stream, why_kept(call))
    return stream


def why_kept(call: Call) -> str:
    """Return the reason why the units of the residual stream stay."""
    return f"the residual stream of {call.name} is kept whole"


def attend(call: Call, attention: Any, at: str, stream: Ids, *source: Ids | None) -> Ids:
    """A Keras MultiHeadAttention between two places of the stream, or from a source to it."""
    heads = call.new(attention.num_heads)
    output = projected(call, attention, heads, stream, *(source or (stream,)))
    call.reads(output.kernel, 0, heads)
    call.writes(output.kernel, 2, stream)
    call.writes(output.bias, 0, stream)
    call.inner_setting(at + attention.name, "num_heads", heads)
    return heads


def projected(call: Call, attention: Any, heads: Ids, stream: Ids, source: Ids | None) -> Any:
    """Make queries of the stream, keys and values of a source; return the layer of the output."""
    query, key, value, output = projections(attention)
    for dense, read in ((query, stream), (key, source), (value, source)):
        call.reads(dense.kernel, 0, read)
        call.writes(dense.kernel, 1, heads)
        call.writes(dense.bias, 0, heads)
    return output


def feed_forward(call: Call, first: Sequence[Any], second: Any, stream: Ids) -> Ids:
    """Widen the stream by one layer, or by several that are multiplied, and narrow it again."""
    units = call.new(second.kernel.shape[0])
    for dense in first:
        call.reads(dense.kernel, 0, stream)
        call.writes(dense.kernel, 1, units)
        call.writes(dense.bias, 0, units)
        check_activation(call, dense.activation, units)
    call.reads(second.kernel, 0, units)
    call.writes(second.kernel, 1, stream)
    call.writes(second.bias, 0, stream)
    return units
