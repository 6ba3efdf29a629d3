"""Every program and every command that the pages show runs as it stands there, from the top of the repository.

What takes long is shortened by SHORTER. What is not run here is in ELSEWHERE, with what runs it or why nothing does.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import dnc
import numpy as np
import pytest
from snippets import LANGUAGES, MENTIONED, PAGES, REPOSITORY, code, commands, snippets

# (what, by what) in programs and commands.
SHORTER = [
    (r"range\([\d_]{3,}\)", "range(3)"),
    (r"for seed in [\d ]+;", "for seed in 1;"),
    (r" --time-limit \S+", ""),
    (r" --updates \d+", ""),
    (r"dnc compare .*?--seeds \d+", "\\g<0> --seeds 1 --updates 6 --log-every 3"),
    (r"dnc train (?=.*--output)", "dnc train --updates 6 --log-every 3 "),
    (r"dnc train (?=.*--resume)", "dnc train --updates 9 "),
    (r"curricula/shortest_path\.py \S+", "\\g<0> --updates 10"),
    (r"--test-episodes \d+", "--test-episodes 16"),
    (r" --episodes \d+", ""),
    (r"dnc evaluate ", "dnc evaluate --episodes 16 "),
    (r"--slots [\d,]+ --lengths [\d,]+", "--slots 16,32 --lengths 4,8"),
]

BUILD = "Tests/interface/test_build.py"
PART = "a part of make test, which runs it"
MPI = "Tests/interface/test_mpi.py"
RANKS = "Tests/python/test_ranks.py"
LONG = "takes minutes; here only that make knows it"
PUBLIC_FILES = "wants the public files of bAbI, whose words the network knows"
STAGES = "Tests/tasks/test_babi_stages.py"
ELSEWHERE = {
    "make": "make test has built the library before this runs",
    "make test": "runs this",
    "make test-swift": PART,
    "make test-neon": PART,
    "make test-fuzz": PART,
    "make lint": PART,
    "make format": "changes the sources",
    "make abi": "changes the sources; Tests/interface/test_abi.py::test_the_description_is_up_to_date does the same",
    "make book": "tools/run_tests.py, as a phase of make test",
    "make demo": f"{BUILD}::test_copy_task, with fewer updates",
    "make build/copy_task; for seed in 1 2 3 4 5 6 7 8 9 10; "
    "do build/copy_task --seed $seed --batch 16 --learning-rate 0.003; done": f"{BUILD}::test_copy_task",
    "./copy_task --seed 3": f"{BUILD}::test_copy_task, with fewer updates",
    "./copy_task --batch 32 --iterations 5000 --learning-rate 0.001 --output elsewhere --quiet": BUILD
    + "::test_copy_task",
    "make gallery": f"{BUILD}::test_pictures, with fewer pictures",
    "make install": f"{BUILD}::test_what_is_installed, elsewhere",
    "make install PREFIX=…": f"{BUILD}::test_what_is_installed",
    "make && make install PREFIX=/usr/local": f"{BUILD}::test_what_is_installed, elsewhere",
    "cc step.c -o step $(pkg-config --cflags --libs dnc)": f"{BUILD}::test_pkg_config",
    "cmake -S bindings/c/cmake -B build/examples -DCMAKE_PREFIX_PATH=PREFIX": f"{BUILD}::test_cmake",
    "cmake --build build/examples": f"{BUILD}::test_cmake",
    "pip install ./bindings/python": "make test-fresh",
    "pip install -e ./bindings/python": "make test-fresh",
    "make test-fresh": "runs this",
    "mpicc mpi_copy.c -o mpi_copy $(pkg-config --cflags --libs dnc)": MPI,
    "mpirun -n 4 ./mpi_copy 2000": MPI,
    "mpirun -n 4 python -m dnc train copy --output runs/copy --batch-size 64 --updates 2000": RANKS,
    "mpirun -n 4 python -m dnc train copy --output runs/copy --batch-size 64 --updates 2000 --local-updates 16": RANKS,
    "mpirun -n 4 python -m dnc train copy --option width=4 --option max_length=6 --hidden-size 32 --memory-slots 16 "
    "--word-size 8 --read-heads 1 --batch-size 16 --updates 1920 --test-every 1920 --test-episodes 400 --log-every 64 "
    "--local-updates 4 --output runs/local": RANKS,
    "mpirun -n 2 python -m dnc train babi --option folder=tasks_1-20_v1-2/en-10k --option buckets=8 --hidden-size 256 "
    "--memory-slots 256 --word-size 64 --read-heads 4 --batch-size 16 --time-limit 20s --output runs/two": RANKS,
    "mpirun -n 2 python benchmarks/allreduce.py": f"{RANKS}::test_the_benchmark_adds_up",
    "mpirun -n 8 python -m dnc train --resume runs/copy --updates 4000": RANKS,
    "printf 'first slots=4\\nsecond slots=4\\n' > hosts": "wants two machines",
    "mpirun --hostfile hosts -n 8 ./mpi_copy 2000": "wants two machines",
    "PYTHONPATH=bindings/python python tools/make_scaling_table.py": "Tests/python/test_docs.py",
    "make dist": "make test-packages",
    "make wheels": "make test-packages",
    "make static": "make test-packages",
    "make LITE=1": "make test-lite",
    "cc -static program.c libdnc.a -lm -pthread": "make test-packages",
    "musl-gcc -static program.c libdnc.a $(gcc -print-libgcc-file-name) -lm": "make test-packages",
    "make ffi": "changes the sources; Tests/interface/test_languages.py compares",
    "make ARCH=aarch64": "make test-aarch64",
    "make test-aarch64": LONG,
    "make test-lite": "make test-packages",
    "make test-packages": PART,
    "make test-languages": LONG,
    "make faults": LONG,
    'make faults FAULT="weight_block file_100"': LONG,
    "make test-asan": LONG,
    "make test-tsan": LONG,
    "make fuzz": LONG,
    "make fuzz FUZZ=calls SECONDS=3600": LONG,
    "make fuzz FUZZ=checkpoint SECONDS=3600": LONG,
    "build/fuzz/calls -minimize_crash=1 -runs=10000 PATH": "wants an input that breaks something",
    "make bench": LONG,
    'make bench-mechanisms MECHANISMS="C16 B"': LONG,
    'make bench-autodiff AUTODIFF="--seconds 9"': LONG,
    "make bench-words FOLDER=tasks_1-20_v1-2/en-10k": LONG,
    'make bench-layers LAYERS="--workloads A,B,C16"': LONG,
    "make bench-peers": LONG,
    'make bench-peers PEERS="--rounds 3 --seconds 0.6"': LONG,
    'make bench-peers PEERS="--workloads A,C1 --peers jax-tuned,torch --rounds 3 --output peers.md"': LONG,
    "python -m dnc evaluate models/babi.safetensors babi --option folder=tasks_1-20_v1-2/en-10k --option think=3 "
    "--option split=test --option order=all --option balance=stories": PUBLIC_FILES,
    "python -m dnc plot episode models/babi.safetensors babi --option folder=tasks_1-20_v1-2/en-10k --option tasks=1 "
    "--option split=test --option think=3 --panels phases,input,target,prediction,writes,origins,usage "
    "--output episode.png": PUBLIC_FILES,
    "python -m dnc plot state models/babi.safetensors babi --option folder=tasks_1-20_v1-2/en-10k --option tasks=1 "
    "--option split=test --option think=3 --step 79 --output state.png": PUBLIC_FILES,
    "python -m dnc plot film models/babi.safetensors babi --option folder=tasks_1-20_v1-2/en-10k --option tasks=1 "
    "--option split=test --option think=3 --output film.png": PUBLIC_FILES,
    "python -m dnc train FILE": "FILE stands for any",
    "python -m dnc plot episode models/babi.safetensors babi --option folder=tasks_1-20_v1-2/en-10k --option tasks=19 "
    "--option split=test --option think=3 --panels phases,input,prediction,writes,origins "
    "--output way.png": PUBLIC_FILES,
    "sh curricula/babi.sh tasks_1-20_v1-2/en-10k 2 runs/babi-2": STAGES,
    "FACTS=no sh curricula/babi.sh tasks_1-20_v1-2/en-10k 0 runs/babi-without-facts-0": STAGES,
}
# So are those that run some of the tests.
TESTS = re.compile(r"(?:swift test|build/venv/bin/python -m pytest) (.+)")
# Folders and files that the pages use; build is where make leaves the library.
USED = ["models", "curricula", "data", "build/libdnc.so", "bindings"]
STORIES = {
    "train": "1 Mary went to the kitchen.\n2 John went to the garden.\n3 Where is Mary? \tkitchen\t1\n" * 12,
    "test": "1 John went to the kitchen.\n2 Where is John? \tkitchen\t1\n" * 2,
}


def of_pages(language, is_kept=lambda snippet: True):
    """Each page that has some with its snippets, as parameters."""
    found = {page: [each for each in snippets(page) if each.language == language] for page in PAGES}
    return [
        pytest.param(each, id=page.relative_to(REPOSITORY).as_posix())
        for page, each in found.items()
        if any(map(is_kept, each))
    ]


def run_here(snippet):
    return [line for line in commands(snippet) if line not in ELSEWHERE and not TESTS.match(line)]


def shown():
    """All commands."""
    return {line for page in PAGES for each in snippets(page) if each.language == "sh" for line in commands(each)}


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """A folder in which the repository seems to be; `python` is the one that runs this, with the dnc that it tests."""
    for name in USED:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(REPOSITORY / name)
    programs = tmp_path / ".bin"
    programs.mkdir()
    (programs / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (programs / "pip").write_text("#!/bin/sh\necho 'ELSEWHERE has to say where this is tested' >&2; exit 1\n")
    for program in programs.iterdir():
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(Path(dnc.__file__).parents[1]))
    monkeypatch.chdir(tmp_path)
    # What the pages say is the reader's own.
    np.save("inputs.npy", np.zeros((12, dnc.Task("copy").input_size), np.float32))
    babi = tmp_path / "tasks_1-20_v1-2" / "en-10k"
    babi.mkdir(parents=True)
    for task in range(1, 21):
        for ending, text in STORIES.items():
            (babi / f"qa{task}_of-a-kind_{ending}.txt").write_text(text)
    return tmp_path


def shortened(text):
    for what, by_what in SHORTER:
        text = re.sub(what, by_what, text)
    return text


@pytest.mark.parametrize("of_page", of_pages("python"))
def test_python(environment, of_page):
    """The snippets of a page one after the other: what one defines, the next may use."""
    names = {"__name__": "snippet"}
    for snippet in of_page:
        layer = re.search(r"import dnc\.(torch|jax)$", snippet.text, re.MULTILINE)
        if layer and not importlib.util.find_spec(layer[1]):
            continue  # Tests/python/test_torch_examples.py runs those for torch
        # Tracebacks show the line of the page.
        text = "\n" * snippet.line + shortened(code(snippet))
        exec(compile(text, snippet.page, "exec"), names)


@pytest.mark.parametrize("of_page", of_pages("sh", run_here))
def test_commands(environment, of_page):
    for snippet in of_page:
        for command in run_here(snippet):
            line = ["sh", "-c", shortened(command)]
            run = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            assert run.returncode == 0, f"{snippet.page}:{snippet.line}: {line[-1]}\n{run.stdout}{run.stderr}"
            assert "Traceback" not in run.stderr, run.stderr


@pytest.mark.skipif(not shutil.which("gcc"), reason="not installed: gcc")
@pytest.mark.parametrize("of_page", of_pages("c"))
def test_c(environment, of_page):
    """Whole programs, without a warning, with the command in their first line."""
    (environment / "include").symlink_to(REPOSITORY / "include")
    (environment / "dnc.pc").write_text(
        f'Name: dnc\nDescription: not installed\nVersion: 0\nCflags: -I"{environment}/include"\n'
        f'Libs: -L"{environment}/build" -ldnc -Wl,-rpath,"{environment}/build"\n'
    )
    (environment / "build" / "libdnc.so.0").symlink_to("libdnc.so")
    for snippet in of_page:
        (environment / "program.c").write_text(snippet.text)
        command = (
            re.search(r"/\* (cc program\.c .*) \*/", snippet.text)[1] + " -std=c99 -Wall -Wextra -Wpedantic -Werror"
        )
        variables = {**os.environ, "PKG_CONFIG_PATH": str(environment)}
        subprocess.run(["sh", "-c", command], env=variables, check=True)
        run = subprocess.run(["./a.out"], capture_output=True, text=True, timeout=60)
        assert run.returncode == 0 and run.stdout, run.stdout + run.stderr
        losses = re.findall(r"loss (\S+)", run.stdout)
        assert not losses or float(losses[-1]) < 0.05, "it has not learned"


def test_the_quickstart_prints_the_losses_of_its_page(environment, capsys):
    """The first exactly, the next nearly, for other instructions round differently. test_c trains to the end."""
    found = list(snippets(REPOSITORY / "docs" / "quickstart.md"))
    program = "\n".join(each.text for each in found if each.language == "python")
    (said,) = (each.text.splitlines() for each in found if each.text.startswith("update 0: "))
    exec(program.replace("range(2001)", "range(251)"), {"__name__": "snippet"})
    first, second = (line for line in capsys.readouterr().out.splitlines() if line.startswith("update "))
    assert first == said[0]
    assert abs(float(second.split()[-1]) - float(said[1].split()[-1])) < 0.05
    assert {"episode.png", "film.png", "copy.safetensors"} <= {path.name for path in environment.iterdir()}


def test_what_is_run_elsewhere_is_on_a_page():
    assert not set(ELSEWHERE) - shown()


def test_tests_that_a_page_runs_exist():
    named = [word for line in shown() if (tests := TESTS.match(line)) for word in tests[1].split() if "/" in word]
    assert named and not [path for path in named if not (REPOSITORY / path).exists()]


def test_what_is_said_to_run_it_exists():
    for command, where in ELSEWHERE.items():
        if "::" in where:
            path, name = re.search(r"(Tests/\S+\.py)::(\w+)", where).groups()
            assert f"def {name}(" in (REPOSITORY / path).read_text(), f"{command}: {where}"


@pytest.mark.skipif(not shutil.which("make"), reason="not installed: make")
def test_make_knows_every_target(tmp_path):
    """Also where that takes too long to be run here."""
    lines = {command for command in ELSEWHERE if re.match(r"make\b[^;&]*$", command)}
    assert len(lines) > 15
    for line in sorted(lines):
        run = subprocess.run(["sh", "-c", f"{line} -n"], cwd=REPOSITORY, capture_output=True, text=True)
        assert run.returncode == 0, f"{line}: {run.stderr}"


def test_every_block_is_of_a_known_kind():
    """A language that nobody runs would hide a program, and so would a command in a block of something else."""
    for page in PAGES:
        for snippet in snippets(page):
            assert snippet.language in LANGUAGES | {"sh", ""}, snippet
            if snippet.language in ("", "text", "math"):
                assert ">>> " not in snippet.text and not MENTIONED.search(snippet.text), snippet
