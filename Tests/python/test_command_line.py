"""The command line: nothing that is given is ignored, and wrong files get sentences."""

import io
import json
import os
import re
import shlex

import dnc
import numpy as np
import pytest
from dnc import __main__ as command_line
from dnc import npy_files
from dnc.run_files import read_state

BEGIN = "copy --option width=2 --option max_length=3 --hidden-size 8 --memory-slots 8 --word-size 4 --batch-size 4"
CURRICULUM = (
    "task copy\noptions width=2,max_length=2\npass bit_error 0\ntest_every 5\ntest_episodes 4\nlesson\nlesson\n"
)


def main(arguments, **places):
    return command_line.main([word.format(**places) for word in arguments.split()])


@pytest.fixture
def run(tmp_path):
    """A run that has not come to its end."""
    folder = tmp_path / "run"
    assert main(f"train {BEGIN} --updates 100 --test-every 5 --time-limit 0 --output {folder}") == 0
    return folder


@pytest.fixture
def lessons(tmp_path):
    path = tmp_path / "lessons.txt"
    path.write_text(CURRICULUM)
    return path


def options_of(*names):
    """The options of a command, by their names in Python."""
    parser = command_line._parser()
    for name in names:
        parser = next(action for action in parser._actions if isinstance(action.choices, dict)).choices[name]
    return {action.dest: action for action in parser._actions if action.dest != "help"}


# going on

# What each option of `train` does beside --resume: the change of trainer.json, or a word of the refusal.
CHANGES = {
    "updates": ("50", {"updates": 50}),
    "stop": ("bit_error=0.25", {"stop_metric": "bit_error", "stop_score": 0.25}),
    "patience": ("3", {"patience": 3}),
    "test_every": ("7", {"test_every": 7}),
    "test_episodes": ("9", {"test_episodes": 9}),
    "log_every": ("11", {"log_every": 11}),
    "schedule": ("cosine", {"schedule": "cosine"}),
    "decay_share": ("0.5 --schedule linear", {"schedule": "linear", "decay_share": 0.5}),
    "warm_up": ("5", {"warm_up": 5}),
    "batch_size": ("6", {"network": {"batch_size": 6}}),
    "memory_slots": ("12", {"network": {"memory_slots": 12}}),
    "clip_value": ("3.5", {"network": {"clip_value": 3.5}}),
    "usage_gradient": ("stopped", {"network": {"usage_gradient": "stopped"}}),
    "max_record_bytes": ("100000000", {"network": {"max_record_bytes": 100000000}}),
    "check_finite": ("", {"network": {"check_finite": True}}),
    "learning_rate": ("0.5", {"optimizer": {"learning_rate": 0.5}}),
    "beta1": ("0.5", {"optimizer": {"beta1": 0.5}}),
    "beta2": ("0.5", {"optimizer": {"beta2": 0.5}}),
    "epsilon": ("0.5", {"optimizer": {"epsilon": 0.5}}),
    "max_gradient_norm": ("0.5", {"optimizer": {"max_gradient_norm": 0.5}}),
    "accumulate": ("3", {"accumulate": 3}),
    "average": ("0.9", {"average": 0.9}),
    "bypass_dropout": ("0.5", {"bypass_dropout": 0.5}),
    "local_updates": ("3", {"local_updates": 3}),
    "threads": ("2", {}),
    "time_limit": ("0", {}),
    "checkpoint_every": ("1", {}),
}
REFUSED = {
    "task": "copy",
    "option": "width=2",
    "test_option": "width=2",
    "seed": "0",
    "start_from": "models/copy.safetensors",
    "clock": "wall",
    "algorithm": "adam",
    "controller": "lstm",
    "activation": "tanh",
    "hidden_size": "8",
    "num_layers": "1",
    "word_size": "4",
    "read_heads": "2",
    "write_heads": "1",
    "initial_state": "zeros",
    "initial_value": "0.5",
    "input_scale": "1",
    "interface_scale": "1",
    "memory": "none",
    "temporal_links": "",
    "content_masks": "",
    "mask_minimum": "0.5",
    "deallocation": "",
    "link_sharpening": "",
    "controller_norm": "",
    "interface_norm": "",
    "momentum": "0.5",
    "decay": "0.5",
    "weight_decay": "0.5",
}


def test_every_option_is_known_here():
    """A new option of `train` says below what it does beside --resume."""
    known = CHANGES.keys() | REFUSED.keys() | {"output", "resume"}
    assert options_of("train").keys() == known


@pytest.mark.parametrize("name", CHANGES)
def test_what_can_be_changed_on_resume(run, name):
    before, _ = read_state(run)
    value, changes = CHANGES[name]
    assert main(f"train --resume {run} --{name.replace('_', '-')} {value} --time-limit 0") == 0
    after, _ = read_state(run)
    for field, change in changes.items():
        before["plan"][field] = {**before["plan"][field], **change} if isinstance(change, dict) else change
    assert after["plan"] == before["plan"]
    trainer = dnc.Trainer.resume(run)
    for setting, wanted in changes.get("optimizer", {}).items():
        assert setting == "learning_rate" or getattr(trainer.optimizer, setting) == wanted
    for option, wanted in changes.get("network", {}).items():
        assert trainer.net.config[option] == wanted
    trainer.stop()
    trainer.run(each=lambda trainer: trainer.stop())


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_on_resume(run, capsys, name):
    before = (run / "trainer.json").read_bytes()
    spelling = "TASK" if name == "task" else f"--{name.replace('_', '-')}"
    given = REFUSED[name] if name == "task" else f"{spelling} {REFUSED[name]}"
    assert main(f"train {given} --resume {run}") == command_line.WRONG_USE
    assert f"{spelling} " in capsys.readouterr().err
    assert (run / "trainer.json").read_bytes() == before


def test_stops_that_are_changed(tmp_path):
    """What ended the run no longer does; what did not is refused, for nothing would come of it."""
    plan = dnc.Plan("copy", {"width": 2, "max_length": 2}, network={"hidden_size": 8}, updates=30, test_every=10)
    easy = dnc.Plan(**{**plan.__dict__, "stop_metric": "bit_error", "stop_score": 1.0})
    trainer = dnc.Trainer.start(tmp_path, easy)
    assert trainer.run().startswith("bit_error is") and trainer.update == 10
    with pytest.raises(dnc.InvalidState, match="has come to its end, bit_error is"):
        dnc.Trainer.resume(tmp_path, learning_rate=1e-4)
    trainer = dnc.Trainer.resume(tmp_path, stop_metric="bit_error", stop_score=0.0, learning_rate=1e-4)
    assert trainer.run() == "all updates made" and trainer.update == 30
    assert dnc.Trainer.resume(tmp_path, updates=31).run() == "all updates made"


# a new run


@pytest.mark.parametrize(
    "given, sentence",
    [
        ("{lessons} --option width=3", "width=3 would do nothing"),
        ("{lessons} --test-option width=3", "width=3 would do nothing"),
        ("copy --option width=2 --option width=3", "--option width=2 would do nothing: width=3 is given too"),
        ("copy --test-option a=1 --test-option a=1", "--test-option a=1 would do nothing"),
        ("copy --momentum 0.5", "adam has none, only sgd and rmsprop"),
        ("copy --weight-decay 0.5", "only adamw"),
        ("copy --algorithm sgd --beta2 0.5", "sgd has none"),
        ("copy --algorithm sgd --epsilon 0.5", "sgd has none"),
        ("copy --algorithm adamw --decay 0.5", "only rmsprop"),
        ("copy --decay-share 0.1", "--decay-share would do nothing: it belongs to --schedule 'cosine' or 'linear'"),
        ("copy --activation relu", "--controller 'feedforward' or 'rnn'"),
        ("copy --initial-value 0.5", "--initial-state 'constant'"),
    ],
)
def test_what_would_be_ignored_is_refused(tmp_path, lessons, capsys, given, sentence):
    assert main(f"train {given} --output {tmp_path}/run", lessons=lessons) == command_line.WRONG_USE
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "task, option, sizes",
    [
        ("copy --option width=2", "width=3", "the tests have X = 5, Y = 4 and .* training has X = 4, Y = 3 "),
        ("babi --option tasks=1 --option folder={folder}", "folder={other}", "the tests have X = "),
    ],
)
def test_tests_of_other_sizes(tmp_path, capsys, task, option, sizes):
    """The run does not start, where it would end at its first test."""
    for name, word in (("folder", "home"), ("other", "home early")):
        (tmp_path / name).mkdir()
        for part in ("train", "test"):
            (tmp_path / name / f"qa1_a_{part}.txt").write_text(f"1 John went {word}.\n2 Where is John? \thome\t1\n")
    places = {"folder": tmp_path / "folder", "other": tmp_path / "other"}
    option = option.format(**places)
    assert main(f"train {task} --test-option {option} --output {tmp_path}/run", **places) == command_line.FAILED
    assert re.search(f"--test-option is {option}, .*{sizes}", capsys.readouterr().err)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("command", ["evaluate", "plot episode --output x.png", "plot state --output x.png"])
@pytest.mark.parametrize("task", ["--option width=7", "key_value"])
def test_a_task_of_other_sizes(run, monkeypatch, capsys, command, task):
    monkeypatch.chdir(run.parent)
    assert main(f"{command} {run} {task}") == command_line.FAILED
    sentence = "the network does not fit the task: the network has X = 4 and Y = 3, the task has X = "
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        "evaluate {model} {lessons} --option width=3",
        "evaluate {model} copy --option width=7 --option width=6",
        "plot state {model} {lessons} --option a=b --output {out}",
        "plot capacity {model} {lessons} --slots 8 --lengths 2 --output {out}",
        "plot capacity {model} copy --slots 8 --lengths 2 --option max_length=3 --output {out}",
        "plot film {model} copy --numbered --delay 100 --output {out}",
    ],
)
def test_what_other_commands_would_ignore(tmp_path, repository, lessons, capsys, command):
    places = {"model": repository / "models" / "copy.safetensors", "lessons": lessons, "out": tmp_path / "out.png"}
    assert main(command, **places) == command_line.WRONG_USE
    assert "would do nothing" in capsys.readouterr().err and not places["out"].exists()


@pytest.mark.parametrize(
    "given", ["--stop bit_error", "--stop bit_error=low", "--stop bit_error=nan", "--schedule steps"]
)
def test_usage(tmp_path, given):
    with pytest.raises(SystemExit) as caught:
        main(f"train copy {given} --output {tmp_path}/run")
    assert caught.value.code == command_line.WRONG_USE and not list(tmp_path.iterdir())


# the words of the command line


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("train copy --test-every 0 --output {new}", "--test-every is 0, needed is a whole number"),
        ("train copy --warm-up -1 --output {new}", "--warm-up is -1, needed is a whole number"),
        ("train copy --schedule linear --output {new}", "--schedule is 'linear', which needs the number of updates"),
        ("train copy --decay-share 0 --output {new}", "--decay-share is 0.0, allowed are above 0 to 1"),
        ("train copy --accumulate 0 --output {new}", "--accumulate is 0, needed is a whole number of at least 1"),
        ("train copy --average 1 --output {new}", "--average is 1.0, allowed are 0 (none) to below 1"),
        ("train copy --hidden-size 0 --output {new}", "--hidden-size is 0, allowed are 1 to 65536"),
        ("train copy --max-gradient-norm -1 --output {new}", "--max-gradient-norm is -1.0, allowed are"),
        ("train copy --threads -1 --output {new}", "--threads is -1, allowed are 0 to 1024"),
        ("train copy --stop luck=1 --output {new}", "--stop is 'luck', allowed are sequences_right"),
        ("train copy --option width=0 --output {new}", '--option: width is "0", allowed are'),
        ("train copy --weight-decay 1 --output {new}", "--weight-decay would do nothing: adam has none"),
        ("train copy --initial-value 1 --output {new}", "it belongs to --initial-state 'constant'"),
        ("train copy --max-record-bytes 1 --output {new}", "bytes, --max-record-bytes is 1\n"),
        ("train copy --resume {run}", "TASK is what a run begins with, and can't be changed"),
        (
            "train --test-option a=b --resume {run}",
            "that can: --schedule, --decay-share, --warm-up, --updates, --stop, --patience",
        ),
        ("evaluate {run} --batch-size 0", "--batch-size is 0, allowed are"),
        ("plot state {run} --cell-pixels -1 --output {new}", "--cell-pixels is -1, allowed are"),
        ("plot training {run} --name a --name b --output {new}", "--name has 2 elements, needed are 1"),
    ],
)
def test_sentences_name_options_as_they_are_typed(run, tmp_path, capsys, given, sentence):
    capsys.readouterr()
    assert main(given, run=run, new=tmp_path / "new") in (command_line.WRONG_USE, command_line.FAILED)
    out, err = capsys.readouterr()
    assert sentence in err and not out and not (tmp_path / "new").exists()


def options_of_train():
    return command_line._parser().parse_args(["train", "copy", "--output", "run"])


def test_sentences_about_divergence_name_options():
    sentence = "A lower learning rate or max_gradient_norm, or a clip_value, may help"
    own = command_line._in_own_words(dnc.Diverged(f"3 updates. {sentence}"), options_of_train())
    assert own == "3 updates. A lower learning rate or --max-gradient-norm, or a --clip-value, may help"


def test_what_comes_from_outside_is_left():
    """A path that looks like an option."""
    sentence = "runs/test_every is 0 is what nobody knows, seed is -1"
    assert command_line._in_own_words(dnc.InvalidArgument(sentence), options_of_train()) == sentence


def test_the_first_page_of_help_says_that_a_run_has_no_end(capsys):
    for arguments in ("--help", "train --help"):
        with pytest.raises(SystemExit):
            main(arguments)
        assert re.search("without end|no end", " ".join(capsys.readouterr().out.split())[:900])


# which task


def test_one_rule_for_curricula(tmp_path, lessons, monkeypatch, capsys):
    """A slash or a dot makes a path, in every command."""
    monkeypatch.chdir(tmp_path)
    lessons.rename("course")
    small = "--hidden-size 8 --memory-slots 8 --word-size 4 --updates 5"
    assert main(f"train ./course {small} --output run") == 0
    for command in ("evaluate run ./course --lesson 2 --episodes 4", "plot state run ./course --output state.png"):
        assert main(command) == 0
    for command in (
        f"train course {small} --output other",
        "evaluate run course",
        "plot state run course --output o.png",
    ):
        capsys.readouterr()
        assert main(command) == command_line.FAILED
        assert "course" in capsys.readouterr().err


@pytest.mark.parametrize("lesson", [-1, 0, 3])
def test_lessons_count_from_one(lessons, repository, capsys, lesson):
    assert main(f"evaluate {repository}/models/copy.safetensors {lessons} --lesson {lesson}") == command_line.FAILED
    assert f"lesson is {lesson}, allowed are 1 to 2" in capsys.readouterr().err


def test_the_first_command_learns(tmp_path, capsys):
    """With the defaults; docs/results.md has ten seeds, which take 500 to 1,250 updates."""
    assert main(f"train copy --output {tmp_path}/run --seed 1 --stop bit_error=0.001 --updates 2000") == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("bit_error is ")


def evaluated(capsys, arguments):
    capsys.readouterr()
    assert main(f"evaluate {arguments} --json") == 0
    return json.loads(capsys.readouterr().out)


def test_the_runs_own_task(run, capsys):
    """With the options of its tests, and those that are given."""
    assert main(f"train --resume {run} --updates 10") == 0
    own = evaluated(capsys, f"{run} --episodes 40 --seed 7")
    assert own == evaluated(capsys, f"{run} copy --option width=2 --option max_length=3 --episodes 40 --seed 7")
    longer = evaluated(capsys, f"{run} --option max_length=5 --episodes 40 --seed 7")
    assert longer == evaluated(capsys, f"{run} copy --option width=2 --option max_length=5 --episodes 40 --seed 7")
    fresh = [evaluated(capsys, f"{run} --episodes 40 {seed}") for seed in ("", "--seed 0", f"--seed {1 << 63}")]
    assert fresh[0] not in fresh[1:], "neither the episodes of the training nor those of its tests"
    assert main(f"plot episode {run} --output {run}/episode.png") == 0


def test_the_runs_own_lesson(tmp_path, capsys):
    lessons = tmp_path / "lessons.txt"
    lessons.write_text("task copy\noptions width=2\npass bit_error 1\ntest_every 5\nlesson max_length=1\n"
                       "pass bit_error 0\nlesson max_length=6,min_length=6\n")  # fmt: skip
    small = "--hidden-size 8 --memory-slots 8 --word-size 4 --batch-size 4 --updates 10"
    assert main(f"train {lessons} {small} --output {tmp_path}/run") == 0
    lessons.unlink()
    second = evaluated(capsys, f"{tmp_path}/run --episodes 40")
    assert second == evaluated(capsys, f"{tmp_path}/run --lesson 2 --episodes 40")
    assert second["bit_error"]["count"] > 2 * evaluated(capsys, f"{tmp_path}/run --lesson 1 --episodes 40")[
        "bit_error"]["count"]  # fmt: skip
    assert main(f"evaluate {tmp_path}/run --option max_length=3") == command_line.WRONG_USE


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ("evaluate {models}/copy.safetensors", "TASK is missing"),
        ("evaluate {models}", "model.safetensors"),
        ("evaluate {models}/copy.safetensors copy --episodes 0", "episodes is 0"),
        ("evaluate {models}/copy.safetensors copy --option seed=3", "'seed'"),
        ("plot capacity {models}/copy.safetensors copy --slots 8 --lengths 2 --metric luck --output x.png", "'luck'"),
    ],
)
def test_what_cannot_be_played(repository, tmp_path, monkeypatch, capsys, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    assert main(arguments, models=repository / "models") == command_line.FAILED
    assert sentence in capsys.readouterr().err


def test_json_without_nan(tmp_path, capsys):
    """Of bAbI tasks that were not asked for."""
    (tmp_path / "qa1_a_train.txt").write_text("1 John went home.\n2 Where is John? \thome\t1\n")
    (tmp_path / "qa1_a_test.txt").write_text("1 John went home.\n2 Where is John? \thome\t1\n")
    task = dnc.Task("babi", folder=str(tmp_path), tasks="1")
    dnc.DNC(task.input_size, task.output_size, hidden_size=4).save(tmp_path / "net.safetensors")
    text = f"evaluate {tmp_path}/net.safetensors babi --option folder={tmp_path} --option tasks=1 --episodes 2 --json"
    assert main(text) == 0
    found = json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert None in [score["value"] for score in found.values()] and found["question_error"]["value"] is not None


# files of arrays


def test_predictions_go_where_they_are_told(repository, tmp_path):
    """To the very name, and whole."""
    np.save(tmp_path / "inputs.npy", np.ones((3, 8)))
    model = repository / "models" / "copy.safetensors"
    assert main(f"predict {model} {tmp_path}/inputs.npy --output {tmp_path}/answers") == 0
    assert np.load(tmp_path / "answers").shape == (3, 7)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answers", "inputs.npy"]


def test_a_place_for_predictions_that_is_none(repository, tmp_path, capsys):
    """It is called as the user has called it."""
    np.save(tmp_path / "inputs.npy", np.ones((3, 8)))
    model = repository / "models" / "copy.safetensors"
    assert main(f"predict {model} {tmp_path}/inputs.npy --output {tmp_path}/none/x.npy") == command_line.FAILED
    assert capsys.readouterr().err.endswith(f"No such file or directory: '{tmp_path}/none/x.npy'\n")
    assert main(f"predict {model} {tmp_path}/inputs.npy --output {tmp_path}/inputs.npy/x.npy") == command_line.FAILED
    assert capsys.readouterr().err.endswith(f"Not a directory: '{tmp_path}/inputs.npy/x.npy'\n")


def npy(values):
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def npz(**values):
    buffer = io.BytesIO()
    np.savez(buffer, **values)
    return buffer.getvalue()


WRONG_ARRAYS = {
    "an archive": (npz(a=np.ones(3)), "needed is a .npy file, which holds one array"),
    "text": (b"1,2,3\n4,5,6\n", "is not a .npy file"),
    "nothing": (b"", "is not a .npy file"),
    "a cut file": (npy(np.ones((4, 8)))[:-9], "can't be read"),
    "a cut header": (npy(np.ones((4, 8)))[:20], "can't be read"),
    "complex numbers": (npy(np.ones((4, 8), complex)), "holds complex numbers, needed are real numbers"),
    "strings": (npy(np.full((4, 8), "a")), "holds text"),
    "bytes": (npy(np.full((4, 8), b"a")), "holds text"),
    "dates": (npy(np.full((4, 8), np.datetime64("2020-01-01"))), "holds dates"),
    "times": (npy(np.full((4, 8), np.timedelta64(1, "s"))), "holds times"),
    "records": (npy(np.zeros((4, 8), [("a", "f4"), ("b", "i4")])), "holds records"),
    "objects": (npy(np.array([[None]], object)), "holds Python objects"),
    "one number": (npy(np.float32(3)), "has shape ()"),
    "no steps": (npy(np.ones((0, 8))), "there is nothing in it"),
    "four axes": (npy(np.ones((1, 1, 1, 8))), "has shape (1, 1, 1, 8)"),
}


@pytest.mark.parametrize("kind", WRONG_ARRAYS)
@pytest.mark.parametrize("command", ["predict {models}/copy.safetensors", "plot heatmap"])
def test_wrong_arrays(repository, tmp_path, capsys, kind, command):
    content, sentence = WRONG_ARRAYS[kind]
    path = tmp_path / "values.npy"
    path.write_bytes(content)
    assert main(f"{command} {path} --output {tmp_path}/out", models=repository / "models") == command_line.FAILED
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("command", ["predict {models}/copy.safetensors", "plot heatmap"])
def test_a_pipe_is_no_array(repository, tmp_path, capsys, command):
    """Opening it would wait for who writes into it."""
    os.mkfifo(tmp_path / "values.npy")
    where = f"{tmp_path}/values.npy --output {tmp_path}/out"
    assert main(f"{command} {where}", models=repository / "models") == command_line.FAILED
    assert "values.npy is not a regular file" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["bool", "uint8", ">f8", "float16"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_right_arrays(tmp_path, kind, order):
    values = np.array([[1, 0, 1], [0, 1, 1]], kind, order=order)
    (tmp_path / "values.npy").write_bytes(npy(values))
    assert np.array_equal(npy_files.read_array(tmp_path / "values.npy", "[rows, columns]"), values)


# tasks


def test_tasks_are_listed(capsys):
    assert main("tasks") == command_line.DONE
    assert capsys.readouterr().out.split() == dnc.Task.names()


@pytest.mark.parametrize("name", dnc.Task.names())
def test_options_of_a_task_are_listed(capsys, name):
    assert main(f"tasks {name}") == command_line.DONE
    head, *lines = capsys.readouterr().out.splitlines()
    places = [head.index(word) for word in ("option", "default", "allowed", "meaning")]
    columns = [[line[a:b].strip() for a, b in zip(places, [*places[1:], None])] for line in lines]
    assert columns == [[each.name, each.default, each.allowed, each.meaning] for each in dnc.Task.options(name)]


def test_options_of_no_task(capsys):
    assert main("tasks paste") == command_line.FAILED
    assert 'TASK is "paste", allowed are copy, ' in capsys.readouterr().err


# what is read is not written over


def files_of(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "given",
    [
        "predict {run} {folder}/in.npy --output {folder}/in.npy",
        "predict {model} {folder}/in.npy --output {model}",
        "predict {model} {folder}/in.npy --output {folder}/link",
        "plot heatmap {folder}/in.npy --output {folder}/in.npy",
        "plot episode {model} copy --output {model}",
        "plot capacity {model} copy --slots 8 --lengths 2 --output {model}",
        "plot state {run} --output {run}/model.safetensors",
        "plot film {run} --output {run}/trainer.json",
        "plot training {run} --output {run}/log.jsonl",
        "plot training {run}/log.jsonl --output {run}/log.jsonl",
        "plot training {run} --output {folder}/log.png",
        "predict {folder} {folder}/in.npy --output {folder}/model.safetensors",
        "plot episode {walk} --output {folder}/graph.txt",
        "plot episode {model} {folder}/lessons.txt --output {folder}/lessons.txt",
        "plot episode {model} graph_traversal --option graph={folder}/in.npy --output {folder}/in.npy",
    ],
)
def test_no_output_over_an_input(run, tmp_path, capsys, given):
    folder = tmp_path / "own"
    folder.mkdir()
    net = dnc.DNC(6, 5, hidden_size=4, memory_slots=4, word_size=3)
    net.save(folder / "net.safetensors")
    np.save(folder / "in.npy", np.zeros((4, 6), np.float32))
    net.save(folder / "model.safetensors")
    (folder / "link").symlink_to("net.safetensors")
    (folder / "log.png").symlink_to(run / "log.jsonl")
    (folder / "lessons.txt").write_text(CURRICULUM)
    (folder / "graph.txt").write_text("source,edge,destination\na,1,b\nb,2,c\nc,1,a\na,3,c\n")
    walk = tmp_path / "walk"
    if "{walk}" in given:
        small = "--hidden-size 4 --memory-slots 4 --word-size 3 --batch-size 2 --updates 1"
        begin = f"train graph_traversal {small} --option graph={folder}/graph.txt --option path=1-2"
        assert main(f"{begin} --output {walk}") == command_line.DONE
    before = files_of(tmp_path)
    places = {"run": run, "folder": folder, "model": folder / "net.safetensors", "walk": walk}
    assert main(given, **places) == command_line.FAILED
    assert re.search("--output is .*(which is read|a file of the run)", capsys.readouterr().err)
    assert files_of(tmp_path) == before


def test_what_is_no_path_may_be_an_output(run, tmp_path, monkeypatch):
    """A task's name, and a value of an option."""
    monkeypatch.chdir(tmp_path)
    for name in ("copy", "4"):
        for _ in range(2):
            assert main(f"plot episode {run} copy --option width=2 --option max_length=4 --output {name}") == 0


def test_a_run_that_goes_on_needs_what_it_asks_for(tmp_path, capsys):
    begun = tmp_path / "begun"
    assert main(f"train {BEGIN} --memory ntm --updates 1 --output {begun}") == command_line.DONE
    assert main(f"train --resume {begun} --updates 2 --usage-gradient stopped") == command_line.WRONG_USE
    assert "--usage-gradient would do nothing" in capsys.readouterr().err


@pytest.mark.parametrize(
    "given",
    [
        "train copy --output '' --updates 3",
        "train '' --output {new} --updates 3",
        "train copy --output {new} --start-from '' --updates 3",
        "compare copy --output '' --run a --updates 3",
        "plot heatmap '' --output {new}",
        "predict '' x.npy --output {new}",
    ],
)
def test_an_empty_path_is_none(tmp_path, monkeypatch, capsys, given):
    """As one of a variable that is not set."""
    monkeypatch.chdir(tmp_path)
    words = shlex.split(given.format(new=tmp_path / "new"))
    if words[:2] == ["train", ""]:
        assert command_line.main(words) != command_line.DONE
    else:
        with pytest.raises(SystemExit):
            command_line.main(words)
    assert re.search("it is empty, needed is a path|TASK is missing", capsys.readouterr().err)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "given, status, said",
    [
        (KeyboardInterrupt, command_line.INTERRUPTED, "interrupted: python -m dnc evaluate was not finished"),
        (MemoryError("3 GiB"), command_line.FAILED, "error: out of memory: 3 GiB"),
    ],
)
def test_what_ends_a_command_is_said(run, monkeypatch, capsys, given, status, said):
    def evaluate(*_):
        raise given

    monkeypatch.setattr(command_line, "evaluate", evaluate)
    capsys.readouterr()
    assert main("evaluate {run}", run=run) == status
    assert capsys.readouterr().err == said + "\n"


@pytest.mark.parametrize(
    "more, said",
    [
        ("--mask-minimum 0.5", "--mask-minimum would do nothing: it belongs to --content-masks\n"),
        ("--memory none --usage-gradient stopped", "--usage-gradient would do nothing"),
        ("--memory ntm --usage-gradient stopped", "--usage-gradient would do nothing"),
        ("--memory none --no-temporal-links --initial-state learned", "--initial-state would do nothing"),
        ("--memory none --no-temporal-links --interface-norm", "--interface-norm would do nothing"),
        ("--memory none --no-temporal-links --interface-scale 2", "--interface-scale would do nothing"),
    ],
)
def test_settings_without_effect(tmp_path, capsys, more, said):
    assert main("train copy --output {new} --updates 1 " + more, new=tmp_path / "new") == command_line.WRONG_USE
    assert said in capsys.readouterr().err and not (tmp_path / "new").exists()


def test_settings_that_ask_for_nothing_may_be_given(tmp_path):
    more = "--memory ntm --usage-gradient full --no-interface-norm"
    assert main("train copy --output {new} --updates 1 " + more, new=tmp_path / "new") == command_line.DONE
