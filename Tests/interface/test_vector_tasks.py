"""The tasks on random bit vectors: episodes are read back, and everything is worked out again from what was said."""

import hashlib
from ctypes import POINTER, byref

import dnc
import numpy as np
import pytest
from support import Task, assert_close, assert_equal, c, last_error


def chi_square(counts, expected):
    counts, expected = np.asarray(counts, float), np.asarray(expected, float)
    return ((counts - expected) ** 2 / expected).sum()


def assert_bits(channels):
    assert np.isin(channels, (0, 1)).all()
    return channels


def assert_fair(bits):
    """Each channel [..., width], and channels and rows of each other."""
    bits = bits.astype(float)
    assert (abs(bits.mean(tuple(range(bits.ndim - 1))) - 0.5) < 2.5 * (bits[..., 0].size) ** -0.5).all()
    signs = 2 * bits - 1
    for a, b in ((signs[1:], signs[:-1]), (signs[:, 1:], signs[:, :-1]), (signs[..., 1:], signs[..., :-1])):
        assert abs((a * b).mean()) < 5 / a.size**0.5


def same(episodes, others):
    return all(a.shape == b.shape and a.tobytes() == b.tobytes() for a, b in zip(episodes, others))


def columns(episodes, decode):
    """Each sequence of a batch, decoded from its inputs alone, with what decode says all of it should be."""
    steps = 0
    decoded = []
    for b in range(episodes.inputs.shape[1]):
        one = decode(episodes.inputs[:, b])
        wanted = one.build()
        length = len(wanted[0])
        for name, part, expected in zip(("inputs", "targets", "mask"), episodes, wanted):
            assert_equal(part[:length, b], expected.astype(np.float32), name)
            assert not part[length:, b].any(), "nothing after the episode"
        steps = max(steps, length)
        decoded.append(one)
    assert len(episodes.inputs) == steps, "no more steps than the longest episode has"
    return decoded


def assert_scores(actual, expected):
    """Sums and counts."""
    assert_equal(actual[:, :2], np.array(expected, float))


def logits(bits, scale=5):
    return (scale * (2 * bits - 1)).astype(np.float32)


def assert_positions(name):
    """A batch depends on the seed and its number alone."""
    one, two = dnc.Task(name, seed=2), dnc.Task(name, seed=2)
    first, second, third = (one.sample(5) for _ in range(3))
    assert not same(first, second) and not same(second, third)
    two.position = 2
    assert same(two.sample(5), third) and two.position == 3
    two.position = 0
    assert same(two.sample(5), first)
    assert same(two.read(), first)
    assert not same(dnc.Task(name, seed=3).sample(5), first)


def digest(name, *options):
    result = hashlib.sha256()
    for given in options:
        for part in Task(name, given, seed=2016).sample(20):
            result.update(part.tobytes())
    return result.hexdigest()


def assert_refused(name, options, named):
    handle = POINTER(c.dnc_task)()
    assert c.dnc_task_create(name.encode(), options.encode(), 0, byref(handle)) == c.DNC_INVALID_ARGUMENT
    assert not handle
    message = last_error()
    assert named in message and "allowed" in message, message
    return message


# copy


def test_copy_scores():
    """What one who guesses all bits earns, beside what is right."""
    task = dnc.Task("copy", seed=1, width=2, max_length=3)
    assert [(m.name, m.is_error) for m in task.metrics] == [("sequences_right", False), ("bit_error", True)]
    episodes = task.sample(200)
    masked = episodes.mask > 0
    bits = 3 * masked.sum()
    lengths = masked.sum(0) - 1
    outputs = logits(episodes.targets)
    perfect = task.score(outputs)
    assert_scores(perfect, [[200, 200], [0, bits]])
    assert_close(perfect[:, 2], [(0.25**lengths).sum(), lengths.sum()], 1e-12)
    assert_scores(task.score(-outputs), [[0, 200], [bits, bits]])
    outputs[~masked] *= -1
    assert_equal(task.score(outputs), perfect)


# repeat_copy


class RepeatCopy:
    """One episode, from its inputs."""

    def __init__(self, width, count="normalised", mask="answer"):
        self.width, self.raw, self.everywhere = width, count == "raw", mask == "all"

    def __call__(self, inputs):
        one = RepeatCopy(self.width)
        one.__dict__.update(self.__dict__)
        (end,) = np.flatnonzero(inputs[:, self.width + 1])
        one.length = end - 1
        count = inputs[end, self.width + 1] * (1 if self.raw else 10)
        one.repeats = round(float(count))
        assert abs(count - one.repeats) < 1e-5
        one.bits = assert_bits(inputs[1:end, : self.width])
        return one

    def build(self):
        steps = self.length * (self.repeats + 1) + 3
        answer = self.length + 2
        inputs, targets = np.zeros((steps, self.width + 2)), np.zeros((steps, self.width + 1))
        inputs[0, self.width] = 1
        inputs[1 : answer - 1, : self.width] = self.bits
        inputs[answer - 1, self.width + 1] = self.repeats if self.raw else self.repeats / 10
        targets[answer:-1, : self.width] = np.tile(self.bits, (self.repeats, 1))
        targets[-1, self.width] = 1
        mask = np.zeros(steps)
        mask[0 if self.everywhere else answer :] = 1
        return inputs, targets, mask


@pytest.mark.parametrize("mask", ["answer", "all"])
@pytest.mark.parametrize("count", ["normalised", "raw"])
@pytest.mark.parametrize(
    "width, lengths, repeats", [(4, (1, 2), (1, 2)), (1, (1, 1), (1, 1)), (6, (2, 9), (3, 25)), (65534, (2, 2), (2, 2))]
)
def test_repeat_copy(width, lengths, repeats, count, mask):
    options = dict(width=width, min_length=lengths[0], max_length=lengths[1], count=count, mask=mask)
    task = dnc.Task("repeat_copy", seed=5, min_repeats=repeats[0], max_repeats=repeats[1], **options)
    assert (task.input_size, task.output_size, task.loss_kind) == (width + 2, width + 1, "sigmoid_cross_entropy")
    assert not task.interactive
    seen = set()
    for _ in range(3):
        for one in columns(task.sample(9 if width < 100 else 2), RepeatCopy(width, count, mask)):
            assert lengths[0] <= one.length <= lengths[1] and repeats[0] <= one.repeats <= repeats[1]
            seen.add((one.length, one.repeats))
    assert len(seen) > 1 or (lengths[0], repeats[0]) == (lengths[1], repeats[1])


def test_repeat_copy_defaults():
    """Those of DeepMind's training script."""
    written = dict(width=4, min_length=1, max_length=2, min_repeats=1, max_repeats=2, count="normalised", mask="answer")
    assert same(dnc.Task("repeat_copy", seed=3).sample(50), dnc.Task("repeat_copy", seed=3, **written).sample(50))


def test_repeat_copy_choices():
    """Lengths and repeats are uniform and independent, bits fair, and each sequence of a batch has its own."""
    task = dnc.Task("repeat_copy", seed=1, min_length=2, max_length=5, min_repeats=3, max_repeats=6)
    counts = np.zeros((4, 4))
    for _ in range(8):
        for one in columns(task.sample(1000), RepeatCopy(4)):
            counts[one.length - 2, one.repeats - 3] += 1
    assert chi_square(counts, 500) < 37.7, counts  # 15 degrees of freedom, p = 0.001
    task = dnc.Task("repeat_copy", seed=2, width=16, min_length=20, max_length=20)
    assert_fair(task.sample(500).inputs[1:21, :, :16])


def test_repeat_copy_scores():
    task = dnc.Task("repeat_copy", seed=6, width=2, max_length=2, min_repeats=2, max_repeats=3)
    assert [(m.name, m.is_error) for m in task.metrics] == [("sequences_right", False), ("bit_error", True)]
    episodes = task.sample(40)
    ones = columns(episodes, RepeatCopy(2))
    masked = episodes.mask > 0
    bits = 3 * masked.sum()
    outputs = logits(episodes.targets)
    perfect = task.score(outputs)
    assert_scores(perfect, [[40, 40], [0, bits]])
    assert_scores(task.score(-outputs), [[0, 40], [bits, bits]])
    outputs[~masked] *= -1
    assert_equal(task.score(outputs), perfect, "only the answer is judged")

    # One wrong output, wherever: that sequence and that bit. The end counts too.
    for b, one in enumerate(ones):
        for t in (one.length + 2, one.length + 2 + one.length * one.repeats):
            for y in range(3):
                outputs = logits(episodes.targets)
                outputs[t, b, y] *= -1
                assert_scores(task.score(outputs), [[39, 40], [1, bits]])

    # Who knows all but the bits, guesses them once and repeats the guess.
    rng = np.random.default_rng(0)
    sums = np.zeros((2, 3))
    for _ in range(500):
        outputs = logits(episodes.targets)
        for b, one in enumerate(ones):
            guess = np.tile(rng.integers(0, 2, (one.length, 2)), (one.repeats, 1))
            outputs[one.length + 2 : one.length + 2 + len(guess), b, :2] = logits(guess)
        sums += task.score(outputs)
    guessed, chance = sums[:, 0] / sums[:, 1], sums[:, 2] / sums[:, 1]
    assert (abs(guessed - chance) < 5 * (0.25 / 20000) ** 0.5).all(), (guessed, chance)
    assert_close(chance[0], np.mean([0.25**one.length for one in ones]), 1e-12)


def test_repeat_copy_score_of_everything():
    """With the mask everywhere, silence is judged as well."""
    task = dnc.Task("repeat_copy", seed=6, mask="all")
    episodes = task.sample(3)
    ones = columns(episodes, RepeatCopy(4, mask="all"))
    outputs = logits(episodes.targets)
    outputs[0, 0, 0] *= -1
    bits = sum(5 * (one.length * (one.repeats + 1) + 3) for one in ones)
    assert_scores(task.score(outputs), [[2, 3], [1, bits]])


@pytest.mark.parametrize(
    "options, named",
    [
        ("width=0", "width"),
        ("width=65535", "width"),
        ("min_length=0", "min_length"),
        ("max_length=1000001", "max_length"),
        ("min_length=3", "min_length"),
        ("min_repeats=0", "min_repeats"),
        ("max_repeats=1001", "max_repeats"),
        ("min_repeats=3", "min_repeats"),
        ("max_repeats=0", "max_repeats"),
        ("repeats=3", "repeats"),
        ("max_repeats=two", "two"),
        ("count=normalized", "normalised"),
        ("count=", "raw"),
        ("mask=none", "mask"),
        ("max_blocks=3", "max_blocks"),
    ],
)
def test_repeat_copy_refusals(options, named):
    assert_refused("repeat_copy", options, named)


def test_repeat_copy_batches():
    assert_positions("repeat_copy")


def test_repeat_copy_of_this_version():
    """The same on every machine, and from version to version: these bytes may never change."""
    options = "width=3,min_length=2,max_length=30,min_repeats=4,max_repeats=7,count=raw,mask=all"
    assert digest("repeat_copy", None, options) == "87e69841c32e7362ac9e411c7ba5ce2ceda5284c25b7d4928f108726c71ce9c5"


def test_long_repeats():
    task = dnc.Task("repeat_copy", width=1, min_length=1000, max_length=1000, min_repeats=1000, max_repeats=1000)
    (one,) = columns(task.sample(1), RepeatCopy(1))
    assert (one.length, one.repeats) == (1000, 1000)
