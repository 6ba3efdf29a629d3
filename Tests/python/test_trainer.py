"""Runs: learning, tests, lessons, checkpoints, interruptions, and the command line."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import warnings

import dnc
import numpy as np
import pytest
from dnc import __main__ as command_line
from dnc import _files, run_options
from runs import (
    NETWORK,
    SMALL,
    Explosive,
    by_hand,
    bytes_of,
    changed,
    log,
    require_same_when_broken,
    run,
    stopped_at,
)


def shell(*arguments, **options):
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(dnc.__file__))}
    return subprocess.run(
        [sys.executable, "-m", "dnc", *map(str, arguments)], env=environment, capture_output=True, text=True, **options
    )


def process(*arguments):
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(dnc.__file__))}
    return subprocess.Popen(
        [sys.executable, "-m", "dnc", *map(str, arguments)], env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


# what a run does


def test_a_run_is_what_one_would_write(tmp_path):
    """The same updates as a loop over the plain interface."""
    trainer = run(tmp_path / "run")
    task, net, optimizer = by_hand()
    for _ in range(40):
        _, gradients = task.loss(task.play(net))
        net.backward(gradients)
        optimizer.step(net)
    assert np.array_equal(net.flat_parameters, trainer.net.flat_parameters)
    assert trainer.update == 40 and trainer.finished == "all updates made"


def test_dropout_is_of_updates_alone(tmp_path):
    """Each update has a seed of its own, the tests have no dropout, and afterwards the network has none."""
    trainer = run(tmp_path, changed(updates=3, test_every=1, bypass_dropout=0.5))
    task, net, optimizer = by_hand()
    for update in range(3):
        net.set_bypass_dropout(0.5, trainer.plan.dropout_seed(update))
        _, gradients = task.loss(task.play(net))
        net.backward(gradients)
        optimizer.step(net)
    assert np.array_equal(net.flat_parameters, trainer.net.flat_parameters)
    other = run(tmp_path / "other", changed(updates=3, test_every=1)).net
    assert not np.array_equal(other.flat_parameters, trainer.net.flat_parameters)

    plain, _ = dnc.load(tmp_path / "update-00000003.safetensors")
    inputs = np.ones((2, NETWORK["batch_size"], task.input_size), np.float32)
    trainer.net.reset()
    assert np.array_equal(trainer.net.forward(inputs), plain.forward(inputs))


def test_evaluate_has_no_dropout():
    found = []
    for rate in (0, 0.9):
        task = dnc.Task("copy", 5, width=2, max_length=3)
        net = dnc.DNC(task.input_size, task.output_size, **NETWORK, seed=5)
        net.set_bypass_dropout(rate, 1)
        found.append(dnc.evaluate(net, task, 8)["bit_error"])
        outputs = net.forward(np.ones((2, NETWORK["batch_size"], task.input_size), np.float32))
        found.append(outputs.tobytes())
    assert found[0] == found[2] and found[1] != found[3], "the network still has it"


def test_what_a_run_leaves(tmp_path):
    trainer = run(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "log.jsonl", "model.safetensors", "trainer.json", "update-00000040.safetensors",
    ]  # fmt: skip
    assert [line["update"] for line in log(tmp_path, "train")] == [7, 14, 21, 28, 35, 40]
    tests = log(tmp_path, "test")
    assert [line["update"] for line in tests] == [10, 20, 30, 40]
    value, chance, count = tests[-1]["scores"]["bit_error"]
    assert trainer.score["bit_error"][:3] == (value, chance, count) and count > 0
    start, finish = log(tmp_path)[0], log(tmp_path)[-1]
    assert start["event"] == "start" and start["network"] == NETWORK and finish["reason"] == "all updates made"
    best = max(range(4), key=lambda i: tests[i]["scores"]["sequences_right"][0])
    net, optimizer = dnc.load(tmp_path / "model.safetensors")
    assert optimizer is None
    again = run(tmp_path / "again", changed(updates=10 * (best + 1)))
    assert np.array_equal(net.flat_parameters, again.net.flat_parameters), "the best of the tests"


def test_tests_leave_training_alone(tmp_path):
    often = run(tmp_path / "often", changed(test_every=1))
    seldom = run(tmp_path / "seldom", changed(test_every=1000))
    assert np.array_equal(often.net.flat_parameters, seldom.net.flat_parameters)


def test_tests_have_episodes_of_their_own(tmp_path):
    trainer = dnc.Trainer.start(tmp_path, SMALL)
    practice = {trainer.task.sample(4).inputs.tobytes() for _ in range(20)}
    assert practice.isdisjoint(trainer._exam.task.sample(4).inputs.tobytes() for _ in range(20))


def test_learning_rates():
    base = 0.01
    warm = changed(warm_up=4)
    assert [warm.learning_rate(base, u) for u in range(6)] == pytest.approx([0.0025, 0.005, 0.0075, 0.01, 0.01, 0.01])
    cosine = changed(schedule="cosine", updates=100)
    assert cosine.learning_rate(base, 0) == base
    assert cosine.learning_rate(base, 50) == pytest.approx(base / 2)
    assert 0 < cosine.learning_rate(base, 99) < base / 1000
    both = changed(schedule="cosine", updates=100, warm_up=10)
    assert both.learning_rate(base, 0) == pytest.approx(base / 10)


def rates(**fields):
    """Of a run of 100 updates, as shares of the highest."""
    plan = changed(updates=100, **fields)
    return [plan.learning_rate(0.01, update) / 0.01 for update in range(100)]


def test_the_rate_falls_in_the_last_share_of_the_updates():
    even = [1 - update / 100 for update in range(100)]
    assert rates(schedule="linear") == pytest.approx(even)
    for share, falling in ((0.25, 25), (0.1, 10), (0.01, 1)):
        before = [1.0] * (100 - falling)
        steps = np.arange(falling) / falling
        assert rates(schedule="linear", decay_share=share) == pytest.approx([*before, *(1 - steps)])
        cosine = rates(schedule="cosine", decay_share=share)
        assert cosine == pytest.approx([*before, *np.cos(np.pi / 2 * steps) ** 2])
    grown = rates(schedule="linear", decay_share=0.5, warm_up=4)
    assert grown[:5] == pytest.approx([0.25, 0.5, 0.75, 1, 1]) and grown[75] == pytest.approx(0.5)
    assert rates(schedule="cosine", decay_share=1) == rates(schedule="cosine")
    assert rates(schedule="linear", decay_share=1e-9) == [1.0] * 100


@pytest.mark.parametrize("name, default, other", [("decay_share", 1, 0.5), ("accumulate", 1, 2), ("average", 0, 0.9)])
def test_files_leave_out_what_earlier_versions_do_not_know(tmp_path, name, default, other):
    """While it has no effect: so they go on with the run."""
    for value in (default, other):
        folder = tmp_path / f"{value}"
        run(folder, changed(schedule="cosine", **{name: value}))
        state = json.loads((folder / "trainer.json").read_text())
        assert (name in state["plan"]) == (name in log(folder, "start")[0]) == (value != default)
        assert getattr(dnc.Trainer.resume(folder).plan, name) == value


def test_a_share_is_refused_where_nothing_falls(tmp_path):
    sentence = "decay_share would do nothing: it belongs to schedule 'cosine' or 'linear'"
    with pytest.raises(dnc.InvalidArgument, match=sentence):
        dnc.Trainer.start(tmp_path, changed(decay_share=0.1))
    dnc.Trainer.start(tmp_path, changed(schedule="cosine", decay_share=0.1))
    with pytest.raises(dnc.InvalidArgument, match=sentence):
        dnc.Trainer.resume(tmp_path, decay_share=0.5, schedule="constant")
    assert dnc.Trainer.resume(tmp_path, schedule="constant").plan.learning_rate(0.01, 39) == 0.01


def test_the_schedule_reaches_the_optimizer(tmp_path):
    run(tmp_path, changed(schedule="cosine", log_every=10, optimizer={"learning_rate": 0.02}))
    rates = [line["learning_rate"] for line in log(tmp_path, "train")]
    assert rates == [pytest.approx(0.01 * (1 + np.cos(np.pi * u / 40))) for u in (9, 19, 29, 39)]


@pytest.mark.parametrize(
    "fields, sentence",
    [
        ({"schedule": "steps"}, "schedule is 'steps', allowed are 'constant', 'cosine' and 'linear'"),
        ({"schedule": "cosine", "updates": None}, "schedule is 'cosine', which needs the number of updates"),
        ({"schedule": "linear", "updates": None}, "schedule is 'linear', which needs the number of updates"),
        ({"schedule": "cosine", "decay_share": 0}, "decay_share is 0, allowed are above 0 to 1"),
        ({"schedule": "cosine", "decay_share": 1.5}, "decay_share is 1.5, allowed are above 0 to 1"),
        ({"schedule": "cosine", "decay_share": float("nan")}, "decay_share is nan, allowed are above 0 to 1"),
        ({"schedule": "cosine", "decay_share": "all"}, "decay_share is 'all', needed is a real number"),
        ({"updates": 0}, "updates is 0"),
        ({"test_every": 0}, "test_every"),
        ({"warm_up": -1}, "warm_up"),
        ({"stop_score": 0.1}, "together"),
        ({"bypass_dropout": 1}, "bypass_dropout is 1, allowed are 0 "),
        ({"average": 1}, "average is 1, allowed are 0 .none. to below 1"),
        ({"average": -0.5}, "average is -0.5, allowed are 0 "),
        ({"average": None}, "average is None, needed is a real number"),
        ({"accumulate": 0}, "accumulate is 0, needed is a whole number of at least 1"),
        ({"accumulate": 2.5}, "accumulate is 2.5, needed is a whole number of at least 1"),
        ({"local_updates": 0}, "local_updates is 0, needed is a whole number of at least 1"),
        ({"stop_metric": "words", "stop_score": 0.1}, "sequences_right"),
        ({"task": "paste"}, "paste"),
        ({"options": {"width": 0}}, "width"),
        ({"network": {"hidden_size": 0}}, "hidden_size"),
        ({"optimizer": {"learning_rate": -1.0}}, "learning_rate"),
        ({"task": "nowhere/lessons.txt"}, "nowhere/lessons.txt"),
    ],
)
def test_what_a_plan_may_not_be(tmp_path, fields, sentence):
    with pytest.raises(dnc.Error, match=sentence):
        dnc.Trainer.start(tmp_path, changed(**fields))
    assert not (tmp_path / "trainer.json").exists()


def test_times_are_seconds(tmp_path):
    trainer = dnc.Trainer.start(tmp_path, changed())
    for name in ("time_limit", "checkpoint_every"):
        with pytest.raises(dnc.InvalidArgument, match=f"{name} is '5m', needed is a real number"):
            trainer.run(**{name: "5m"})
    assert trainer.update == 0


def test_the_processors_clock_does_not_count_waiting(tmp_path):
    began = time.monotonic()
    trainer = dnc.Trainer.start(tmp_path, changed(clock="processor", updates=None))
    assert trainer.run(time_limit=0.1, each=lambda _: time.sleep(0.05)) == "time limit"
    assert trainer.update >= 5 and trainer.seconds < (time.monotonic() - began) / 2
    again = dnc.Trainer.resume(tmp_path)
    again.run(time_limit=0.1)
    assert again.seconds > trainer.seconds + 0.05  # what follows the last update is not counted


def test_stopping_at_a_score(tmp_path):
    trainer = run(tmp_path, changed(updates=1000, stop_metric="bit_error", stop_score=0.6))
    assert trainer.update == 10 and trainer.finished.startswith("bit_error is 0.")
    assert dnc.Trainer.resume(tmp_path).run() == trainer.finished, "what has ended stays so"


def test_patience(tmp_path):
    trainer = run(tmp_path, changed(updates=1000, patience=2, optimizer={"learning_rate": 0.0}, test_episodes=400))
    assert trainer.finished == "no better test in 2" and trainer.update < 1000
    best = [line["scores"]["sequences_right"][0] for line in log(tmp_path, "test")]
    assert max(best[:-2]) >= max(best[-2:])


def test_lessons(tmp_path):
    lessons = tmp_path / "lessons.txt"
    lessons.write_text(
        "task copy\noptions width=1\npass bit_error 0.6\ntest_every 5\ntest_episodes 4\n"
        "lesson max_length=1\nlesson max_length=2\npass bit_error 0\nlesson max_length=8\n"
    )
    plan = dnc.Plan(str(lessons), network=NETWORK, updates=20)
    trainer = dnc.Trainer.start(tmp_path / "run", plan)
    lessons.unlink()
    trainer.run()
    assert (trainer.lesson, trainer.lessons) == (2, 3)
    assert [(line["update"], line["lesson"]) for line in log(tmp_path / "run", "lesson")] == [(5, 1), (10, 2)]
    assert dnc.Trainer.resume(tmp_path / "run").lesson == 2
    plan = dnc.Plan(str(tmp_path / "run" / "curriculum.txt"), network=NETWORK)
    (tmp_path / "easy.txt").write_text("task copy\npass bit_error 1\nlesson\nlesson\n")
    assert (
        run(tmp_path / "easy", dnc.Plan(str(tmp_path / "easy.txt"), network=NETWORK)).finished == "all lessons passed"
    )


def test_each_lesson_has_its_own_best_model(tmp_path, monkeypatch):
    """A hard lesson's scores are not held against those of the easy one before it: they have patience of their own, and
    the model that is kept is the one that did best in the last lesson."""
    (tmp_path / "two.txt").write_text("task copy\noptions width=1\npass bit_error 0.2\ntest_every 5\nlesson\nlesson\n")
    errors = iter([0.4, 0.1, 0.9, 0.8, 0.7, 0.75])
    scores = []

    def evaluate(ranks, net, task, *rest):
        scores.append((next(errors), net.flat_parameters.copy()))
        return {metric.name: dnc.Score(scores[-1][0], 0.5, 1, metric.is_error) for metric in task.metrics}

    monkeypatch.setattr("dnc.exam.evaluate_by_ranks", evaluate)
    plan = dnc.Plan(str(tmp_path / "two.txt"), network=NETWORK, updates=30, patience=2)
    trainer = run(tmp_path / "run", plan)
    assert (trainer.update, trainer.lesson, trainer.finished) == (30, 1, "all updates made")
    best = min(scores[2:], key=lambda score: score[0])[1]
    net, _ = dnc.load(tmp_path / "run" / "model.safetensors")
    assert np.array_equal(net.flat_parameters, best)


# going on


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_resumed_runs_end_with_the_same_bytes(tmp_path, dropout):
    require_same_when_broken(tmp_path, changed(bypass_dropout=dropout))


def test_a_longer_run(tmp_path):
    run(tmp_path / "long", changed(updates=60))
    run(tmp_path / "short", changed(updates=30))
    trainer = dnc.Trainer.resume(tmp_path / "short", updates=60)
    assert trainer.run() == "all updates made" and trainer.update == 60
    assert bytes_of(tmp_path / "short")["trainer.json"] == bytes_of(tmp_path / "long")["trainer.json"]
    assert log(tmp_path / "short", "change") == [{"event": "change", "update": 30, "updates": 60}]


def test_a_shorter_run(tmp_path):
    """One that is told to be shorter than it is already has come to its end."""
    stopped_at(tmp_path, 20)
    trainer = dnc.Trainer.resume(tmp_path, updates=10)
    assert trainer.run() == trainer.finished == "all updates made" and trainer.update == 20
    assert log(tmp_path)[-1]["reason"] == "all updates made"


def test_a_run_without_its_log(tmp_path):
    """The log begins anew."""
    stopped_at(tmp_path, 20)
    (tmp_path / "log.jsonl").unlink()
    dnc.Trainer.resume(tmp_path).run()
    assert [line["update"] for line in log(tmp_path, "train")] == [21, 28, 35, 40]


def test_another_learning_rate(tmp_path):
    """Lower from some update on, as one does when the loss no longer falls."""
    stopped_at(tmp_path, 20)
    trainer = dnc.Trainer.resume(tmp_path, learning_rate=1e-5)
    trainer.run()
    assert log(tmp_path, "change") == [{"event": "change", "update": 20, "optimizer": {"learning_rate": 1e-5}}]
    assert [line["learning_rate"] for line in log(tmp_path, "train")][-1] == 1e-5
    assert dnc.Trainer.resume(tmp_path).plan.optimizer == {"learning_rate": 1e-5}


def test_a_folder_holds_one_run(tmp_path):
    with pytest.raises(dnc.InvalidState, match="no run"):
        dnc.Trainer.resume(tmp_path)
    dnc.Trainer.start(tmp_path, SMALL)
    with pytest.raises(dnc.InvalidState, match="already"):
        dnc.Trainer.start(tmp_path, SMALL)
    for text in ("", "{", "{}", '{"format": 9}', '{"format": 1, "plan": {}, "progress": {}}'):
        (tmp_path / "trainer.json").write_text(text)
        with pytest.raises(dnc.InvalidState, match="can't be read"):
            dnc.Trainer.resume(tmp_path)


def test_sigkill_loses_no_checkpoint(tmp_path):
    """Twenty times at any moment; and what is resumed in the end equals the run that nobody disturbed."""
    options = ["--option", "width=2", "--option", "max_length=3", "--hidden-size", 12, "--memory-slots", 8]
    options += ["--word-size", 4, "--updates", 750, "--test-every", 50, "--seed", 3, "--checkpoint-every", 0.01]
    options += ["--accumulate", 2, "--average", 0.95, "--schedule", "linear", "--decay-share", 0.5]  # all that is saved
    assert shell("train", "copy", "--output", tmp_path / "unbroken", *options).returncode == 0
    chance = random.Random(1)
    begin = ["train", "copy", "--output", tmp_path / "broken", *options]
    resume = ["train", "--resume", tmp_path / "broken", "--checkpoint-every", 0.01]
    state = tmp_path / "broken" / "trainer.json"
    reached = 0
    for kill in range(20):
        before = state.stat().st_mtime_ns if state.exists() else 0
        child = process(*(resume if before else begin))
        if kill % 2 == 0:  # not before it has saved something
            while child.poll() is None and (state.stat().st_mtime_ns if state.exists() else 0) == before:
                time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.2))
        child.send_signal(signal.SIGKILL)
        child.communicate()
        if state.exists():
            trainer = dnc.Trainer.resume(tmp_path / "broken")
            assert trainer.update >= reached and trainer.optimizer.step_count == trainer.update
            reached = trainer.update
    assert reached > 0
    assert shell(*resume).returncode == 0
    assert bytes_of(tmp_path / "unbroken") == bytes_of(tmp_path / "broken")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_save_and_exit(tmp_path, number):
    child = process("train", "copy", "--output", tmp_path / "run", "--hidden-size", 8, "--checkpoint-every", "1h")
    while not (tmp_path / "run" / "log.jsonl").exists() or len(log(tmp_path / "run", "train")) < 1:
        assert child.poll() is None
        time.sleep(0.05)
    child.send_signal(number)
    output, _ = child.communicate(timeout=20)
    assert child.returncode == 0 and "stopped after" in output
    assert dnc.Trainer.resume(tmp_path / "run").update >= 100


@pytest.fixture
def ctrl_c():
    """Ctrl-C as in any program, with which a run is interrupted in the middle of an update."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda: signal.raise_signal(signal.SIGINT)
    signal.signal(signal.SIGINT, before)


class Pressing:
    """A task during whose loss in the batch of this number Ctrl-C is pressed."""

    def __init__(self, task, number, press):
        self._task, self._number, self._press = task, number, press

    def __getattr__(self, name):
        return getattr(self._task, name)

    def loss(self, outputs):
        if self._task.position == self._number:
            self._press()
        return self._task.loss(outputs)


def test_ctrl_c_saves_and_raises(tmp_path, ctrl_c):
    whole = dnc.Trainer.start(tmp_path / "whole", SMALL)
    whole.run()
    trainer = dnc.Trainer.start(tmp_path / "pressed", SMALL)
    trainer.task = Pressing(trainer.task, 7, ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        trainer.run()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    resumed = dnc.Trainer.resume(tmp_path / "pressed")
    assert resumed.update == trainer.update == 7
    resumed.run()
    assert np.array_equal(resumed.net.flat_parameters, whole.net.flat_parameters)


def test_a_second_ctrl_c_ends_at_once(tmp_path, ctrl_c):
    trainer = dnc.Trainer.start(tmp_path, SMALL)
    trainer.task = Pressing(trainer.task, 7, lambda: (ctrl_c(), ctrl_c()))
    with pytest.raises(KeyboardInterrupt):
        trainer.run()
    assert dnc.Trainer.resume(tmp_path).update == 0
    trainer.task = trainer.task._task
    assert trainer.run() == "all updates made", "it was not told to stop once more"


# updates that are not finite


@pytest.mark.parametrize("size", [np.nan, 3e38], ids=["of the outputs", "of the parameters alone"])
def test_what_is_not_finite_is_left_out(tmp_path, size):
    """As if these batches had not been drawn: nothing of them stays in the gradients."""
    trainer = dnc.Trainer.start(tmp_path, SMALL)
    trainer.task = Explosive(trainer.task, {3, 4, 20}, size)
    trainer.run()
    task, net, optimizer = by_hand()
    for batch in range(1, 41):
        _, gradients = task.loss(task.play(net))
        if batch not in {3, 4, 20}:
            net.backward(gradients)
            optimizer.step(net)
    assert np.array_equal(net.flat_parameters, trainer.net.flat_parameters)
    assert trainer.update == 40 and trainer.skipped == 3 and trainer.optimizer.step_count == 37
    assert np.isfinite(trainer.net.flat_parameters).all()
    assert [line["update"] for line in log(tmp_path, "skip")] == [3, 4, 20]


def test_what_the_network_finds_is_left_out(tmp_path):
    """`check_finite` ends the forward pass already."""
    trainer = dnc.Trainer.start(tmp_path, changed(network={**NETWORK, "check_finite": True}))
    bias = trainer.net.parameters["output.bias"]

    def spoil(trainer):
        bias[0] = np.nan if trainer.update == 4 else 0

    trainer.run(each=spoil)
    assert [line["update"] for line in log(tmp_path, "skip")] == [5] and trainer.finished == "all updates made"


def test_ten_that_are_not_in_a_row_do_not(tmp_path):
    trainer = dnc.Trainer.start(tmp_path, SMALL)
    bad = set(range(1, 41)) - {10, 20, 30, 40}
    trainer.task = Explosive(trainer.task, bad)
    assert trainer.run() == "all updates made"
    assert trainer.skipped == len(bad) and trainer.optimizer.step_count == 4


def test_ten_in_a_row_end_the_run(tmp_path):
    trainer = dnc.Trainer.start(tmp_path, changed(updates=1000))
    trainer.task = Explosive(trainer.task, range(30, 1000))
    with pytest.raises(dnc.Diverged, match="10 updates in a row .* 39: .*The largest parameter is .* in "):
        trainer.run()
    assert log(tmp_path)[-1]["event"] == "diverged"
    assert dnc.Trainer.resume(tmp_path).update == 0


def test_a_divergence_names_what_is_not_finite(tmp_path):
    """And not the tensor that comes first."""
    trainer = dnc.Trainer.start(tmp_path, changed(updates=1000))
    trainer.net.parameters["interface.bias"][2] = np.nan
    with pytest.raises(dnc.Diverged, match=r"The parameter interface\.bias is not finite"):
        trainer.run()


def test_the_exit_status_of_divergence(tmp_path):
    with np.errstate(all="ignore"):
        found = shell("train", "copy", "--output", tmp_path / "run", "--algorithm", "sgd", "--learning-rate", "1e30",
                      "--max-gradient-norm", "0", "--clip-value", "0", "--updates", "500", timeout=60)  # fmt: skip
    assert found.returncode == 3 and "diverged" in found.stderr and "largest parameter" in found.stderr


# the command line


@pytest.mark.parametrize("batch, episodes, played", [(4, 8, 8), (4, 9, 12), (4, 1, 4), (3, 10, 12), (1, 5, 5)])
def test_evaluate_plays_no_fewer_episodes(batch, episodes, played):
    """In whole batches."""
    with dnc.Task("copy", 3, width=2) as task:
        net = dnc.DNC(task.input_size, task.output_size, hidden_size=4, batch_size=2)
        for size in ({"batch": batch}, {}):
            net.batch_size = 2 if size else batch
            assert dnc.evaluate(net, task, episodes, **size)["sequences_right"].count == played


@pytest.mark.parametrize("evaluating", [False, True])
def test_evaluate_leaves_the_task_as_it_was(evaluating):
    """With its teacher, or without."""
    with dnc.Task("copy", 3, width=2) as task:
        task.evaluating = evaluating
        net = dnc.DNC(task.input_size, task.output_size, hidden_size=4)
        dnc.evaluate(net, task, 1)
        assert task.evaluating == evaluating
        with pytest.raises(dnc.Error):
            dnc.evaluate(net, task, 1, memory_slots=0)
        assert task.evaluating == evaluating


def test_numbers_that_are_no_share_are_not_told_in_percent(tmp_path, capsys):
    """Moves beyond a shortest path, beside shares of paths."""
    net = tmp_path / "net.safetensors"
    dnc.DNC(92, 90, hidden_size=4, memory_slots=4, word_size=4, batch_size=2, seed=1).save(net)
    options = ["--option", "nodes=4", "--option", "out_degree=1-2", "--option", "path=1-2", "--episodes", "30"]
    asked = ["evaluate", str(net), "shortest_path", *options]
    assert command_line.main([*asked, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert command_line.main(asked) == 0
    told = dict(line.split()[:2] for line in capsys.readouterr().out.splitlines()[1:])
    assert told["extra_moves"] == f"{found['extra_moves']['value']:.4f}" and found["extra_moves"]["value"] > 1
    assert told["shortest"] == f"{found['shortest']['value']:.4%}"


def test_train_evaluate_predict(tmp_path, capsys):
    folder = tmp_path / "run"
    arguments = "copy --option width=2 --hidden-size 8 --updates 20 --test-every 10 --seed 4"
    assert command_line.main(["train", *arguments.split(), "--output", str(folder)]) == 0
    assert "all updates made after 20 updates" in capsys.readouterr().out

    asked = ["evaluate", str(folder), "copy", "--option", "width=2", "--episodes", "50", "--memory-slots", "100"]
    assert command_line.main([*asked, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    net, _ = dnc.load(folder / "model.safetensors")
    expected = dnc.evaluate(net, dnc.Task("copy", 0, width=2), 50, memory_slots=100)
    assert found == {name: score._asdict() for name, score in expected.items()}
    assert command_line.main(asked) == 0 and "bit_error" in capsys.readouterr().out

    inputs = np.random.default_rng(1).uniform(size=(7, 3, 4)).astype(np.float32)
    np.save(tmp_path / "inputs.npy", inputs)
    predict = ["predict", str(folder / "model.safetensors"), str(tmp_path / "inputs.npy")]
    for probabilities, wanted in (
        (None, lambda x: x),
        ("sigmoid", lambda x: 1 / (1 + np.exp(-x))),
        ("softmax", lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True)),
    ):
        more = ["--probabilities", probabilities] if probabilities else []
        assert command_line.main([*predict, "--output", str(tmp_path / "outputs.npy"), *more]) == 0
        net.batch_size = 3
        np.testing.assert_allclose(np.load(tmp_path / "outputs.npy"), wanted(net.forward(inputs)), rtol=1e-5)
    np.save(tmp_path / "inputs.npy", inputs[:, 1])
    assert command_line.main([*predict, "--output", str(tmp_path / "outputs.npy"), "--threads", "2"]) == 0
    assert np.load(tmp_path / "outputs.npy").shape == (7, 3)


@pytest.mark.parametrize("probabilities, wanted", [("sigmoid", [1, 0, 0.5]), ("softmax", [1, 0, 0])])
def test_predictions_of_sure_networks(tmp_path, probabilities, wanted):
    """Logits whose exponentials no number holds."""
    net = dnc.DNC(2, 3)
    net.flat_parameters[...] = 0
    net.parameters["output.bias"][...] = 3e38, -3e38, 0
    net.save(tmp_path / "net")
    np.save(tmp_path / "inputs.npy", np.ones((4, 2), np.float32))
    files = [str(tmp_path / name) for name in ("net", "inputs.npy")]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        command_line.main(
            ["predict", *files, "--output", str(tmp_path / "outputs.npy"), "--probabilities", probabilities]
        )
    np.testing.assert_array_equal(np.load(tmp_path / "outputs.npy"), np.tile(np.float32(wanted), (4, 1)))


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ("train --output {0}", "TASK is missing"),
        ("train paste --output {0}", "paste"),
        ("train copy --option height=1 --output {0}", "height"),
        ("train --resume {0}/nowhere", "no run"),
        ("evaluate {0}/missing.safetensors copy", "missing.safetensors"),
        ("evaluate {0} copy", "model.safetensors"),
        ("predict {0}/model.safetensors {0}/inputs.npy --output {0}/o.npy", "inputs.npy"),
    ],
)
def test_wrong_use(tmp_path, capsys, arguments, sentence):
    assert command_line.main(arguments.format(tmp_path).split()) == 1
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", ["", "train copy", "train copy --output x --time-limit soon", "train copy --output x --option y"]
)
def test_usage(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        command_line.main(arguments.split())
    assert caught.value.code == 2


def test_times():
    assert [run_options._seconds(text) for text in ("90s", "15m", "2h", "7")] == [90, 900, 7200, 7]


# batches of one's own


def test_pad():
    sequences = [np.arange(6).reshape(3, 2), [[7, 8]], np.ones((2, 2), bool)]
    values, mask = dnc.pad(sequences)
    assert values.shape == (3, 3, 2) and values.dtype == mask.dtype == np.float32
    assert mask.T.tolist() == [[1, 1, 1], [1, 0, 0], [1, 1, 0]]
    for b, sequence in enumerate(sequences):
        assert np.array_equal(values[: len(sequence), b], sequence) and not values[len(sequence) :, b].any()
    values, mask = dnc.pad([[1, 2], [3]], mask=[[0, 1], [0.5]])
    assert values.tolist() == [[[1], [3]], [[2], [0]]] and mask.tolist() == [[0, 0.5], [1, 0]]


def test_padding_does_not_count():
    """Loss and gradients are those of the sequences one by one."""
    random = np.random.default_rng(1)
    inputs = [random.standard_normal((length, 3)) for length in (5, 2, 4)]
    targets = [random.standard_normal((len(one), 2)) for one in inputs]
    net = dnc.DNC(3, 2, hidden_size=6, memory_slots=4, word_size=3, batch_size=3, seed=1)
    net.training = True
    values, mask = dnc.pad(targets)
    value, gradients = dnc.loss("mean_squared_error", net.forward(dnc.pad(inputs).values), values, mask)
    net.backward(gradients)
    alone = dnc.DNC(**{**net.config, "batch_size": 1})
    alone.training = True
    total = 0.0
    for x, y in zip(inputs, targets):
        alone.reset()
        one, gradient = dnc.loss("mean_squared_error", alone.forward(x[:, None]), y[:, None])
        alone.backward(gradient * len(x) / 11)
        total += one * len(x) / 11
    assert value == pytest.approx(total, rel=1e-6)
    np.testing.assert_allclose(net.flat_gradients, alone.flat_gradients, atol=1e-6)


@pytest.mark.parametrize(
    "sequences, mask, sentence",
    [
        ([], None, "empty"),
        ([np.ones((2, 2)), np.ones((2, 3))], None, r"sequence 1 has shape \(2, 3\)"),
        ([np.ones((0, 2))], None, "sequence 0"),
        ([np.ones((2, 2, 2))], None, "sequence 0"),
        ([3.0], None, "sequence 0"),
        ([np.ones((2, 2))], [[1, 1, 1]], "mask 0"),
        ([np.ones((2, 2))], [], "mask has 0"),
    ],
)
def test_what_cannot_be_padded(sequences, mask, sentence):
    with pytest.raises(dnc.InvalidArgument, match=sentence):
        dnc.pad(sequences, mask)
    with pytest.raises(TypeError, match="dtype"):
        dnc.pad([["a"]])


def test_the_state_file_is_replaced_whole(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(KeyError), _files.replacing(path) as file:
        file.write(b"half")
        raise KeyError
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
