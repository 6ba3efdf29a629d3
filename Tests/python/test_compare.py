"""`python -m dnc compare`: several networks on one task, in folders of ordinary runs, with a table and a figure."""

import csv
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import dnc
import pytest
from dnc import __main__ as command_line
from dnc import comparison_table
from dnc.comparison_table import Measure, Result, Row, Table
from locks import wait_until_free

SMALL = (
    "copy --option width=2 --option max_length=3 --hidden-size 8 --memory-slots 8 --word-size 4 --batch-size 4 "
    "--updates 20 --test-every 5 --test-episodes 8"
)
OWN = "memory=none bypass_dropout=0.2 accumulate=2 average=0.9 schedule=linear decay_share=0.5"
TWO = f"--run DNC --run 'no memory: {OWN}'"
RUNS = ["DNC/0", "no memory/0", "DNC/1", "no memory/1"]


def compare(folder, more=f"{TWO} --seeds 2", options=SMALL):
    return command_line.main(["compare", *shlex.split(options), "--output", str(folder), *shlex.split(more)])


def found(folder):
    return json.loads((folder / "comparison.json").read_text())


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compared") / "comparison"
    assert compare(folder) == 0
    return folder


def child(folder, *more):
    environment = {**os.environ, "PYTHONPATH": str(Path(dnc.__file__).parents[1])}
    command = [sys.executable, "-m", "dnc", "compare", *shlex.split(SMALL), "--output", str(folder), *more]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_each_is_a_run_like_any_other(compared, tmp_path):
    """The same bytes as `train` leaves."""
    for name in RUNS:
        options = [f"--{each.replace('_', '-')}" for each in OWN.split()] if name.startswith("no memory") else []
        given = ["train", *shlex.split(SMALL), *options, "--seed", name[-1], "--output", str(tmp_path / name)]
        assert command_line.main(given) == 0
        for file in ("model.safetensors", "update-00000020.safetensors"):
            assert (compared / name / file).read_bytes() == (tmp_path / name / file).read_bytes()
    assert dnc.Trainer.resume(compared / "DNC" / "0").finished == "all updates made"


def test_what_a_comparison_leaves(compared):
    runs = found(compared)["runs"]
    assert [run["folder"] for run in runs] == RUNS, "seed by seed"
    assert {run["ended"] for run in runs} == {"all updates made"} and {run["updates"] for run in runs} == {20}
    for run in runs:
        log = [json.loads(line) for line in (compared / run["folder"] / "log.jsonl").read_text().splitlines()]
        scores = [line["scores"]["sequences_right"][0] for line in log if line["event"] == "test"]
        assert len(scores) == 4 and run["best"] == max(scores) and run["parameters"] == log[0]["parameters"]
    table = found(compared)["table"]
    assert [row["name"] for row in table] == ["DNC", "no memory"] and [row["runs"] for row in table] == [2, 2]
    with open(compared / "comparison.csv", newline="") as file:
        assert [row["name"] for row in csv.DictReader(file)] == ["DNC", "no memory"]
    markdown = (compared / "comparison.md").read_text()
    assert "    python -m dnc " in markdown and "\n| no memory " in markdown
    assert (compared / "training.png").read_bytes()[:4] == b"\x89PNG"


def test_the_same_command_does_nothing_more(compared, capsys):
    before = {path: path.stat().st_mtime_ns for name in RUNS for path in (compared / name).iterdir()}
    table = found(compared)
    assert compare(compared) == 0
    assert {path: path.stat().st_mtime_ns for name in RUNS for path in (compared / name).iterdir()} == before
    assert found(compared) == table and capsys.readouterr().out.startswith("| network")


def test_it_takes_more_seeds_and_networks(compared, capsys):
    assert compare(compared, f"{TWO} --seeds 3 --run 'GRU: controller=gru' --metric bit_error --jobs 2") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:6] for line in lines[:5]] == [f"{done} of 9" for done in range(5, 10)] and lines[5][0] == "|"
    assert {(row["name"], row["runs"]) for row in found(compared)["table"]} == {
        ("DNC", 3),
        ("no memory", 3),
        ("GRU", 3),
    }
    assert found(compared)["is_error"] and "bit_error" in (compared / "comparison.md").read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_one_that_is_interrupted_goes_on(tmp_path, number):
    """The runs that work stop with it, and end with the bytes of unbroken ones. A second SIGTERM would not come."""
    more = ["--run", "DNC", "--seeds", "2", "--jobs", "2", "--updates", "400", "--checkpoint-every", "0.05"]
    process = child(tmp_path / "broken", *more)
    while not all((tmp_path / f"broken/DNC/{seed}/trainer.json").exists() for seed in (0, 1)):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    said = process.communicate(timeout=20)
    if number != signal.SIGKILL:
        assert process.returncode == 0 and "the same command goes on" in said[0], said
    for seed in "01":
        wait_until_free(tmp_path / "broken/DNC" / seed)
    assert command_line.main(["compare", *shlex.split(SMALL), "--output", str(tmp_path / "broken"), *more]) == 0
    for seed in "01":
        given = ["train", *shlex.split(SMALL), "--updates", "400", "--seed", seed, "--output", str(tmp_path / seed)]
        assert command_line.main(given) == 0
        last = "update-00000400.safetensors"
        assert (tmp_path / "broken/DNC" / seed / last).read_bytes() == (tmp_path / seed / last).read_bytes()


def test_more_time_goes_on(tmp_path):
    options = SMALL.replace("--updates 20", "--log-every 10")
    compare(tmp_path, "--run DNC --seeds 1 --time-limit 0.3s", options)
    first = found(tmp_path)["runs"][0]
    assert first["ended"] == "time limit"
    compare(tmp_path, "--run DNC --seeds 1 --time-limit 0.3s", options)
    assert found(tmp_path)["runs"][0] == first, "it is over"
    compare(tmp_path, "--run DNC --seeds 1 --time-limit 0.8s", options)
    assert found(tmp_path)["runs"][0]["updates"] > first["updates"]
    assert found(tmp_path)["runs"][0]["seconds"] == pytest.approx(0.8, abs=0.3)


def test_a_run_that_fails_is_counted(tmp_path, capsys):
    """One diverges, and one can't be gone on with; the others are compared."""
    wild = "--run 'wild: learning_rate=1e30 max_gradient_norm=0 clip_value=0 controller=feedforward activation=relu'"
    assert compare(tmp_path, f"--run DNC {wild} --seeds 2") == 0
    runs = {run["folder"]: run for run in found(tmp_path)["runs"]}
    assert [runs[name]["failed"] for name in ("DNC/0", "wild/0", "DNC/1", "wild/1")] == [False, True, False, True]
    assert runs["wild/0"]["ended"].startswith("diverged: ")
    assert "wild, seed 0: failed: diverged" in capsys.readouterr().out
    rows = {row["name"]: row for row in found(tmp_path)["table"]}
    assert (rows["wild"]["failed"], rows["wild"]["mean"], rows["DNC"]["failed"]) == (2, None, 0)
    assert compare(tmp_path, f"--run DNC {wild} --seeds 2") == 0
    assert capsys.readouterr().out.startswith("| network"), "what diverged would diverge again"


def test_networks_from_a_file(tmp_path):
    (tmp_path / "networks.json").write_text(json.dumps({"DNC": {}, "masks": {"content_masks": True, "batch_size": 2}}))
    assert compare(tmp_path / "out", f"--runs {tmp_path / 'networks.json'} --seeds 1") == 0
    net, _ = dnc.load(tmp_path / "out" / "masks" / "0" / "model.safetensors")
    assert net.config["content_masks"] and net.config["batch_size"] == 2 and net.config["hidden_size"] == 8


def test_options_of_the_task(tmp_path):
    """Of one network: they come before those of all, and are tested with."""
    runs = "--run 'three: option.max_length=3' --run 'four: option.max_length=4 option.min_length=4 batch_size=2'"
    assert compare(tmp_path / "out", f"{runs} --option min_length=2 --seeds 1") == 0
    plans = {name: dnc.Trainer.resume(tmp_path / "out" / name / "0").plan for name in ("three", "four")}
    assert plans["three"].options == {"width": "2", "max_length": "3", "min_length": "2"}
    assert plans["four"].options == {"width": "2", "max_length": "4", "min_length": "4"}
    assert plans["four"].network["batch_size"] == 2 and found(tmp_path / "out")["options"] == {"width": "2"}
    own = [run["options"] for run in found(tmp_path / "out")["runs"]]
    assert own == [{"max_length": "3", "min_length": "2"}, {"max_length": "4", "min_length": "4"}]
    log = [json.loads(line) for line in (tmp_path / "out" / "four" / "0" / "log.jsonl").read_text().splitlines()]
    assert {line["scores"]["bit_error"][2] for line in log if line["event"] == "test"} == {8 * (4 + 1) * 3}


def test_a_task_that_training_draws_in_its_own_way(tmp_path, capsys):
    """Rows of stories, which are not in the command: the same command still goes on."""
    (tmp_path / "stories").mkdir()
    for ending in ("train", "test"):
        story = "1 Ann left.\n2 Who left?\tAnn\n"
        (tmp_path / "stories" / f"qa1_one_{ending}.txt").write_text(12 * story)
    options = (
        f"babi --option folder={tmp_path / 'stories'} --option tasks=1 --hidden-size 4 --memory-slots 4 --updates 2"
    )
    for seeds in (1, 1, 2):
        assert compare(tmp_path / "out", f"--run a --seeds {seeds}", f"{options} --test-every 2 --test-episodes 4") == 0
    assert "2 of 2: a, seed 1: all updates made" in capsys.readouterr().out
    assert dnc.Trainer.resume(tmp_path / "out" / "a" / "0").plan.options["row_steps"] == 512


@pytest.mark.parametrize(
    "more, sentence",
    [
        ("", "--run is missing"),
        ("--run 'a: option.length=3'", '--run a: options: "length" is unknown'),
        ("--run b --run 'a: option.max_length=0'", '--run a: options: max_length is "0"'),
        ("--run 'a: option.width=3' --option width=3", "--option width=2 would do nothing"),
        ("--run 'a: options.length=3'", "and option.KEY is an option of the task"),
        ("--run 'a: hidden=3'", "--run a: hidden is none of accumulate, "),
        ("--run 'a: hidden_size=three'", "--run a: argument --hidden-size: invalid int value: 'three'"),
        ("--run 'a: content_masks=2'", "--run a: content_masks is 2, allowed are 0 and 1"),
        ("--run 'a: hidden_size=0'", "--run a: hidden_size is 0"),
        ("--run a --run a", "--run a is given twice"),
        ("--run ../a", "no name for a folder"),
        ("--run a --metric words", "--metric is 'words', allowed are sequences_right"),
        ("--run a --run 'b: momentum=0.5'", "--run b: momentum would do nothing"),
        ("--run a --seeds 0", "--seeds is 0"),
        ("--run a --jobs 0", "--jobs is 0"),
    ],
)
def test_wrong_use(tmp_path, capsys, more, sentence):
    assert compare(tmp_path / "out", more) in (1, 2)
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "run, sentence",
    [
        ("a: hidden_size=3 batch_size=2 hidden_size=4", "hidden_size is given twice"),
        ("a: option.width=3 option.width=3", "option.width is given twice"),
        ("a: content_masks", "'content_masks' in 'a: content_masks' is not KEY=VALUE"),
    ],
)
def test_words_that_are_no_network(tmp_path, capsys, run, sentence):
    with pytest.raises(SystemExit):
        compare(tmp_path / "out", f"--run '{run}'")
    assert sentence in capsys.readouterr().err


def test_an_end_is_needed(tmp_path, capsys):
    assert compare(tmp_path / "out", "--run a", SMALL.replace("--updates 20", "")) == 1
    assert "the runs have no end" in capsys.readouterr().err


def test_other_settings_are_refused(compared, capsys):
    assert compare(compared, "--run 'DNC: batch_size=8'") == 1
    assert "DNC/0 was begun with other settings, of network: choose another name" in capsys.readouterr().err


def test_the_numbers_of_the_table():
    measure = Measure("bit_error", True, 0.1, 1)
    runs = [
        Result(10, 100, 60, 0.2, None), Result(10, 200, 60, 0.05, 20), Result(10, 300, 60, 0.11, None),
        Result(10, 400, 60, 0.0, 30, failed=True), Result(10, 400, 60, None, None),
    ]  # fmt: skip
    row = Row.of("a", runs)
    assert row.mean == pytest.approx(0.12) and row.deviation == pytest.approx(0.075498, abs=1e-6)
    assert (row.runs, row.failed, row.reached, row.seconds_to_goal, row.updates) == (5, 1, 1, 20, 250)
    assert row.best(measure) == 0.05 and row.best(measure._replace(is_error=False)) == 0.2
    text = Table(measure, [row, Row.of("none | yet", [])]).markdown()
    assert "| 1 of 5 | 20.0 s |" in " ".join(text.split()) and "none \\| yet" in text
    assert len({line.count("|") - line.count("\\|") for line in text.splitlines()}) == 1
    assert "12.000%" in text and "0.120" in Table(measure._replace(metric="loss"), [row]).markdown()


def test_time_to_the_goal(tmp_path):
    """It is that of the first test of the last lesson that passes."""
    plan = dnc.Plan("copy", {"width": 2, "max_length": 3}, network=dict(hidden_size=8, memory_slots=8), updates=1)
    dnc.Trainer.start(tmp_path, plan).run()
    tests = [(0, 1, 0.0), (1, 2, 0.5), (1, 3, 0.05), (1, 4, 0.2), (1, 5, 0.01)]
    (tmp_path / "log.jsonl").write_text("".join(
        json.dumps({"event": "test", "update": 1, "lesson": lesson, "seconds": seconds, "scores": {"e": [value, 1, 1]}})
        + "\n" for lesson, seconds, value in tests
    ) + '{"half')  # fmt: skip
    result = comparison_table.Result.of(tmp_path, Measure("e", True, 0.1, 2))
    assert (result.best, result.seconds_to_goal) == (0.01, 3)
    assert comparison_table.Result.of(tmp_path, Measure("e", False, 0.4, 2)).best == 0.5


@pytest.mark.parametrize(
    "text, said",
    [
        ('{"DNC": {}, "DNC": {"hidden_size": 3}}', "DNC is given twice"),
        ("{bad", "is no JSON"),
        ('{"a": {"read_heads": 1, "read_heads": 1}}', "read_heads is given twice"),
    ],
)
def test_a_file_of_runs_that_is_none(tmp_path, capsys, text, said):
    (tmp_path / "runs.json").write_text(text)
    assert compare(tmp_path / "out", f"--runs {tmp_path / 'runs.json'}") == 1
    error = capsys.readouterr().err
    assert said in error and "runs.json" in error and not (tmp_path / "out").exists()


def test_a_goal_is_a_number(tmp_path, capsys):
    with pytest.raises(SystemExit):
        compare(tmp_path / "out", "--run a --goal nan")
    assert "'nan' is no finite number" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["comparison.md", "comparison.csv", "training.png"])
def test_files_that_are_there_already(tmp_path, capsys, name):
    (tmp_path / name).write_text("notes")
    assert compare(tmp_path, "--run a") == 1
    assert f"{name} is there already, and belongs to no comparison" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [name] and (tmp_path / name).read_text() == "notes"


@pytest.mark.parametrize("text", ['{"mine": 1}', "[]", "mine"])
def test_a_comparison_that_is_none(tmp_path, capsys, text):
    (tmp_path / "comparison.json").write_text(text)
    assert compare(tmp_path, "--run a") == 1
    assert "comparison.json is no comparison's" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["comparison.json"]
