"""What a loss takes for targets and weights, and what it says of those that can't be right. Values: test_golden.py."""

import re
from ctypes import POINTER, byref, c_double, c_int32

import numpy as np
import pytest
from support import LOSSES, Refused, assert_close, assert_equal, c, check, f32, floats, loss

SIGMOID, SOFTMAX, SQUARES = "sigmoid_cross_entropy", "softmax_cross_entropy", "mean_squared_error"
PAIRS = c.DNC_LOSS_GROUPED_SOFTMAX_CROSS_ENTROPY + 256 * 2
GOOD = {SIGMOID: [0, 1, 0.5, 0], SOFTMAX: [0, 0.25, 0.75, 0], SQUARES: [-1e30, 1e30, 0, 5], PAIRS: [0, 1, 0, 0]}

WRONG = [
    (SIGMOID, [0, 0, 5, 0], r"targets\[t=2, b=1, y=2\] is 5, allowed are 0 to 1"),
    (SIGMOID, [0, -1e-6, 1, 0], r"targets\[t=2, b=1, y=1\] is -1e-06, allowed are 0 to 1"),
    (SOFTMAX, [3, 0, 0, 0], r"targets\[t=2, b=1, y=0 to 3\] add up to 3, allowed is 1, within 0.001$"),
    (SOFTMAX, [0, 0, 0, 0], r"targets\[t=2, b=1, y=0 to 3\] add up to 0, allowed is 1"),
    (SOFTMAX, [0, 0, 0, 0.99], r"targets\[t=2, b=1, y=0 to 3\] add up to 0.99"),
    (SOFTMAX, [0, 0, 2, -1], r"targets\[t=2, b=1, y=3\] is -1, allowed are 0 and above"),
    (
        PAIRS,
        [0, 1, 1, 1],
        r"targets\[t=2, b=1, y=2 to 3\] add up to 2, allowed is 1, within 0.001, or nothing but zeros",
    ),
    (PAIRS, [0, 0.5, 0, 0], r"targets\[t=2, b=1, y=0 to 1\] add up to 0.5"),
    (PAIRS, [1, 0, -1, 1], r"targets\[t=2, b=1, y=2\] is -1"),
]


def rows(kind):
    """outputs, targets, mask of four steps of three sequences."""
    outputs = f32(np.random.default_rng(1).standard_normal((4, 3, 4)))
    return outputs, np.tile(f32(GOOD[kind]), (4, 3, 1)), np.ones((4, 3), np.float32)


def refused(kind, outputs, targets, mask=None):
    """The status and the sentence; value and gradients stay as they were."""
    value, gradients = c_double(77), np.full_like(outputs, 77)
    arrays = [floats(f32(a)) if a is not None else None for a in (outputs, targets, mask)]
    status = c.dnc_loss_evaluate(LOSSES.get(kind, kind), *outputs.shape, *arrays, byref(value), floats(gradients))
    assert status != c.DNC_OK and value.value == 77 and (gradients == 77).all()
    return status, c.dnc_last_error().decode()


@pytest.mark.parametrize("kind, row, sentence", WRONG)
def test_a_target_that_can_t_be_right(kind, row, sentence):
    outputs, targets, mask = rows(kind)
    loss(kind, outputs, targets, mask)
    targets[2, 1] = row
    for weights in (mask, None):
        status, message = refused(kind, outputs, targets, weights)
        assert status == c.DNC_INVALID_ARGUMENT
        assert re.match(sentence, message), message


@pytest.mark.parametrize("width", [1, 4, 9])
def test_targets_at_the_bounds_of_a_sigmoid(width):
    """In every place of a row: what is next to 0 and 1, and what has the bits of none."""
    outputs = np.zeros((1, 2, width), np.float32)
    one = np.float32(1)
    for target in (0.0, -0.0, 1e-45, 0.5, np.nextafter(one, np.float32(0)), one):
        loss(SIGMOID, outputs, np.full_like(outputs, target))
    for target in (
        np.nextafter(one, np.float32(2)),
        2,
        1e38,
        -1e-45,
        -0.5,
        -1,
        np.nextafter(-one, np.float32(-2)),
        -2,
        -1e38,
    ):
        for y in range(width):
            targets = np.zeros_like(outputs)
            targets[0, 1, y] = target
            status, message = refused(SIGMOID, outputs, targets)
            assert status == c.DNC_INVALID_ARGUMENT
            assert re.match(rf"targets\[t=0, b=1, y={y}\] is .*, allowed are 0 to 1", message), message


@pytest.mark.parametrize("weights", [None, [1, 1, 1, 0, 0, 2, 2, 0.5], [0, 1, 1, 1, 1, 1, 1, 0], [0.5] * 8])
def test_rows_of_one_weight_after_each_other(weights):
    """They are computed together; each as if it were alone."""
    rng = np.random.default_rng(4)
    outputs, targets = f32(rng.standard_normal((4, 2, 5))), f32(rng.random((4, 2, 5)))
    mask = None if weights is None else f32(weights).reshape(4, 2)
    shares = np.ones(8) if weights is None else np.asarray(weights)
    for kind in (SIGMOID, SQUARES):
        value, gradients = loss(kind, outputs, targets, mask)
        each = [
            loss(kind, outputs[t : t + 1, b : b + 1], targets[t : t + 1, b : b + 1]) for t in range(4) for b in (0, 1)
        ]
        assert value == pytest.approx(
            sum(w * v for w, (v, _) in zip(shares, each, strict=True)) / shares.sum(), rel=1e-13
        )
        expected = [w / shares.sum() * g[0, 0] for w, (_, g) in zip(shares, each, strict=True)]
        assert_close(gradients.reshape(8, 5), np.stack(expected), 1e-6)


@pytest.mark.parametrize("least, most", [(0, 0), (0, 1e-3), (0, 3), (6, 8), (8, 40), (14, 16), (25, 30), (80, 100)])
def test_a_cross_entropy_of_thousands_of_outputs(least, most):
    """As exact as that of one, whether it is tiny or far from it."""
    rng = np.random.default_rng(3)
    outputs = f32(rng.uniform(least, most, (2, 1, 5000)))
    signs = rng.random(outputs.shape) < 0.5
    outputs[signs] *= -1
    for right in (True, False):
        targets = f32(signs != right)
        value, gradients = loss(SIGMOID, outputs, targets)
        expected = np.logaddexp(0, np.where(targets > 0, -1.0, 1.0) * outputs.astype(np.float64))
        assert value == pytest.approx(expected.mean(), rel=1e-13, abs=0)
        slopes = (1 / (1 + np.exp(-outputs.astype(np.float64))) - targets) / outputs.size
        assert_close(gradients, slopes, 1e-6)


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.parametrize("number", [np.nan, -np.nan, np.inf, -np.inf])
def test_a_number_that_is_none(kind, number):
    for name in ("outputs", "targets"):
        given = dict(zip(("outputs", "targets"), rows(kind)))
        given[name][3, 0, 1] = number
        status, message = refused(kind, **given)
        assert status == c.DNC_NOT_FINITE
        assert message.startswith(f"{name}[t=3, b=0, y=1] is {str(abs(number)) if np.isnan(number) else number}, ")


@pytest.mark.parametrize("weight, status", [
    (-1, c.DNC_INVALID_ARGUMENT), (-1e-42, c.DNC_INVALID_ARGUMENT), (np.nan, c.DNC_NOT_FINITE),
    (np.inf, c.DNC_NOT_FINITE),
])  # fmt: skip
def test_a_weight_that_can_t_be_right(weight, status):
    outputs, targets, mask = rows(SIGMOID)
    mask[1, 2] = weight
    found, message = refused(SIGMOID, outputs, targets, mask)
    assert found == status
    assert message == f"mask[t=1, b=2] is {mask[1, 2]:g}, allowed are finite numbers of 0 and above"


@pytest.mark.parametrize("kind", GOOD)
def test_what_has_no_weight_is_not_looked_at(kind):
    """NaN is what people have where nothing was measured."""
    outputs, targets, mask = rows(kind)
    mask[1:3, 1] = 0
    mask[0, 0] = 0.5
    expected = loss(kind, outputs, targets, mask)
    assert np.isfinite(expected[0]) and not expected[1][1:3, 1].any() and expected[1][3, 1].any()
    for nothing in (np.nan, np.inf, -7):
        targets[1:3, 1] = nothing
        outputs[1:3, 1, ::2] = nothing
        value, gradients = loss(kind, outputs, targets, mask)
        assert value == expected[0]
        assert_equal(gradients, expected[1])


@pytest.mark.parametrize("row", [[0.2504, 0.25, 0.25, 0.25], [0.2496, 0.25, 0.25, 0.25]])
def test_rounding_passes(row):
    outputs, targets, mask = rows(SOFTMAX)
    targets[...] = row
    assert np.isfinite(loss(SOFTMAX, outputs, targets, mask)[0])
    with pytest.raises(Refused, match="add up to"):
        loss(SOFTMAX, outputs, targets + f32([0.001, 0, 0, 0]) * np.sign(sum(row) - 1), mask)


# ---------------------------------------------------------------------------------- class numbers --


def classes_loss(outputs, classes, mask=None, smoothing=0.0):
    value, gradients = c_double(), np.full_like(outputs, 77)
    numbers = np.ascontiguousarray(classes, np.int32)
    check(
        c.dnc_loss_evaluate_classes(
            smoothing, *outputs.shape, floats(outputs), numbers.ctypes.data_as(POINTER(c_int32)),
            None if mask is None else floats(mask), byref(value), floats(gradients),
        )
    )  # fmt: skip
    return value.value, gradients


def some_classes(width=5):
    generator = np.random.default_rng(2)
    outputs = f32(3 * generator.standard_normal((7, 3, width)))
    return outputs, generator.integers(-1, width, (7, 3)), f32(generator.integers(0, 3, (7, 3)))


@pytest.mark.parametrize("with_mask", [False, True])
def test_class_numbers_are_targets_written_out(with_mask):
    """To the bit."""
    outputs, classes, mask = some_classes()
    weights = f32(classes >= 0) * (mask if with_mask else 1)
    targets = f32(np.eye(5)[classes])
    value, gradients = loss(SOFTMAX, outputs, targets, f32(weights))
    found, found_gradients = classes_loss(outputs, classes, mask if with_mask else None)
    assert found == value
    assert_equal(found_gradients, gradients)


@pytest.mark.parametrize("smoothing", [0.1, 1])
def test_smoothed_labels(smoothing):
    """As (1 - s) times the loss, and s times the mean loss of all classes, in double precision."""
    outputs, classes, _ = some_classes()
    kept = classes >= 0
    logits = outputs.astype(float)
    logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    right = np.take_along_axis(logs, np.maximum(classes, 0)[..., None], -1)[..., 0]
    expected = -((1 - smoothing) * right + smoothing * logs.mean(-1))[kept].mean()
    found, gradients = classes_loss(outputs, classes, smoothing=smoothing)
    np.testing.assert_allclose(found, expected, rtol=1e-7)
    targets = smoothing / 5 + (1 - smoothing) * np.eye(5)[classes]
    np.testing.assert_allclose(gradients, (np.exp(logs) - targets) * kept[..., None] / kept.sum(), atol=1e-7)


def test_rows_that_do_not_count_are_not_read():
    outputs, classes, mask = some_classes()
    spoiled, strange = outputs.copy(), np.where(mask == 0, 2**31 - 1, classes)
    spoiled[(classes < 0) | (mask == 0)] = np.nan
    assert classes_loss(outputs, classes, mask)[0] == classes_loss(spoiled, strange, mask)[0]
    value, gradients = classes_loss(outputs, np.full((7, 3), -1))
    assert value == 0 and not gradients.any()
