"""What was measured, and the page of this repository on which it stands.

The package is installed without its docs, so a sentence holds its numbers itself. `quotes` are the
lines of the page that they were taken from: a test finds each quote on its page and each number of
the sentence in a quote, so that a page that is measured anew does not leave an old number here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MeasuredFact:
    """One thing that was measured.

    Args:
        says: It, in a sentence.
        page: Where it stands, from the root of the repository, with its heading where it has one.
        quotes: Lines or parts of lines of that page in which every number of `says` stands.
    """

    says: str
    page: str
    quotes: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.says} [{self.page}]"


FACTS = {
    "dot product": MeasuredFact(
        "where int8 has a dot-product instruction (most phones since 2018): remove channels, then "
        "int8; fewer multiplications in every number format",
        "docs/why_not_faster.md#7-it-is-quantized",
        (
            "a phone with dot product (most since 2018): remove channels with "
            "`tfprune.prune_structured`, then int8. Fewer multiplications on every CPU, in every "
            "number format.",
        ),
    ),
    "older cores": MeasuredFact(
        "older cores: 80 to 90 % zeros, stored sparse, in float; int8 weights run dense",
        "docs/why_not_faster.md#7-it-is-quantized",
        ("older cores, or float accuracy: 80 to 90 % zeros, stored sparse",),
    ),
    "two thirds": MeasuredFact(
        "at 66 % zeros nothing is faster, at 67 % the sparse kernels take over",
        "docs/why_not_faster.md#3-there-are-too-few-of-them",
        ("At 66 % zeros nothing happens, at 67 % the sparse kernels take over",),
    ),
    "depthwise": MeasuredFact(
        "sparse kernels count and skip the zeros of 1x1 convolutions alone",
        "docs/why_not_faster.md#3-there-are-too-few-of-them",
        ("more than two thirds of the weights of *all* 1x1 convolutions of a part are zero",),
    ),
    "pairs": MeasuredFact(
        "MobileNet, 90% zeros: 4.28x fewer instructions in pairs of output channels, 3.32x as "
        "single weights, on an emulated Cortex-A76",
        "docs/sparse_ready.md",
        (
            "keras.applications networks with random weights, 90% of the weights",
            "| MobileNet | 224 | single weights | 1, 5 | 16.9 → 6.2 | 202 → 61 | **3.32x** |",
            "| MobileNet | 224 | pairs | 1, 5 | 16.9 → 6.2 | 202 → 47 | **4.28x** |",
            "inference on an emulated Cortex-A76",
        ),
    ),
    "filters": MeasuredFact(
        "MobileNetV2 without 40% of its filters, two epochs of training: 1.40 times as fast, "
        "90.1% → 89.6%",
        "docs/mobilenetv2.md",
        (
            "# MobileNetV2 on CIFAR-10 at 96 px, 40% of the filters removed",
            "| dense float32 | 9,920 | 55,021,952 | 8,921,400 | 8,265,833 | "
            "1.63 (1.58 to 1.84) | 1.00 | 90.1% | yes |",
            "1.16 (1.13 to 1.24) | 1.40 | 89.6% | yes |",
        ),
    ),
    "int8 by machine": MeasuredFact(
        "MobileNetV2 in int8: 2,728,408 bytes beside 8,921,400, but 0.89 times as fast on that PC: "
        "what int8 brings depends on the machine",
        "docs/mobilenetv2.md",
        (
            "| dense float32 | 9,920 | 55,021,952 | 8,921,400 |",
            "| dense int8 | 9,920 | 55,021,952 | 2,728,408 | 2,218,019 | "
            "1.83 (1.79 to 1.90) | 0.89 |",
        ),
    ),
    "channels and int8": MeasuredFact(
        "a small MobileNet, channels removed and int8: 2.91x as fast, 6.06x smaller, accuracy "
        "97.6 → 97.6",
        "docs/compress.md#what-it-brings",
        (
            "| small MobileNet, digits | latency 0.5, -1 points | pruned to 38 %, int8 | 2.91x | "
            "6.06x |",
            "| accuracy 97.6 → 97.6 |",
        ),
    ),
    "transformer": MeasuredFact(
        "a small transformer with more width than its task needs, pruned to 7 % of its work: 5.25x "
        "as fast, accuracy 70.4 → 71.2",
        "docs/compress.md#what-it-brings",
        (
            "| small transformer, film reviews | latency 0.5, -1 points | pruned to 7 %, float32 | "
            "5.25x |",
            "| accuracy 70.4 → 71.2 |",
        ),
    ),
    "blocks": MeasuredFact(
        "ResNet-56 without 6 of its blocks, repaired, not trained: 93.0 → 92.5 %",
        "docs/repair_depth.md",
        ("| resnet56 | 6 | 1 | 2,000 | 93.0 | 78.2 | 89.4 | 92.5 |",),
    ),
    "repair": MeasuredFact(
        "ResNet-20 at 2.01x fewer MACs: 25.7 % right as cut, 81.8 repaired on unlabelled images",
        "docs/repair.md",
        (
            "| resnet20 | taylor | 2.01x | 3 | 10,000 | 25.7 | 56.6 (56.5 to 56.6) |",
            "| 71.8 (71.7 to 72.0) | 81.8 (81.7 to 81.9) |",
        ),
    ),
    "too much at once": MeasuredFact(
        "ResNet-20 cut at once and repaired: 88.1 % right at 1.50x fewer MACs, 81.8 at 2.01x, 71.1 "
        "at 3.03x",
        "docs/repair.md",
        (
            "| resnet20 | taylor | 1.50x | 3 | 10,000 | 65.2 |",
            "| 85.8 (85.7 to 85.9) | 88.1 (88.0 to 88.2) |",
            "| resnet20 | taylor | 2.01x | 3 | 10,000 | 25.7 |",
            "| 71.8 (71.7 to 72.0) | 81.8 (81.7 to 81.9) |",
            "| resnet20 | taylor | 3.03x | 3 | 10,000 | 12.7 |",
            "| 46.8 (45.1 to 48.7) | 71.1 (69.8 to 71.8) |",
        ),
    ),
    "training": MeasuredFact(
        "ResNet-56 at 2x fewer MACs: 63.6 % right as cut, 91.0 after one epoch of training (dense "
        "93.4)",
        "docs/resnet_pruning.md#resnet-56",
        (
            "Dense: 853,018 parameters, 125,485,696 multiply-accumulates, accuracy 93.4",
            "| global ranking | 1.5x | 2x | 3x |",
            "| taylor | 87.1 → 90.1 → 92.0 | 63.6 → 81.7 → 91.0 |",
        ),
    ),
    "teacher": MeasuredFact(
        "ResNet-20 at 3x fewer MACs, three epochs: 83.0 % right with the dense network as teacher, "
        "80.0 from labels alone; after epoch 1 66.5 and 73.4",
        "docs/distillation.md#measured",
        (
            "ResNet-20 at 3x fewer multiply-accumulates",
            "| learns from | after epoch 1 |",
            "| labels | 73.4 | 79.7 | 80.0 |",
            "| and the dense ResNet-20 (91.7) | 66.5 | 80.5 | 83.0 |",
        ),
    ),
    "zeros at once": MeasuredFact(
        "ResNet-20, zeros without training: 91.5 % right at 50% zeros, 88.0 at 80%, 74.2 at 90% "
        "(dense 91.6)",
        "docs/once.md",
        (
            "| resnet20 | 1x1 | 50% | 2 | 2,000 | 91.6 | 89.2 | 85.8 (85.5 to 86.2) | 91.5 |",
            "| 80% | 2 | 2,000 | 91.6 | 24.4 | 57.9 (57.6 to 58.3) | 88.0 (87.9 to 88.1) |",
            "| 90% | 2 | 2,000 | 91.6 | 21.1 | 25.8 (25.7 to 25.8) | 74.2 (73.7 to 74.7) |",
        ),
    ),
    "zeros elsewhere": MeasuredFact(
        "zeros alone make nothing faster on x86, on GPUs, or in int8; they shrink the download",
        "README.md#limits",
        ("Zeros alone make nothing faster on x86, on GPUs, or in int8. They shrink the download",),
    ),
    "download": MeasuredFact(
        "the digits' network in int8, gzip: 90,846 bytes dense, 47,795 with 80.0 % zeros",
        "README.md#try-it",
        (
            "dense int8             98.3 %      0.6 %         121,808       90,846",
            "pruned int8            97.5 %     80.0 %         121,808       47,795",
        ),
    ),
    "small in int8": MeasuredFact(
        "the digits' network: 121,808 bytes in int8 beside 324,328 in float32, accuracy 98.3 % "
        "beside 98.1 %",
        "README.md#try-it",
        (
            "dense float32          98.1 %      0.0 %         324,328",
            "dense int8             98.3 %      0.6 %         121,808",
        ),
    ),
    "vocabulary": MeasuredFact(
        "MiniLM on film reviews: without rare words, two thirds of its heads and three quarters of "
        'its neurons, in "dynamic" int8 11.42 times smaller and 11.93 times as fast; 83.8 of 84.7 '
        "% right, 76.7 of 79.0 on texts from elsewhere",
        "docs/proof.md#minilm-praise-or-blame",
        (
            "| **dense float32** | 1.00x | 1.00x | 1.00x | 1.00x (1.00x) | 84.7 | 79.0 | - | yes |",
            "| **small, dynamic int8** | 11.42x | 14.07x | 3.39x | 11.93x (13.39x) | 83.8 | 76.7 |",
        ),
    ),
    "embeddings": MeasuredFact(
        'MiniLM: 22,878,152 bytes with "dynamic", 33,638,952 in int8, 89,640,076 in float32; '
        "74.4, 74.6 and 74.5 % right",
        "docs/quantization.md#after-training",
        (
            "| float32 | 74.5 % | | | 89,640,076 |",
            '| `"dynamic"` | 74.4 % | 4.9 % | 98.7 % | 22,878,152 |',
            '| `"int8"` | 74.6 % | 14.4 % | 95.7 % | 33,638,952 |',
        ),
    ),
    "energy": MeasuredFact(
        "energy is estimated here, never measured; in the estimate zeros count like other weights",
        "docs/evaluate.md#side-by-side-a-report-of-your-own-models",
        ("zeros count like other weights: only ratios mean something",),
    ),
}
"""Each by a word that the house asks for it by."""
