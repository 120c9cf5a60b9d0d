"""What docs/proof.md says around its tables."""

HEAD = """# Proof on real weights

What pruning, repair, a teacher and int8 make together of four networks, on real data that nothing
was trained on or chosen by. Written by `python -m proofs.headlines`; the rows:
[measured/headlines.jsonl](measured/headlines.jsonl).

![Downloads and times of all files, beside the dense ones](pictures/headlines.svg)

The first file of each table is the network before; all factors are beside it. Times were taken in
turns in one run, on one thread of an x86 server with AVX-512 and AMX, where int8 has instructions
of its own: of medians, and in brackets of the fastest runs, which other programs disturb least.
Download: gzip -9. Multiply-accumulates as tfprune counts them. "Lost most" is the class that lost
most beside the dense network, in points. Each network was trained for a few epochs on one thread;
nobody's settings were tuned. One seed, unless a cell shows a range.
"""
TITLES = {
    "mobilenetv2": "MobileNetV2, CIFAR-10 at 96 px",
    "text": "MiniLM, praise or blame",
    "resnet56": "ResNet-56, CIFAR-10",
    "combined": "All together: a VGG-like network, Fashion-MNIST",
}
FOUND = {
    "mobilenetv2": """The backbone comes pretrained and was fine-tuned for two epochs on 10,000
images. Filters go in two steps (Fisher, widths in eights), each repaired and then taught by the
dense network: one epoch, and three. Asked was 1.76x at half a point: reached, and a third of the
file.

- **Conclude**: with a teacher and four epochs 44 % of the work go at no loss, where two epochs
  from labels alone had to stop at 27 % ([mobilenetv2.md](mobilenetv2.md)).
- **What did not work**: int8. It loses 1.4 to 1.9 points here and up to seven in a class; which
  layers to keep float is in [compress.md](compress.md).
""",
    "text": """Six layers of BERT's kind, fine-tuned for one epoch on 9,605 sentences of film
reviews. Words that occur less than twice there leave the table ([`cut_vocabulary`](vocabulary.md):
11,410 of 30,522 stay); two thirds of the heads and three quarters of the feed-forward neurons go
in two steps, each repaired and then taught by the dense network, three epochs in all. Judged on
1,000 other sentences, and on 2,455 sentences from reviews of products, the like of which it has
never seen. Asked was 3x and 2.4x smaller at 0.7 points, and 7x and 10x in int8: reached on film
reviews.

- **Conclude**: heads and neurons for time, words for size, `"dynamic"` int8 for both: 14 times
  smaller a download and 12 times as fast at 0.9 points, which 1,000 sentences do not tell from
  none (95 % of such measurements lie within 2.2).
- **Ask elsewhere.** On product reviews the same file loses 2.3 points: a small network keeps what
  it was trained on longest. The dense one in `"dynamic"` int8 loses nothing there.
- Full int8 is larger and slower than `"dynamic"`: normalizations and what feeds them stay float.
""",
    "resnet56": """Pretrained. Blocks (those without which the loss rises least) or filters
(Taylor, widths in fours) go, and what is left is repaired on 256 images without labels; the
network without 8 blocks and the narrower one were then taught by the dense one for an epoch on
25,000 images. Asked was 2.4x and 2.27x smaller at half a point: not reached together. int8 alone
is 2.1 to 2.4x as fast at no loss, and without 4 blocks, untrained, 2.5 to 2.9x at 0.8 points.

- **Conclude**: int8 first; then whole blocks, not filters. Narrow layers do not save the time of
  what went: 1.6x fewer multiply-accumulates are 1.25x as fast in float32, and no faster in int8.
- **What did not work**: a short training. An epoch at 0.01 left the network without 8 blocks 1.5
  points below the dense one; repaired and untrained, without 4, it lost 0.8; more on blocks:
  [repair_depth.md](repair_depth.md).
""",
    "combined": """Two convolutions each of 32, 64 and 128 channels, 256 neurons, 585,000 weights;
trained for five epochs on 20,000 images. Three times half of its work goes (Taylor), repaired and
taught each time; then 60 % zeros grow, and the last two epochs compute in int8 under the masks.
Asked was a download 50 times smaller and 10 times the speed at two points: the download is
reached, at 1.5 points.

- **Conclude**: the techniques multiply in bytes, not in time. The download is 73 times smaller,
  12.6 of it from filters, 3.6 from int8 and 1.6 from zeros; the file is 4 to 5 times as fast, as
  int8 alone is: narrow kernels seem to leave the instructions for int8 half empty, and zeros run
  dense on a PC.
- **Look at the classes.** A shirt is recognized 6 points less often than before, four times the
  mean.
- **What did not work**: four halvings and 80 % zeros. The download was 203 times smaller, at 4.6
  points (a shirt: 15); before the zeros, in float32, it was 8.9 times as fast at 2.4 points.
""",
}
OTHERS = """## More

- **Sparse on ARM64**: a trained MobileNetV2 with zeros in pairs runs right on an emulated core in
  1.8 to 2.7 times fewer instructions, and loses far too much in two epochs:
  [sparse_trained.md](sparse_trained.md).
- **The ten techniques alone**, on one task in equal training: [side_by_side.md](side_by_side.md).
- **To half the latency within one point, by one command**: [compress.md](compress.md).
- Not measured: more seeds, and the pretrained ResNet-50 of half width, for which there are no
  labelled images here. No number on this page comes from a phone.
"""
