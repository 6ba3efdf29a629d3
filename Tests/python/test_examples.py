"""The examples run, and do what they say."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import dnc
import nbformat
import pytest
from nbclient import NotebookClient


@pytest.fixture
def examples(repository):
    return repository / "bindings" / "python" / "examples"


@pytest.fixture
def environment():
    return {**os.environ, "PYTHONPATH": str(Path(dnc.__file__).parents[1])}


def example(path, *arguments, folder, environment):
    command = [sys.executable, path, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def test_copy_task(examples, environment, tmp_path):
    run = example(examples / "copy_task.py", "--iterations", "200", folder=tmp_path, environment=environment)
    assert run.returncode == 1, "too few iterations to learn it"
    assert "200 iterations, bit error on 1,000 fresh episodes" in run.stdout, run.stderr
    names = {"input.png", "target.png", "prediction.png", "logits.png", "episode.png", "film.png"}
    names |= {"copy.safetensors"}
    assert {path.name for path in (tmp_path / "copy").iterdir()} == names


def test_own_csv(examples, environment, tmp_path):
    run = example(examples / "own_csv.py", "--updates", "600", folder=tmp_path, environment=environment)
    assert run.returncode == 0, run.stderr
    error, still = (float(part.split(";")[0]) for part in run.stdout.split(": ")[1:3])
    assert error < 0.1 * still, run.stdout
    again = example(examples / "own_csv.py", "example.csv", "--updates", "3", folder=tmp_path, environment=environment)
    assert again.returncode == 0


HEADER = "sequence,input_a,target_b\n"


@pytest.mark.parametrize(
    "content, sentence",
    [
        ("a,b\n1,2\n", "needs a header with a column sequence"),
        ("", "needs a header"),
        (HEADER, "holds 0 sequences"),
        (HEADER + "1,0.5,1\n1,0.5,1\n", "holds 1 sequences, needed are at least 2"),
        (HEADER + "1,0.5,1\n2,half,1\n", "line 3, input_a: 'half', needed is a number"),
        (HEADER + "1,0.5,1\n2,1+2j,1\n", "line 3, input_a: '1+2j', needed is a number"),
        (HEADER + "1,0.5,1\n2,,1\n", "line 3, input_a: the cell is empty"),
        (HEADER + "1,0.5,1\n2,1,nan\n", "line 3, target_b: 'nan'"),
        (HEADER + "1,0.5,1\n2,1\n", "line 3 has not as many cells as the header, which has 3"),
        (HEADER + "1,0.5,1\n2,1,1,1\n", "line 3 has not as many cells"),
        (HEADER + "1,0.5,\n2,1,\n", "asks for nothing"),
        ("sequence,input_a,target_b,target_c\n1,0.5,1,\n", "line 2: some targets are empty"),
        (b"PK\x03\x04\xff\x00", "is not a CSV file"),
        (b"\x93NUMPY\0", "is not a CSV file"),
        (HEADER.encode("utf-16"), "is not a CSV file"),
        (HEADER + '1,0.5,"1\n', "is not a CSV file"),
    ],
)
def test_wrong_csv(examples, tmp_path, capsys, monkeypatch, content, sentence):
    """A sentence, and no traceback."""
    path = tmp_path / "bad.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    monkeypatch.setattr(sys, "argv", ["own_csv.py", str(path)])
    assert runpy.run_path(examples / "own_csv.py")["main"]() == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ") and sentence in said and not (tmp_path / "own.safetensors").exists()


def test_csv_of_excel(examples, tmp_path):
    """With a byte order mark, and Windows' ends of lines."""
    (tmp_path / "marked.csv").write_bytes(b"\xef\xbb\xbf" + HEADER.encode() + b"1,0.5,1\r\n2,0.5,\r\n2,1,1\r\n")
    data = runpy.run_path(examples / "own_csv.py")["read"](tmp_path / "marked.csv")
    assert len(data) == 2 and data.batch([1]).mask.tolist() == [[0], [1]]


def test_notebook(examples, environment, monkeypatch):
    """Every cell, with a tenth of the updates."""
    monkeypatch.setenv("PYTHONPATH", environment["PYTHONPATH"])
    notebook = nbformat.read(examples / "trainer.ipynb", as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        cell.source = cell.source.replace("UPDATES = 8000", "UPDATES = 800")
    NotebookClient(notebook, timeout=300).execute()
    pictures = [
        output for cell in notebook.cells for output in cell.get("outputs", []) if "image/png" in output.get("data", {})
    ]
    assert len(pictures) == 5
    texts = "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))
    assert "all updates made after 800 updates" in texts and "bits are wrong" in texts and "length 20" in texts
