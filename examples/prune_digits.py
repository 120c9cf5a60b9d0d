"""The whole road in one script: train, prune, strip, convert to int8, verify, benchmark.

pip install "tfprune[demo]"
python examples/prune_digits.py
"""

import keras
from keras import layers

import tfprune
from tfprune.demo.digits import load_digits


def main(samples=5000, epochs=4):
    digits = load_digits(samples)
    train_x, test_x = digits.train_x[..., None], digits.test_x[..., None]

    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(16, 3, strides=2, activation="relu", name="conv"),
            layers.Flatten(),
            layers.Dense(64, activation="relu", name="hidden"),
            layers.Dense(10, name="head"),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    model.fit(train_x, digits.train_y, epochs=epochs, verbose=0)

    steps = epochs * -(-len(train_x) // 32)
    frequency = max(1, steps // 10)
    schedule = tfprune.PolynomialDecay(
        initial_sparsity=0.0,
        final_sparsity=0.8,
        begin_step=0,
        end_step=steps // frequency * frequency,
        frequency=frequency,
    )
    pruned = tfprune.prune_low_magnitude(model, schedule)
    pruned.compile("adam", loss, metrics=["accuracy"])
    pruned.fit(
        train_x,
        digits.train_y,
        epochs=epochs,
        verbose=0,
        callbacks=[tfprune.UpdatePruningStep()],
    )
    plain = tfprune.strip_pruning(pruned)
    plain.compile("adam", loss, metrics=["accuracy"])

    for name, network in (("dense", model), ("pruned", plain)):
        accuracy = network.evaluate(test_x, digits.test_y, verbose=0)[1]
        print(f"{name}: accuracy {accuracy:.3f}")

    tfprune.convert(model, "dense.tflite")
    result = tfprune.convert(
        plain, "pruned_int8.tflite", quantize="int8", representative_dataset=train_x[:200]
    )
    print(f"int8: {result.bytes} bytes, {result.gzip_bytes} in a download")
    tfprune.verify(plain, "pruned_int8.tflite", test_x[:64])
    for row in tfprune.benchmark(["dense.tflite", "pruned_int8.tflite"], runs=20).rows:
        print(f"{row.label}: {row.median_ms:.3f} ms")


if __name__ == "__main__":
    main()
