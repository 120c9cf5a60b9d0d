"""XNNPACK's rules for sparse inference, one by one, on graphs built by hand."""

import pytest

from tfprune.diagnosis import diagnose
from tfprune.runtimes import SPARSE_RULES

from .graphs import SAME, VALID, Builder, network


def judged(model):
    return diagnose(model, "android-arm64", as_if_sparse=True)


def flat_head(b, x):
    s = b.conv(b.mean(x, keep=True), 10)
    return b.op("RESHAPE", (s,), (1, 10))


INSIDE = {
    "nothing more": lambda b, x: x,
    "a 5x5 depthwise convolution": lambda b, x: b.depthwise(x, 5),
    "padding by 2 before 5x5 at stride 2": lambda b, x: b.depthwise(
        b.pad(x, 2, 2, 2, 2), 5, 2, VALID
    ),
    "padding by 1 before 3x3 at stride 2": lambda b, x: b.depthwise(b.pad(x), 3, 2, VALID),
    "a sum": lambda b, x: b.binary(x, b.conv(x)),
    "a product": lambda b, x: b.binary(x, b.conv(x), "MUL"),
    "a square": lambda b, x: b.binary(x, x, "MUL"),
    "a function": lambda b, x: b.unary(x, "HARD_SWISH"),
    "squeeze and excite": lambda b, x: b.gate(x),
}


@pytest.mark.parametrize("middle", INSIDE)
def test_what_may_stand_inside_runs_sparse(middle):
    found = judged(network(INSIDE[middle]))
    assert found.verdict == "safe", found.reason


# What breaks the sparse part in its middle, and the rule it names: before it comes out wrong.
WRONG = {
    "max pooling": (lambda b, x: b.pool(x), "inside"),
    "3x3 convolution": (lambda b, x: b.conv(x, 16, 3, 1, SAME), "inside"),
    "1x1 convolution at stride 2": (lambda b, x: b.conv(x, 16, 1, 2), "inside"),
    "7x7 depthwise convolution": (lambda b, x: b.depthwise(x, 7), "inside"),
    "dilation": (lambda b, x: b.depthwise(x, dilation=2), "inside"),
    "depth multiplier": (lambda b, x: b.depthwise(x, multiplier=2), "inside"),
    "'same' at stride 2": (lambda b, x: b.depthwise(x, 3, 2, SAME), "padding"),
    "padding right and below": (
        lambda b, x: b.depthwise(b.pad(x, 0, 1, 0, 1), 3, 2, VALID),
        "padding",
    ),
    "padding by 1 before 5x5": (lambda b, x: b.depthwise(b.pad(x), 5, 2, VALID), "padding"),
    "no padding": (lambda b, x: b.depthwise(x, 3, 1, VALID), "padding"),
    "mean over channels": (lambda b, x: b.mean(x, True, (3,)), "exit"),
}


def with_a_first_pooling(middle):
    """A network whose sparse part could end before `middle`, so that it begins at all."""
    b = Builder()
    x = b.conv(b.depthwise(b.stem()))
    first = b.mean(b.conv(x))
    return b.model(first, b.mean(b.conv(middle(b, b.conv(x)))))


@pytest.mark.parametrize("middle", WRONG)
def test_what_may_not_stand_inside_is_unsafe_or_dense_and_names_its_rule(middle):
    change, rule = WRONG[middle]
    found = judged(network(change))
    assert found.verdict in ("unsafe", "dense", "unknown")
    assert rule in [finding.rule for finding in found.findings]


@pytest.mark.parametrize(
    ("end", "verdict", "rule"),
    [
        (lambda b, x: b.mean(x), "safe", None),
        (lambda b, x: b.op("DEPTH_TO_SPACE", (x,), (1, 32, 32, 4), blockSize=2), "safe", None),
        (flat_head, "unsafe", "exit"),
        (lambda b, x: b.mean(x, True), "unsafe", "exit"),
        (lambda b, x: b.mean(x, axes=(1,)), "unknown", "exit"),
        (lambda b, x: x, "dense", "exit"),
        (lambda b, x: b.pool(x), "dense", "exit"),
    ],
)
def test_how_the_sparse_part_may_end(end, verdict, rule):
    found = judged(network(end=end))
    assert found.verdict == verdict
    assert rule is None or rule in [finding.rule for finding in found.findings]


def flattened(b, x, dimension=0):
    """Flatten with an open batch: the first dimension of the mean is asked for when it runs."""
    m = b.mean(x, keep=True)
    shape = b.op("SHAPE", (m,), (4,))
    edges = [b.tensor((1,), "int32", [n]) for n in (dimension, dimension + 1, 1)]
    batch = b.op("STRIDED_SLICE", (shape, *edges), (), shrinkAxisMask=1)
    new = b.op("PACK", (batch, b.tensor((), "int32", [16])), (2,))
    return b.op("RESHAPE", (m, new), (1, 16))


@pytest.mark.parametrize(("dimension", "verdict"), [(0, "safe"), (3, "unsafe")])
def test_only_the_batch_of_a_kept_mean_may_be_asked_for(dimension, verdict):
    assert judged(network(end=lambda b, x: flattened(b, x, dimension))).verdict == verdict


@pytest.mark.parametrize(("alpha", "verdict"), [(0.1, "safe"), (0.0, "unsafe"), (1e-40, "unsafe")])
def test_leaky_relu_without_a_slope_ends_the_sparse_part(alpha, verdict):
    """XNNPACK leaves it out, so that the product before it is read by a builtin kernel."""

    def gated(b, x):
        return b.op("LEAKY_RELU", (b.gate(x),), b.shape(x), alpha=alpha)

    assert judged(network(gated)).verdict == verdict


@pytest.mark.parametrize(
    ("middle", "reason"),
    [
        (lambda b, x: b.unary(x, "SIGN"), "XNNPACK has no such op"),
        (lambda b, x: b.pool(x, size=1), "its strides exceed what it pools"),
    ],
)
def test_an_op_that_xnnpack_leaves_out_hides_the_end_and_is_named(middle, reason):
    found = judged(network(middle))
    assert (found.verdict, found.verdicts[0].rule) == ("dense", "builtin")
    assert reason in found.reason


@pytest.mark.parametrize(
    ("channels", "kernel", "stride", "rule"),
    [(1, 3, 2, "entry"), (4, 3, 2, "entry"), (3, 3, 1, "entry"), (3, 5, 2, "inside")],
)
def test_how_the_sparse_part_must_begin(channels, kernel, stride, rule):
    b = Builder(channels=channels)
    x = b.conv(b.pad(b.image), 8, kernel, stride)
    found = judged(b.model(b.mean(b.conv(b.depthwise(x)))))
    assert (found.verdict, found.findings[0].rule) == ("dense", rule)


@pytest.mark.parametrize("sides", [(0, 1, 0, 1), (2, 2, 2, 2), (0, 0, 0, 0), "same"])
def test_the_stem_must_be_padded_by_1_on_all_sides(sides):
    b = Builder()
    padding, x = (SAME, b.image) if sides == "same" else (VALID, b.pad(b.image, *sides))
    found = judged(b.model(b.mean(b.conv(b.depthwise(b.conv(x, 8, 3, 2, padding))))))
    assert (found.verdict, found.verdicts[0].rule) == ("dense", "padding")


@pytest.mark.parametrize(("sparsity", "verdict"), [(0.66, "dense"), (0.67, "safe")])
def test_more_than_two_thirds_of_all_1x1_weights_must_be_zero(sparsity, verdict):
    found = judged(network(sparsity=sparsity))
    assert found.verdict == verdict
    assert (found.verdicts[0].rule == "zeros") == (verdict == "dense")


def test_the_dense_head_does_not_count_in_the_two_thirds():
    def head(b, x):
        return b.op("FULLY_CONNECTED", (b.mean(x), b.tensor((500, 16), data=[1] * 8000)), (1, 500))

    assert judged(network(end=head, sparsity=0.7)).verdict == "safe"


def test_a_map_that_is_an_output_too_is_unsafe():
    b = Builder()
    x = b.conv(b.depthwise(b.stem()))
    found = judged(b.model(b.mean(b.conv(x)), x))
    assert (found.verdict, found.verdicts[0].rule) == ("unsafe", "exit")


def test_squeeze_and_excite_through_a_reshape_is_dense():
    found = judged(network(lambda b, x: b.gate(x, keep=False)))
    assert found.verdict == "dense"


def test_a_padding_that_is_read_twice_is_not_fused():
    def twice(b, x):
        padded = b.pad(x)
        return b.binary(b.depthwise(padded, 3, 2, VALID), b.depthwise(padded, 3, 2, VALID))

    found = judged(network(twice))
    assert not found.safe or found.verdict == "dense"
    assert "padding" in [finding.rule for finding in found.findings]


def test_two_separate_parts_are_judged_each_for_itself():
    b = Builder()
    first = b.mean(b.conv(b.stem()))
    b.sparsity = 0.1
    second = b.mean(b.conv(b.stem()))
    found = judged(b.model(first, second))
    kinds = [op.kernels["android-arm64"] for op in found.ops if op.op == "CONV_2D"]
    assert found.verdict == "safe" and kinds == ["fp32", "sparse", "fp32", "fp32"]


def test_ops_before_the_stem_do_not_matter():
    b = Builder()
    scaled = b.op("MUL", (b.image, b.tensor((), data=[0.5])), b.shape(b.image))
    assert judged(b.model(b.mean(b.conv(b.stem(scaled))))).verdict == "safe"


def test_every_rule_has_a_sentence_a_fix_and_a_source():
    assert all(rule.source and rule.says and rule.fix for rule in SPARSE_RULES.values())
