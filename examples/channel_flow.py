"""Tell tfprune how channels flow through a layer of your own.

    python examples/channel_flow.py

Without `channel_flow` the layer is kept whole, and the plan says so. The method is called once for
each call of the layer and says where units are summed over, produced, or acted on one by one.
"""

import keras

import tfprune


@keras.saving.register_keras_serializable("examples")
class GatedUnit(keras.layers.Layer):
    """Dense layer times a learned gate: units go in, `units` come out."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], self.units), name="kernel")
        self.gate = self.add_weight(shape=(self.units,), initializer="ones", name="gate")

    def call(self, x):
        return (x @ self.kernel) * keras.ops.sigmoid(self.gate)

    def get_config(self):
        return {**super().get_config(), "units": self.units}

    def channel_flow(self, call):
        units = call.new(self.units)
        call.reads(self.kernel, 0, call.input[-1])  # summed over: axis 0 follows the input
        call.writes(self.kernel, 1, units)  # produced: axis 1
        call.scales(self.gate, 0, units)  # acted on one by one
        call.setting("units", units=units)  # `get_config()["units"]` counts them
        return call.flow({-1: units})


@keras.saving.register_keras_serializable("examples")
class Bottleneck(keras.layers.Layer):
    """A residual block of two layers, as wide inside as half its input: no entry of the config."""

    def build(self, shape):
        self.down = keras.layers.Dense(shape[-1] // 2, "relu", name="down")
        self.up = keras.layers.Dense(shape[-1], name="up")
        self.down.build(shape)
        self.up.build((*shape[:-1], shape[-1] // 2))

    def call(self, x):
        return x + self.up(self.down(x))

    def channel_flow(self, call):
        call.keep(call.input, "a bottleneck takes its width from its input")
        hidden = call.new(self.down.units)
        call.writes(self.down.kernel, 1, hidden)
        call.writes(self.down.bias, 0, hidden)
        call.reads(self.up.kernel, 0, hidden)
        call.inner_setting("down", "units", hidden)  # `self.down.get_config()["units"]`
        call.inner_setting("up", "input_dim", hidden)  # what `up` reads becomes narrower
        return call.flow({-1: call.input[-1]})


def main():
    model = keras.Sequential(
        [
            keras.Input((16,)),
            GatedUnit(32),
            GatedUnit(32, name="wide"),
            Bottleneck(name="bottleneck"),  # with fewer hidden units it becomes a tfprune `Resized`
            keras.layers.Dense(4, name="head"),
        ]
    )
    plan = tfprune.plan_structured(model, ratio=0.5)
    print(plan)
    plan.apply().summary()


if __name__ == "__main__":
    main()
