"""Which ops of a file compute a layer."""

from tfprune.linking.layer_ops import LayerOps, is_of


def test_paddings_folded_into_two_layers_do_not_mix_them_up():
    """The converter then writes names such as `relu;depthwise;;pad`, with an empty part."""
    names = ("a/Relu;a/depthwise;;pad_a/Pad", "b/Relu;b/depthwise;;pad_b/Pad")
    first, second = (LayerOps(name[0], (), (), (name,)) for name in names)
    assert is_of([first], [names[0]]) and not is_of([first], second.outputs)
