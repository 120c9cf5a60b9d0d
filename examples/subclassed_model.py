"""A subclassed model has no graph to wrap: PruningOptimizer carries the masks.

The training loop is written by hand, to show that nothing in it has to know about pruning.

    pip install "tfprune[demo]"
    python examples/subclassed_model.py
"""

import keras
import tensorflow as tf

import tfprune
from tfprune.demo.digits import load_digits


class Classifier(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = keras.layers.Dense(128, activation="relu")
        self.head = keras.layers.Dense(10)

    def call(self, images):
        return self.head(self.hidden(images))


def main(samples=5000, epochs=4):
    digits = load_digits(samples)
    images = digits.train_x.reshape(len(digits.train_x), -1)
    batches = tf.data.Dataset.from_tensor_slices((images, digits.train_y)).batch(32)
    steps = epochs * len(batches)

    model = Classifier()
    model.build((None, 784))
    model(images[:1])
    schedule = tfprune.PolynomialDecay(0.0, 0.9, begin_step=0, end_step=steps, frequency=1)
    optimizer = tfprune.PruningOptimizer(keras.optimizers.Adam(), schedule)
    optimizer.build(model.trainable_variables)
    loss_function = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def train(x, y):
        with tf.GradientTape() as tape:
            loss = loss_function(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)

    for _ in range(epochs):
        for x, y in batches:
            train(x, y)

    logits = model(digits.test_x.reshape(len(digits.test_x), -1))
    accuracy = float((keras.ops.argmax(logits, -1).numpy() == digits.test_y).mean())
    zeros = float((model.hidden.kernel.numpy() == 0).mean())
    print(f"accuracy {accuracy:.3f}, zeros in the hidden layer {zeros:.3f}")


if __name__ == "__main__":
    main()
