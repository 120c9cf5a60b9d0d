"""The pictures of a report; each function returns an `<svg>`, or "" if there is nothing to show."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tfprune.evaluation.classes import wilson
from tfprune.reports.record import Epoch, KernelZeros, ModelRow
from tfprune.reports.svg import FIRST, INK, MUTED, SECOND, THIRD, figure, svg_of
from tfprune.tables import wording

MOST_KERNELS = 24  # rows of a picture; the table has all
_MOST_LETTERS = 25


def sizes(models: Sequence[Any]) -> str:
    """Draw each file's size, as stored and after gzip: `label`, `bytes`, `gzip_bytes` of rows."""
    if not models:
        return ""
    with rows_of([m.label for m in models], bar=0.52) as (drawing, axes):
        for shift, colour, name, values in (
            (-0.2, FIRST, ".tflite", [m.bytes for m in models]),
            (0.2, SECOND, "after gzip", [m.gzip_bytes for m in models]),
        ):
            places = [place + shift for place in range(len(models))]
            bars = axes.barh(places, [v / 1000 for v in values], 0.36, color=colour, label=name)
            axes.bar_label(bars, [wording.size(v) for v in values], padding=3, fontsize=8)
        axes.set_xlabel("kB")
        said = _words(
            models, lambda m: f"{wording.size(m.bytes)}, {wording.size(m.gzip_bytes)} after gzip"
        )
        right_margin(axes, 0.18)
        legend_above(axes)
        return svg_of(drawing, "sizes", "Size of each file", said)


def accuracies(models: Sequence[ModelRow], samples: int | None) -> str:
    """Draw each file's accuracy; whiskers are 95 % intervals if `samples` is known."""
    shown = [m for m in models if m.accuracy is not None]
    if not shown:
        return ""
    values = [100 * (m.accuracy or 0.0) for m in shown]
    shares = [m.accuracy or 0.0 for m in shown]
    ends = [wilson(share * samples, samples) if samples else (share, share) for share in shares]
    low, high = 100 * min(low for low, _ in ends), 100 * max(high for _, high in ends)
    with rows_of([m.label for m in shown]) as (drawing, axes):
        if samples:
            below = [v - 100 * low for v, (low, _) in zip(values, ends, strict=True)]
            above = [100 * high - v for v, (_, high) in zip(values, ends, strict=True)]
            axes.errorbar(values, range(len(shown)), xerr=[below, above], **whiskers())
        axes.plot(values, range(len(shown)), "o", color=FIRST, markersize=7)
        # From the least to the most that was seen, not from 0: it is the difference that counts.
        room = max(high - low, 1.0)
        axes.set_xlim(low - 0.08 * room, high + 0.4 * room)
        for place, value in enumerate(values):
            beside(axes, high + 0.05 * room, place, f"{value:.1f}")
        said = _words(shown, lambda m: wording.percent(m.accuracy))
        axes.set_xlabel("% right" + (f" of {samples:,} test samples" if samples else ""))
        return svg_of(drawing, "accuracies", "Accuracy of each file", said)


def latencies(models: Sequence[Any]) -> str:
    """Draw each file's median latency; whiskers reach from the 10th to the 90th percentile."""
    shown = [m for m in models if m.median_ms is not None]
    if not shown:
        return ""
    medians = [m.median_ms or 0.0 for m in shown]
    lows = [max(0.0, v - (m.p10_ms or v)) for v, m in zip(medians, shown, strict=True)]
    highs = [max(0.0, (m.p90_ms or v) - v) for v, m in zip(medians, shown, strict=True)]
    with rows_of([m.label for m in shown]) as (drawing, axes):
        axes.barh(range(len(shown)), medians, 0.6, color=FIRST)
        axes.errorbar(medians, range(len(shown)), xerr=[lows, highs], **whiskers())
        for place, (value, high) in enumerate(zip(medians, highs, strict=True)):
            beside(axes, value + high, place, wording.milliseconds(value))
        axes.set_xlabel("ms for one inference: median, p10 to p90")
        right_margin(axes, 0.14)
        said = _words(shown, lambda m: f"{wording.milliseconds(m.median_ms)} ms")
        return svg_of(drawing, "latencies", "Latency of each file", said)


def sparsities(kernels: Sequence[KernelZeros]) -> str:
    """Draw the share of zeros of each kernel, the largest ones; a mark shows what was planned."""
    if not kernels:
        return ""
    least = sorted((k.params for k in kernels), reverse=True)[:MOST_KERNELS][-1]
    kernels = [k for k in kernels if k.params >= least][:MOST_KERNELS]
    described = "; ".join(f"{k.kernel}: {wording.percent(k.sparsity)}" for k in kernels)
    with rows_of([k.kernel for k in kernels], bar=0.27) as (drawing, axes):
        shares = [100 * k.sparsity for k in kernels]
        axes.barh(range(len(kernels)), shares, 0.62, color=FIRST, label="zeros")
        planned = [(100 * k.planned, i) for i, k in enumerate(kernels) if k.planned is not None]
        if planned:
            axes.plot(*zip(*planned, strict=True), "|", color=INK, markersize=9, label="planned")
        for place, kernel in enumerate(kernels):
            text = f"{100 * kernel.sparsity:.1f} % of {wording.count(kernel.params)}"
            beside(axes, 101, place, text)
        axes.set_xlim(0, 140)
        axes.set_xticks([0, 25, 50, 75, 100])
        axes.set_xlabel("% zeros in the kernel")
        legend_above(axes)
        return svg_of(drawing, "sparsities", "Zeros in each kernel", described)


def training(epochs: Sequence[Epoch]) -> str:
    """Draw accuracy, loss and sparsity over the epochs; a line marks where a phase begins."""
    if not epochs:
        return ""
    with figure(3.1) as (drawing, axes):
        steps = [e.epoch for e in epochs]
        axes.fill_between(steps, [100 * e.sparsity for e in epochs], color=THIRD, alpha=0.25, lw=0)
        axes.plot(steps, [100 * e.sparsity for e in epochs], color=THIRD, label="sparsity")
        axes.plot(steps, [100 * e.accuracy for e in epochs], color=FIRST, label="accuracy")
        held_out = [(e.epoch, 100 * e.val_accuracy) for e in epochs if e.val_accuracy is not None]
        if held_out:
            where, right = zip(*held_out, strict=True)
            axes.plot(where, right, color=FIRST, ls=":", marker="o", ms=3, label="on test data")
        axes.set(ylim=(0, 105), xlabel="epoch", ylabel="%")
        axes.xaxis.get_major_locator().set_params(integer=True)
        _mark_phases(axes, epochs)
        losses = axes.twinx()
        losses.grid(visible=False)
        losses.plot(steps, [e.loss for e in epochs], color=SECOND, label="loss")
        losses.set_ylabel("loss")
        losses.set_ylim(0, None)
        lines = [*axes.get_legend_handles_labels()[0], *losses.get_legend_handles_labels()[0]]
        drawing.legend(handles=lines, loc="outside upper left", ncols=4)
        return svg_of(drawing, "training", "Training, epoch by epoch", _ends(epochs))


@contextlib.contextmanager
def rows_of(names: Sequence[str], bar: float = 0.36) -> Iterator[tuple[Any, Any]]:
    """Yield a figure for horizontal bars, `bar` inches for each, the first on top."""
    with figure(0.75 + bar * len(names)) as (drawing, axes):
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.set_yticks(range(len(names)), [short(name) for name in names], color=INK)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.locator_params(axis="x", nbins=5)
        yield drawing, axes


def short(name: str) -> str:
    """Return a name short enough to leave room for its bar; the tables have it whole."""
    if len(name) <= _MOST_LETTERS:
        return name
    half = (_MOST_LETTERS - 1) // 2
    return f"{name[:half]}\N{HORIZONTAL ELLIPSIS}{name[-half:]}"


def _words(models: Sequence[Any], say: Callable[[Any], str]) -> str:
    return "; ".join(f"{model.label}: {say(model)}" for model in models)


def _ends(epochs: Sequence[Epoch]) -> str:
    """Say how each phase of a training ended."""
    last = {e.phase: e for e in epochs}
    return "; ".join(
        f"{phase} until epoch {e.epoch}: accuracy {wording.percent(e.accuracy)}, "
        f"{wording.percent(e.sparsity)} zeros, loss {e.loss:.3g}"
        for phase, e in last.items()
    )


def _mark_phases(axes: Any, epochs: Sequence[Epoch]) -> None:
    for before, after in itertools.pairwise(epochs):
        if before.phase != after.phase:
            axes.axvline((before.epoch + after.epoch) / 2, color=MUTED, lw=1.2)
            axes.annotate(f" {after.phase}", ((before.epoch + after.epoch) / 2, 2), color=MUTED)


def beside(axes: Any, x: float, y: float, text: str) -> None:
    """Write right of a point."""
    offset = {"xytext": (7, 0), "textcoords": "offset points"}
    axes.annotate(text, (x, y), va="center", fontsize=8.5, color=INK, **offset)


def whiskers() -> dict[str, Any]:
    """Return how intervals are drawn."""
    return {"fmt": "none", "ecolor": INK, "elinewidth": 1.1, "capsize": 3}


def right_margin(axes: Any, share: float) -> None:
    """Leave room at the right of the longest bar."""
    axes.set_xlim(0, axes.get_xlim()[1] * (1 + share))


def legend_above(axes: Any) -> None:
    """Put the legend above the axes."""
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2)


def name_points(axes: Any, named: Sequence[tuple[tuple[float, float], str]]) -> None:
    """Write the names of points, above and below in turns where points lie close together."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    done: list[tuple[float, float]] = []
    for (x, y), name in sorted(named):
        place = ((x - left) / (right - left), (y - low) / (high - low))
        near = sum(abs(place[0] - a) < 0.25 and abs(place[1] - b) < 0.08 for a, b in done)
        away = (-1) ** near * (1 + near // 2)
        offset = {"xytext": (6, 5 + 9 * away - 9), "textcoords": "offset points"}
        axes.annotate(name, (x, y), fontsize=8, color=INK, **offset)
        done.append(place)
