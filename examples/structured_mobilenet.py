"""Remove half of the filters of a MobileNet, repair it in one epoch, ship it as int8.

    pip install "tfprune[demo]"
    python examples/structured_mobilenet.py [--quick]

What comes out is a plain, smaller Keras model: it is faster on every CPU, GPU and phone, needs
nothing of tfprune to load, and can be quantized like any other.
"""

import argparse

import keras

import tfprune
from tfprune.demo.digits import load_digits, place
from tfprune.demo.networks import small_mobilenet


def main(samples=5000, epochs=3):
    digits = load_digits(samples)
    train_x, test_x = place(digits.train_x), place(digits.test_x)

    def fit(model, epochs):
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(2e-3), loss, metrics=["accuracy"])
        model.fit(train_x, digits.train_y, epochs=epochs, verbose=0)

    def report(what, model):
        right = model.predict(test_x, verbose=0).argmax(-1) == digits.test_y
        print(f"{what}: {model.count_params():,} weights, accuracy {right.mean():.3f}")

    model = small_mobilenet()
    fit(model, epochs)
    report("dense", model)

    scoring = (train_x[:512], digits.train_y[:512])
    plan = tfprune.plan_structured(
        model,
        ratio=0.5,
        criterion=tfprune.criteria.Taylor(scoring),  # how much the loss would change
        scope="global",  # compare filters of all layers, not only within one
        round_to=8,
    )
    print(plan)
    small = plan.apply()
    report("pruned", small)
    small = tfprune.recalibrate(small, train_x[:1024])
    report("recalibrated", small)
    fit(small, 1)
    report("fine-tuned", small)
    small.save("small.keras")

    tfprune.convert(model, "dense.tflite")
    tfprune.convert(small, "small.tflite")
    tfprune.convert(small, "small_int8.tflite", "int8", representative_dataset=train_x[:200])
    tfprune.verify(small, "small_int8.tflite", test_x[:64])
    files = ["dense.tflite", "small.tflite", "small_int8.tflite"]
    for row in tfprune.benchmark(files, runs=20).rows:
        print(f"{row.label}: {row.bytes:,} bytes, {row.median_ms:.3f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="few digits, to see it run")
    main(**({"samples": 500, "epochs": 1} if parser.parse_args().quick else {}))
