"""Training on several processes of MPI, against the same run in one."""

import json
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import dnc
import numpy as np
import pytest
from dnc.ranks import Ranks
from locks import wait_until_free

pytestmark = pytest.mark.skipif(
    shutil.which("mpirun") is None or find_spec("mpi4py") is None, reason="needs Open MPI and mpi4py"
)

SMALL = ["--hidden-size", 8, "--memory-slots", 6, "--word-size", 4, "--read-heads", 1]
COPY = ["copy", "--option", "width=2", "--option", "max_length=5", *SMALL]
NETWORK = [*COPY, "--batch-size", 7]
BABI = """1 Mary moved to the bathroom.
2 John went to the hallway.
3 Where is Mary?\tbathroom\t1
4 Daniel went back to the hallway.
5 Where is Daniel?\thallway\t4
"""


def mpirun(ranks, arguments):
    """Python on so many ranks; None: without MPI."""
    environment = {
        **os.environ, "PYTHONPATH": str(Path(dnc.__file__).parents[1]), "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    }  # fmt: skip
    # A rank that waits leaves its core to the others.
    options = ["--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"]
    mpi = [] if ranks is None else ["mpirun", *options, "-n", str(ranks)]
    return subprocess.Popen(
        [*mpi, sys.executable, *map(str, arguments)], env=environment, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip


def start(ranks, command, arguments):
    return mpirun(ranks, ["-m", "dnc", command, *arguments])


def run(ranks, command, *arguments, status=0):
    process = start(ranks, command, arguments)
    output, errors = process.communicate(timeout=100)
    assert (process.returncode == 0) == (status == 0), errors
    return output, errors


def train(ranks, folder, *arguments):
    run(ranks, "train", "--output", folder, *arguments)
    return folder


def log(folder):
    """What happened, but for how long it took."""
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]


def checkpoints(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.safetensors")}


def parameters(folder):
    return dnc.load(next(folder.glob("update-*.safetensors")))[0].flat_parameters


def test_one_rank_is_a_run_without_mpi(tmp_path):
    options = [*NETWORK, "--updates", 12, "--test-every", 6, "--test-episodes", 14, "--bypass-dropout", 0.1]
    alone, ranked = (train(ranks, tmp_path / f"{ranks}", *options) for ranks in (None, 1))
    assert checkpoints(alone) == checkpoints(ranked) and log(alone) == log(ranked)


@pytest.mark.parametrize("ranks", [2, 3])
def test_a_run_repeats_and_is_that_of_one_process(tmp_path, ranks):
    """To the byte, and but for the order of sums. Tests are shared, and count the same."""
    options = [*NETWORK, "--updates", 12, "--test-every", 6, "--test-episodes", 30, "--log-every", 4]
    once, again = (train(ranks, tmp_path / name, *options) for name in ("once", "again"))
    assert checkpoints(once) == checkpoints(again) and log(once) == log(again)
    alone = train(None, tmp_path / "alone", *options)
    assert np.allclose(parameters(once), parameters(alone), atol=1e-4)
    assert dnc.load(next(once.glob("update-*")))[0].batch_size == 7
    for ours, theirs in zip(log(once), log(alone), strict=True):
        assert ours.keys() == theirs.keys()
        for name in ("update", "sequences", "event"):
            assert ours.get(name) == theirs.get(name)
        if ours["event"] == "train":
            for name in ("loss", "gradient_norm"):
                assert ours[name] == pytest.approx(theirs[name], rel=1e-4)
        for metric, (_, chance, count) in ours.get("scores", {}).items():
            assert theirs["scores"][metric][1:] == [pytest.approx(chance), count]


@pytest.mark.parametrize("task", ["copy", "mini_shrdlu", "babi", "babi in rows"])
def test_the_gradient_is_that_of_the_whole_batch(tmp_path, task):
    """With learning rate 1, an update of SGD is the gradient."""
    name, *rows = task.partition(" in rows")[:2]
    options = [name]
    if name == "copy":
        options += ["--option", "width=2"]
    if name == "babi":
        for split in ("train", "test"):
            (tmp_path / f"qa1_single-supporting-fact_{split}.txt").write_text(BABI + BABI.replace("Mary", "Sandra"))
        options += ["--option", f"folder={tmp_path}", "--option", "tasks=1", "--option", "buckets=1"]
    if rows[0]:
        options += ["--option", "row_steps=40", "--option", "echo=0.3"]
    options += [*SMALL, "--batch-size", 5, "--updates", 1, "--algorithm", "sgd", "--learning-rate", 1, "--momentum", 0]
    options += ["--max-gradient-norm", 0, "--test-episodes", 1]
    alone, shared = (parameters(train(ranks, tmp_path / f"{ranks}", *options)) for ranks in (None, 3))
    (tmp_path / "before").mkdir()
    drawn = parameters(train(None, tmp_path / "before" / "run", *options, "--time-limit", 0))
    assert abs(alone - drawn).max() > 1e-3
    assert abs(shared - alone).max() <= 1e-6 * max(1, abs(alone - drawn).max())


def test_updates_of_several_batches_and_their_average(tmp_path):
    """They repeat to the byte, and are those of one process but for the order of sums; other ranks go on with them."""
    options = [*NETWORK, "--updates", 12, "--test-every", 6, "--test-episodes", 14, "--log-every", 4]
    options += ["--accumulate", 3, "--average", 0.9]
    once, again, alone = (train(ranks, tmp_path / f"{name}", *options) for name, ranks in enumerate((2, 2, None)))
    assert checkpoints(once) == checkpoints(again) and log(once) == log(again)
    assert checkpoints(once).keys() == checkpoints(alone).keys() and len(checkpoints(once)) == 3
    for pattern in ("update-*", "average-*", "model*"):
        ours, theirs = (dnc.DNC.load(next(folder.glob(pattern))) for folder in (once, alone))
        assert np.allclose(ours.flat_parameters, theirs.flat_parameters, atol=1e-4)
        assert ours.config == theirs.config
    told = [[line for line in log(folder) if line["event"] == "train"] for folder in (once, alone)]
    assert [line["loss"] for line in told[0]] == pytest.approx([line["loss"] for line in told[1]], rel=1e-4)
    assert [line["sequences"] for line in told[0]] == [4 * 3 * 7, 8 * 3 * 7, 12 * 3 * 7]
    run(3, "train", "--resume", once, "--updates", 15)
    run(None, "train", "--resume", alone, "--updates", 15)
    ours, theirs = (dnc.DNC.load(next(folder.glob("average-*"))) for folder in (once, alone))
    assert np.allclose(ours.flat_parameters, theirs.flat_parameters, atol=1e-4)


def test_another_number_of_ranks_goes_on(tmp_path):
    """With the batches that would have come."""
    unbroken = train(None, tmp_path / "unbroken", *NETWORK, "--updates", 18, "--log-every", 3)
    broken = train(2, tmp_path / "broken", *NETWORK, "--updates", 6, "--log-every", 3)
    for ranks, updates in ((3, 12), (None, 18)):
        run(ranks, "train", "--resume", broken, "--updates", updates)
    losses = [[line["loss"] for line in log(folder) if line["event"] == "train"] for folder in (broken, unbroken)]
    assert len(losses[0]) == 6 and losses[0] == pytest.approx(losses[1], rel=1e-4)
    assert np.allclose(parameters(broken), parameters(unbroken), atol=1e-4)


def children(process):
    return [int(each) for each in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def begun(folder, process):
    """Waits until the run has saved a checkpoint of updates."""
    while not [path for path in folder.glob("update-*.safetensors") if int(path.stem[7:]) > 0]:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def test_a_rank_that_is_killed_ends_the_run(tmp_path):
    """With its name, and the last checkpoint stays."""
    folder = tmp_path / "run"
    process = start(3, "train", [*NETWORK, "--output", folder, "--checkpoint-every", "0.05s"])
    begun(folder, process)
    os.kill(children(process)[1], signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert re.search(r"process rank 1 .*exited on signal 9", " ".join(errors.split())), errors
    wait_until_free(folder)  # the other ranks may end after mpirun
    trainer = dnc.Trainer.resume(folder, updates=10**6)
    assert trainer.update > 0 and trainer.run(time_limit=0) == "time limit"


def test_a_signal_saves_and_ends_all_ranks(tmp_path):
    folder = tmp_path / "run"
    process = start(2, "train", [*NETWORK, "--output", folder, "--checkpoint-every", "0.05s"])
    begun(folder, process)
    for rank in children(process)[:1]:  # one of them is enough
        os.kill(rank, signal.SIGTERM)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0 and "stopped after" in output, errors


def test_what_can_not_be_is_refused_by_name(tmp_path):
    _, errors = run(3, "train", *COPY, "--batch-size", 2, "--output", tmp_path / "run", status=1)
    assert re.search(r"^error in rank \d: ", errors, re.MULTILINE)
    assert "batch-size is 2, needed is at least 3: a sequence for each of 3 ranks" in errors
    assert not (tmp_path / "run").exists()
    train(None, tmp_path / "there", *NETWORK, "--updates", 1)
    _, errors = run(2, "train", *NETWORK, "--output", tmp_path / "there", status=1)
    assert "holds a run already" in errors


def test_divergence_ends_all_ranks(tmp_path):
    options = ["--algorithm", "sgd", "--learning-rate", 1e30, "--max-gradient-norm", 0, "--clip-value", 0]
    _, errors = run(2, "train", *NETWORK, *options, "--output", tmp_path / "run", status=3)
    assert "diverged in rank" in errors
    assert log(tmp_path / "run")[-1]["event"] == "diverged"


BROKEN = """
import sys
import numpy as np
from mpi4py import MPI
import dnc
from dnc.ranks import Ranks

ranks = Ranks(MPI.COMM_WORLD)
ranks.require_same(np.zeros(3, np.float32))
try:
    ranks.require_same(np.full(3, ranks.rank == 2, np.float32))
except dnc.InvalidState as error:
    assert "not hold the same parameters" in error.message
else:
    raise AssertionError

# A rank whose numbers are not finite: all leave the update out.
plan = dnc.Plan("copy", options={"width": 2}, network={"batch_size": 3, "hidden_size": 4}, updates=3)
trainer = dnc.Trainer.start(sys.argv[1], plan, comm=MPI.COMM_WORLD)
play = dnc.Task.play
if ranks.rank == 1:
    dnc.Task.play = lambda task, *rest: play(task, *rest) * np.float32("nan")
before = trainer.net.flat_parameters.copy()
trainer.run(each=lambda trainer: trainer.update == 2 and trainer.stop())
assert trainer.skipped == 2 and np.array_equal(trainer.net.flat_parameters, before)

# Every rank goes on at once with what the first has saved.
for update in range(3, 8):
    trainer = dnc.Trainer.resume(sys.argv[1], updates=20, comm=MPI.COMM_WORLD)
    trainer.run(each=lambda trainer: trainer.stop())
    assert trainer.update == update
"""


def test_ranks_that_differ(tmp_path):
    """Other parameters in one rank, and numbers in one that are not finite."""
    (tmp_path / "broken.py").write_text(BROKEN)
    # mpi4py ends all of them when one fails.
    process = mpirun(3, ["-m", "mpi4py", tmp_path / "broken.py", tmp_path / "run"])
    _, errors = process.communicate(timeout=100)
    assert process.returncode == 0, errors


def test_updates_that_ranks_make_of_their_own(tmp_path):
    process = mpirun(3, ["-m", "mpi4py", Path(__file__).parent / "local_updates.py", tmp_path])
    _, errors = process.communicate(timeout=100)
    assert process.returncode == 0, errors


def test_the_benchmark_adds_up(repository):
    """Of one rank here."""
    tool = runpy.run_path(str(repository / "benchmarks" / "allreduce.py"))
    sizes = dict(input_size=2, output_size=2, hidden_size=4, batch_size=3)
    megabytes, steps, adding = tool["times"](Ranks(), sizes, 5, 2)
    with dnc.DNC(**sizes) as net:
        assert megabytes == 4e-6 * net.parameter_count
    assert len(steps) == len(adding) == 2 and min(steps) > 0


def test_a_comparison_over_ranks(tmp_path):
    """Each rank trains its share of the networks; the table is that of one process."""
    options = [*NETWORK, "--updates", 5, "--test-every", 5, "--test-episodes", 7, "--seeds", 1]
    options += ["--run", "LSTM: controller=lstm", "--run", "GRU: controller=gru"]
    tables = []
    for ranks in (2, None):
        output, _ = run(ranks, "compare", *options, "--output", tmp_path / f"{ranks}")
        tables.append([line.split("|")[1:4] for line in output.splitlines() if line.startswith("|")])
        assert len(list((tmp_path / f"{ranks}").glob("*/?/model.safetensors"))) == 2
        assert ("rank 1: " in output) == (ranks == 2)
    assert tables[0] == tables[1]
