"""Synthetic episodes: the copy task's encoding, its random numbers, its options."""

import hashlib
from ctypes import POINTER, byref, c_size_t, c_uint32

import numpy as np
import pytest
from support import Task, assert_equal, c, check, floats, last_error


def lengths_of(inputs):
    """The length of each episode, from the place of its stop marker."""
    stop = inputs[:, :, 0]
    assert (stop.sum(0) == 1).all()
    return stop.argmax(0) - 1


def expected_episode(bits, steps, everywhere):
    """inputs, targets and mask of one episode as the header describes it, from its bits [length, width]."""
    length, width = bits.shape
    inputs, targets, mask = np.zeros((steps, width + 2)), np.zeros((steps, width + 1)), np.zeros(steps)
    inputs[0, 1] = 1
    inputs[1 : length + 1, 2:] = bits
    inputs[length + 1, 0] = 1
    targets[length + 2 : 2 * length + 2, 1:] = bits
    targets[2 * length + 2, 0] = 1
    mask[(0 if everywhere else length + 2) : 2 * length + 3] = 1
    return inputs, targets, mask


@pytest.mark.parametrize("mask_option", ["answer", "all"])
@pytest.mark.parametrize(
    "width, shortest, longest", [(6, 1, 8), (1, 1, 1), (4, 4, 4), (3, 2, 5), (65534, 1, 1), (2, 90, 100)]
)
def test_encoding(width, shortest, longest, mask_option):
    options = f"width={width},min_length={shortest},max_length={longest},mask={mask_option}"
    task = Task(options=options, seed=5)
    assert task.sizes == (width + 2, width + 1, c.DNC_LOSS_SIGMOID_CROSS_ENTROPY)
    for _ in range(3):
        inputs, targets, mask = task.sample(9 if width < 100 else 2)
        lengths = lengths_of(inputs)
        assert (shortest <= lengths).all() and (lengths <= longest).all()
        assert len(inputs) == 2 * lengths.max() + 3, "no more steps than the longest episode has"
        for b, length in enumerate(lengths):
            bits = inputs[1 : length + 1, b, 2:]
            assert np.isin(bits, (0, 1)).all()
            expected = expected_episode(bits, len(inputs), mask_option == "all")
            for actual, wanted, name in zip((inputs, targets, mask), expected, ("inputs", "targets", "mask")):
                assert_equal(actual[:, b], wanted.astype(np.float32), name)


def test_defaults():
    """Six bits, lengths 1 to 8, the mask on the answer; NULL and the written-out defaults are the same."""
    default, written = Task(seed=3), Task(options="mask=answer,max_length=8,min_length=1,width=6", seed=3)
    assert default.sizes == (8, 7, c.DNC_LOSS_SIGMOID_CROSS_ENTROPY)
    for a, b in zip(default.sample(50), written.sample(50)):
        assert_equal(a, b)


def test_lengths_are_uniform():
    task = Task(seed=1)
    lengths = np.concatenate([lengths_of(task.sample(1000)[0]) for _ in range(16)])
    counts = np.bincount(lengths, minlength=9)[1:]
    assert counts.sum() == 16000
    chi_square = ((counts - 2000) ** 2 / 2000).sum()
    assert chi_square < 24.3, counts  # 7 degrees of freedom, p = 0.001


def test_bits_are_fair_and_independent():
    task = Task(options="width=16,min_length=20,max_length=20", seed=2)
    bits = task.sample(500)[0][1:21, :, 2:].astype(np.float64)
    assert abs(bits.mean() - 0.5) < 5 * 0.5 / bits.size**0.5
    assert (abs(bits.mean((0, 1)) - 0.5) < 5 * 0.5 / 10000**0.5).all(), "each channel"
    signs = 2 * bits - 1
    for a, b in ((signs[1:], signs[:-1]), (signs[:, 1:], signs[:, :-1]), (signs[..., 1:], signs[..., :-1])):
        assert abs((a * b).mean()) < 5 / a.size**0.5


def test_the_same_seed_gives_the_same_episodes():
    one, two, other = Task(seed=11), Task(seed=11), Task(seed=12)
    first = one.sample(4)
    for a, b in zip(first, two.sample(4)):
        assert_equal(a, b)
    assert first[0].tobytes() != other.sample(4)[0].tobytes()
    second = one.sample(4)
    assert first[0].tobytes() != second[0].tobytes(), "each call draws the next episodes"
    assert Task(seed=11).sample(4)[0].tobytes() != Task(seed=11 + 2**32).sample(4)[0].tobytes()


def test_episodes_of_this_version():
    """The same on every machine, and from version to version: these bytes may never change."""
    digest = hashlib.sha256()
    for options in (None, "width=3,min_length=2,max_length=30,mask=all"):
        for part in Task(options=options, seed=2016).sample(20):
            digest.update(part.astype(np.uint8).tobytes())
    assert digest.hexdigest() == "76cbb4d94f8a8554caabe13292814d0775a493a4d50164859ae648ac56ca9226"


def test_reading():
    """What is drawn can be read again, and in part."""
    task = Task(seed=6)
    assert c.dnc_task_read(task.handle, None, None, None) == c.DNC_INVALID_STATE
    assert "dnc_task_sample" in last_error()
    inputs, targets, mask = task.sample(3)
    again = np.full_like(inputs, np.nan), np.full_like(targets, np.nan), np.full_like(mask, np.nan)
    check(c.dnc_task_read(task.handle, None, None, None))
    for index, wanted in enumerate((inputs, targets, mask)):
        pointers = [floats(a) if i == index else None for i, a in enumerate(again)]
        check(c.dnc_task_read(task.handle, *pointers))
        assert_equal(again[index], wanted)


def test_sizes_may_be_left_out():
    task = Task()
    x, y, loss = c_uint32(), c_uint32(), c_uint32(99)
    check(c.dnc_task_sizes(task.handle, None, None, None))
    check(c.dnc_task_sizes(task.handle, byref(x), None, None))
    check(c.dnc_task_sizes(task.handle, None, byref(y), None))
    check(c.dnc_task_sizes(task.handle, None, None, byref(loss)))
    assert (x.value, y.value, loss.value) == (8, 7, c.DNC_LOSS_SIGMOID_CROSS_ENTROPY)


def test_a_refused_sample_changes_nothing():
    task, twin = Task(seed=9), Task(seed=9)
    drawn = task.sample(3)
    twin.sample(3)
    for batch in (0, 65537, 2**64 - 1):
        steps = c_size_t(77)
        assert c.dnc_task_sample(task.handle, batch, byref(steps)) == c.DNC_INVALID_ARGUMENT
        assert steps.value == 77 and "batch" in last_error()
    again = [np.empty_like(part) for part in drawn]
    check(c.dnc_task_read(task.handle, *map(floats, again)))
    for a, b in zip(drawn, again):
        assert_equal(a, b, "the episodes drawn before")
    for a, b in zip(task.sample(3), twin.sample(3)):
        assert_equal(a, b, "the episodes after")


@pytest.mark.parametrize(
    "options, named",
    [
        ("width=0", "width"),
        ("width=65535", "width"),
        ("width=-1", "width"),
        ("width=", "width"),
        ("width", "width"),
        ("width=six", "width"),
        ("width=6.0", "width"),
        ("width=6 ", "width"),
        ("width=+6", "width"),
        ("width=0x6", "width"),
        ("width=18446744073709551622", "width"),
        ("width=99999999999999999999999999", "width"),
        ("min_length=0", "min_length"),
        ("min_length=1000001", "min_length"),
        ("max_length=0", "max_length"),
        ("max_length=1000001", "max_length"),
        ("min_length=5,max_length=4", "min_length"),
        ("min_length=9", "min_length"),
        ("mask=none", "mask"),
        ("mask=", "mask"),
        ("mask=answers", "mask"),
        ("mask=answe", "mask"),
        ("colour=1", "colour"),
        ("Width=6", "Width"),
        (" width=6", "width"),
        ("width=6,height=3", "height"),
        ("width=6;mask=all", "width"),
        ("width=6,mask", "mask"),
        ("=6", ""),
        (",", ""),
        (",width=6", ""),
        ("width=6,,mask=all", ""),
        ("x" * 100000, "x"),
        ("wid\u00fch=3", ""),
    ],
)
def test_bad_options(options, named):
    handle = POINTER(c.dnc_task)()
    assert c.dnc_task_create(b"copy", options.encode(), 0, byref(handle)) == c.DNC_INVALID_ARGUMENT
    assert not handle
    assert last_error() and named in last_error()


@pytest.mark.parametrize("name", ["", "cop", "copy ", "Copy", "copycopy", "traversal", "%s%n", "x" * 100000])
def test_bad_names(name):
    handle = POINTER(c.dnc_task)()
    assert c.dnc_task_create(name.encode(), None, 0, byref(handle)) == c.DNC_INVALID_ARGUMENT
    assert not handle
    assert "name" in last_error() and name[:20] in last_error()


def test_long_episodes():
    """A million vectors of one bit are two million steps."""
    task = Task(options="width=1,min_length=1000000,max_length=1000000")
    inputs, targets, mask = task.sample(1)
    assert inputs.shape == (2000003, 1, 3)
    assert_equal(inputs[1:1000001, 0, 2], targets[1000002:2000002, 0, 1])
    assert mask.sum() == 1000001
