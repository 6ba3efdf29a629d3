"""The example of many processes, against one that plays all shares in turn. `make test-mpi` installs MPI."""

import re

import numpy as np
import pytest
from programs import WARNINGS, needs, run
from support import CHECKOUT, HEADER, LIBRARY, Net, Optimizer, Task, c, check, loss

pytestmark = pytest.mark.any_level

SOURCE = CHECKOUT / "bindings" / "c" / "examples" / "mpi_copy.c"
SHARE, UPDATES = 8, 12


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """many(processes, updates): what the program prints."""
    folder = tmp_path_factory.mktemp("mpi")
    (folder / "libdnc.so.0").symlink_to(LIBRARY)
    run(
        "mpicc", "-std=c99", *WARNINGS, "-I", HEADER.parent, SOURCE, "-o", folder / "mpi_copy", folder / "libdnc.so.0",
        f"-Wl,-rpath,{folder}",
    )  # fmt: skip
    command = ["mpirun", "--allow-run-as-root", "--oversubscribe", "--mca", "mpi_yield_when_idle", "1", "-n"]
    return lambda processes, updates=UPDATES: run(*command, processes, folder / "mpi_copy", updates)


def alone(processes):
    """The loss of the last update by one process, whose gradients add up over the shares."""
    task = Task("copy", "min_length=1,max_length=5", seed=1)
    x, y, _ = task.sizes
    net = Net(
        input_size=x,
        output_size=y,
        batch_size=SHARE,
        seed=1,
        hidden_size=64,
        memory_slots=64,
        word_size=16,
        read_heads=1,
    ).train()
    optimizer = Optimizer(net, learning_rate=3e-3, max_gradient_norm=10)
    for update in range(UPDATES):
        shares = []
        for rank in range(processes):
            check(c.dnc_task_seek(task.handle, update * processes + rank))
            inputs, targets, mask = task.sample(SHARE)
            value, gradients = loss("sigmoid_cross_entropy", net.reset().forward(inputs), targets, mask)
            shares.append((value, mask.sum(), inputs, gradients))
        kept = sum(weight for _, weight, *_ in shares)
        for _, weight, inputs, gradients in shares:
            net.reset().forward(inputs)
            net.backward(np.float32(weight / kept) * gradients)
        optimizer.step(net)
    return sum(value * weight for value, weight, *_ in shares) / kept


@needs("mpicc", "mpirun")
@pytest.mark.parametrize("processes", [1, 3])
def test_the_mean_over_all_processes(many, processes):
    found = re.search(r"^(\d) processes, equal parameters, loss ([\d.]+)$", many(processes), re.MULTILINE)
    assert int(found[1]) == processes
    assert float(found[2]) == pytest.approx(alone(processes), abs=1e-4)


@needs("mpicc", "mpirun")
def test_a_run_repeats(many):
    assert many(2) == many(2)


@needs("mpicc", "mpirun")
def test_it_learns(many):
    losses = [float(found) for found in re.findall(r"loss ([\d.]+)$", many(2, 400), re.MULTILINE)]
    assert losses[-1] < losses[0] and losses[-1] < 0.5, "guessing earns 0.69"
