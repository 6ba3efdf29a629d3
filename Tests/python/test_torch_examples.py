"""The examples for PyTorch run, and learn."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

import dnc  # noqa: E402
from snippets import snippets  # noqa: E402


@pytest.fixture
def example(repository, tmp_path):
    def run(name, *arguments):
        environment = {**os.environ, "PYTHONPATH": str(Path(dnc.__file__).parents[1]), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, repository / "bindings" / "python" / "examples" / name, *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)

    return run


def test_questions(example, tmp_path):
    run = example("questions.py", "--updates", "800")
    assert run.returncode == 0, run.stderr
    right = float(re.search(r"([\d.]+)% of 200 questions", run.stdout)[1])
    assert right > 90, run.stdout
    assert (tmp_path / "questions.pt").exists()
    again = example("questions.py", "questions.txt", "--updates", "2")
    assert again.returncode == 0, again.stderr


def test_a_wrong_file_of_questions(example, tmp_path):
    (tmp_path / "mine.txt").write_text("where is mary ? hall\nmary is here .\n")
    run = example("questions.py", "mine.txt")
    assert run.returncode == 1 and run.stderr == "error: mine.txt, line 2 has no answer after a question mark\n"


def test_the_page_on_layers(repository):
    shown = [snippet for snippet in snippets(repository / "docs" / "layers.md") if "import dnc.torch" in snippet.text]
    assert shown
    for snippet in shown:
        exec(compile("\n" * snippet.line + snippet.text, snippet.page, "exec"), {})


def test_recall_policy(example):
    pytest.importorskip("gymnasium")
    run = example("recall_policy.py", "--updates", "60")
    assert run.returncode == 0, run.stderr
    right = int(re.search(r"(\d+)% of the last rollout", run.stdout)[1])
    assert right > 70, run.stdout  # 25 by chance
