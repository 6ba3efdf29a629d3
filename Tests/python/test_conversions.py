"""Arrays of every kind that people have: they go in as they are meant, or are refused with a sentence."""

import datetime
import warnings

import dnc
import numpy as np
import pytest
from small import B, N, T, X, Y


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def places(net):
    """Everything that takes an array, with a shape that fits."""
    task = dnc.Task("copy", width=Y - 1)
    steps = task.draw(B)
    zeros = np.zeros((T, B, Y))
    return {
        "input": ((B, X), net.step),
        "inputs": ((T, B, X), net.forward),
        "usage": ((B, N), lambda a: net.set_state("usage", a)),
        "outputs": ((T, B, Y), lambda a: dnc.loss("mean_squared_error", a, zeros)),
        "targets": ((T, B, Y), lambda a: dnc.loss("mean_squared_error", zeros, a)),
        "mask": ((T, B), lambda a: dnc.loss("mean_squared_error", zeros, zeros, a)),
        "outputs of a task": ((steps, B, Y), task.loss),
        "outputs scored": ((steps, B, Y), task.score),
        "sequence 0": ((T, X), lambda a: dnc.pad([a])),
        "mask 0": ((T,), lambda a: dnc.pad([np.ones((T, X))], [a])),
        "values": ((2, 3), dnc.figures.heatmap),
        "scores": ((1, 1), lambda a: dnc.figures.capacity(a, [1], [1])),
        "inputs of a picture": ((T, B, X), lambda a: dnc.figures.episode(net, a)),
    }


def test_masked_arrays_do_not_lose_their_mask(net):
    for name, (shape, take) in places(net).items():
        masked = np.ma.masked_array(np.zeros(shape), np.zeros(shape, bool))
        take(masked)  # nothing is masked
        masked[(0,) * len(shape)] = np.ma.masked
        nested = [list(part) if len(shape) > 1 else part for part in masked]
        for given in (masked, list(masked), tuple(masked), nested):
            with pytest.raises(TypeError, match=f"{name.split()[0]}.* masked array, whose mask would be lost: fill it"):
                take(given)


@pytest.mark.parametrize("largest", [1e39, -1e300, np.longdouble("1e400")])
def test_numbers_beyond_single_precision(net, largest):
    """They would become infinite."""
    for name, (shape, take) in places(net).items():
        given = np.zeros(shape, np.result_type(largest))
        given[(-1,) * len(shape)] = largest
        place = ", ".join(str(length - 1) for length in shape)
        with pytest.raises(
            dnc.InvalidArgument, match=rf"{name.split()[0]}.*\[{place}\] is .*, beyond the numbers of single"
        ):
            take(given)


def test_infinities_are_refused_as_such(net):
    with pytest.raises(dnc.NotFinite, match=r"inputs\[0, 0, 0\] is inf"):
        net.forward(np.full((T, B, X), np.inf))


@pytest.mark.parametrize(
    "given",
    [
        np.zeros(4, complex), np.zeros(4, object), np.array(["1"] * 4), np.array([b"1"] * 4),
        np.array([datetime.datetime(2020, 1, 1)] * 4, "datetime64[s]"), np.zeros(4, "timedelta64[s]"),
        np.zeros(4, [("a", float)]), [None] * 4, [2**70] * 4, ["a", "b", "c", "d"],
    ],
    ids=lambda given: str(np.asarray(given).dtype),
)  # fmt: skip
def test_what_are_no_real_numbers(net, given):
    for name, (shape, take) in places(net).items():
        array = np.resize(np.asarray(given), shape)
        with pytest.raises(TypeError, match=f"{name.split()[0]}.* has dtype .*, needed are real numbers"):
            take(array)


def test_sequences_of_several_lengths(net):
    with pytest.raises(dnc.InvalidArgument, match=r"inputs is no array: .* dnc\.pad makes one"):
        net.forward([[[0] * X] * B, [[0] * X]])


@pytest.mark.parametrize("kind", [bool, np.int8, np.uint64, np.float16, np.float64, np.longdouble, ">f4", ">i8", ">f8"])
def test_real_numbers_of_any_dtype(net, kind):
    ones = net.forward(np.ones((T, B, X), np.float32))
    for layout in (np.asarray, np.asfortranarray, lambda a: np.repeat(a, 2, 0)[::2], lambda a: a[::-1, :, ::-1]):
        net.reset()
        assert np.array_equal(net.forward(layout(np.ones((T, B, X), kind))), ones)


def test_arrays_without_dimensions(net):
    for name, (_, take) in places(net).items():
        with pytest.raises(dnc.InvalidArgument, match=f"{name.split()[0]}.* has shape "):
            take(np.float32(1))


def test_empty_arrays(net):
    for name, (shape, take) in places(net).items():
        with pytest.raises(dnc.InvalidArgument, match=f"{name.split()[0]}.* has shape "):
            take(np.zeros((0, *shape[1:])))
