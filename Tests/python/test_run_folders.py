"""The folder of a run: one trainer at a time, the files that it began with, and nothing of a start that failed."""

import dataclasses
import errno
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import dnc
import numpy as np
import pytest
from dnc import run_lock
from dnc.run_tasks import own_task
from runs import NETWORK, SMALL, changed, stopped_at


def child(*arguments):
    environment = {**os.environ, "PYTHONPATH": str(Path(dnc.__file__).parents[1])}
    command = [sys.executable, "-m", "dnc", *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


# one trainer at a time


def test_two_trainers_in_one_folder(tmp_path):
    """The second is told who the first is, whatever it wants; the first notices nothing."""
    folder = tmp_path / "run"
    first = child("train", "copy", "--output", folder, "--hidden-size", 8, "--memory-slots", 8)
    try:
        while not (folder / "trainer.json").exists():
            assert first.poll() is None
            time.sleep(0.02)
        time.sleep(0.2)
        owner = rf"in use by process {first.pid} on {os.uname().nodename}"
        with pytest.raises(dnc.InvalidState, match=owner):
            dnc.Trainer.resume(folder)
        (tmp_path / "fresh").mkdir()
        (tmp_path / "fresh" / run_lock.NAME).write_bytes((folder / run_lock.NAME).read_bytes())
        dnc.Trainer.start(tmp_path / "fresh", SMALL)  # that name alone is no lock
        first.send_signal(signal.SIGINT)
        assert first.communicate(timeout=20)[0].count("stopped after") == 1
    finally:
        first.kill()
        first.communicate()
    assert not (folder / run_lock.NAME).exists()
    dnc.Trainer.resume(folder)


def test_a_killed_trainer_blocks_nobody(tmp_path):
    first = child("train", "copy", "--output", tmp_path, "--hidden-size", 8, "--checkpoint-every", "0.01")
    while not (tmp_path / "trainer.json").exists() or not (tmp_path / run_lock.NAME).exists():
        assert first.poll() is None
        time.sleep(0.01)
    first.kill()
    first.communicate()
    (tmp_path / run_lock.NAME).write_text(f"process {first.pid} on {os.uname().nodename}\n")
    trainer = dnc.Trainer.resume(tmp_path)
    trainer.run(time_limit=0)
    assert not (tmp_path / run_lock.NAME).exists()


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    def flock(file, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(run_lock.fcntl, "flock", flock)
    assert dnc.Trainer.start(tmp_path, SMALL).run() == "all updates made"


def test_two_threads_in_one_folder(tmp_path):
    trainer = dnc.Trainer.start(tmp_path, SMALL)
    messages = []

    def other():
        for use in (dnc.Trainer.resume, lambda folder: dnc.Trainer.start(folder, SMALL), lambda folder: second.run()):
            with pytest.raises(dnc.InvalidState) as caught:
                use(tmp_path)
            messages.append(caught.value.message)

    second = dnc.Trainer.resume(tmp_path)

    def once(trainer):
        if trainer.update == 5:
            thread = threading.Thread(target=other)
            thread.start()
            thread.join()

    trainer.run(each=once)
    assert [f"in use by process {os.getpid()}" in message for message in messages] == [True, False, True]
    assert trainer.finished and len(messages) == 3


def test_a_trainer_that_was_overtaken(tmp_path):
    """Another one has gone on in the meantime: the first would write what it knows over that."""
    first = stopped_at(tmp_path, 5)
    second = dnc.Trainer.resume(tmp_path)
    second.run()
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for use in (first.run, first.save):
        with pytest.raises(dnc.InvalidState, match="another trainer has been at work"):
            use()
    assert after == {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert dnc.Trainer.resume(tmp_path).run() == "all updates made"


def test_an_exception_in_between(tmp_path):
    """The folder is free again, and the same trainer can go on, with every line of the log."""
    trainer = dnc.Trainer.start(tmp_path, changed(updates=20, log_every=1))

    def interrupted(trainer):
        if trainer.update == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trainer.run(each=interrupted)
    assert not (tmp_path / run_lock.NAME).exists()
    assert dnc.Trainer.resume(tmp_path).update == 7, "it was saved"
    trainer.run()
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["update"] for line in lines if line["event"] == "train"] == list(range(1, 21))


def test_an_exception_is_not_hidden_by_a_checkpoint_that_fails(tmp_path):
    trainer = dnc.Trainer.start(tmp_path / "run", changed(updates=20))

    def removed(trainer):
        shutil.rmtree(tmp_path / "run")
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        trainer.run(each=removed)


# a start that fails


@pytest.mark.parametrize(
    "fields",
    [{"task": "paste"}, {"options": {"width": 0}}, {"network": {"hidden_size": 0}}, {"algorithm": "newton"},
     {"optimizer": {"learning_rate": -1.0}}, {"stop_metric": "luck", "stop_score": 0.5}, {"task": "no/such.txt"}],
)  # fmt: skip
def test_a_failed_start_leaves_no_folder(tmp_path, fields):
    with pytest.raises(dnc.Error):
        dnc.Trainer.start(tmp_path / "new" / "run", changed(**fields))
    assert not list(tmp_path.iterdir())


def test_a_start_that_cannot_write(tmp_path, monkeypatch):
    """Also what a folder held before stays."""
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "notes.txt").write_text("mine")
    monkeypatch.setattr(dnc.Trainer, "save", lambda trainer: (_ for _ in ()).throw(OSError("disk full")))
    for folder in ("new/run", "old"):
        with pytest.raises(OSError, match="disk full"):
            dnc.Trainer.start(tmp_path / folder, SMALL)
    assert [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*"))] == ["old", "old/notes.txt"]


@pytest.mark.parametrize("name", ["model.safetensors", "log.jsonl", "curriculum.txt", "update-00000000.safetensors"])
def test_files_of_others_stay(tmp_path, name):
    """A run that would write over one does not start; a link that leads nowhere is one too."""
    (tmp_path / "lessons.txt").write_text("task copy\noptions width=2,max_length=3\nlesson\n")
    plan = changed(task=str(tmp_path / "lessons.txt"), options={})
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / name).write_text("precious")
    for _ in range(2):
        with pytest.raises(dnc.InvalidState, match=f"run/{name} is there already"):
            dnc.Trainer.start(folder, plan)
        assert [path.name for path in folder.iterdir()] == [name]
        assert (folder / name).is_symlink() or (folder / name).read_text() == "precious"
        (folder / name).unlink()
        (folder / name).symlink_to(tmp_path / "nowhere")


def test_a_curriculum_beside_its_run(tmp_path):
    """The copy would take the place of the curriculum itself."""
    lessons = tmp_path / "curriculum.txt"
    lessons.write_text("task copy\noptions width=2,max_length=3\nlesson\n")
    with pytest.raises(dnc.InvalidState, match="curriculum.txt is there already"):
        dnc.Trainer.start(tmp_path, changed(task=str(lessons), options={}))
    assert list(tmp_path.iterdir()) == [lessons] and lessons.read_text().startswith("task copy")


def test_files_beside_a_run_stay(tmp_path, monkeypatch):
    """Whatever their names are like, and whoever puts them there while a run starts in vain."""
    for name in ("update-mine.safetensors", "curriculum.txt"):
        (tmp_path / name).write_text("precious")

    def save(trainer):
        (tmp_path / "meanwhile.txt").write_text("precious")
        raise OSError("disk full")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="disk full"):
        patch.setattr(dnc.Trainer, "save", save)
        dnc.Trainer.start(tmp_path, SMALL)
    assert len(list(tmp_path.iterdir())) == 3
    dnc.Trainer.start(tmp_path, SMALL).run()
    dnc.Trainer.resume(tmp_path)
    for name in ("update-mine.safetensors", "curriculum.txt", "meanwhile.txt"):
        assert (tmp_path / name).read_text() == "precious"


# damaged folders


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A run that has made five updates; not to be written into."""
    folder = tmp_path_factory.mktemp("begun")
    stopped_at(folder, 5)
    return folder


def test_pipes_are_no_files_of_a_run(tmp_path, begun):
    """Opening one would wait for who writes into it."""
    for name in ("trainer.json", "log.jsonl", "trainer.lock"):
        folder = tmp_path / name
        shutil.copytree(begun, folder)
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)
        with pytest.raises(OSError, match=f"{name} is not a regular file"):
            dnc.Trainer.resume(folder).run()
        assert stat.S_ISFIFO((folder / name).stat().st_mode)


@pytest.mark.parametrize(
    ("where", "value", "sentence"),
    [
        (("plan",), [], "plan is \\[\\], needed is a dictionary"),
        (("plan", "task"), 5, "task is 5, needed is text"),
        (("plan", "options"), "width", "options is 'width', needed is a dictionary"),
        (("plan", "network"), None, "network is None, needed is a dictionary"),
        (("plan", "optimizer"), {"learning_rate": "high"}, "learning_rate is 'high', needed is a real number"),
        (("plan", "warm_up"), "5", "warm_up is '5', needed is a whole number"),
        (("plan", "seed"), 1.5, "seed is 1.5, needed is a whole number"),
        (("plan", "stop_score"), "low", "stop_score is 'low', needed is a real number"),
        (("plan", "luck"), 1, "plan has luck, which this version does not know"),
        (("progress",), 5, "progress is 5, needed is a dictionary"),
        (("progress", "update"), "5", "update is '5', needed is a whole number"),
        (("progress", "lesson"), -1, "lesson is -1"),
        (("progress", "log_bytes"), -1, "log_bytes is -1"),
        (("progress", "seconds"), None, "seconds is None, needed is a real number"),
        (("checkpoint",), 5, "checkpoint is 5"),
        (("checkpoint",), "../net.safetensors", "checkpoint is '../net.safetensors'"),
        (("files",), [], "files is \\[\\], needed is a dictionary"),
        ((), [], "it is \\[\\], needed is a dictionary"),
        ((), {"format": 1}, "plan is missing"),
    ],
)
def test_a_state_file_of_other_kinds(tmp_path, begun, where, value, sentence):
    folder = tmp_path / "run"
    shutil.copytree(begun, folder)
    state = value if not where else json.loads((folder / "trainer.json").read_text())
    place = state
    for name in where[:-1]:
        place = place[name]
    if where:
        place[where[-1]] = value
    (folder / "trainer.json").write_text(json.dumps(state))
    for use in (dnc.Trainer.resume, own_task):
        with pytest.raises(dnc.InvalidState, match=f"trainer.json can't be read: {sentence}"):
            use(folder)


# the files that a run began with


def graph(path, *edges):
    path.write_text("source,edge,destination\n" + "\n".join(edges) + "\n")


def test_another_graph_of_the_same_name(tmp_path, monkeypatch):
    for folder, edges in (("here", ["a,1,b", "b,1,a"]), ("there", ["a,1,b", "b,2,a"])):
        (tmp_path / folder).mkdir()
        graph(tmp_path / folder / "graph.csv", *edges)
    monkeypatch.chdir(tmp_path / "here")
    plan = changed(task="graph_traversal", options={"graph": "graph.csv", "path": "1"})
    stopped_at(tmp_path / "run", 5, plan)
    monkeypatch.chdir(tmp_path / "there")
    trainer = dnc.Trainer.resume(tmp_path / "run")
    assert trainer.task.lessons[0].options.startswith(f"graph={tmp_path}/here/graph.csv"), "wherever it is resumed"
    graph(tmp_path / "here" / "graph.csv", "a,1,b", "b,2,a")
    with pytest.raises(dnc.InvalidState, match=r"here/graph.csv has changed since the run in .*run began"):
        dnc.Trainer.resume(tmp_path / "run")
    graph(tmp_path / "here" / "graph.csv", "a,1,b", "b,1,a")
    assert dnc.Trainer.resume(tmp_path / "run").run() == "all updates made"


def test_a_relative_graph_of_a_curriculum(tmp_path, monkeypatch):
    """The run's copy of the curriculum names it as a path from anywhere."""
    graph(tmp_path / "graph.csv", "a,1,b", "b,1,a")
    (tmp_path / "lessons.txt").write_text(
        "task graph_traversal\noptions graph=graph.csv,path=1  # ours\nlesson\nlesson path=1,graph=graph.csv\n"
    )
    monkeypatch.chdir(tmp_path)
    stopped_at(tmp_path / "run", 5, changed(task="./lessons.txt", options={}))
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "there")
    assert dnc.Trainer.resume(tmp_path / "run").run() == "all updates made"


def test_numbers_of_numpy_and_paths_in_a_plan(tmp_path):
    graph(tmp_path / "graph.csv", "a,1,b", "b,1,a")
    options = {"graph": tmp_path / "graph.csv", "path": np.int64(1)}
    network = {**NETWORK, "hidden_size": np.int32(8)}
    settings = {"learning_rate": np.float32(0.5)}
    fields = dict(task="graph_traversal", options=options, network=network, optimizer=settings, updates=np.int64(6))
    stopped_at(tmp_path / "run", 5, changed(**fields))
    assert dnc.Trainer.resume(tmp_path / "run").run() == "all updates made"


def test_a_graph_of_the_tests_or_of_a_lesson(tmp_path):
    for name in ("train.csv", "test.csv"):
        graph(tmp_path / name, "a,1,b", "b,1,a")
    options = {"graph": tmp_path / "train.csv", "path": "1"}
    (tmp_path / "lessons.txt").write_text(
        f"task graph_traversal\nlesson path=1\nlesson graph={tmp_path}/test.csv,path=1\n"
    )
    fields = {"task": "graph_traversal", "options": {key: str(value) for key, value in options.items()}}
    fields["test_options"] = {"graph": str(tmp_path / "test.csv")}
    stopped_at(tmp_path / "options", 5, changed(**fields))
    stopped_at(tmp_path / "lessons", 5, changed(task=str(tmp_path / "lessons.txt"), options={}))
    graph(tmp_path / "test.csv", "a,1,b", "b,2,a")
    for run in ("options", "lessons"):
        with pytest.raises(dnc.InvalidState, match="test.csv has changed"):
            dnc.Trainer.resume(tmp_path / run)


def test_another_curriculum(tmp_path):
    (tmp_path / "lessons.txt").write_text("task copy\nlesson width=2\n")
    stopped_at(tmp_path / "run", 5, changed(task=str(tmp_path / "lessons.txt"), options={}))
    (tmp_path / "lessons.txt").write_text("task copy\nlesson width=2,max_length=2\n")
    assert dnc.Trainer.resume(tmp_path / "run").update == 5, "it has a copy of its own"
    (tmp_path / "run" / "curriculum.txt").write_text("task copy\nlesson width=2,max_length=2\n")
    with pytest.raises(dnc.InvalidState, match="curriculum.txt has changed"):
        dnc.Trainer.resume(tmp_path / "run")


@pytest.fixture
def stories(tmp_path):
    folder = tmp_path / "stories"
    folder.mkdir()
    for name in ("qa1_a_train.txt", "qa1_a_test.txt"):
        (folder / name).write_text("1 John went home.\n2 Where is John? \thome\t1\n")
    return folder


def test_stories_are_trained_in_rows_and_tested_one_by_one(tmp_path, stories):
    """9 words each: 57 of them are the first with 512 words or more."""
    plan = changed(task="babi", options={"folder": str(stories), "tasks": "1"}, test_every=2, test_episodes=8)
    trainer = stopped_at(tmp_path / "run", 2, plan)
    assert [trainer.task.play(trainer.net).shape[0] for _ in range(2)] == [57 * 9] * 2
    assert trainer.score["question_error"].count == 8
    again = dnc.Trainer.resume(tmp_path / "run")
    assert again.plan == trainer.plan and again.plan.options["row_steps"] == 512
    for options in ({"row_steps": 20}, {"buckets": 1}, {"order": "all"}):
        chosen = dataclasses.replace(plan, options={**plan.options, **options})
        assert dnc.Trainer.start(tmp_path / "-".join(options), chosen).plan == chosen


def test_other_stories(tmp_path, stories):
    plan = changed(task="babi", options={"folder": str(stories), "tasks": "1"})
    stopped_at(tmp_path / "run", 5, plan)
    dnc.Trainer.resume(tmp_path / "run")
    (stories / "qa1_a_test.txt").write_text("1 Home went John.\n2 Where is John? \thome\t1\n")
    with pytest.raises(dnc.InvalidState, match="qa1_a_test.txt has changed"):
        dnc.Trainer.resume(tmp_path / "run")
    (stories / "qa1_a_test.txt").write_text("1 John went home.\n2 Where is John? \thome\t1\n")
    (stories / "qa2_b_train.txt").write_text("1 Mary went home.\n2 Where is Mary? \thome\t1\n")
    with pytest.raises(dnc.InvalidState, match="qa2_b_train.txt is new"):
        dnc.Trainer.resume(tmp_path / "run")


def test_runs_of_before(tmp_path):
    """Without checksums in trainer.json, and with what Windows' editors put before the text."""
    stopped_at(tmp_path, 5)
    state = json.loads((tmp_path / "trainer.json").read_text())
    del state["files"], state["progress"]["finished_by"]
    (tmp_path / "trainer.json").write_text(json.dumps(state), encoding="utf-8-sig")
    assert dnc.Trainer.resume(tmp_path).run() == "all updates made"
