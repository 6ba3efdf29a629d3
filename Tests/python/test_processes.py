"""Networks go to other processes and come back, forked or spawned.

The tests run as a program of their own: a fork is not safe beside the threads that JAX has, and other tests of the same
process may have used it.
"""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import dnc
import numpy as np
import pytest
from small import SIZES

INPUTS = np.random.default_rng(1).standard_normal((4, SIZES["batch_size"], SIZES["input_size"])).astype(np.float32)


@pytest.mark.parametrize("arguments", [["sent", "fork"], ["sent", "spawn"], ["inherited"]], ids=" ".join)
def test_in_other_processes(arguments):
    variables = {**os.environ, "PYTHONPATH": str(Path(dnc.__file__).parents[1])}
    run = subprocess.run(
        [sys.executable, __file__, *arguments], env=variables, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0 and run.stdout == "done\n", run.stdout + run.stderr


def step(net, inputs):
    """In the other process: of a network that was sent there."""
    return net, net.forward(inputs)


def sent(method):
    """A network goes to a process and comes back."""
    net = dnc.DNC(**SIZES, seed=3, num_threads=2)
    net.forward(INPUTS)  # with threads of the pool, which a fork does not have
    with multiprocessing.get_context(method).Pool(2) as pool:
        answers = [pool.apply_async(step, (net, INPUTS)) for _ in range(2)]
        answers = [each.get(60) for each in answers]
    expected = net.forward(INPUTS)
    for returned, outputs in answers:
        assert np.array_equal(outputs, expected)
        assert np.array_equal(returned.state_rows(), net.state_rows())


def forked(net, inputs, pipe):
    pipe.send(net.forward(inputs))


def inherited():
    """The child uses the network that it inherited, without pickle; the parent sees nothing of it."""
    net = dnc.DNC(**SIZES, seed=3, num_threads=2)
    net.forward(INPUTS)
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=forked, args=(net, INPUTS, theirs))
    child.start()
    assert ours.poll(60)
    found = ours.recv()
    child.join(60)
    assert child.exitcode == 0 and np.array_equal(found, net.forward(INPUTS))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
    print("done")
