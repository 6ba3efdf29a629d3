"""curricula/babi.sh: five runs, each from the best network of the one before, that can be stopped and go on."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import dnc
import pytest
from test_babi import INDUCTION, OTHERS, write, written
from test_graphs import CURRICULA

PROGRAM = CURRICULA / "babi.sh"
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


def run(*arguments):
    environment = {**os.environ, "PYTHON": sys.executable, "PYTHONPATH": str(Path(dnc.__file__).parents[1])}
    return subprocess.run(["sh", PROGRAM, *map(str, arguments)], capture_output=True, text=True, env=environment)


def events(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_five_stages(stories, tmp_path):
    done = run(stories, 7, tmp_path / "runs", *SMALL, "--read-heads=1")
    assert done.returncode == 0, done.stderr
    logs = [events(tmp_path / "runs" / str(stage)) for stage in range(1, 6)]
    plans = [log[0] for log in logs]
    assert [plan["options"].get("tasks") for plan in plans] == [None, "15-17", "16", "16", None]
    assert [plan["options"].get("distinct") for plan in plans] == [None, "yes", "yes", None, None]
    assert {plan["options"]["names"] for plan in plans} == {"exchanged"}
    # Only what is to be learned in distinct stories is tested in them.
    assert [plan["test_options"]["split"] for plan in plans] == ["validation"] * 2 + ["train"] + ["validation"] * 2
    assert "start_from" not in plans[0]
    for before, plan in enumerate(plans[1:], 1):
        assert plan["start_from"] == str(tmp_path / "runs" / str(before))
    for plan in plans:
        assert (plan["seed"], plan["updates"], plan["network"]["hidden_size"], plan["network"]["read_heads"]) == (
            7, 2, 4, 1,
        )  # fmt: skip
    assert all(log[-1]["event"] == "finish" for log in logs)


def test_a_stage_that_was_stopped_goes_on(stories, tmp_path):
    runs = tmp_path / "runs"
    assert run(stories, 7, runs, *SMALL).returncode == 0
    whole = {path: path.read_bytes() for path in runs.glob("*/model.safetensors")}
    # The second is stopped after its first update, and the others have never begun.
    subprocess.run(["rm", "-r", runs / "2", runs / "3", runs / "4", runs / "5"], check=True)
    stopped = run(stories, 7, runs, *SMALL, "--time-limit=0.001s")
    assert stopped.returncode == 0
    assert not any(event["event"] == "finish" for event in events(runs / "2"))
    first = (runs / "1" / "log.jsonl").read_bytes()
    assert run(stories, 7, runs, *SMALL).returncode == 0
    assert (runs / "1" / "log.jsonl").read_bytes() == first
    for path, content in whole.items():
        if path.parent.name in "12":
            assert path.read_bytes() == content


@pytest.mark.parametrize("arguments", [[], ["stories"], ["stories", 1]])
def test_too_few_arguments(arguments):
    refused = run(*arguments)
    assert refused.returncode == 2 and refused.stderr.startswith("usage: ")


def test_what_train_refuses_ends_it(tmp_path):
    refused = run(tmp_path / "nowhere", 1, tmp_path / "runs", *SMALL)
    assert refused.returncode != 0 and "nowhere" in refused.stderr
    assert not (tmp_path / "runs" / "2").exists()
