"""The examples run, and do what they say."""

import os
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
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    assert "sequence" in example(examples / "own_csv.py", "bad.csv", folder=tmp_path, environment=environment).stderr


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
