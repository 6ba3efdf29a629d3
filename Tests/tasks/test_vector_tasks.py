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
    wanted = "87e69841c32e7362ac9e411c7ba5ce2ceda5284c25b7d4928f108726c71ce9c5"
    assert digest("repeat_copy", None, options) == wanted


def test_long_repeats():
    task = dnc.Task("repeat_copy", width=1, min_length=1000, max_length=1000, min_repeats=1000, max_repeats=1000)
    (one,) = columns(task.sample(1), RepeatCopy(1))
    assert (one.length, one.repeats) == (1000, 1000)


# associative_recall


class AssociativeRecall:
    """One episode, from its inputs."""

    def __init__(self, width=8, words=3, mask="answer"):
        self.width, self.words, self.everywhere = width, words, mask == "all"

    def __call__(self, inputs):
        one = AssociativeRecall()
        one.__dict__.update(self.__dict__)
        separators, ends = (np.flatnonzero(inputs[:, self.width + i]) for i in range(2))
        assert len(ends) == 2
        places = [-1, *separators, ends[0]]
        one.blocks = [inputs[a + 1 : b, : self.width] for a, b in zip(places, places[1:])]
        assert all(len(block) == self.words for block in map(assert_bits, one.blocks))
        one.asked = inputs[ends[0] + 1 : ends[1], : self.width]
        (one.query,) = (i for i, block in enumerate(one.blocks) if (block == one.asked).all())
        assert one.query < len(one.blocks) - 1, "a block follows"
        one.answer = ends[1] + 1
        return one

    def build(self):
        steps = self.answer + self.words
        inputs, targets, mask = np.zeros((steps, self.width + 2)), np.zeros((steps, self.width + 2)), np.zeros(steps)
        t = 0
        for block in [*self.blocks, self.asked]:
            inputs[t : t + self.words, : self.width] = block
            inputs[t + self.words, self.width] = 1
            t += self.words + 1
        assert t == self.answer and steps == (self.words + 1) * len(self.blocks) + 2 * self.words + 1
        inputs[[t - 1, t - self.words - 2], self.width :] = 0, 1
        targets[t:, : self.width] = self.blocks[self.query + 1]
        mask[0 if self.everywhere else t :] = 1
        return inputs, targets, mask


@pytest.mark.parametrize("mask", ["answer", "all"])
@pytest.mark.parametrize(
    "width, words, blocks", [(8, 3, (2, 16)), (40, 1, (2, 2)), (6, 7, (5, 6)), (130, 2, (60, 80)), (65534, 1, (2, 2))]
)
def test_associative_recall(width, words, blocks, mask):
    options = dict(width=width, words=words, min_blocks=blocks[0], max_blocks=blocks[1], mask=mask)
    task = dnc.Task("associative_recall", seed=5, **options)
    assert (task.input_size, task.output_size, task.loss_kind) == (width + 2, width + 2, "sigmoid_cross_entropy")
    assert not task.interactive
    seen = set()
    for _ in range(8):
        ones = columns(task.sample(5), AssociativeRecall(width, words, mask))
        counts = {len(one.blocks) for one in ones}
        assert len(counts) == 1, "a batch shares one length"
        seen |= counts
        assert len({one.asked.tobytes() for one in ones}) == 5, "but nothing else"
    assert seen <= set(range(blocks[0], blocks[1] + 1)) and (len(seen) > 1) == (blocks[0] < blocks[1])


def test_associative_recall_defaults():
    written = dict(width=8, words=3, min_blocks=2, max_blocks=16, mask="answer")
    written = dnc.Task("associative_recall", seed=3, **written)
    default = dnc.Task("associative_recall", seed=3)
    assert all(same(default.sample(3), written.sample(3)) for _ in range(20))


def test_associative_recall_choices():
    """Numbers of blocks over the batches, and queries within them, are uniform; bits are fair."""
    task = dnc.Task("associative_recall", seed=1, width=32, words=1, min_blocks=4, max_blocks=8)
    counts, queries = np.zeros(5), np.zeros(7)
    for _ in range(2000):
        for one in columns(task.sample(2), AssociativeRecall(32, 1)):
            if len(one.blocks) == 8:
                queries[one.query] += 1
        counts[len(one.blocks) - 4] += 1
    assert chi_square(counts, 400) < 18.5, counts  # 4 degrees of freedom, p = 0.001
    assert chi_square(queries, queries.mean()) < 22.5, queries  # 6
    task = dnc.Task("associative_recall", seed=2, min_blocks=9, max_blocks=9)
    bits = task.sample(500).inputs[:36, :, :8]
    assert_fair(bits[np.arange(36) % 4 < 3])


def test_associative_recall_scores():
    task = dnc.Task("associative_recall", seed=6, width=2, words=2, min_blocks=3, max_blocks=3)
    names = [("episodes_right", False), ("items_right", False), ("bit_error", True)]
    assert [(m.name, m.is_error) for m in task.metrics] == names
    episodes = task.sample(100)
    masked = episodes.mask > 0
    assert masked.sum() == 200
    outputs = logits(episodes.targets)
    perfect = task.score(outputs)
    assert_scores(perfect, [[100, 100], [200, 200], [0, 400]])
    assert_close(perfect[:, 2], [100 / 16, 50, 200], 1e-12)
    assert_scores(task.score(-outputs), [[0, 100], [0, 200], [400, 400]])
    outputs[~masked] *= -1
    outputs[:, :, 2:] *= -1
    assert_equal(task.score(outputs), perfect, "only the words of the answer are judged")
    for t, y in ((-1, 0), (-2, 1)):
        outputs = logits(episodes.targets)
        outputs[t, 7, y] *= -1
        assert_scores(task.score(outputs), [[99, 100], [199, 200], [1, 400]])
    outputs[-1, 7] *= -1
    assert_scores(task.score(outputs), [[99, 100], [198, 200], [3, 400]])

    rng = np.random.default_rng(0)
    sums = sum(task.score(logits(rng.integers(0, 2, outputs.shape))) for _ in range(300))
    guessed, chance = sums[:, 0] / sums[:, 1], sums[:, 2] / sums[:, 1]
    assert (abs(guessed - chance) < 5 * (0.25 / sums[:, 1]) ** 0.5).all(), (guessed, chance)


def test_associative_recall_score_of_everything():
    """Where silence is taught, the answer alone is judged."""
    options = dict(seed=6, max_blocks=4)
    task, answer = dnc.Task("associative_recall", mask="all", **options), dnc.Task("associative_recall", **options)
    episodes, masked = task.sample(3), answer.sample(3).mask
    outputs = np.random.default_rng(1).standard_normal(episodes.targets.shape).astype(np.float32)
    assert_equal(task.score(outputs), answer.score(outputs))
    assert episodes.mask.all() and not masked.all()
    assert task.loss(outputs)[0] != answer.loss(outputs)[0]


@pytest.mark.parametrize(
    "options, named",
    [
        ("width=0", "width"),
        ("width=65535", "width"),
        ("words=0", "words"),
        ("words=1001", "words"),
        ("min_blocks=1", "min_blocks"),
        ("max_blocks=1", "max_blocks"),
        ("max_blocks=100001", "max_blocks"),
        ("min_blocks=17", "max_blocks"),
        ("blocks=2-6", "min_blocks"),
        ("mask=none", "mask"),
        ("length=4", "length"),
    ],
)
def test_associative_recall_refusals(options, named):
    assert_refused("associative_recall", options, named)


def test_associative_recall_batches():
    assert_positions("associative_recall")


def test_associative_recall_of_this_version():
    """The same on every machine, and from version to version: these bytes may never change."""
    options = "width=3,words=5,min_blocks=7,max_blocks=30,mask=all"
    wanted = "b3f0d5e94ad1491065db1199ab3b5a8bd829b59c75ddb74b5b4645c9c3d50a12"
    assert digest("associative_recall", None, options) == wanted


def test_lessons_of_different_lengths(tmp_path):
    """With a rehearsal, a batch has episodes of several lessons; all of a lesson share its length."""
    path = tmp_path / "curriculum"
    options = ["min_blocks=2,max_blocks=3", "min_blocks=10,max_blocks=12"]
    lessons = "".join(f"lesson {given}\n" for given in options)
    path.write_text(f"task associative_recall\noptions width=12\npass items_right 0.9\nrehearsal 0.5\n{lessons}")
    task = dnc.Task.load(path, seed=1)
    assert [lesson.options for lesson in task.lessons] == [f"width=12,{given}" for given in options]
    assert all(lesson.metric == 1 and lesson.pass_score == 0.9 for lesson in task.lessons)
    task.lesson = 1
    seen = []
    for _ in range(20):
        counts = {len(one.blocks) for one in columns(task.sample(16), AssociativeRecall(12))}
        assert len(counts) == 2 and min(counts) in (2, 3) and max(counts) in (10, 11, 12)
        seen.append(counts)
    assert len({tuple(sorted(counts)) for counts in seen}) > 2


# key_value


class KeyValue:
    """One episode, from its inputs."""

    def __init__(self, width=6, query="key", mask="answer"):
        self.width, self.both, self.everywhere = width, query == "both", mask == "all"

    def __call__(self, inputs):
        one = KeyValue()
        one.__dict__.update(self.__dict__)
        w = self.width
        one.pairs = pairs = int(inputs[:, 2 * w :].any(1).argmax())
        one.keys, one.values = (self.numbers(inputs[:pairs, i * w : i * w + w]) for i in range(2))
        assert (np.diff(one.keys) > 0).all(), "distinct and ascending"
        one.asked = [self.numbers(inputs[pairs + 1 : 2 * pairs + 1, :w])]
        if self.both:
            one.asked.append(self.numbers(inputs[2 * pairs + 2 : 3 * pairs + 2, :w]))
        return one

    def numbers(self, bits):
        """Lowest bit first."""
        return assert_bits(bits).astype(int) @ (1 << np.arange(self.width))

    def bits(self, numbers):
        return numbers[:, None] >> np.arange(self.width) & 1

    def answers(self):
        assert_equal(np.sort(self.asked[0]), self.keys)
        value_of = dict(zip(self.keys, self.values))
        wanted = [np.array([value_of[key] for key in self.asked[0]])]
        if self.both:
            assert_equal(np.sort(self.asked[1]), np.sort(self.values))
            assert len(set(self.values)) == self.pairs
            key_of = dict(zip(self.values, self.keys))
            wanted.append(np.array([key_of[value] for value in self.asked[1]]))
        return wanted

    def build(self):
        w, pairs = self.width, self.pairs
        steps = (3 if self.both else 2) * (pairs + 1)
        inputs, targets = np.zeros((steps, 2 * w + (2 if self.both else 1))), np.zeros((steps, w))
        mask = np.full(steps, float(self.everywhere))
        inputs[:pairs, :w], inputs[:pairs, w : 2 * w] = self.bits(self.keys), self.bits(self.values)
        inputs[pairs, 2 * w] = 1
        inputs[2 * pairs + 1, 2 * w + self.both] = 1
        inputs[-1, 2 * w :] = 1
        for i, (asked, wanted) in enumerate(zip(self.asked, self.answers())):
            answer = slice((i + 1) * (pairs + 1), (i + 2) * (pairs + 1) - 1)
            inputs[answer, :w], targets[answer], mask[answer] = self.bits(asked), self.bits(wanted), 1
        return inputs, targets, mask


@pytest.mark.parametrize("mask", ["answer", "all"])
@pytest.mark.parametrize("query", ["key", "both"])
@pytest.mark.parametrize(
    "width, pairs", [(6, (2, 16)), (1, (1, 2)), (4, (16, 16)), (16, (200, 220)), (10, (1000, 1000))]
)
def test_key_value(width, pairs, query, mask):
    task = dnc.Task("key_value", seed=5, width=width, min_pairs=pairs[0], max_pairs=pairs[1], query=query, mask=mask)
    sizes = (2 * width + (2 if query == "both" else 1), width, "sigmoid_cross_entropy")
    assert (task.input_size, task.output_size, task.loss_kind) == sizes
    assert not task.interactive
    seen = set()
    for _ in range(8 if pairs[1] < 100 else 2):
        ones = columns(task.sample(5), KeyValue(width, query, mask))
        counts = {one.pairs for one in ones}
        assert len(counts) == 1, "a batch shares one length"
        seen |= counts
        assert width < 6 or len({one.keys.tobytes() for one in ones}) > 1, "but nothing else"
    assert seen <= set(range(pairs[0], pairs[1] + 1)) and (len(seen) > 1) == (pairs[0] < pairs[1])


@pytest.mark.parametrize("query, distinct", [("key", "no"), ("both", "yes")])
def test_key_value_defaults(query, distinct):
    """Values are distinct where they are asked for their keys."""
    written = dict(width=6, min_pairs=2, max_pairs=16, query=query, distinct_values=distinct, mask="answer")
    written = dnc.Task("key_value", seed=3, **written)
    default = dnc.Task("key_value", seed=3, **({} if query == "key" else {"query": query}))
    assert all(same(default.sample(3), written.sample(3)) for _ in range(20))


@pytest.mark.parametrize("query", ["key", "both"])
def test_distinct_values(query):
    """Or as they come, whatever is asked."""
    rows = {}
    for distinct in ("yes", "no"):
        task = dnc.Task("key_value", seed=4, width=3, min_pairs=4, max_pairs=4, query=query, distinct_values=distinct)
        inputs = task.sample(4000).inputs[:4, :, 3:6].astype(int) @ (1, 2, 4)
        rows[distinct] = [len(set(values)) for values in inputs.T]
    assert set(rows["yes"]) == {4}
    different = 8 * 7 * 6 * 5 / 8**4
    assert abs(np.mean(np.array(rows["no"]) == 4) - different) < 5 * (0.25 / 4000) ** 0.5


def test_repeated_values():
    """As published: of several right keys, one is wanted, and each of them once."""
    task = dnc.Task("key_value", seed=5, width=2, min_pairs=4, max_pairs=4, query="both", distinct_values="no")
    episodes = task.sample(300)
    for b in range(300):
        inputs = episodes.inputs[:, b].astype(int)
        pairs = sorted(map(tuple, inputs[:4, :4]))
        answers = np.hstack([episodes.targets[10:14, b].astype(int), inputs[10:14, :2]])
        assert sorted(map(tuple, answers)) == pairs


def test_key_value_choices():
    """Numbers of pairs, keys, values and both orders: each is uniform."""
    task = dnc.Task("key_value", seed=1, width=4, min_pairs=3, max_pairs=6, query="both")
    counts, keys, values, orders = np.zeros(4), np.zeros(16), np.zeros(16), np.zeros((6, 6))
    for _ in range(1500):
        ones = columns(task.sample(4), KeyValue(4, "both"))
        counts[ones[0].pairs - 3] += 1
        for one in ones:
            keys[one.keys] += 1
            values[one.values] += 1
            if one.pairs == 3:
                first = np.searchsorted(one.keys, one.asked[0])
                second = [list(one.values).index(value) for value in one.asked[1]]
                places = [2 * order[0] + (order[1] > order[2]) for order in (first, second)]
                orders[places[0], places[1]] += 1
    assert chi_square(counts, 375) < 16.3, counts  # 3 degrees of freedom, p = 0.001
    assert chi_square(keys, keys.mean()) < 37.7, keys  # 15
    assert chi_square(values, values.mean()) < 37.7, values
    assert chi_square(orders, orders.mean()) < 66.6, orders  # 35
    single = dnc.Task("key_value", seed=2, min_pairs=8, max_pairs=8)
    assert_fair(single.sample(2000).inputs[:8, :, 6:12])


@pytest.mark.parametrize("query", ["key", "both"])
def test_key_value_scores(query):
    task = dnc.Task("key_value", seed=6, width=2, min_pairs=3, max_pairs=3, query=query)
    names = [("episodes_right", False), ("items_right", False), ("bit_error", True)]
    assert [(m.name, m.is_error) for m in task.metrics] == names
    episodes = task.sample(100)
    masked = episodes.mask > 0
    items = 600 if query == "both" else 300
    assert masked.sum() == items
    outputs = logits(episodes.targets)
    perfect = task.score(outputs)
    assert_scores(perfect, [[100, 100], [items, items], [0, 2 * items]])
    assert_close(perfect[:, 2], [100 * 4.0 ** (-items / 100), items / 4, items], 1e-12)
    assert_scores(task.score(-outputs), [[0, 100], [0, items], [2 * items, 2 * items]])
    outputs[~masked] *= -1
    assert_equal(task.score(outputs), perfect, "only the answers are judged")
    for t in (4, 6) if query == "key" else (4, 6, 8, 10):
        outputs = logits(episodes.targets)
        outputs[t, 9, 1] *= -1
        assert_scores(task.score(outputs), [[99, 100], [items - 1, items], [1, 2 * items]])

    rng = np.random.default_rng(0)
    sums = sum(task.score(logits(rng.integers(0, 2, outputs.shape))) for _ in range(300))
    guessed, chance = sums[:, 0] / sums[:, 1], sums[:, 2] / sums[:, 1]
    spread = (np.array([chance[0], 0.25, 0.25]) / sums[:, 1]) ** 0.5
    assert (abs(guessed - chance) < 5 * spread).all(), (guessed, chance)


def test_key_value_score_of_everything():
    """Where silence is taught, the answers alone are judged."""
    options = dict(seed=6, query="both")
    task, answer = dnc.Task("key_value", mask="all", **options), dnc.Task("key_value", **options)
    episodes, masked = task.sample(3), answer.sample(3).mask
    outputs = np.random.default_rng(1).standard_normal(episodes.targets.shape).astype(np.float32)
    assert_equal(task.score(outputs), answer.score(outputs))
    assert episodes.mask.all() and not masked.all()
    assert task.loss(outputs)[0] != answer.loss(outputs)[0]


@pytest.mark.parametrize(
    "options, named",
    [
        ("width=0", "width"),
        ("width=17", "width"),
        ("width=3", "2^width, 8"),
        ("max_pairs=65", "2^width, 64"),
        ("min_pairs=0", "min_pairs"),
        ("max_pairs=1001", "max_pairs"),
        ("min_pairs=17", "max_pairs"),
        ("query=value", "both"),
        ("query=", "key"),
        ("distinct_values=1", "yes"),
        ("distinct=yes", "distinct_values"),
        ("mask=none", "mask"),
    ],
)
def test_key_value_refusals(options, named):
    assert_refused("key_value", options, named)


def test_key_value_batches():
    assert_positions("key_value")


def test_key_value_of_this_version():
    """The same on every machine, and from version to version: these bytes may never change."""
    options = "width=9,min_pairs=7,max_pairs=300,query=both,mask=all"
    wanted = "448c2c4d9384c370e871b41fa6884981a3c6876107d93db05c4cd913ef1fd7ad"
    assert digest("key_value", None, options, "query=both,distinct_values=no") == wanted
