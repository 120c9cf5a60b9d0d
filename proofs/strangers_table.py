"""The page of proofs.strangers."""

from __future__ import annotations

from collections.abc import Callable

from proofs.strangers_measure import MANY, OTHERS, StrangerRow

_HEAD = f"""# Networks that a stranger may bring

Written by `python -m proofs.strangers` (`--only NAME` measures one). Small networks of our own
hand, in the idioms that people use in theirs (`proofs/strangers_images.py`, `strangers_maps.py`,
`strangers_mobile.py`, `strangers_series.py`, `strangers_tables.py`), their weights drawn at
random. Rows are measured one by one while tfprune goes on, so that parts of some are of an earlier
day; `--fresh` measures all anew. The columns:

- **reachable**: share of the output channels of all kernels that may be pruned, without the
  model's outputs. Kernels of one channel are not counted (a gate for all channels, a score for each
  token: no kernel may lose its last), nor weights of a layer's own that multiply no matrix (a
  learned factor, a table of positions). With both counted, 69 of 87 networks reach 99 %:
  attention_unet has 97.6 % then, hgnet 80.8 %.
- **oracle**: the smaller model against the original with the removed units forced to zero, as a
  share of the largest output, at ratios 0.3 and 0.5; the limit is 1e-4.
- **elsewhere**: the smaller model saved, and loaded in a process that does not import tfprune.
- **masks**: wrapped for half of the weights, one update, stripped: "planned" where 40 % of the
  weights of all kernels are zero; depthwise kernels, which are left alone, make that fewer.
- **float32, float16, int8**: converted, and verified with XNNPACK and without, on two samples. int8
  is calibrated on {OTHERS} others, on {MANY} where these do not do; where a * stands, on the two
  themselves. "Off by" is a share of the largest output: where both samples have theirs near zero
  (tabular_resnet, siamese), a few steps of int8 are much of it.
- **doctor**: what is said of the float16 file on Android phones.
- **aware**: `quantize_model`, one step of training on the samples of int8, converted, verified;
  **int8 ops**: convolutions and products of its file that are int8, of all.
"""


_WHY = """## What stays whole, and why

- A sum with a fixed width keeps its units: the patches of a mixer (mlp_mixer, gated_mlp) and the
  steps that N-BEATS subtracts (n_beats) are as many as the input has.
- Gates of one channel that are part of a wider kernel (focal_modulation) are its last for what they
  open.
- A setting that fits one width alone (pointnet) could not be rebuilt.
- The code of a recurrent cell of one's own is one step whose state goes round; it is not followed,
  in `RNN` and in `Bidirectional`. Keras' cells are, stacked ones too.
- The decoders of KerasHub's Llama, Gemma and Mistral are not followed: their projections
  (`EinsumDense(output_shape=(None, ...))`) leave the length of the sequence open even where it is
  known, and rotary positions are computed from it.

## What stays float after quantize_model, and why

- Normalizations by statistics of the data, roots and small numbers before them: a variance reaches
  over more powers of two than int8 has.
- RNNs: the converter makes a loop of them, without int8 kernels, that cannot be calibrated. With
  `unroll=True` it is int8 after training: `convert(..., quantize="int8")` of GRU(8) over 6 steps
  leaves one SPLIT float, off by 0.6 % on two samples.
- The ids of an Embedding of int32: Keras counts those below zero from the end, in LESS, ADD and
  SELECT on the ids alone. Unsigned or clipped ids go without.
- shufflenet_v2 has one QUANTIZE in each block: the half that passes by comes in the scale of the
  block before, and an int8 CONCATENATION has one scale.
"""


def page(rows: list[StrangerRow], missing: list[str]) -> str:
    """Return the page of these rows, in their order, and the names of those not measured yet."""
    parts = [_HEAD, _summary(rows), "", *_table(rows), "", _WHY]
    parts += ["## Each network", "", *_remarks(rows)]
    parts += ["", f"Not measured yet: {', '.join(missing)}."] if missing else []
    return "\n".join(parts) + "\n"


def _summary(rows: list[StrangerRow]) -> str:
    def count(holds: Callable[[StrangerRow], bool]) -> int:
        return sum(map(holds, rows))

    aware = count(lambda r: r.aware == "verified")
    ops, int8 = sum(row.ops for row in rows), sum(row.int8_ops for row in rows)
    return (
        f"{len(rows)} networks: oracle within 1e-4 in {count(lambda r: r.pruned.proven)}, "
        f"{count(lambda r: r.pruned.reachable >= 0.99)} with at least 99 % reachable, "
        f"{count(lambda r: r.clean == 'equal')} equal elsewhere, "
        f"{count(lambda r: r.masked == 'planned')} with the planned zeros, "
        f"float32 / float16 / int8 verified in {count(lambda r: r.pruned.tflite == 'equal')} / "
        f"{count(lambda r: r.float16 == 'verified')} / "
        f"{count(lambda r: r.int8.endswith('verified'))}, "
        f"after quantize_model {aware} verified, and {int8} of {ops} ops that multiply and add up "
        "are int8."
    )


def _table(rows: list[StrangerRow]) -> list[str]:
    columns = ("network", "reachable", "oracle", "elsewhere", "masks", "float32", "float16",
               "int8", "doctor", "aware", "int8 ops")  # fmt: skip
    return [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|", *map(_line, rows)]


def _line(row: StrangerRow) -> str:
    found = " / ".join(f"{value:.0e}" for value in row.pruned.differences.values())
    cells = [
        row.name, f"{row.pruned.reachable:.1%}", found or row.pruned.failure or "-", row.clean,
        row.masked, row.pruned.tflite, row.float16, row.int8 + "*" * (not row.others), row.doctor,
        row.aware,
        f"{row.int8_ops} of {row.ops}",
    ]  # fmt: skip
    return "| " + " | ".join((cell[:60] or "-").replace("|", "/") for cell in cells) + " |"


def _remarks(rows: list[StrangerRow]) -> list[str]:
    """Say what each network is, what stays whole, and what is left float."""
    lines = []
    for row in rows:
        said = [row.what]
        if row.pruned.reachable < 0.99 and row.pruned.notes:
            said.append(f"whole: {'; '.join(note.partition(' (')[0] for note in row.pruned.notes)}")
        if row.notes:
            said.append(f"float: {'; '.join(note.partition(';')[0] for note in row.notes[:3])}")
        lines.append(f"- **{row.name}**: {'. '.join(said)}.")
    return lines
