"""Networks go to other processes and come back, forked or spawned."""

import multiprocessing

import dnc
import numpy as np
import pytest
from small import SIZES


def step(net, inputs):
    """In the other process: of a network that was sent there."""
    return net, net.forward(inputs)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_network_goes_to_a_process_and_comes_back(method, inputs):
    net = dnc.DNC(**SIZES, seed=3, num_threads=2)
    net.forward(inputs)  # with threads of the pool, which a fork does not have
    with multiprocessing.get_context(method).Pool(2) as pool:
        sent = [pool.apply_async(step, (net, inputs)) for _ in range(2)]
        answers = [each.get(60) for each in sent]
    expected = net.forward(inputs)
    for returned, outputs in answers:
        assert np.array_equal(outputs, expected)
        assert np.array_equal(returned.state_rows(), net.state_rows())


def forked(net, inputs, pipe):
    pipe.send(net.forward(inputs))


def test_a_network_in_a_fork_is_its_own(inputs):
    """The child uses what it inherited, without pickle; the parent sees nothing of it."""
    net = dnc.DNC(**SIZES, seed=3, num_threads=2)
    net.forward(inputs)
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=forked, args=(net, inputs, theirs))
    child.start()
    assert ours.poll(60)
    found = ours.recv()
    child.join(60)
    assert child.exitcode == 0 and np.array_equal(found, net.forward(inputs))
