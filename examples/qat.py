"""Remove filters, train with int8 arithmetic, ship an int8 file that computes as Keras does.

    pip install "tfprune[demo]"
    python examples/qat.py [--quick]

A third of the filters goes, the network is repaired, half of the remaining weights become zero, and
quantization-aware training lets it get used to int8. The conversion then needs no representative
data: every range was learned, and all zeros are still there.
"""

import argparse

import keras

import tfprune
from tfprune.demo.digits import load_digits, place
from tfprune.demo.networks import small_mobilenet


def main(samples=5000, epochs=3):
    digits = load_digits(samples)
    train_x, test_x = place(digits.train_x), place(digits.test_x)

    def fit(model, epochs, rate=2e-3, callbacks=()):
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
        model.fit(train_x, digits.train_y, epochs=epochs, verbose=0, callbacks=list(callbacks))
        return model

    def report(what, model):
        right = model.predict(test_x, verbose=0).argmax(-1) == digits.test_y
        print(f"{what}: {model.count_params():,} numbers, accuracy {right.mean():.3f}")

    dense = fit(small_mobilenet(), epochs)
    report("dense", dense)

    small = tfprune.prune_structured(dense, 0.33, criterion="l2", round_to=8)
    small = fit(tfprune.recalibrate(small, train_x[:1024]), epochs)
    report("a third of the filters removed", small)

    half = tfprune.ConstantSparsity(0.5, begin_step=0, frequency=10)
    sparse = tfprune.prune_low_magnitude(small, half)
    sparse = fit(sparse, epochs, callbacks=[tfprune.UpdatePruningStep()])
    sparse = tfprune.strip_pruning(sparse)
    report("and half of the weights zero", sparse)

    aware = fit(tfprune.quantize_model(sparse), epochs, rate=5e-4)  # zeros stay zeros
    report("and trained with int8 arithmetic", aware)
    aware.save("aware.keras")

    tfprune.convert(dense, "dense.tflite")
    tfprune.convert(aware, "aware_int8.tflite", quantize="int8")
    result = tfprune.verify(aware, "aware_int8.tflite", test_x[:64])
    zeros, size = (sum(getattr(k, n) for k in result.kernels) for n in ("zeros_after", "size"))
    error = max(check.rms_rel_error for check in result.checks)
    print(f"in the file {zeros:,} of {size:,} weights are zero; outputs differ by {error:.2%}")
    for row in tfprune.benchmark(["dense.tflite", "aware_int8.tflite"], runs=20).rows:
        print(f"{row.label}: {row.bytes:,} bytes, {row.gzip_bytes:,} in a download")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="few digits, to see it run")
    main(**({"samples": 500, "epochs": 1} if parser.parse_args().quick else {}))
