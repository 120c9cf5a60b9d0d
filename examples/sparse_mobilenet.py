"""A network of keras.applications, made sparse-ready, pruned while it trains, sparse on a phone.

    pip install "tfprune[demo]"
    tfprune setup-arm64          # to also run the file on emulated ARM64; see its --help
    python examples/sparse_mobilenet.py [--quick]

As it comes MobileNet would run dense on a phone, or not load, however many zeros it held.
"""

import argparse

import keras

import tfprune
from tfprune.demo.digits import load_digits, place
from tfprune.errors import MissingExtra
from tfprune.rewriting import plan_sparse_ready


def main(samples=5000, epochs=12):
    digits = load_digits(samples)
    train_x, test_x = place(digits.train_x), place(digits.test_x)
    stock = keras.applications.MobileNet(
        weights=None, input_shape=(32, 32, 3), alpha=0.25, classes=10
    )

    plan = plan_sparse_ready(stock)  # tfprune.make_sparse_ready(stock) returns plan.model
    print(plan)

    steps = epochs * -(-len(train_x) // 32)
    schedule = tfprune.PolynomialDecay(
        initial_sparsity=0.0, final_sparsity=0.85, begin_step=0, end_step=steps // 2, frequency=1
    )
    model = tfprune.prune_low_magnitude(
        plan.model,
        schedule,
        block_size=(1, 2),  # pairs of output channels: what sparse kernels like best
        pruning_policy=tfprune.PruneForLatencyOnXNNPack(),  # 1x1 convolutions
    )
    model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy")
    callbacks = [tfprune.UpdatePruningStep()]
    model.fit(train_x, digits.train_y, epochs=epochs, verbose=0, callbacks=callbacks)
    model = tfprune.recalibrate(tfprune.strip_pruning(model), train_x[:1024])
    right = model.predict(test_x, verbose=0).argmax(-1) == digits.test_y
    print(f"accuracy {right.mean():.3f}")

    tfprune.convert(model, "dense.tflite", sparse=False)
    result = tfprune.convert(model, "sparse.tflite", sparse=True)
    print(f"{result.bytes:,} bytes: {result.sparse_reason}")
    try:
        tfprune.verify(model, "sparse.tflite", test_x[:1], target="arm64")
    except MissingExtra as error:
        print(f"not run on ARM64: {error.fix}")
        return
    files = ["dense.tflite", "sparse.tflite"]
    for row in tfprune.count_instructions(files).rows:
        print(f"{row.label}: {row.instructions:,} instructions on ARM64, {row.ratio:.2f}x")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="few digits, to see it run")
    main(**({"samples": 500, "epochs": 2} if parser.parse_args().quick else {}))
