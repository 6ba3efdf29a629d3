"""Lessons: the file format, what is wrong with a file, rehearsal, tests; and how tasks are played and judged."""

import contextlib
import re
from ctypes import byref, c_double, c_uint64

import dnc
import numpy as np
import pytest
from support import CHECKOUT, c, check, floats, last_error

GOOD = """
# Two lessons
task copy            # this one
options width=3

pass bit_error 0.25
rehearsal 0.5
test_every 7
test_episodes 9
lesson min_length=1,max_length=1
pass sequences_right 0.9
rehearsal 1
lesson min_length=2,max_length=4
"""


@pytest.fixture
def lessons(tmp_path):
    def load(text, seed=1):
        path = tmp_path / "lessons.txt"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return dnc.Task.load(path, seed)

    return load


def lengths(task, batch=400):
    inputs = task.sample(batch).inputs
    return inputs[:, :, 0].argmax(0) - 1


def test_lessons(lessons):
    task = lessons(GOOD)
    names = [metric.name for metric in task.metrics]
    first, second = task.lessons
    assert first == ("width=3,min_length=1,max_length=1", names.index("bit_error"), 0.25, 0.5, 7, 9)
    assert second == ("width=3,min_length=2,max_length=4", names.index("sequences_right"), 0.9, 1, 7, 9)
    assert (task.input_size, task.output_size) == (5, 4)


def test_comments(lessons, tmp_path):
    """At the beginning of a line or behind a space: other marks are part of what is said."""
    path = tmp_path / "my#graph.csv"
    path.write_text("source,edge,destination\na,x,b\nb,x,a\n")
    task = lessons(f"#task babi\n  # and more\ntask graph_traversal #first\nlesson path=1,graph={path}\t# one # two\n#")
    assert [lesson.options for lesson in task.lessons] == [f"path=1,graph={path}"]
    with pytest.raises(dnc.Error, match="line 2: .*not.csv"):
        lessons("task graph_traversal\nlesson graph=not.csv#1\n")


def test_rehearsal(lessons):
    task = lessons(GOOD)
    assert task.lesson == 0 and set(lengths(task)) == {1}
    task.lesson = 1
    assert set(lengths(task)) == {1}, "all from the lesson before"
    task.evaluating = True
    assert set(lengths(task)) == {2, 3, 4}
    task = lessons(GOOD.replace("rehearsal 1", "rehearsal 0.25"))
    task.lesson = 1
    assert abs((lengths(task, 4000) == 1).mean() - 0.25) < 5 * (0.25 * 0.75 / 4000) ** 0.5
    task = lessons(GOOD + "lesson min_length=5,max_length=5\n")
    task.lesson = 2
    shares = np.bincount(lengths(task, 4000), minlength=6)[1:] / 4000
    expected = np.array([1 / 2, 1 / 6, 1 / 6, 1 / 6, 0])
    assert (abs(shares - expected) <= 5 * (expected * (1 - expected) / 4000) ** 0.5).all(), "each lesson before alike"
    task = lessons(GOOD)
    for wrong in (2, 2**40):
        with pytest.raises(dnc.InvalidArgument, match=f"lesson is {wrong}, allowed are 0 to 1"):
            task.lesson = wrong


def test_a_task_without_curriculum_is_one_lesson_without_end():
    task = dnc.Task("copy", width=4)
    (lesson,) = task.lessons
    assert lesson.options == "width=4" and np.isnan(lesson.pass_score) and lesson.rehearsal == 0


@pytest.mark.parametrize(
    "old, new, line, sentence",
    [
        ("task copy", "task paste", 3, "paste"),
        ("task copy", "tsk copy", 3, "tsk"),
        ("task copy", "", 10, "before the task"),
        ("width=3", "width=x", 4, "width"),
        ("width=3", "widht=3", 4, "widht"),
        ("width=3", "width=3\0,foo=1", 4, "byte 0"),
        ("lesson min", "lesson wide=3\0,min", 10, "byte 0"),
        ("bit_error 0.25", "bit_error", 6, "pass"),
        ("bit_error 0.25", "bit_error nan", 6, "pass"),
        ("bit_error 0.25", "words 0.25", 10, 'pass: "words"'),
        ("rehearsal 0.5", "rehearsal 1.5", 7, "0 to 1"),
        ("rehearsal 0.5", "rehearsal", 7, "0 to 1"),
        ("test_every 7", "test_every 0", 8, "1 to 1000000"),
        ("test_episodes 9", "test_episodes 9999999999999999999999", 9, "1 to 1000000"),
        ("min_length=2,", "width=4,", 13, "6 inputs and 5 outputs"),
        ("min_length=1,", "min_length=1,length=2,", 10, "length"),
    ],
)
def test_what_is_wrong(lessons, old, new, line, sentence):
    with pytest.raises(dnc.BadFormat, match=re.escape(sentence)) as caught:
        lessons(GOOD.replace(old, new))
    assert re.search(rf"lessons.txt.*\b{line}\b", caught.value.message), caught.value.message


@pytest.mark.parametrize("text", [b"", b"\n#\n", b"task copy\n", b"\0", b"\xff" * 100, b"task copy\nlesson\0\n"])
def test_no_curriculum_at_all(lessons, text):
    with pytest.raises(dnc.BadFormat):
        lessons(text)


def test_large_files(lessons):
    assert len(lessons("task copy\n" + "lesson\n" * 1000).lessons) == 1000
    with pytest.raises(dnc.BadFormat, match="1001 lessons"):
        lessons("task copy\n" + "lesson\n" * 1001)
    with pytest.raises(dnc.BadFormat):
        lessons("#" * (1 << 20) + "\n" + GOOD)
    with pytest.raises(dnc.BadFormat, match="2046"):
        lessons("task copy\nlesson " + "width=3," * 256)


def test_every_truncation_and_many_changes_do_no_harm(lessons):
    random = np.random.default_rng(1)
    for end in range(len(GOOD)):
        with contextlib.suppress(dnc.BadFormat):
            lessons(GOOD[:end])
    for _ in range(500):
        changed = bytearray(GOOD.encode())
        changed[random.integers(len(changed))] = random.integers(256)
        with contextlib.suppress(dnc.BadFormat):
            lessons(bytes(changed))


@pytest.mark.parametrize("path", sorted((CHECKOUT / "curricula").glob("*.txt")), ids=lambda path: path.stem)
def test_the_papers_curricula(path):
    task = dnc.Task.load(path, seed=3)
    for index, lesson in enumerate(task.lessons):
        task.lesson = index
        task.evaluating = True
        assert 0 < lesson.pass_score <= 1
        assert task.draw(4) > 0


@pytest.mark.parametrize("task", ["graph_traversal", "graph_inference"])
def test_another_gate_for_the_same_lessons(task):
    paper, ours = (dnc.Task.load(CHECKOUT / "curricula" / f"{task}{name}.txt") for name in ("", "_by_triples"))
    assert [lesson.options for lesson in ours.lessons] == [lesson.options for lesson in paper.lessons]
    for lesson, other in zip(ours.lessons, paper.lessons):
        assert (ours.metrics[lesson.metric].name, lesson.pass_score) == ("triples_right", 0.9)
        assert (paper.metrics[other.metric].name, other.pass_score) == ("episodes_right", 0.9)


def test_position():
    task = dnc.Task("copy", seed=4)
    batches = [task.sample(3).inputs.tobytes() for _ in range(4)]
    assert task.position == 4
    task.position = 2
    assert [task.sample(3).inputs.tobytes() for _ in range(2)] == batches[2:]
    task.position = 2**64 - 1
    task.sample(1)
    assert task.position == 0
    assert c.dnc_task_position(None) == 0
    with pytest.raises(dnc.InvalidState):
        task.position = 1
        task.read()


def test_step_by_step_is_the_same():
    task = dnc.Task("copy", seed=5)
    inputs = task.sample(3).inputs
    assert np.array_equal(inputs, [task.next() for _ in range(len(inputs))])
    with pytest.raises(dnc.InvalidState, match="played"):
        task.next()
    assert np.array_equal(inputs, task.read().inputs)


def test_loss_is_that_of_targets_and_mask():
    task = dnc.Task("copy", seed=6)
    _, targets, mask = task.sample(5)
    outputs = np.random.default_rng(1).standard_normal(targets.shape).astype(np.float32)
    value, gradients = task.loss(outputs)
    expected, expected_gradients = dnc.loss(task.loss_kind, outputs, targets, mask)
    assert abs(value - expected) < 1e-12
    assert np.array_equal(gradients, expected_gradients)


def test_scores():
    task = dnc.Task("copy", seed=7, width=2, max_length=2)
    names = [metric.name for metric in task.metrics]
    assert names[0] == "sequences_right" and not task.metrics[0].is_error
    _, targets, mask = task.sample(200)
    right = np.where(targets > 0, 1, -1)
    assert np.array_equal(dnc.evaluation.scores(task, task.score(right))["bit_error"][:1], [0])
    assert task.score(right)[0, 0] == 200
    assert task.score(-right)[0, 0] == 0 and task.score(-right)[1, 0] == task.score(-right)[1, 1]
    one_wrong = right.copy()
    one_wrong[np.argwhere(mask > 0)[0][0], np.argwhere(mask > 0)[0][1], 1] *= -1
    assert task.score(one_wrong)[:, 0].tolist() == [199, 1]
    guesses = np.random.default_rng(2).standard_normal(targets.shape)
    end = targets[..., :1] > 0  # which is no surprise
    guesses = np.where(end, right, np.concatenate([right[..., :1], guesses[..., 1:]], -1))
    for got, count, chance in task.score(guesses):
        assert abs(got - chance) < 5 * count**0.5 / 2


def test_grouped_loss_is_a_mean_of_softmaxes():
    """Against logarithms of softmaxes in double precision."""
    random = np.random.default_rng(3)
    outputs = random.standard_normal((4, 3, 12)).astype(np.float32)
    targets = np.eye(4, dtype=np.float32)[random.integers(4, size=(4, 3, 3))].reshape(4, 3, 12)
    mask = random.uniform(size=(4, 3)).astype(np.float32)
    value, gradients = dnc.loss("grouped_softmax_cross_entropy:4", outputs, targets, mask)
    logits = outputs.astype(np.float64).reshape(4, 3, 3, 4)
    logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    rows = -(logs * targets.reshape(logs.shape)).sum((-1, -2))
    assert abs(value - (rows * mask).sum() / mask.sum()) < 1e-6
    wanted = (np.exp(logs).reshape(outputs.shape) - targets) * mask[..., None] / mask.sum()
    np.testing.assert_allclose(gradients, wanted, atol=1e-6)
    for kind in ("grouped_softmax_cross_entropy:5", "grouped_softmax_cross_entropy:0"):
        with pytest.raises(dnc.InvalidArgument):
            dnc.loss(kind, outputs, targets)


def test_nothing_changes_in_a_failed_call():
    task = dnc.Task("copy", seed=8)
    steps = task.draw(2)
    before = task.read()
    outputs = np.zeros((steps, 2, task.output_size), np.float32)
    outputs[-1, -1, -1] = np.nan
    value = c_double(7)
    assert c.dnc_task_loss(task._handle, floats(outputs), byref(value), None) == c.DNC_NOT_FINITE
    assert value.value == 7 and "outputs" in last_error()
    assert c.dnc_task_set_lesson(task._handle, 3) == c.DNC_INVALID_ARGUMENT
    for a, b in zip(before, task.read()):
        assert np.array_equal(a, b)
    check(c.dnc_task_seek(task._handle, c_uint64(3)))
