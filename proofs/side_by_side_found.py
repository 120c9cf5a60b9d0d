"""What docs/side_by_side.md says around its tables."""

from proofs.side_by_side_task import BATCH, RATE, SCORED

HEAD = f"""# Side by side

Written by `python -m proofs.side_by_side`; the rows:
[measured/side_by_side.jsonl](measured/side_by_side.jsonl). A pretrained ResNet on CIFAR-10 goes
each way with the same training images, epochs, batches of {BATCH} and learning rate (momentum SGD,
{RATE:g} at first, falling to nothing as a cosine) and becomes a .tflite; this file is judged on the
test images. Filters are judged by Taylor on {SCORED} labelled images; what is repaired or
calibrated takes 256 without labels. Nobody's settings were tuned: this is what a technique does
alone and in little time, not the best it can do.

![How right each way ends](pictures/side_by_side.svg)

Dots: the mean of the seeds; a ring where nothing was trained; dashed, the network before.

"""
_RIGHT = "right, % | lost most |"
PARTS_HEADS = {
    "techniques": f"""### The ten techniques, one task

File and download (gzip -9) in kB, millions of multiply-accumulates (zeros count as others do),
the dense file's time over the file's own (`--times`: one thread, in turns; of medians, in brackets
the worst and the best round; of the fastest runs, which other programs disturb least; `-`: not
timed yet), accuracy, and the class that lost most beside the dense network, in points.

| technique | here | file | gzip | MACs | times as fast | of minima | {_RIGHT}
|---|---|---:|---:|---:|---:|---:|---:|---|""",
    "structured": f"""### A third of the MACs: at once or in steps

The same epochs in all. In steps, each has its share of them, and the learning rate falls anew.

| filters go | how | MACs | zeros, % | {_RIGHT} CPU s |
|---|---|---:|---:|---:|---|---:|""",
    "masks": f"""### 90 % zeros: at once, in steps, gradual, moving

The same epochs in all, zeros shared out as Erdős-Rényi-kernel says. How SET and RigL move them:
[regrowth.md](regrowth.md).

| zeros come | how | MACs | zeros, % | {_RIGHT} CPU s |
|---|---|---:|---:|---:|---|---:|""",
}
NOT_HERE = """| **neurons** | no place here: the only Dense layer gives the classes | | | | | | | |
| **heads** | no place here: there is no attention | | | | | | | |
"""
CONCLUSIONS = """## What to conclude

- **int8 after training first.** It costs one calibration, no training, and next to nothing of what
  is right, for a download nearly as small as any single technique's. Training in int8 arithmetic
  adds nothing where calibration alone loses nothing.
- **Clusters for the download alone.** It is as small as int8's, at half a point; the file and its
  time stay as they were.
- **Repair before you train.** Half of the MACs gone and repaired without training is right about as
  often as the same filters gone and trained for 60 steps without repair, or a little more often.
- **Blocks for time, filters for size.** At about half of the MACs and after the same training they
  lose the same here. The network without blocks is faster: narrower layers do not save all the time
  of what went. It is also larger, for the blocks that went held few weights. "repair" and
  "filters" have the same shapes: how far their times are apart is chance.
- **Zeros for the download, not for the work.** 80 % zeros make the smallest download, and with
  sparse storage a file as small as in int8; on a PC they save no time.
- **Pairs and two of four.** Pairs of channels cost far more than single zeros at the same share;
  two of four are only half of the weights, and cost two points.
- **A teacher is worth its passes.** The same filters, trained the same, are right four points more
  often when the dense network teaches.
- **Combine.** Repaired, taught and in int8, half of the MACs are right more often than any other
  network here with so few, in the smallest file and download of all; it is no faster than int8 of
  the whole network, whose kernels like wide layers.
- **Little training: at once, and repaired.** A third of the MACs or 90 % zeros in three steps, each
  with one of the three epochs, ends below the same at once with all three. Repair before training
  brings seven to nine points to what goes at once. Steps want more epochs than these.
- **Little training: hold the zeros still.** 90 % zeros set at once and held end highest, by four
  points and more: zeros that grow gradually and zeros that move (RigL, SET) are within a point of
  one another, and a ticket, whose weights go back after each training but the last, is lowest,
  because it trains for one epoch alone in the end. From scratch and for long, where the papers
  compare them, was not measured here.
- **Look at the classes.** What loses a tenth in the mean loses twice that in its worst class.

What did not work: sixty steps are too few to make good for any cut of this size. `prune_once` with
repair and without training is right on 88.0 % of 2,000 test images at the same 80 % zeros
([once.md](once.md)), where zeros that grow during so short a training end far lower. One seed tells
large differences from chance, not small ones.
"""
