"""The rows of proofs.coverage: writing them, reading them again, and the page they make."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

EXACT = 1e-4

_HEAD = """# Coverage: structured pruning of the models people use

Written by `python -m proofs.coverage` (`--only NAME` runs one, `--help` says the rest). Every model
is built without pretrained weights, its biases and scales are drawn at random, and its moving
statistics are those of random inputs, the variances times 0.5 to 1.5. Its image inputs are small
(64 to 75 pixels). Random units are then removed from every group.

- **groups**: sets of units (channels, neurons, heads) that are ranked together.
- **reachable**: share of the output channels of all kernels that may be pruned, not counting those
  that are outputs of the model: they keep their width, and stand apart in the column *outputs* (of
  all channels). The residual stream of a text or vision backbone is its output, and stays whole:
  units there are attention heads and the neurons of the feed-forward parts.
- **parameters**: before → after half of the units of each group went.
- **difference**: the smaller model's outputs against those of the original with the removed
  channels forced to zero, as a share of the largest output, at ratios 0.3 and 0.5. The limit is
  {exact:g}; float32 sums in another order differ by about 1e-6. A deep model of random weights can
  amplify its own rounding beyond the limit: then both are run in float64 too, and that counts.
- **told apart**: by how much the outputs of the silenced original differ between two inputs, at
  both ratios. A network that forgets its inputs at both would hide mistakes in its first layers,
  and does not count as within the limit.
- **reloaded**: saved as `.keras`, loaded again, and bit-equal.
- **.tflite**: converted (float32), and within {exact:g} of Keras with XNNPACK and without.
"""


@dataclass(frozen=True)
class Row:
    """What was found out about one model; empty fields were not reached.

    Args:
        name, family, library: Which model.
        groups, channels, prunable, outputs: Counts of `proofs.coverage_measure`.
        parameters, parameters_after: Before, and at ratio 0.5.
        predicted: Whether the plan said exactly `parameters_after`.
        differences: Ratio → difference to the original with its channels silenced.
        told_apart: Ratio → difference of two inputs' outputs of the original with its channels
            silenced.
        in_float64: The same in float64, for ratios at which float32 differs by more than EXACT.
        reloaded: "equal", or what happened.
        tflite, tflite_difference: "equal", "differs", or why there is none.
        shared: Layers that could not be copied and are shared with the original.
        notes: What could not be followed or stays whole, with the reason.
        failure: The error that ended the run.
        seconds: How long it took.
    """

    name: str
    family: str
    library: str
    groups: int = 0
    channels: int = 0
    prunable: int = 0
    outputs: int = 0
    parameters: int = 0
    parameters_after: int = 0
    predicted: bool = True
    differences: dict[str, float] = field(default_factory=dict)
    told_apart: dict[str, float] = field(default_factory=dict)
    in_float64: dict[str, float] = field(default_factory=dict)
    reloaded: str = ""
    tflite: str = ""
    tflite_difference: float | None = None
    shared: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failure: str = ""
    seconds: float = 0.0

    @property
    def reachable(self) -> float:
        """The share of channels that may be pruned, of those that are not outputs."""
        return self.prunable / max(1, self.channels - self.outputs)

    @property
    def proven(self) -> bool:
        """Whether the smaller model equals the silenced one at every ratio, and that tells."""
        found = {**self.differences, **self.in_float64}
        tells = max(self.told_apart.values(), default=0.0) > EXACT
        return len(found) > 1 and max(found.values()) <= EXACT and tells

    def __str__(self) -> str:
        return f"{_line(self)}  {self.seconds:.0f} s"


def page(rows: list[Row], versions: str, missing: list[str]) -> str:
    """Return the page: a summary, a table for each library, and what is not treated.

    Args:
        rows: In the order of the table.
        versions: The libraries they were measured with.
        missing: Names of the models that were not run yet.
    """
    parts = [_HEAD.format(exact=EXACT), f"Measured with {versions}.\n"]
    for library in dict.fromkeys(row.library for row in rows):
        of_library = [row for row in rows if row.library == library]
        parts += [f"## {library}\n", _summary(of_library), "", *_table(of_library), ""]
        parts += [*_remarks(of_library), ""]
    if missing:
        parts += ["## Not run yet\n", f"{', '.join(missing)}.", ""]
    return "\n".join(parts)


def _summary(rows: list[Row]) -> str:
    counts = {
        "within the limit": sum(row.proven for row in rows),
        "with more than 90 % reachable": sum(row.proven and row.reachable > 0.9 for row in rows),
        "equal when reloaded": sum(row.reloaded == "equal" for row in rows),
        "equal as .tflite": sum(row.tflite == "equal" for row in rows),
    }
    families = len({row.family for row in rows})
    said = ", ".join(f"{count} {what}" for what, count in counts.items())
    return f"{len(rows)} models of {families} families: {said}."


def _table(rows: Iterable[Row]) -> list[str]:
    head = [
        "| model | groups | reachable | outputs | parameters | difference | told apart | reloaded "
        "| .tflite |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    return [*head, *map(_line, rows)]


def _line(row: Row) -> str:
    if not row.channels:
        return f"| {row.name} | | | | | {_cell(row.failure)} | | | |"
    after = f" → {row.parameters_after:,}" if row.parameters_after else ""
    values = _numbers(row.differences)
    cells = [
        row.name,
        str(row.groups),
        f"{100 * row.reachable:.1f} %",
        f"{row.outputs:,} of {row.channels:,}",
        f"{row.parameters:,}{after}",
        values or ("failed" if row.prunable else "untreated") + ", see below",
        _numbers(row.told_apart) or "-",
        row.reloaded or "-",
        f"{row.tflite_difference:.0e}" if row.tflite_difference is not None else row.tflite or "-",
    ]
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _numbers(by_ratio: dict[str, float]) -> str:
    return " / ".join(f"{value:.0e}" for value in by_ratio.values())


def _cell(text: str) -> str:
    return (text[:117] + "..." if len(text) > 120 else text).replace("|", "/")


def _remarks(rows: list[Row]) -> list[str]:
    """Say what stays whole, what is not treated, and what went wrong."""
    lines = []
    for row in rows:
        said = list(dict.fromkeys(map(_reason, row.notes)))
        if row.shared:
            said.append(f"shared with the original, as its config is broken: {_names(row.shared)}")
        for ratio, value in row.in_float64.items():
            said.append(f"at ratio {ratio} the difference is {value:.0e} in float64")
        if row.failure and row.prunable:
            said.append(row.failure)
        if not row.predicted:
            said.append("the plan predicted another number of parameters")
        if said:
            lines.append(f"- **{row.name}**: {'; '.join(said)}.")
    return ["Remarks, and what stays whole or is not treated:\n", *lines] if lines else []


def _reason(note: str) -> str:
    """Return a note without the layer's name and the advice, so that equal ones are told once."""
    return (note.partition(": ")[2] or note).partition(";")[0]


def _names(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
