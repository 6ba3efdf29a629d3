"""Paths reach the file system as Python's own `open` would pass them, whatever the locale."""

import json
import os
import shutil
import subprocess
import sys

import dnc
import pytest

PROGRAM = """
import os, sys
import dnc
graph, lessons, folder = sys.argv[1:]
task = dnc.Task("graph_traversal", graph=graph, path=2)
assert dnc.Task("graph_traversal", graph=os.fsencode(graph).decode("latin-1").encode("latin-1"), path=2)
task.sample(1)
taught = dnc.Task.load(lessons)
assert taught.lessons[0].options.endswith("graph=" + graph), ascii(taught.lessons[0].options)
net = dnc.DNC(task.input_size, task.output_size, memory_slots=4)
place = os.path.join(folder, "net.safetensors")
net.save(place, dnc.Optimizer(net))
assert os.path.exists(place)
assert dnc.DNC.load(place).config == dnc.load(place)[0].config == net.config
net.training = True
net.forward(task.sample(1).inputs)
dnc.figures.film_files(os.path.join(folder, "film.png"), net)
dnc.figures.state(net).save(os.path.join(folder, "state.png"))
print(sys.getfilesystemencoding(), len(os.listdir(folder)))
"""

LOCALES = {
    "UTF-8": {"PYTHONUTF8": "1"},
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}


def environment_of(locale):
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "PYTHONUTF8"))}
    return {**kept, **LOCALES[locale], "PYTHONPATH": os.path.dirname(os.path.dirname(dnc.__file__))}


@pytest.mark.parametrize("name", [b"K\xc3\xbcche", b"K\xfcche", b"plain"], ids=["UTF-8", "Latin-1", "ASCII"])
@pytest.mark.parametrize("locale", LOCALES)
def test_a_path_of_any_bytes(repository, tmp_path, locale, name):
    """Given as an argument, Python escapes the bytes that its encoding can't say."""
    folder = os.path.join(os.fsencode(tmp_path), name)
    os.mkdir(folder)
    graph, lessons = os.path.join(folder, b"graph.csv"), os.path.join(folder, b"lessons.txt")
    shutil.copyfile(repository / "data" / "underground.csv", graph)
    with open(lessons, "wb") as file:
        file.write(b"task graph_traversal\nlesson path=2,graph=" + graph + b"\n")
    command = [sys.executable, "-c", PROGRAM, graph, lessons, folder]
    run = subprocess.run(command, env=environment_of(locale), capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    encoding, count = run.stdout.split()
    assert encoding == ("utf-8" if locale == "UTF-8" else "ascii") and int(count) > 4


def test_a_path_that_the_encoding_can_not_say():
    environment = {**os.environ, **LOCALES["C"], "PYTHONPATH": os.path.dirname(os.path.dirname(dnc.__file__))}
    for call in (r"dnc.load('\xfc')", r"dnc.Task('babi', folder='\xfc')"):
        program = f"import dnc\ntry: {call}\nexcept dnc.InvalidArgument as error: print(error)"
        run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
        assert "which the file system's encoding, ascii, can't say" in run.stdout, run.stderr


def test_options_that_are_paths(repository):
    graph = repository / "data" / "underground.csv"
    episodes = [dnc.Task("graph_traversal", graph=given, path=2).sample(2) for given in (graph, str(graph))]
    assert (episodes[0].inputs == episodes[1].inputs).all()


@pytest.mark.parametrize(
    "locale, name, shown",
    [("C", b"K\xc3\xbcche", "K\xfcche"), ("C", b"K\xfcche", "K\ufffdche"), ("UTF-8", b"K\xfcche", "K\ufffdche")],
    ids=["C, UTF-8", "C, Latin-1", "UTF-8, Latin-1"],
)
def test_the_log_of_a_run_with_such_paths(repository, tmp_path, locale, name, shown):
    """The log is JSON in UTF-8, the picture is drawn from it, and the run finds its graph again, in
    another locale too."""
    folder = os.path.join(os.fsencode(tmp_path), name)
    os.mkdir(folder)
    graph, run = os.path.join(folder, b"graph.csv"), os.path.join(folder, b"run")
    shutil.copyfile(repository / "data" / "underground.csv", graph)
    small = ["--hidden-size", "8", "--memory-slots", "8", "--updates", "2", "--test-every", "1", "--test-episodes", "2"]
    begin = ["graph_traversal", "--option", b"graph=" + graph, "--option", "path=2", *small]
    for where, command in (
        (locale, ["train", *begin, "--output", run, "--time-limit", "0"]),
        ("UTF-8", ["train", "--resume", run]),
        (locale, ["plot", "training", run, "--output", os.path.join(folder, b"training.png")]),
    ):
        done = subprocess.run([sys.executable, "-m", "dnc", *command], env=environment_of(where), capture_output=True)
        assert done.returncode == 0, done.stderr
    with open(os.path.join(run, b"log.jsonl"), encoding="utf-8") as log:
        start = json.loads(log.readline())
    path = start["options"]["graph"]
    path.encode()  # no halves of characters
    assert path.endswith(f"{shown}/graph.csv")
