"""curricula/babi.sh: seven runs, or three, each from the best network of the last. One that was stopped goes on."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import dnc
import pytest
from test_babi import INDUCTION, OTHERS, write, written
from test_graphs import CURRICULA

PROGRAM = CURRICULA / "babi.sh"
MODELS = CURRICULA.parent / "models"
SMALL = [
    "--updates=2", "--test-every=1", "--test-episodes=4", "--hidden-size=4", "--word-size=4", "--memory-slots=4",
]  # fmt: skip


@pytest.fixture(scope="module")
def stories(tmp_path_factory):
    rng = random.Random(1)
    folder = tmp_path_factory.mktemp("stories")
    files = {(task, ending): written(rng, task, 20) for task in range(1, 21) for ending in ("train", "test")}
    files |= {(16, ending): INDUCTION * 20 + OTHERS for ending in ("train", "test")}
    write(folder, files)
    return folder


STAGES = {"yes": "1234567", "no": "123"}


def run(*arguments, facts="yes"):
    environment = {**os.environ, "PYTHON": sys.executable, "PYTHONPATH": str(Path(dnc.__file__).parents[1])}
    environment |= {"FACTS": facts}
    return subprocess.run(["sh", PROGRAM, *map(str, arguments)], capture_output=True, text=True, env=environment)


def events(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("facts", ["yes", "no"])
def test_stages(stories, tmp_path, facts):
    done = run(stories, 7, tmp_path / "runs", *SMALL, "--read-heads=1", facts=facts)
    assert done.returncode == 0, done.stderr
    logs = [events(tmp_path / "runs" / stage) for stage in STAGES[facts]]
    plans = [log[0] for log in logs]

    def options(name, kind="options"):
        return [plan[kind].get(name) for plan in plans]

    if facts == "yes":
        assert options("tasks") == [None, "15-17", "16", "19", "15-19", "4", None]
        assert options("follow") == [None, None, "1", "1", "1", None, "1"]
        assert options("distinct") == [None, "yes", "yes", None, None, None, None]
        assert options("echo") == ["0.04", None, None, None, None, None, "0.04"]
        assert options("balance") == ["tasks"] * 4 + ["stories"] + ["tasks"] * 2
        assert options("split", "test_options") == ["validation"] * 2 + ["train"] + ["validation"] * 4
    else:
        assert options("tasks") == [None, "15-17", None] and options("follow") == [None] * 3
        assert options("distinct") == [None, "yes", None] and options("echo") == ["0.04", None, "0.04"]
    before = [str(tmp_path / "runs" / stage) for stage in STAGES[facts][:-1]]
    assert [plan.get("start_from") for plan in plans] == [None, *before]
    for plan in plans:
        assert plan["options"]["names"] == "exchanged"
        assert (plan["seed"], plan["updates"], plan["network"]["hidden_size"], plan["network"]["read_heads"]) == (
            7, 2, 4, 1,
        )  # fmt: skip
    assert all(log[-1]["event"] == "finish" for log in logs)


def settings(plan, **small):
    """What a stage is, but for the sizes that are small here."""
    plan = {**plan, "network": {**plan["network"], **small}, "options": {**plan["options"], "folder": "stories"}}
    plan["test_options"] = {**plan["options"], **plan["test_options"]}
    for name in ("version", "parameters", "start_from"):
        plan.pop(name, None)
    return plan


@pytest.mark.parametrize("facts", ["yes", "no"])
def test_the_logs_of_the_seeds_are_those_of_the_stages(stories, tmp_path, facts):
    small = dict(hidden_size=4, word_size=4)
    assert run(stories, 0, tmp_path, *SMALL, facts=facts).returncode == 0
    for stage in STAGES[facts]:
        shutil.rmtree(tmp_path / stage)
        stopped = run(stories, 0, tmp_path, "--hidden-size=4", "--word-size=4", "--time-limit=0.001s", facts=facts)
        assert f"stage {stage} has been stopped" in stopped.stderr
        name = "without_facts_seed_0" if (facts, stage) == ("no", "3") else f"seed_0_stage_{stage}"
        shipped = (MODELS / f"babi_{name}.jsonl").read_text().split("\n")[0]
        assert settings(events(tmp_path / stage)[0]) == settings(json.loads(shipped), **small)
        shutil.rmtree(tmp_path / stage)
        assert run(stories, 0, tmp_path, *SMALL, facts=facts).returncode == 0


def test_a_stage_that_was_stopped_goes_on(stories, tmp_path):
    """With the bytes of one that was not, before the next begins."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert run(stories, 7, whole, *SMALL).returncode == 0
    stopped = run(stories, 7, parts, *SMALL, "--time-limit=0.001s")
    assert stopped.returncode == 1 and "stage 1 has been stopped" in stopped.stderr
    assert not (parts / "2").exists()
    assert run(stories, 7, parts, *SMALL).returncode == 0
    for stage in STAGES["yes"]:
        networks = [(runs / stage / "model.safetensors").read_bytes() for runs in (whole, parts)]
        assert networks[0] == networks[1]
    # Once more, there is nothing left to do.
    logs = {stage: (parts / stage / "log.jsonl").read_bytes() for stage in STAGES["yes"]}
    assert run(stories, 7, parts, *SMALL).returncode == 0
    assert {stage: (parts / stage / "log.jsonl").read_bytes() for stage in STAGES["yes"]} == logs


def test_an_interrupted_stage_is_saved(stories, tmp_path):
    """Ctrl-C goes to the program and to `train`, and the program says that the stage can go on."""
    environment = {**os.environ, "PYTHON": sys.executable, "PYTHONPATH": str(Path(dnc.__file__).parents[1])}
    small = [option for option in SMALL if not option.startswith(("--updates", "--test-every"))]
    command = ["sh", PROGRAM, stories, "7", tmp_path, *small, "--updates=1000000", "--test-every=1000"]
    log = tmp_path / "1" / "log.jsonl"
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    ) as program:
        while not log.exists() or '"start"' not in log.read_text():
            assert program.poll() is None
            time.sleep(0.01)
        time.sleep(0.3)
        os.killpg(program.pid, signal.SIGINT)
        said = program.communicate(timeout=60)[1]
    assert program.returncode == 1 and "stage 1 has been stopped; the same command goes on with it" in said
    assert list((tmp_path / "1").glob("update-*.safetensors")) and not (tmp_path / "2").exists()


@pytest.mark.parametrize("arguments", [[], ["stories"], ["stories", 1]])
def test_too_few_arguments(arguments):
    refused = run(*arguments)
    assert refused.returncode == 2 and refused.stderr.startswith("usage: ")


def test_what_train_refuses_ends_it(tmp_path):
    refused = run(tmp_path / "nowhere", 1, tmp_path / "runs", *SMALL)
    assert refused.returncode != 0 and "nowhere" in refused.stderr
    assert not (tmp_path / "runs" / "2").exists()
