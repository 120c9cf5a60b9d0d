import numpy as np

from tfprune.repairing.equations import RegressionSums, solve

RNG = np.random.default_rng(0)


def moments(x, y):
    found = RegressionSums(x.shape[1], x.shape[2], y.shape[2])
    for rows in np.array_split(np.arange(len(x)), 3):  # batch by batch
        found.add(x[rows], y[rows])
    return found


def data(rows=40, offset=0.0):
    x = RNG.normal(size=(rows, 2, 3))
    weights = RNG.normal(size=(2, 3, 4))
    return x, np.einsum("rgf,gfo->rgo", x, weights) + offset, weights


def test_what_a_matrix_made_is_found_again_for_each_group():
    x, y, weights = data()
    sums = moments(x, y)
    np.testing.assert_allclose(
        solve(sums, sums, np.zeros_like(weights), offsets=False).weights, weights, atol=1e-3
    )


def test_what_is_left_of_the_mean_is_the_offset():
    x, y, weights = data(offset=5.0)
    found = solve(moments(x, y), moments(x, y), weights, offsets=True)
    np.testing.assert_allclose(found.weights, weights, atol=1e-9)
    np.testing.assert_allclose(found.offset, 5, atol=1e-9)


def test_the_error_by_sums_is_the_error_by_rows():
    x, y, weights = data()
    guess, offset = weights + 0.1, np.ones((2, 4))
    by_rows = ((y - np.einsum("rgf,gfo->rgo", x, guess) - offset) ** 2).sum()
    np.testing.assert_allclose(moments(x, y).error(guess, offset), by_rows)


def test_weights_that_held_out_rows_do_not_confirm_are_not_taken():
    x, y, weights = data(rows=3)
    other, _, _ = data(rows=40)
    held = moments(other, np.einsum("rgf,gfo->rgo", other, weights))
    noise = moments(x, RNG.normal(size=y.shape))
    np.testing.assert_array_equal(solve(noise, held, weights, offsets=False).weights, weights)


def test_a_feature_that_is_always_zero_keeps_its_weight():
    x, y, weights = data()
    x[:, 0, 1] = 0
    found = solve(moments(x, y), moments(x, y), weights, offsets=False).weights
    np.testing.assert_allclose(found[0, 1], weights[0, 1])
