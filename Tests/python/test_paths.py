"""Paths reach the file system as Python's own `open` would pass them, whatever the locale."""

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
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "PYTHONUTF8"))}
    environment.update(LOCALES[locale], PYTHONPATH=os.path.dirname(os.path.dirname(dnc.__file__)))
    command = [sys.executable, "-c", PROGRAM, graph, lessons, folder]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
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
