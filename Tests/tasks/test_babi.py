"""The bAbI tasks, on small files with invented stories; what they should give is worked out again here."""

import hashlib
import math
import os
import pickle
import random
import re
from ctypes import POINTER, byref
from fractions import Fraction

import dnc
import numpy as np
import pytest
from support import Task, assert_close, assert_equal, c, last_error

BABI_DIGEST = "35aaafbd1cf393ecef91715ce5892a3993df2aed0f5854795112d538bd7ed5f0"
NAMES = {1: "one", 2: "two", 8: "lists-sets", 20: "last"}
PEOPLE = ["Ann", "Bob", "Cleo", "Dan"]
PLACES = ["harbour", "attic", "mill", "cellar", "tower"]
THINGS = ["lamp", "rope", "map", "key"]

# As long as the paper's sample story, sentence by sentence.
SAMPLE = """\
1 Cleo hurried to the attic.
2 Cleo moved to the mill.
3 Dan went back to the harbour.
4 Dan picked up the lamp there.
5 What is Dan carrying?\tlamp\t4
6 Dan hurried to the tower.
7 Dan moved to the mill.
8 What is Dan carrying?\tlamp\t4
9 Cleo hurried to the cellar.
10 Dan took the rope there.
11 What is Dan carrying?\tlamp,rope\t4 10
"""


def written(rng, task, stories):
    """A file."""
    lines = []
    for _ in range(stories):
        number = 0
        for _ in range(rng.randint(1, 3)):
            for _ in range(rng.randint(0 if number else 1, 2 + task)):
                number += 1
                lines.append(f"{number} {rng.choice(PEOPLE)} hurried to the {rng.choice(PLACES)}.")
            number += 1
            things = rng.sample(THINGS, rng.choice([1, 1, 2, 3]) if task == 8 else 1)
            if rng.random() < 0.4:
                things = ["lamp", "rope"] if task == 8 else ["key"]
            lines.append(f"{number} What has {rng.choice(PEOPLE)}? \t{','.join(things)}\t{rng.randint(1, number)}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """A folder with some of the tasks: {(task, ending): text} in `files`."""
    rng = random.Random(4)
    folder = tmp_path_factory.mktemp("babi")
    files = {}
    for task, stories in {1: 40, 2: 23, 8: 31, 20: 12}.items():
        files[task, "train"] = written(rng, task, stories)
        files[task, "test"] = written(rng, task, stories // 3)
    files[2, "test"] += "1 Zoe never hurried.\n2 Who never hurried?\tZoe\t1\n"  # words of no other file
    write(folder, files)
    return Data(folder, files)


def write(folder, files):
    for (task, ending), text in files.items():
        (folder / f"qa{task}_{NAMES.get(task, 'other')}_{ending}.txt").write_text(text)


class Data:
    def __init__(self, folder, files):
        self.folder = folder
        self.files = files

    def task(self, seed=0, **options):
        return dnc.Task("babi", seed, folder=self.folder, **options)

    def stories(self, ending, tasks):
        """{task: [(words, answers)]}, an answer for every word, None where there is none."""
        return {task: told(self.files[task, ending]) for task in tasks}


def told(text):
    stories = []
    for line in text.splitlines():
        number, rest = line.split(" ", 1)
        if number == "1":
            stories.append(([], []))
        sentence, *answer = rest.split("\t")
        words = re.findall(r"[a-z]+|[.?]", sentence.lower())
        answers = answer[0].lower().split(",") if answer else []
        stories[-1][0].extend(words + ["-"] * len(answers))
        stories[-1][1].extend([None] * len(words) + answers)
    return [(tuple(words), tuple(answers)) for words, answers in stories]


def heard(task, episodes, b, is_plain=True):
    """The story of a sequence, back in words; None for an empty one. If it is plain, only "-" has targets."""
    inputs, targets, mask = (part[:, b] for part in episodes)
    length = int(inputs.sum())
    assert all(((part == 0) | (part == 1)).all() for part in (inputs, targets, mask))
    assert (inputs[:length].sum(1) == 1).all() and not inputs[length:].any()
    assert_equal(targets.sum(1), mask)
    assert not mask[length:].any()
    known = task.words
    words = tuple(known[i] for i in inputs[:length].argmax(1))
    answers = tuple(known[row.argmax()] if m else None for row, m in zip(targets[:length], mask))
    assert not is_plain or [word == "-" for word in words] == [answer is not None for answer in answers]
    return (words, answers) if length else None


def all_heard(task, batch, is_plain=True):
    """What one pass gives, batch by batch."""
    count = task.episode_count
    batches = []
    for _ in range(-(-count // batch)):
        episodes = task.sample(batch)
        batches.append([heard(task, episodes, b, is_plain) for b in range(batch)])
        assert len(episodes.inputs) == max(len(story[0]) for story in batches[-1] if story)
    return batches


def longest_first(stories):
    """Of all tasks, in the order of order=all."""
    return sorted((story for task in sorted(stories) for story in stories[task]), key=lambda story: -len(story[0]))


# stories


def test_the_sample_story(tmp_path):
    write(tmp_path, {(8, "train"): SAMPLE, (8, "test"): SAMPLE})
    task = dnc.Task("babi", folder=tmp_path, tasks=8, split="test")
    assert task.loss_kind == "softmax_cross_entropy" and not task.interactive
    episodes = task.sample(1)
    assert episodes.inputs.shape == episodes.targets.shape == (69, 1, task.input_size)
    words, answers = heard(task, episodes, 0)
    assert words[:8] == ("cleo", "hurried", "to", "the", "attic", ".", "cleo", "moved")
    assert words[26:33] == ("what", "is", "dan", "carrying", "?", "-", "dan")
    assert words[-7:] == ("what", "is", "dan", "carrying", "?", "-", "-")
    assert [answer for answer in answers if answer] == ["lamp", "lamp", "lamp", "rope"]
    assert episodes.mask.sum() == 4 and task.words == tuple(sorted({*words}))


@pytest.mark.parametrize("tasks, numbers", [("1-2", (1, 2)), ("8", (8,)), ("20", (20,))])
@pytest.mark.parametrize("split", ["train", "validation", "all_train", "test"])
def test_every_story_of_a_split(data, tasks, numbers, split):
    """Word for word, the longest first; of the same length as in the files."""
    expected = data.stories("test" if split == "test" else "train", numbers)
    if split in ("train", "validation"):
        wanted = (lambda i: i % 10 == 9) if split == "validation" else (lambda i: i % 10 != 9)
        expected = {task: [s for i, s in enumerate(told) if wanted(i)] for task, told in expected.items()}
    task = data.task(tasks=tasks, split=split, order="all")
    expected = longest_first(expected)
    assert task.episode_count == len(expected) > 0
    assert [batch[0] for batch in all_heard(task, 1)] == expected


@pytest.mark.parametrize("batch", [1, 4, 7, 62, 63, 64, 100])
def test_going_through_all_stories(data, batch):
    """Each once; then empty episodes up to a whole batch; then again."""
    task = data.task(seed=batch, tasks="1-2", split="all_train", order="all")
    count = task.episode_count
    assert count == 63
    first = [story for stories in all_heard(task, batch) for story in stories]
    assert first[:count] == longest_first(data.stories("train", (1, 2)))
    assert first[count:] == [None] * (-count % batch)
    again = [story for stories in all_heard(task, batch) for story in stories]
    assert again == first
    task.position = 2**64 - 1
    assert [heard(task, task.sample(batch), b) for b in range(batch)].count(None) < batch


def test_the_number_of_episodes(data):
    assert data.task(tasks=1).episode_count == 0
    assert dnc.Task("copy").episode_count == 0
    assert data.task(tasks=1, order="all").episode_count == 36


def test_defaults(data):
    """Written out."""
    write(data.folder, {(n, e): data.files[1, e] for n in range(3, 20) if n != 8 for e in ("train", "test")})
    try:
        short = data.task(seed=5)
        long = data.task(seed=5, tasks="1-20", split="train", order="random", buckets=8)
        for a, b in zip(short.sample(30), long.sample(30)):
            assert_equal(a, b)
    finally:
        for path in data.folder.glob("*_other_*"):
            path.unlink()


# the vocabulary


def test_vocabulary(data):
    """Of all files, whichever tasks are asked for."""
    words = {"-"}
    for text in data.files.values():
        words |= {word for story in told(text) for part in story for word in part if word}
    assert {"zoe", "never"} <= words
    for options in ({"tasks": 1}, {"tasks": "1-2", "split": "test"}, {"tasks": 20, "split": "all_train"}):
        task = data.task(**options)
        assert task.words == tuple(sorted(words)) and task.words[:3] == ("-", ".", "?")
        assert task.input_size == task.output_size == len(words)
    assert dnc.Task("copy").words == ()


def test_what_the_files_may_look_like(tmp_path):
    """Windows' line ends, blank lines, no last line end, spaces, digits, capitals, no third column, other files."""
    text = "1  Ann   has 2 lamps.  \r\n\r\n2 WHO has lamps? And where? \t Ann,ATTIC \r\n\n"
    text += "  3 Bob left.\n4 Who left?\tBob\t"
    write(tmp_path, {(1, "train"): text, (1, "test"): text})
    for name in (
        "qa0_x_train.txt",
        "qa21_x_train.txt",
        "qa2_x_validation.txt",
        "qa_train.txt",
        "a1_train.txt",
        "README",
    ):
        (tmp_path / name).write_text("nothing like it")
    (tmp_path / "qa3_train.txt").write_text("1 Zoe?\tzoe\n")  # as the other releases name them
    task = dnc.Task("babi", folder=tmp_path, tasks=1, split="test")
    words, answers = heard(task, task.sample(1), 0)
    assert " ".join(words) == "ann has lamps . who has lamps ? and where ? - - bob left . who left ? -"
    assert [answer for answer in answers if answer] == ["ann", "attic", "bob"]
    assert "zoe" in task.words


def test_words_with_digits(tmp_path):
    """They are as distinct as others; a number alone is left out."""
    text = "1 Ann is in room1.\n2 Bob is in room2.\n3 They have 2 lamps, 2nd hand.\n".replace(",", "")
    text += "4 Where is Ann?\troom1\n5 Where is who?\tRoom2,room1\n"
    write(tmp_path, {(1, "train"): text, (1, "test"): text})
    task = dnc.Task("babi", folder=tmp_path, tasks=1, split="test")
    words, answers = heard(task, task.sample(1), 0)
    assert " ".join(words[:15]) == "ann is in room1 . bob is in room2 . they have lamps 2nd hand"
    assert [answer for answer in answers if answer] == ["room1", "room2", "room1"]
    assert {"room1", "room2", "2nd"} <= set(task.words) and "2" not in task.words


def test_files_for_validation(data, tmp_path):
    """Where a task has one, training has the whole training file; other tasks are cut as ever."""
    own = "1 Eve hurried to the attic.\n2 Who hurried to the attic?\tEve\t1\n"
    write(tmp_path, {**data.files, (1, "valid"): own})
    train, test = data.stories("train", (1, 2)), data.stories("test", (1, 2))
    expected = {
        "train": {1: train[1], 2: [story for i, story in enumerate(train[2]) if i % 10 != 9]},
        "validation": {1: told(own), 2: train[2][9::10]},
        "all_train": {1: train[1] + told(own), 2: train[2]},
        "test": test,
    }
    for split, stories in expected.items():
        task = dnc.Task("babi", folder=tmp_path, tasks="1-2", split=split, order="all")
        assert [batch[0] for batch in all_heard(task, 1)] == longest_first(stories)
        assert "eve" in task.words
    # Chance is what the training file says.
    alone = dnc.Task("babi", folder=tmp_path, tasks=1, split="validation", order="all")
    assert alone.score(alone.sample(1).targets)[0, 2] == (commonest(data.files[1, "train"]) != ["eve"])
    (tmp_path / "qa1_again_valid.txt").write_text(own)
    assert "several files qa1_*_valid.txt" in refused(f"folder={tmp_path},tasks=2", c.DNC_BAD_FORMAT)
    (tmp_path / "qa1_again_valid.txt").unlink()
    (tmp_path / "qa1_one_valid.txt").write_text("")
    message = refused(f"folder={tmp_path},tasks=1,split=validation", c.DNC_BAD_FORMAT)
    assert "qa1_one_valid.txt" in message and "empty" in message


def test_the_files_may_go_away(tmp_path):
    write(tmp_path, {(1, "train"): SAMPLE, (1, "test"): SAMPLE})
    task = dnc.Task("babi", folder=tmp_path, tasks=1, split="all_train")
    for path in tmp_path.iterdir():
        path.unlink()
    assert heard(task, task.sample(1), 0) == told(SAMPLE)[0]


def test_word_s_arguments(data):
    word = c.c_char_p()
    task = Task("babi", f"folder={data.folder},tasks=1")
    assert c.dnc_task_word(task.handle, 0, byref(word)) == c.DNC_OK and word.value == b"-"
    assert c.dnc_task_word(task.handle, task.sizes[0], byref(word)) == c.DNC_INVALID_ARGUMENT
    assert c.dnc_task_word(Task().handle, 0, byref(word)) == c.DNC_INVALID_ARGUMENT
    assert "words" in last_error()


# drawing


def chi_square(counts, expected):
    return ((np.asarray(counts) - expected) ** 2 / expected).sum()


@pytest.mark.parametrize("buckets", [1, 2, 5, 100])
def test_every_story_is_equally_likely(data, buckets):
    task = data.task(seed=3, tasks="1-2", split="all_train", buckets=buckets)
    stories = longest_first(data.stories("train", (1, 2)))
    counts = dict.fromkeys(stories, 0)
    assert len(counts) == 63, "no two stories are the same"
    group = {story: story for story in stories}  # that have been in a batch with each other

    def leader(story):
        return story if group[story] == story else leader(group[story])

    batches = 4000
    for _ in range(batches):
        episodes = task.sample(2)
        drawn = [heard(task, episodes, b) for b in range(2)]
        counts[drawn[0]] += 1
        group[leader(drawn[0])] = leader(drawn[1])
    assert chi_square(list(counts.values()), batches / 63) < 103.4  # 62 degrees of freedom, p = 0.001
    groups = {}
    for story in stories:
        groups.setdefault(leader(story), []).append(len(story[0]))
    spans = sorted((min(lengths), max(lengths)) for lengths in groups.values())
    lengths = {len(story[0]) for story in stories}
    assert len(spans) == min(buckets, len(lengths))
    assert all(a[1] < b[0] for a, b in zip(spans, spans[1:])), "a bucket is a range of lengths"
    if buckets == 2:  # where the cut saves most
        sizes = [len(story[0]) for story in stories]
        cost = {m: sum(m if s <= m else sizes[0] for s in sizes) for m in lengths}
        assert spans[0][1] == min(cost, key=cost.get)


@pytest.mark.parametrize("buckets", [1, 4])
def test_every_task_is_equally_likely(data, buckets):
    """With balance=tasks; and every story of a task."""
    task = data.task(seed=4, tasks="1-2", split="all_train", buckets=buckets, balance="tasks")
    stories = {n: longest_first(data.stories("train", (n,))) for n in (1, 2)}
    counts = {n: dict.fromkeys(stories[n], 0) for n in (1, 2)}
    assert len(counts[1]) != len(counts[2])
    for _ in range(3000):
        episodes = task.sample(2)
        for b in range(2):
            story = heard(task, episodes, b)
            counts[1 if story in counts[1] else 2][story] += 1
    # With buckets, the two of a batch are not drawn apart: the bounds are those of half as many.
    drawn = [sum(counts[n].values()) for n in (1, 2)]
    assert abs(drawn[0] - 3000) < 3.3 * 54.8
    for n in (1, 2):
        share = drawn[n - 1] / len(counts[n])
        assert chi_square(list(counts[n].values()), share) < 2 * chi_square_bound(len(counts[n]) - 1)


def chi_square_bound(freedom):
    """Of one drawing in a thousand (Wilson and Hilferty 1931)."""
    return freedom * (1 - 2 / (9 * freedom) + 3.09 * (2 / (9 * freedom)) ** 0.5) ** 3


def test_the_sequences_of_a_batch_are_drawn_apart(data):
    """Pairs of a batch are independent within a bucket."""
    task = data.task(seed=9, tasks=20, split="all_train", buckets=1)
    pairs = np.zeros((12, 12))
    stories = longest_first(data.stories("train", (20,)))
    for _ in range(3000):
        episodes = task.sample(2)
        pairs[tuple(stories.index(heard(task, episodes, b)) for b in range(2))] += 1
    assert chi_square(pairs, 3000 / 144) < 200  # 143 degrees of freedom


def test_batches(data):
    """The same seed gives the same episodes, from any place on."""
    one, two = data.task(seed=2, tasks="1-2"), data.task(seed=2, tasks="1-2")
    first, second = one.sample(5), one.sample(5)
    two.position = 1
    for a, b in zip(two.sample(5), second):
        assert_equal(a, b)
    two.position = 0
    for a, b in zip(two.sample(5), first):
        assert_equal(a, b)
    assert first.inputs.tobytes() != data.task(seed=3, tasks="1-2").sample(5).inputs.tobytes()


# rows of stories


def rows_of(task, batch, is_plain=True):
    """The stories of every row, and the steps that the rows leave empty."""
    steps = task.draw(batch)
    tokens, starts = task.read_tokens()
    inputs, targets, mask = task.read()
    one_hot = np.concatenate([np.eye(task.input_size, dtype=np.float32), np.zeros((1, task.input_size), np.float32)])
    assert_equal(one_hot[tokens], inputs)
    found, empty = [], 0
    for b in range(batch):
        length = int((tokens[:, b] >= 0).sum())
        assert (tokens[:length, b] >= 0).all() and starts[0, b] and not starts[length:, b].any()
        empty += steps - length
        bounds = [*np.flatnonzero(starts[:, b]), length]
        spans = [slice(*span) for span in zip(bounds, bounds[1:])]
        parts = [[part[span, b : b + 1] for part in (inputs, targets, mask)] for span in spans]
        found.append([heard(task, part, 0, is_plain) for part in parts])
    return found, empty, steps * batch


@pytest.mark.parametrize("batch", [1, 2, 5, 16])
def test_rows_are_full_of_whole_stories(data, batch):
    """Rows of about the same length, of stories that are all in the files; the same again at the same position."""
    task = data.task(3, row_steps=200, tasks="1-2")
    known = {story for stories in data.stories("train", (1, 2)).values() for story in stories}
    empty = all_steps = 0
    for position in range(12):
        rows, left, steps = rows_of(task, batch)
        assert all(story in known for row in rows for story in row) and steps >= 200 * batch
        empty, all_steps = empty + left, all_steps + steps
        again = data.task(3, row_steps=200, tasks="1-2")
        again.position = position
        assert rows_of(again, batch)[0] == rows
    assert empty <= (0 if batch == 1 else 0.06 * all_steps)


def test_no_row_is_empty(data):
    """Rows are as long as the longest story, however few steps are asked for."""
    task = data.task(3, row_steps=1, tasks="1-2")
    for _ in range(12):
        rows, _, steps = rows_of(task, 5)
        assert all(rows) and steps >= 5 * max(len(story[0]) for row in rows for story in row)


@pytest.mark.parametrize("balance", ["stories", "tasks"])
def test_a_story_of_a_row_is_as_likely_as_any(data, balance):
    """Long ones as much as short ones, though a row ends when it is full."""
    task = data.task(5, row_steps=150, tasks="1-2", balance=balance)
    stories = {number: set(found) for number, found in data.stories("train", (1, 2)).items()}
    counts, lengths = {1: 0, 2: 0}, {1: 0, 2: 0}
    for _ in range(250):
        for story in (story for row in rows_of(task, 4)[0] for story in row):
            number = 1 if story in stories[1] else 2
            counts[number] += 1
            lengths[number] += len(story[0])
    told, ones, twos = sum(counts.values()), len(training(data, 1)), len(training(data, 2))
    share = 0.5 if balance == "tasks" else ones / (ones + twos)
    assert abs(counts[1] / told - share) < 4 * math.sqrt(share * (1 - share) / told)
    for number in (1, 2):
        every = [len(story[0]) for story in training(data, number)]
        error = np.std(every) / math.sqrt(counts[number])
        assert abs(lengths[number] / counts[number] - np.mean(every)) < 4 * error


def training(data, number):
    """The stories that are not for validation."""
    return [story for i, story in enumerate(data.stories("train", (number,))[number]) if i % 10 != 9]


def test_a_network_answers_in_a_row_as_it_does_story_by_story(data):
    """Outputs and scores to the bit, and the loss: the network begins anew at each story."""
    task = data.task(7, row_steps=120, tasks="1-2")
    net = dnc.DNC(task.input_size, task.output_size, hidden_size=8, memory_slots=7, batch_size=3)
    outputs = task.play(net)
    scores, (loss, _) = task.score(outputs), task.loss(outputs)
    inputs, targets, mask = task.read()
    _, starts = task.read_tokens()
    assert starts[1:].any()
    expected = dnc.loss("softmax_cross_entropy", outputs, targets, mask)[0]
    assert loss == pytest.approx(expected, rel=1e-6)
    for b in range(3):
        bounds = [*np.flatnonzero(starts[:, b]), len(starts)]
        with dnc.DNC(task.input_size, task.output_size, hidden_size=8, memory_slots=7, batch_size=1) as one:
            for first, end in zip(bounds, bounds[1:]):
                one.reset()
                assert_equal(one.forward(inputs[first:end, b : b + 1]), outputs[first:end, b : b + 1])
    wrong = (outputs.argmax(-1) != targets.argmax(-1)) & (mask > 0)
    of_tasks = scores[2:, :2].sum(0)  # whose answers have one word each
    assert of_tasks.tolist() == [wrong.sum(), mask.sum()] and mask.sum() > 20


def test_tests_have_no_rows(data):
    """order=all tells every story once, whatever the rows of the training."""
    task, plain = (data.task(tasks="1-2", split="test", order="all", **more) for more in ({"row_steps": 200}, {}))
    for a, b in zip(task.sample(4), plain.sample(4)):
        assert_equal(a, b)


def test_tokens_need_words():
    with dnc.Task("copy") as task:
        with pytest.raises(dnc.InvalidState, match="draw or sample first"):
            task.read_tokens()
        task.draw(1)
        with pytest.raises(dnc.InvalidArgument, match="the channels of this task are not words"):
            task.read_tokens()


def test_episodes_of_this_version(tmp_path):
    """The same on every machine, and from version to version: these bytes may never change."""
    lines = SAMPLE.splitlines(True)
    stories = ["".join(lines[:end]).replace("Cleo", name) for name in PEOPLE for end in (5, 8, 11)]
    write(tmp_path, {(n, ending): "".join(stories[n:]) for n in (1, 2) for ending in ("train", "test")})
    digest = hashlib.sha256()
    for options in ({"tasks": "1-2"}, {"tasks": 2, "split": "all_train", "buckets": 2}):
        for part in dnc.Task("babi", 2016, folder=tmp_path, **options).sample(20):
            digest.update(part.astype(np.uint8).tobytes())
    assert digest.hexdigest() == BABI_DIGEST


# blank steps before answers


def thoughtful(story, think):
    """The story with blank steps before every answer."""
    words, answers = [], []
    for t, (word, answer) in enumerate(zip(*story)):
        blanks = think if answer and not story[1][t - 1] else 0
        words += ["-"] * blanks + [word]
        answers += [None] * blanks + [answer]
    return tuple(words), tuple(answers)


@pytest.mark.parametrize("think", [1, 3])
@pytest.mark.parametrize("tasks, numbers", [("1-2", (1, 2)), ("8", (8,))])
@pytest.mark.parametrize("split", ["all_train", "test"])
def test_thinking(data, think, tasks, numbers, split):
    """Once for an answer of several words, in training and in tests; no word is new."""
    told = data.stories("test" if split == "test" else "train", numbers)
    expected = longest_first({n: [thoughtful(story, think) for story in stories] for n, stories in told.items()})
    task = data.task(tasks=tasks, split=split, order="all", think=think)
    assert [batch[0] for batch in all_heard(task, 1, is_plain=False)] == expected
    assert task.words == data.task(tasks=tasks).words


def test_thinking_in_rows(data):
    task = data.task(3, tasks=8, row_steps=200, think=2)
    known = {thoughtful(story, 2) for story in training(data, 8)}
    for _ in range(5):
        rows, _, steps = rows_of(task, 4, is_plain=False)
        assert all(story in known for row in rows for story in row) and steps >= 800


def test_thinking_changes_no_score(data):
    """Nothing is asked in blank steps, and answers are neither joined nor divided."""
    totals = []
    for think in (0, 3):
        task = data.task(tasks=8, split="all_train", order="all", think=think)
        total = np.zeros((22, 3))
        for _ in range(-(-task.episode_count // 5)):
            _, targets, mask = task.sample(5)
            outputs = np.where(mask[..., None] > 0, targets, np.roll(np.eye(task.output_size)[0], 5))
            outputs[targets[..., task.words.index("rope")] > 0] = 0
            total += task.score(outputs.astype(np.float32))
        totals.append(total)
    assert_close(totals[1], totals[0], 1e-12)
    assert (
        0 < totals[0][0, 0] < totals[0][0, 1]
        and 0 < totals[0][1, 0] / totals[0][1, 1] < totals[0][0, 0] / totals[0][0, 1]
    )


# words as targets


def assert_loss_and_scores(task, plain):
    """Of the episodes drawn last. More targets change the loss, but not the scores."""
    _, targets, mask = task.read()
    outputs = np.random.default_rng(1).standard_normal(targets.shape).astype(np.float32)
    assert_equal(task.score(outputs), plain.score(outputs))
    value, gradients = task.loss(outputs)
    expected_value, expected_gradients = dnc.loss("softmax_cross_entropy", outputs, targets, mask)
    assert value == pytest.approx(expected_value, rel=1e-6)
    assert_close(gradients, expected_gradients, 1e-5)


@pytest.mark.parametrize("others", [{}, {"row_steps": 150, "balance": "tasks"}, {"row_steps": 150, "think": 2}])
def test_echoes(data, others):
    """Some words are targets, with mask 1; the stories, their answers and all scores stay."""
    others = {"tasks": "1-2", "split": "all_train", **others}
    task, plain = data.task(6, echo=0.3, **others), data.task(6, **others)
    counts = np.zeros((2, 4, 30))  # words and echoes, by sequence and step
    for _ in range(150):
        inputs, targets, mask = task.sample(4)
        expected = plain.sample(4)
        tokens, starts = task.read_tokens()
        for a, b in zip((inputs, tokens, starts), (expected.inputs, *plain.read_tokens())):
            assert_equal(a, b)
        is_answer, is_word = expected.mask > 0, inputs[..., 1:].any(-1)
        assert_equal(targets[is_answer], expected.targets[is_answer])
        is_echo = (mask > 0) & ~is_answer
        assert not is_echo[~is_word].any() and (mask[is_answer | is_echo] == 1).all()
        assert_equal(targets[is_echo], inputs[is_echo])
        assert not targets[~is_answer & ~is_echo].any()
        counts[..., : len(mask)] += np.stack([part[:30].T for part in (is_word, is_echo)])
        assert_loss_and_scores(task, plain)
    for axis in ((), 1, 2, (1, 2)):
        words, echoes = counts.sum(axis)
        assert (abs(echoes - 0.3 * words) <= 4.5 * np.sqrt(0.21 * words)).all()


def test_the_same_echoes_come_again(data):
    """At the same position, and at no other; also after a task was taken along."""
    options = {"tasks": "1-2", "echo": 0.5, "row_steps": 100}
    task = data.task(6, **options)
    masks = [task.sample(3).mask for _ in range(3)]
    assert len({part[:40, b].tobytes() for part in masks for b in range(3)}) == 9
    again = data.task(6, **options)
    again.position = 2
    assert_equal(again.sample(3).mask, masks[2])
    assert_equal(again.read().mask, masks[2])
    assert_equal(pickle.loads(pickle.dumps(again)).read().mask, masks[2])


def test_echoes_of_all_words_and_of_none(data):
    task = data.task(6, tasks=8, echo=1, think=1)
    inputs, targets, mask = task.sample(6)
    assert_equal(mask > 0, inputs[..., 1:].any(-1) | (targets[..., 1:].any(-1)))
    assert mask.sum() == inputs[..., 1:].sum() + data.task(6, tasks=8, think=1).sample(6).mask.sum()
    assert_equal(data.task(6, tasks=8, echo=0, think=1).sample(6).mask, data.task(6, tasks=8, think=1).sample(6).mask)


def test_tests_have_no_echoes(data):
    """Neither with order=all nor while evaluating."""
    for options in ({"split": "test", "order": "all"}, {"row_steps": 90}, {}):
        task, plain = data.task(2, tasks="1-2", echo=1, **options), data.task(2, tasks="1-2", **options)
        task.evaluating = options.get("order") != "all"
        for a, b in zip(task.sample(4), plain.sample(4)):
            assert_equal(a, b)
    task.evaluating = False
    assert task.sample(4).mask.sum() > plain.sample(4).mask.sum()


# names on the way to an answer

# Where the files say from which lines an answer follows, and what leads to it.
FACTS = [
    ("4", []),
    ("", []),
    ("2 1", ["mary"]),
    ("1 2 1 2", ["mary", "mary", "mary"]),
    ("2 1 3 4", ["mary", "john"]),
    ("5 6", ["swan"]),
    ("5 6 7", ["swan", "greg"]),
    ("7 6 5", ["greg", "swan"]),
    ("8 9", ["square"]),
    ("10 4", ["office"]),
    ("4 10 4", ["office", "office"]),
    ("10 11", []),
    ("2 24 99 1", ["mary"]),
    ("see 2, then 99999999999999999999 and 1; or 0 2!", ["mary", "mary"]),
]


def told_with_facts():
    """A story with a question for each of FACTS; two questions are facts of others, and one has itself as a fact."""
    lines = [
        "Mary went to the park.",
        "Mary took the apple.",
        "John is here.",
        "John went to the office.",
        "Lily is a swan.",
        "Greg is a swan.",
        "Greg is white.",
        "The red square is above the triangle.",
        "The blue circle is below the red square.",
        "Is the office there?\toffice,park\t4",
        "Who is afraid of wolves?\tnobody",
    ]
    lines += [f"What follows {'now ' * i}?\tpark,apple\t{facts}" for i, (facts, _) in enumerate(FACTS)]
    return "".join(f"{i + 1} {line}\n" for i, line in enumerate(lines))


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    """Before the story comes one that max_words=600 leaves out."""
    folder = tmp_path_factory.mktemp("facts")
    text = f"1 {'Mary ' * 700}.\n2 Who?\tnobody\t1\n" + told_with_facts()
    files = {(n, ending): text for n in (1, 2) for ending in ("train", "test")}
    write(folder, files)
    return Data(folder, files)


@pytest.mark.parametrize("think", [1, 2, 3, 5])
def test_names_on_the_way(facts, think):
    """A blank step has one, as long as there are any, with `follow` as its mask; inputs, answers and scores stay."""
    options = {"split": "all_train", "tasks": 1, "think": think, "max_words": 600}
    task, plain = facts.task(3, **options, follow=0.25), facts.task(3, **options)
    inputs, targets, mask = task.sample(2)
    expected = plain.sample(2)
    assert_equal(inputs, expected.inputs)
    is_answer = expected.mask > 0
    assert_equal(targets[is_answer], expected.targets[is_answer])
    assert_equal(mask[is_answer], expected.mask[is_answer])
    words = [task.words[channel] for channel in inputs[:, 0].argmax(-1)]
    marks = [t for t, word in enumerate(words) if word == "?"][2:]
    for t, (_, names) in zip(marks, FACTS, strict=True):
        weights = mask[t + 1 : t + 1 + think, 0]
        said = [task.words[i.argmax()] if m else None for i, m in zip(targets[t + 1 :, 0], weights)]
        assert said == (names + [None] * think)[:think]
        assert {*weights} <= {0, 0.25}
    assert_equal(targets.sum(-1) > 0, mask > 0)
    assert mask[~is_answer].sum() == 0.25 * 2 * sum(min(len(names), think) for _, names in FACTS)
    assert_loss_and_scores(task, plain)


def test_names_on_the_way_are_those_of_the_story(facts):
    """Exchanged with the others, and beside echoes, in rows."""
    options = dict(tasks="1-2", split="all_train", think=3, names="exchanged", row_steps=400, max_words=600)
    task, plain = facts.task(3, **options, follow=0.5), facts.task(3, **options)
    echoing = facts.task(3, **options, follow=0.5, echo=0.3)
    named = set()
    for _ in range(20):
        inputs, targets, mask = task.sample(2)
        for a, b in zip((inputs, *task.read_tokens()), (plain.sample(2).inputs, *plain.read_tokens()), strict=True):
            assert_equal(a, b)
        echoed = echoing.sample(2)
        assert_equal(echoed.inputs, inputs)
        is_target = mask > 0
        assert_equal(echoed.targets[is_target], targets[is_target])
        assert_equal(echoed.mask[is_target], mask[is_target])
        assert (echoed.mask[(echoed.mask > 0) & ~is_target] == 1).all()
        for b in range(2):
            words = [task.words[channel] for channel in inputs[:, b].argmax(-1)]
            said = [task.words[i.argmax()] if m else None for i, m in zip(targets[:, b], mask[:, b])]
            for t in np.flatnonzero(task.read_tokens()[1][:, b]):
                begins = [t + i for i, word in enumerate(words[t:]) if word in (".", "?")]
                kind, name = words[begins[4] - 1], words[begins[5] + 1]
                place = begins[11 + FACTS.index(("5 6 7", ["swan", "greg"]))]
                assert said[place + 1 : place + 4] == [kind, name, None] and words[begins[5] - 1] == kind
                named.add(name)
    assert named == {"greg", "lily"}


def test_distinct_stories_with_names_on_the_way(animals, tmp_path):
    """They are the same stories with and without these names."""
    stories = []
    for story in re.findall(r"(?:.*\n){10}", animals.files[16, "train"]):
        lines = story.splitlines()
        asked = re.search(r"is (\w+)\?", lines[-1])[1]
        kind = next(line.split()[-1] for line in lines if re.search(rf" {asked} is a ", line))
        alike = [line.split()[0] for line in lines if line.endswith(f" is a {kind}")]
        stories.append(f"{story[:-1]}\t{' '.join(alike[:2])}\n")
    write(tmp_path, {(16, ending): "".join(stories) for ending in ("train", "test")})
    options = {"folder": tmp_path, "tasks": 16, "split": "all_train", "think": 3, "distinct": "yes"}
    task, plain = dnc.Task("babi", 1, **options, follow=1), dnc.Task("babi", 1, **options)
    named = 0
    for _ in range(10):
        inputs, _, mask = task.sample(16)
        expected = plain.sample(16)
        assert_equal(inputs, expected.inputs)
        named += (mask - expected.mask).sum()
    assert named > 100


def test_tests_have_no_names_on_the_way(facts):
    for options in ({"split": "validation"}, {"split": "test"}, {"order": "all"}, {"order": "random"}, {"think": 0}):
        options = {"tasks": "1-2", "think": 3, "split": "all_train", "max_words": 600, **options}
        if options["split"] == "validation":
            options["folder"] = facts.folder
            write(facts.folder, {(n, "valid"): told_with_facts() for n in (1, 2)})
        task, plain = (dnc.Task("babi", 2, **{"folder": facts.folder, **options}, **f) for f in ({"follow": 1}, {}))
        task.evaluating = options.get("order") == "random"
        for a, b in zip(task.sample(3), plain.sample(3), strict=True):
            assert_equal(a, b)


@pytest.mark.parametrize("row_steps", [0, 60])
@pytest.mark.parametrize("balance", ["stories", "tasks"])
def test_the_mean_over_tasks_of_random_stories(tmp_path, balance, row_steps):
    """Each task weighs the same, however stories are drawn and however many questions they have."""
    one = "1 Ann has the lamp.\n2 What has Ann?\tlamp\n"
    five = "1 Ann has the key.\n" + "".join(f"{i} What has Ann?\tkey\n" for i in range(2, 7))
    write(tmp_path, {(1, "train"): 30 * one, (2, "train"): 10 * five, (1, "test"): one, (2, "test"): five})
    options = {"tasks": "1-2", "split": "all_train", "balance": balance, "row_steps": row_steps, "buckets": 1}
    task = dnc.Task("babi", 4, folder=tmp_path, **options)
    total = 0
    for _ in range(300):
        outputs = task.sample(4).targets.copy()
        outputs[..., task.words.index("key")] *= -1
        total = total + task.score(outputs)
    (wrong, questions, _), (_, words, _), first, second = total[:4]
    assert (first[0], second[0]) == (0, second[1]) and min(first[1], second[1]) > 100
    assert abs(wrong / questions - 0.5) < 0.06
    assert questions == pytest.approx(first[1] + second[1], rel=0.06) and words == questions


# distinct stories of task 16

INDUCTION = """\
1 Lily is a frog.
2 Greg is a frog.
3 Brian is a frog.
4 Brian is green.
5 Greg is green.
6 Julius is a lion.
7 Julius is green.
8 Bernhard is a lion.
9 What color is Lily?\tgreen\t1 2 5
"""
KINDS = ("frog", "lion", "rhino", "swan")
COLOURS = ("gray", "green", "white", "yellow")
# A file that has all kinds and colours, in a story without an answer.
OTHERS = "".join(f"{i + 1} It is a {k}.\n{i + 5} It is {c}.\n" for i, (k, c) in enumerate(zip(KINDS, COLOURS)))
OTHERS = "".join(f"{i + 1} {line.split(' ', 1)[1]}\n" for i, line in enumerate(OTHERS.splitlines()))
OTHERS += "9 What color is it?\tgray\n"


def changed(*changes):
    """The story of task 16 with some sentences replaced."""
    lines = [line.split(" ", 1)[1] for line in INDUCTION.splitlines()]
    for place, *sentences in sorted(changes, reverse=True):
        lines[place - 1 : place] = sentences
    return "".join(f"{i + 1} {line}\n" for i, line in enumerate(lines))


# What becomes of the last words of the sentences; * is a word of the same group.
DISTINCT = {
    "as it is": (INDUCTION, "frog * frog green * * * *"),
    "colour before kind": (changed((2, "Greg is green."), (5, "Greg is a frog.")), "frog green * * frog * * *"),
    "none twice": (
        changed((3, "Brian is a swan."), (4, "Brian is white."), (7, "Julius is gray."), (8, "Bernhard is a rhino.")),
        "frog frog swan white green lion gray rhino",
    ),
    "the last of those with the answer": (
        changed((2, "Greg is a rhino."), (3, "Brian is a frog."), (4, "Brian is green."), (5, "Greg is gray.")),
        "frog rhino frog green gray lion * *",
    ),
    "another colour of the kind": (changed((4, "Brian is white.")), "frog frog * white green * * *"),
    "no kinds left": (changed((8, "Bernhard is a lion.", "It is a lion.")), "frog * frog green * * * * *"),
}
KEPT = {
    "another answer": changed((9, "What color is Lily?\twhite")),
    "no colour": changed((5, "Greg is gray."), (4, "Brian is gray.")),
    "no kind": changed((1, "Lily is green.")),
    "told itself": changed((8, "Lily is green.")),
    "of no kind that is known": changed((1, "Lily is a cow.")),
    "two questions": changed((9, "What color is Lily?\tgreen", "What color is Julius?\tgreen")),
    "another verb": changed((3, "Brian was a frog.")),
    "another article": changed((3, "Brian is the frog.")),
    "no": changed((3, "Brian is not a frog.")),
    "a longer sentence": changed((7, "Julius is green today.")),
    "a shorter one": changed((7, "Julius left.")),
    "colours of nobody": changed((7, "It is late.")),
    "told twice": changed((7, "Julius is a lion.")),
    "two colours of one": changed((4, "Greg is gray.")),
    "another question": changed((9, "Where is Lily?\tgreen")),
    "a longer question": changed((9, "What color is the Lily?\tgreen")),
    "two words": changed((9, "What color is Lily?\tgreen,green")),
    "nothing told": "1 What color is Lily?\tgreen\n",
    "nearly nothing told": "1 A.\n2 What?\tgreen\n",
}


def last_words(story):
    return [word for word, after in zip(story[0], story[0][1:]) if after == "."]


@pytest.mark.parametrize("name", [*DISTINCT, *KEPT])
@pytest.mark.parametrize("think", [0, 2])
def test_distinct_stories(tmp_path, name, think):
    """Only what the answer does not follow from is other, and only where it follows at all."""
    text, ends = DISTINCT.get(name) or (KEPT[name], None)
    write(tmp_path, {(16, "train"): text + OTHERS, (16, "test"): text})
    (plain, unanswered) = told(text + OTHERS)
    options = {"folder": tmp_path, "tasks": 16, "order": "all", "think": think, "split": "all_train"}
    task = dnc.Task("babi", **options, distinct="yes")
    stories = [batch[0] for batch in all_heard(task, 1, False)]
    assert thoughtful(unanswered, think) in stories
    stories.remove(thoughtful(unanswered, think))
    (story,) = stories
    for word, end, told_end in zip(
        last_words(story), (ends.split() if ends else last_words(plain)), last_words(plain), strict=True
    ):
        assert word == end or end == "*" and any({word, told_end} <= {*group} for group in (KINDS, COLOURS))
    if ends:
        kinds, colours = ([word for word in last_words(story) if word in group] for group in (KINDS, COLOURS))
        assert len({*kinds}) >= min(len(kinds) - 1, 4) and len({*colours}) == len(colours)
    different = [a != b for a, b in zip(story[0], thoughtful(plain, think)[0], strict=True)]
    assert all(after == "." for after, is_different in zip(story[0][1:], different) if is_different)
    assert story[1] == thoughtful(plain, think)[1] and task.words == dnc.Task("babi", **options).words
    for split in ("validation", "test"):
        write(tmp_path, {(16, "valid"): text})
        exam = dnc.Task("babi", **{**options, "split": split}, distinct="yes")
        assert [batch[0] for batch in all_heard(exam, 1, False)] == [thoughtful(plain, think)]


@pytest.fixture(scope="module")
def animals(tmp_path_factory):
    """Task 16, as the public files have it, and the same stories as task 15."""
    rng = random.Random(5)
    stories = []
    for _ in range(60):
        names = rng.sample(["Bernhard", "Brian", "Greg", "Julius", "Lily"], 5)
        kinds = [rng.choice(KINDS) for _ in range(4)]
        colors = [rng.choice(COLOURS) for _ in range(4)]
        kinds.append(rng.choice(kinds))
        sentences = [f"{who} is a {kind}." for who, kind in zip(names, kinds)]
        sentences += [f"{who} is {color}." for who, color in zip(names, colors)]
        rng.shuffle(sentences)
        alike = [color for kind, color in zip(kinds, colors) if kind == kinds[4]]
        sentences.append(f"What color is {names[4]}?\t{rng.choice(alike)}")
        stories.append("".join(f"{i + 1} {line}\n" for i, line in enumerate(sentences)))
    folder = tmp_path_factory.mktemp("animals")
    text = "".join(stories)
    files = {(task, ending): text for task in (15, 16) for ending in ("train", "test")}
    write(folder, files)
    return Data(folder, files)


def test_distinct_stories_have_one_answer(animals):
    """That which follows from the kind; nothing else of the story tells it from the others. Only task 16 is changed."""
    task = animals.task(tasks="15-16", split="all_train", order="all", distinct="yes", balance="tasks")
    heard_stories = [batch[0] for batch in all_heard(task, 1)]
    plain = told(animals.files[15, "train"])
    distinct = list(heard_stories)
    for story in plain:
        distinct.remove(story)
    assert len(distinct) == len(plain) == 60
    alone = animals.task(tasks=16, split="all_train", order="all", distinct="yes")
    assert sorted(batch[0][0] for batch in all_heard(alone, 1)) == sorted(story[0] for story in distinct)
    chosen = []
    for (words, answers), told_story in zip(distinct, longest_first({15: plain}), strict=True):
        told_of = {}
        sentences = " ".join(words).split(" . ")
        for sentence in sentences[:-1]:
            name, *_, last = sentence.split()
            told_of.setdefault(name, {})["kind" if last in KINDS else "colour"] = last
        asked = told_of[sentences[-1].split()[3]]["kind"]
        colours = [facts["colour"] for facts in told_of.values() if facts["kind"] == asked and "colour" in facts]
        assert colours == [answers[-1]]
        assert sorted(facts["kind"] for facts in told_of.values()) == sorted([*KINDS, asked])
        assert sorted(facts["colour"] for facts in told_of.values() if "colour" in facts) == sorted(COLOURS)
        used = {asked, answers[-1]}
        for word, before in zip(last_words((words, answers)), last_words(told_story), strict=True):
            if word != before:
                left = sorted({*(KINDS if word in KINDS else COLOURS)} - used)
                chosen += [left.index(word) / (len(left) - 1)] if len(left) > 1 else []
            used.add(word)
    assert len(chosen) > 60 and abs(np.mean(chosen) - 0.5) < 0.15, "any of the words that are left is as likely"


# names that are exchanged

GROUPS = [
    set(group.split())
    for group in (
        "bill daniel fred jeff john julie mary sandra",
        "bathroom bedroom cinema garden hallway kitchen office park school",
        "apple football milk",
        "bernhard brian greg julius lily",
        "frog lion rhino swan",
        "blue gray green pink red white yellow",
        "rectangle sphere square triangle",
    )
]
# Where some names have a meaning of their own.
FIXED = (11, 13, 15, 18, 20)


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    """All tasks, with the same stories of two to four people, and words of all groups."""
    rng = random.Random(8)
    people, things = ["Mary", "John", "Daniel", "Sandra"], ["apple", "milk"]
    text = "1 Julius is a swan.\n2 The red square is pink.\n3 What color is Julius?\tred,white\n"
    for story in range(30):
        number = 0
        for _ in range(2):
            for _ in range(rng.randint(1, 3)):
                number += 1
                who, where = rng.choice(people[: 2 + story % 3]), rng.choice(["office", "garden", "park"])
                text += f"{number} {who} took the {rng.choice(things)} to the {where}.\n"
            number += 1
            text += f"{number} Where is the {rng.choice(things)}, said {who}?\t{where}\n".replace(",", "")
    folder = tmp_path_factory.mktemp("named")
    files = {(task, ending): text for task in range(1, 21) for ending in ("train", "test")}
    write(folder, files)
    return Data(folder, files)


def exchanges(plain, story):
    """What became of the words of a story."""
    exchanged = {}
    for a, b in zip([*plain[0], *plain[1]], [*story[0], *story[1]], strict=True):
        assert exchanged.setdefault(a, b) == b
    return exchanged


@pytest.mark.parametrize("number", range(1, 21))
@pytest.mark.parametrize("row_steps", [0, 60])
def test_exchanged_names(named, number, row_steps):
    """A story keeps all other words. Names stay different, within their group, and are words that the task has."""
    options = {"tasks": number, "buckets": 1, "row_steps": row_steps}
    task, plain = named.task(2, **options, names="exchanged"), named.task(2, **options)
    known = {word for story in told(named.files[number, "train"]) for word in [*story[0], *story[1]]}
    seen = set()
    for _ in range(60):
        rows, plain_rows = rows_of(task, 3)[0], rows_of(plain, 3)[0]
        for story, told_story in zip(
            [s for row in rows for s in row], [s for row in plain_rows for s in row], strict=True
        ):
            exchanged = exchanges(told_story, story)
            assert len({*exchanged.values()}) == len(exchanged)
            for a, b in exchanged.items():
                (group,) = [group & known for group in GROUPS if a in group] or [{a}]
                assert b in group
                seen.add((a, b))
            assert number not in FIXED or story == told_story
    pairs = {(a, b) for group in GROUPS for a in group & known for b in group & known}
    assert number in FIXED or {(a, b) for a, b in seen if any(a in group for group in GROUPS)} == pairs


def test_all_exchanges_are_as_likely(named):
    """Those of the four people, for a story that has two of them; and each story of a row has its own."""
    task, plain = (named.task(5, tasks=3, row_steps=100, **options) for options in ({"names": "exchanged"}, {}))
    counts = {}
    same = total = 0
    for _ in range(900):
        rows, plain_rows = rows_of(task, 2)[0], rows_of(plain, 2)[0]
        found = []
        for story, told_story in zip([s for row in rows for s in row], [s for row in plain_rows for s in row]):
            exchanged = exchanges(told_story, story)
            if "mary" in exchanged and "john" in exchanged:
                pair = exchanged["mary"], exchanged["john"]
                counts[pair] = counts.get(pair, 0) + 1
                found.append(pair)
        same += sum(a == b for a, b in zip(found, found[1:]))
        total += len(found) - 1
    drawn = sum(counts.values())
    assert len(counts) == 12 and drawn > 1000
    assert chi_square(list(counts.values()), np.full(12, drawn / 12)) < chi_square_bound(11)
    assert abs(same - total / 12) < 4 * math.sqrt(total / 12)


def test_the_same_names_come_again(named):
    """At the same position, in tokens, inputs, targets and scores alike; also after a task was taken along."""
    options = {"tasks": "1-3", "names": "exchanged", "row_steps": 100, "think": 1}
    task = named.task(6, **options)
    batches = [task.sample(3) for _ in range(3)]
    again = pickle.loads(pickle.dumps(task))
    again.position = 2
    for a, b in zip(again.sample(3), batches[2]):
        assert_equal(a, b)
    tokens, _ = again.read_tokens()
    inputs, targets, mask = batches[2]
    is_word = inputs.any(-1)
    assert (tokens[is_word] == inputs.argmax(-1)[is_word]).all()
    assert again.score(targets)[0][0] == 0 and again.score(np.roll(targets, 1, -1))[0][0] > 0
    again.position = 2
    echoing = named.task(6, **options, echo=1)
    echoing.position = 2
    for a, b in zip(echoing.sample(3), batches[2]):
        assert_equal(a[mask > 0], b[mask > 0])


@pytest.mark.parametrize(
    "options", [{"split": "validation"}, {"split": "test"}, {"order": "all"}, {"evaluating": True}]
)
def test_tests_have_the_names_of_the_files(named, options):
    evaluating = options.get("evaluating", False)
    options = {key: value for key, value in options.items() if key != "evaluating"}
    task, plain = (named.task(2, tasks="1-3", **options, **names) for names in ({"names": "exchanged"}, {}))
    task.evaluating = evaluating
    for _ in range(3):
        for a, b in zip(task.sample(4), plain.sample(4)):
            assert_equal(a, b)


# a cap on length


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("think", [0, 4])
def test_longer_stories_are_left_out(data, split, think):
    """As long as the network sees them."""
    stories = {1: training(data, 1), 2: training(data, 2)} if split == "train" else data.stories("test", (1, 2))
    stories = longest_first({n: [thoughtful(story, think) for story in told] for n, told in stories.items()})
    longest = len(stories[len(stories) // 2][0])
    for cap in (longest, longest - 1, len(stories[-1][0]), len(stories[0][0]), 1_000_000, 0):
        task = data.task(tasks="1-2", split=split, order="all", think=think, max_words=cap)
        expected = [story for story in stories if len(story[0]) <= (cap or 1_000_000)]
        assert [batch[0] for batch in all_heard(task, 1, False)] == expected
        assert task.words == data.task(tasks=1).words


def test_a_cap_and_the_balance_of_tasks(data):
    """Tasks stay as likely, chance is what the whole training file says, and rows have no other stories."""
    cap = sorted(len(story[0]) for story in training(data, 2))[12]
    short = {n: [story for story in training(data, n) if len(story[0]) <= cap] for n in (1, 2)}
    assert 0 < len(short[2]) < len(training(data, 2)) and len(short[1]) > len(short[2])
    task = data.task(3, tasks="1-2", max_words=cap, balance="tasks", row_steps=2 * cap)
    drawn = [story for _ in range(200) for row in rows_of(task, 2)[0] for story in row]
    assert {*drawn} == {*short[1], *short[2]}
    assert abs(sum(story in short[1] for story in drawn) - len(drawn) / 2) < 3.3 * math.sqrt(len(drawn)) / 2
    exam = data.task(tasks="1-2", max_words=cap, order="all")
    total = sum(exam.score(exam.sample(1).targets) for _ in range(exam.episode_count))
    for n in (1, 2):
        guess = commonest(data.files[n, "train"])
        missed = [[word for _, word in answer] != guess for story in short[n] for answer in answers_of(story)]
        assert list(total[n + 1]) == [0, len(missed), sum(missed)]


def test_a_task_without_short_stories(tmp_path):
    """It is not drawn, and has no count."""
    short = "1 Ann left.\n2 Who left?\tAnn\t1\n"
    write(tmp_path, {(n, e): text for n, text in ((1, SAMPLE), (2, short)) for e in ("train", "test")})
    task = dnc.Task("babi", folder=tmp_path, tasks="1-2", max_words=68, balance="tasks")
    assert [heard(task, task.sample(1), 0) for _ in range(20)] == 20 * told(short)
    assert task.score(task.sample(5).targets)[:4, 1].tolist() == [5, 5, 0, 5]


def test_no_story_is_short_enough(data, tmp_path):
    write(tmp_path, {(1, "train"): SAMPLE, (1, "test"): SAMPLE})
    message = refused(f"folder={tmp_path},tasks=1,split=test,max_words=68", c.DNC_INVALID_ARGUMENT)
    assert message.endswith("options: max_words is 68, allowed is 0 or at least 69, the steps of the shortest story")
    message = refused(f"folder={tmp_path},tasks=1,think=2,max_words=69", c.DNC_INVALID_ARGUMENT)
    assert message.endswith("max_words is 69, allowed is 0 or at least 75, the steps of the shortest story")
    shortest = min(len(story[0]) for n in (1, 2) for story in training(data, n))
    message = refused(f"folder={data.folder},tasks=1-2,max_words=1", c.DNC_INVALID_ARGUMENT)
    assert message.endswith(f"at least {shortest}, the steps of the shortest story")


# scores


def answers_of(story):
    """The words of each answer, and where they are."""
    found = []
    for t, answer in enumerate(story[1]):
        if answer is not None:
            if story[1][t - 1] is None:
                found.append([])
            found[-1].append((t, answer))
    return found


def commonest(text):
    answers = [line.split("\t")[1].lower() for line in text.splitlines() if "\t" in line]
    return max(dict.fromkeys(answers), key=answers.count).split(",")


class Count:
    """The three columns of a mean over tasks, worked out plainly."""

    def __init__(self):
        self.counts = {}

    def add(self, task, wrong, guessed, of=1):
        known = self.counts.setdefault(task, [0, 0, 0])
        known[0] += wrong
        known[1] += of
        known[2] += guessed

    def means(self):
        """Over the tasks: error, chance."""
        return [float(sum(Fraction(k[i], k[1]) for k in self.counts.values()) / len(self.counts)) for i in (0, 2)]


def test_the_guess_is_the_first_of_the_commonest(tmp_path):
    """Of two answers that came as often, the one that was asked for first."""
    question = "1 Ann went.\n2 Where is Ann?\t{}\t1\n"
    train = "".join(map(question.format, ["attic", "mill", "mill", "attic", "barn"]))
    for answer, missed in [("attic", 0), ("mill", 1), ("barn", 1)]:
        write(tmp_path, {(1, "train"): train, (1, "test"): question.format(answer)})
        task = dnc.Task("babi", folder=tmp_path, tasks=1, split="test")
        assert task.score(task.sample(1).targets)[0, 2] == missed


@pytest.mark.parametrize(
    "numbers, split, batch",
    [((1, 2), "validation", 2), ((1, 2), "train", 5), ((8,), "test", 1), ((8,), "all_train", 7)],
)
def test_scores(data, numbers, split, batch):
    """Some answers wrong, in one word or in all: exact means over tasks when all stories have been heard."""
    task = data.task(tasks=f"{numbers[0]}-{numbers[-1]}", split=split, order="all")
    assert [m.name for m in task.metrics] == [
        "question_error",
        "word_error",
        *(f"task_{n}_error" for n in range(1, 21)),
    ]
    assert all(m.is_error for m in task.metrics)
    source = {}
    for n in numbers:
        for story in told(data.files[n, "test" if split == "test" else "train"]):
            source[story] = n
    guesses = {n: commonest(data.files[n, "train"]) for n in numbers}
    rng = np.random.default_rng(batch)
    total, questions, words = np.zeros((22, 3)), Count(), Count()
    for _ in range(-(-task.episode_count // batch)):
        episodes = task.sample(batch)
        outputs = rng.standard_normal(episodes.targets.shape).astype(np.float32) + 9 * episodes.targets
        for b in range(batch):
            story = heard(task, episodes, b)
            if story is None:
                continue
            n = source[story]
            for answer in answers_of(story):
                wrong = 0
                for t, _ in answer:
                    if rng.random() < 0.4:
                        outputs[t, b] = np.roll(outputs[t, b], 1)
                        wrong += 1
                guess = guesses[n] + [None] * len(answer)
                missed = sum(word != guessed for (_, word), guessed in zip(answer, guess))
                words.add(n, wrong, missed, len(answer))
                questions.add(n, wrong > 0, [word for _, word in answer] != guesses[n])
        total += task.score(outputs)
    for index, count in enumerate((questions, words)):
        error, chance = count.means()
        assert 0 < error < 1 and 0 < chance < 1
        assert_close(total[index, 0] / total[index, 1], error, 1e-12)
        assert_close(total[index, 2] / total[index, 1], chance, 1e-12)
        assert_close(total[index, 1], sum(k[1] for k in count.counts.values()), 1e-12)
    for n in range(1, 21):
        assert list(total[n + 1]) == questions.counts.get(n, [0, 0, 0])


def test_right_answers(data):
    task = data.task(tasks="8", split="test")
    episodes = task.sample(9)
    perfect = task.score(episodes.targets)
    assert not perfect[:, 0].any() and perfect[0, 1] == perfect[9, 1] >= 9
    tied = task.score(np.zeros_like(episodes.targets))
    assert (tied[:, 0] == tied[:, 1]).all(), "no word leads"
    rng = np.random.default_rng(1)
    elsewhere = np.where(
        episodes.mask[..., None] > 0, episodes.targets, 9 * rng.standard_normal(episodes.targets.shape)
    )
    assert_equal(task.score(elsewhere.astype(np.float32)), perfect, "only answers are judged")


def test_loss(data):
    task = data.task(seed=1, tasks="8")
    episodes = task.sample(4)
    z = np.random.default_rng(1).standard_normal(episodes.targets.shape)
    log_p = z - np.log(np.exp(z).sum(-1, keepdims=True))
    kept = episodes.mask.sum()
    value, gradients = task.loss(z.astype(np.float32))
    assert_close(value, -(episodes.targets * log_p).sum() / kept, 1e-6)
    assert_close(gradients, (np.exp(log_p) - episodes.targets) * episodes.mask[..., None] / kept, 1e-5)


def test_playing(data):
    task = data.task(seed=1, tasks="1-2", split="validation", order="all")
    size = task.input_size
    net = dnc.DNC(input_size=size, output_size=size, hidden_size=8, memory_slots=8, word_size=4, batch_size=4, seed=1)
    scores = dnc.evaluate(net, task, task.episode_count)
    again = dnc.evaluate(net, task, task.episode_count)
    assert 0 < scores["question_error"].value <= 1
    assert_close(scores["question_error"].count, sum(scores[f"task_{n}_error"].count for n in (1, 2)), 1e-12)
    assert math.isnan(scores["task_3_error"].value)
    assert [s[:3] for s in scores.values() if s.count] == [s[:3] for s in again.values() if s.count]


def test_curriculum(data, tmp_path):
    path = tmp_path / "lessons"
    path.write_text(
        f"task babi\noptions folder={data.folder}\npass task_2_error 0.5\nlesson tasks=1\nlesson tasks=1-2\n"
    )
    task = dnc.Task.load(path, seed=1)
    assert [lesson.metric for lesson in task.lessons] == [3, 3]
    words = task.words
    task.lesson = 1
    assert task.words == words
    scores = sum(task.score(task.sample(8).targets) for _ in range(20))
    assert scores[2, 1] > 0 and scores[3, 1] > 0
    path.write_text("task babi\nlesson tasks=1,folder=/missing\n")
    with pytest.raises(dnc.Error, match="line 2: /missing could not be opened"):
        dnc.Task.load(path)


# what is refused


def refused(options, status):
    """The sentence."""
    handle = POINTER(c.dnc_task)()
    assert c.dnc_task_create(b"babi", os.fsencode(options), 0, byref(handle)) == status
    assert not handle
    return last_error()


@pytest.mark.parametrize(
    "options",
    [
        *("tasks=0", "tasks=21", "tasks=2-1", "tasks=", "tasks=one", "split=", "split=training", "order=first"),
        *("buckets=0", "buckets=101", "buckets=x", "colour=1"),
    ],
)
def test_bad_options(data, options):
    message = refused(f"folder={data.folder},tasks=1,{options}", c.DNC_INVALID_ARGUMENT)
    key, value = options.split("=")
    assert key in message and value in message and "allowed" in message or "unknown" in message


def test_the_folder(tmp_path, data):
    for options in ("", "tasks=1"):
        assert "folder is missing" in refused(options, c.DNC_INVALID_ARGUMENT)
    for options in ("folder=", "folder=,tasks=1"):
        sentence = refused(options, c.DNC_INVALID_ARGUMENT)
        assert sentence.endswith('options: folder is "", allowed are a path without commas')
    missing = tmp_path / "missing"
    assert f"{missing} could not be opened: No such" in refused(f"folder={missing}", c.DNC_IO_ERROR)
    (tmp_path / "file").write_text("")
    assert "Not a directory" in refused(f"folder={tmp_path / 'file'}", c.DNC_IO_ERROR)
    assert refused("folder=" + "x" * 100_000, c.DNC_IO_ERROR)
    assert f"{data.folder} has no file qa3_*_train.txt" in refused(f"folder={data.folder}", c.DNC_IO_ERROR)
    spelled = f"{data.folder}///./"
    assert dnc.Task("babi", folder=spelled, tasks=1).sample(1)


def test_missing_and_superfluous_files(tmp_path):
    write(tmp_path, {(5, "train"): SAMPLE})
    options = f"folder={tmp_path},tasks=5,split=all_train"
    assert f"{tmp_path} has no file qa5_*_test.txt" in refused(options, c.DNC_IO_ERROR)
    write(tmp_path, {(5, "test"): SAMPLE})
    assert "no file qa4_*_train.txt" in refused(options.replace("=5", "=4-5"), c.DNC_IO_ERROR)
    assert dnc.Task("babi", folder=tmp_path, tasks=5, split="all_train").words
    (tmp_path / "qa5_again_train.txt").write_text(SAMPLE)
    assert "several files qa5_*_train.txt" in refused(options, c.DNC_BAD_FORMAT)
    (tmp_path / "qa5_again_train.txt").unlink()
    os.mkfifo(tmp_path / "qa7_pipe_train.txt")
    assert "qa7_pipe_train.txt is not a regular file" in refused(options, c.DNC_IO_ERROR)
    (tmp_path / "qa7_pipe_train.txt").unlink()
    (tmp_path / "qa7_folder_test.txt").mkdir()
    assert "qa7_folder_test.txt is not a regular file" in refused(options, c.DNC_IO_ERROR)


def test_no_story_for_validation(tmp_path):
    write(tmp_path, {(1, "train"): SAMPLE * 9, (1, "test"): SAMPLE, (2, "train"): SAMPLE * 10, (2, "test"): SAMPLE})
    message = refused(f"folder={tmp_path},tasks=1-2,split=validation", c.DNC_BAD_FORMAT)
    assert "qa1_one_train.txt" in message and "tenth" in message and "9" in message
    assert dnc.Task("babi", folder=tmp_path, tasks=2, split="validation", order="all").episode_count == 1


SENTENCE = "expected is a sentence"
ANSWER = "expected are words"
BYTE = "allowed are letters"


@pytest.mark.parametrize(
    "text, line, expected",
    [
        ("", None, "empty"),
        ("\n \n", None, "empty"),
        ("Ann left.", 1, "at the beginning is 1"),
        ("2 Ann left.", 1, "at the beginning is 1"),
        ("0 Ann left.", 1, "at the beginning is 1"),
        ("1 Ann left.\n3 Who?\tAnn", 2, "at the beginning is 2 or 1"),
        ("1 Ann left.\n2 Who?\tAnn\n2 Who?\tAnn", 3, "at the beginning is 3 or 1"),
        ("1 Ann left.\nWho?\tAnn", 2, "at the beginning is 2 or 1"),
        ("1 Ann left.\n-2 Who?\tAnn", 2, "at the beginning is 2 or 1"),
        ("1 Ann left.\n2.0 Who?\tAnn", 2, "at the beginning is 2 or 1"),
        ("1 Ann left.\n18446744073709551618 Who?\tAnn", 2, "at the beginning is 2 or 1"),
        ("1\tAnn left.", 1, "at the beginning is 1"),
        ("1", 1, SENTENCE),
        ("1 ", 1, SENTENCE),
        ("1 Ann left", 1, SENTENCE),
        ("1 Who left?", 1, SENTENCE),
        ("1 Ann left.\tAnn", 1, SENTENCE),
        ("1 \tAnn", 1, SENTENCE),
        ("1 Who left?\t", 1, SENTENCE),
        ("1 Who left?\t\t1", 1, ANSWER),
        ("1 Who left?\tAnn,\t1", 1, ANSWER),
        ("1 Who left?\t,Ann\t1", 1, ANSWER),
        ("1 Who left?\tAnn,,Bob\t1", 1, ANSWER),
        ("1 Who left?\tAnn Bob\t1", 1, ANSWER),
        ("1 Who left?\tAnn, Bob\t1", 1, ANSWER),
        ("1 Who left?\t7\t1", 1, ANSWER),
        ("1 Who left?\t-\t1", 1, ANSWER),
        ("1 Who left?\tAnn\t1\n2 A-b.", 2, BYTE),
        ("1 Ann, left.", 1, BYTE),
        ("1 Ann's.", 1, BYTE),
        ("1 \u00c4nn left.", 1, "byte 195"),
        ("1 Ann\0left.", 1, "byte 0"),
        ("1 Who?\tAnn\n1 Ann left.\n1 Who?\tAnn", 3, "without a question"),
        ("1 Who?\tAnn\n1 Ann left.", None, "without a question"),
    ],
)
@pytest.mark.parametrize("ending", ["train", "test"])
def test_bad_files(tmp_path, text, line, expected, ending):
    """Even in files that nobody asked for: their words count."""
    for asked in (1, 2):
        files = {(n, e): SAMPLE for n in (1, 2) for e in ("train", "test")}
        write(tmp_path, {**files, (2, ending): text})
        message = refused(f"folder={tmp_path},tasks={asked},split=all_train", c.DNC_BAD_FORMAT)
        place = tmp_path / f"qa2_two_{ending}.txt"
        assert message.startswith(f"{place}, line {line}: " if line else f"{place}: "), message
        assert expected in message


def test_limits(tmp_path):
    def attempt(text):
        write(tmp_path, {(1, "train"): text, (1, "test"): SAMPLE})
        return refused(f"folder={tmp_path},tasks=1", c.DNC_BAD_FORMAT)

    def letters(i):
        return "".join(chr(97 + i // 26**k % 26) for k in range(4))

    many = "1 " + " ".join(map(letters, range(16382))) + ".\n"
    assert "line 1" in attempt(many) and "16383 words" in attempt(many)
    answers = "".join(f"{i + 1} Who?\t{letters(i // 200)},{letters(i % 200)}\n" for i in range(16384))
    assert "line 16384" in attempt(answers) and "16383" in attempt(answers)
    long = "1 Who?\ta\n2 " + "a " * 999_997 + "."
    assert "line 2" in attempt(long) and "1000000" in attempt(long)
    write(tmp_path, {(1, "train"): long.replace("a ", "", 1)})
    assert len(dnc.Task("babi", folder=tmp_path, tasks=1).sample(1).inputs) == 1_000_000
    message = refused(f"folder={tmp_path},tasks=1,think=1", c.DNC_BAD_FORMAT)
    assert "line 2: the story is longer than the 1000000 steps allowed" in message
    with open(tmp_path / "qa1_one_train.txt", "wb") as file:
        file.truncate((64 << 20) + 1)
    assert "67108864" in refused(f"folder={tmp_path},tasks=1", c.DNC_BAD_FORMAT)


def test_damaged_files(tmp_path, data):
    """Cut off anywhere, and with bytes changed: read or refused, never worse."""
    rng = random.Random(7)
    write(tmp_path, {(1, "train"): SAMPLE, (1, "test"): SAMPLE})
    path = tmp_path / "qa1_one_train.txt"
    options = os.fsencode(f"folder={tmp_path},tasks=1,split=all_train")
    found = set()

    def attempt(content):
        path.write_bytes(content)
        handle = POINTER(c.dnc_task)()
        status = c.dnc_task_create(b"babi", options, 0, byref(handle))
        assert status in (c.DNC_OK, c.DNC_BAD_FORMAT)
        assert (status == c.DNC_OK) == bool(handle)
        if not handle:
            assert last_error().startswith(str(path))
        c.dnc_task_free(handle)
        found.add(status)

    whole = SAMPLE.encode()
    for end in range(len(whole)):
        attempt(whole[:end])
    for _ in range(800):
        content = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(content))
            kind = rng.randrange(3)
            if kind == 0:
                content[at] = rng.choice(b"\0\t\n\r 019azAZ.?,-\x7f\x80\xff")
            elif kind == 1:
                del content[at : at + rng.randint(1, 5)]
            else:
                content[at:at] = content[rng.randrange(len(content)) :][:9]
        attempt(bytes(content))
    for _ in range(50):
        attempt(rng.randbytes(300))
    assert found == {c.DNC_OK, c.DNC_BAD_FORMAT}


# the public files


REAL = os.environ.get("DNC_BABI")


@pytest.mark.skipif(not REAL, reason="DNC_BABI does not name the folder of the English files with 10,000 questions")
def test_the_public_files():
    """Counts, lengths and the commonest answers, as they are known."""
    task = dnc.Task("babi", folder=REAL, split="test", order="all")
    assert len(task.words) == task.input_size == 159
    assert task.episode_count == 6267
    total = sum(task.score(task.sample(20).targets) for _ in range(314))
    assert not total[:, 0].any() and (total[2:, 1] == 1000).all()
    chances = 100 * total[:, 2] / total[:, 1]
    majority = "85.1 81.3 81.5 82.9 81.1 50.3 51.2 66.4 36.2 56.3 82.9 83.1 81.7 82.9 78.7 76.4 52.0 46.9 93.4 82.0"
    known = [float(number) for number in majority.split()]
    near = abs(chances[2:] - known) < 0.051
    assert near.sum() >= 19 and near[3:].all()  # the training file of task 3 may be a smaller one
    assert_close(chances[0], chances[2:].mean(), 1e-12)

    validation = dnc.Task("babi", folder=REAL, split="validation", order="all").episode_count
    train = dnc.Task("babi", folder=REAL, split="train", order="all").episode_count
    assert train + validation == dnc.Task("babi", folder=REAL, split="all_train", order="all").episode_count
    assert 0.099 < validation / (train + validation) < 0.101
