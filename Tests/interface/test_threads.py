"""Threads: the same bytes from any number of them, and what an operating system does to them."""

import os
import platform
import subprocess
import sys

import numpy as np
import pytest
from support import CHECKOUT, Net, Optimizer, assert_equal, c
from test_steps import NETWORKS

STEPS, BATCH = 100, 16


def learned(threads, steps=STEPS, **fields):
    """Everything that a training step and an episode after it give."""
    net = Net(**{"batch_size": BATCH, **fields, "num_threads": threads}).train()
    optimizer = Optimizer(net, max_gradient_norm=1)
    results = {"outputs": net.forward(net.inputs(steps))}
    results["input gradients"] = net.backward(net.output_gradients(steps))
    results["gradients"] = net.gradients.copy()
    for field in net.fields:
        results[f"gradient of {field}"] = net.state_gradient(field)
    results["norm"] = np.float64(optimizer.step(net))
    results["parameters"] = net.parameters.copy()
    net.train(False)
    results["outputs without training"] = net.reset().forward(net.inputs(steps))
    for field in net.fields:
        results[field] = net.state(field)
    return results


@pytest.mark.parametrize("fields", NETWORKS.values(), ids=NETWORKS)
def test_any_number_of_threads_gives_the_same_bytes(fields):
    one = learned(1, **{**fields, "batch_size": BATCH})
    for threads in (2, 3, 16):
        for name, value in learned(threads, **{**fields, "batch_size": BATCH}).items():
            assert_equal(value, one[name], f"{name} with {threads} threads")


@pytest.mark.parametrize("slots", [512, 519, 1026])
def test_one_sequence_on_a_large_memory(slots):
    """The threads share its rows: the bytes are those of one thread, of a batch, and of step after step."""
    sizes = dict(memory_slots=slots, read_heads=3, write_heads=2)
    one = learned(1, steps=5, **sizes, batch_size=1)
    for threads in (2, 3, 8):
        for name, value in learned(threads, steps=5, **sizes, batch_size=1).items():
            assert_equal(value, one[name], f"{name} with {threads} threads")
    many, single = Net(**sizes, batch_size=3), Net(**sizes, batch_size=1, num_threads=2)
    inputs = many.inputs(5)
    outputs = many.forward(inputs)
    for b in range(3):
        alone = np.ascontiguousarray(inputs[:, b : b + 1])
        assert_equal(single.reset().forward(alone), np.ascontiguousarray(outputs[:, b : b + 1]))
        single.reset()
        assert_equal(np.stack([single.step(x) for x in alone]), np.ascontiguousarray(outputs[:, b : b + 1]))


@pytest.mark.parametrize("batch", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("controller", ["LSTM", "GRU"])
def test_few_sequences_of_a_large_network(batch, controller):
    """The threads share the products of each step, as long as there are processors for both.

    Over and over: a meeting that does not hold would pass now and then.
    """
    number = getattr(c, f"DNC_CONTROLLER_{controller}")
    sizes = dict(hidden_size=160, num_layers=2, controller=number, memory_slots=33, batch_size=batch)
    one = learned(1, steps=20, **sizes)
    for _ in range(10):
        for name, value in learned(2, steps=20, **sizes).items():
            assert_equal(value, one[name], name)


@pytest.mark.parametrize("steps", [2, 20])
def test_many_inputs_and_outputs(steps):
    """Each thread takes its sequences together or one after the other, as there are more of them or of steps."""
    sizes = dict(input_size=100, hidden_size=64, output_size=300, batch_size=7)
    one = learned(1, steps=steps, **sizes)
    for threads in (2, 3):
        for name, value in learned(threads, steps=steps, **sizes).items():
            assert_equal(value, one[name], f"{name} with {threads} threads")


def test_an_update_of_many_parameters():
    """Threads share it; the norm is added up in the same order."""
    sizes = dict(hidden_size=160, batch_size=1)
    assert Net(**sizes).parameters.size > 1 << 16
    one = learned(1, steps=3, **sizes)
    for threads in (2, 3, 16):
        for name, value in learned(threads, steps=3, **sizes).items():
            assert_equal(value, one[name], f"{name} with {threads} threads")


COUNTS = [
    "threads_live_as_long_as_an_instance_that_may_use_them",
    "many_instances_have_the_threads_of_the_largest",
    "zero_threads_are_one_per_core",
]


@pytest.mark.any_level
@pytest.mark.parametrize("case", COUNTS)
def test_the_number_of_threads(case):
    """See thread_counts.py."""
    subprocess.run(
        [sys.executable, str(CHECKOUT / "Tests" / "interface" / "thread_counts.py"), case], check=True, timeout=120
    )


FORK = """
import os, sys
sys.path[:0] = sys.argv[1:]
import conftest
from support import Net, assert_equal

net = Net(hidden_size=64, batch_size=16, num_threads=2)
inputs = net.inputs(100)
expected = net.forward(inputs)
child = os.fork()
if child == 0:
    # The other thread did not come along.
    assert len(os.listdir("/proc/self/task")) == 1
    assert_equal(net.reset().forward(inputs), expected)
    assert len(os.listdir("/proc/self/task")) == 2
    del net
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert_equal(net.reset().forward(inputs), expected)
untouched = os.fork()
if untouched == 0:
    del net
    os._exit(0)
assert os.waitpid(untouched, 0)[1] == 0
"""


@pytest.mark.real_machine
def test_a_forked_process_has_threads_of_its_own():
    subprocess.run(
        [sys.executable, "-c", FORK, str(CHECKOUT / "Tests" / "interface")], check=True, timeout=60, env=os.environ
    )


def test_the_callers_rounding_changes_no_number():
    """Neither in its own thread nor in the library's."""
    import ctypes

    libm = ctypes.CDLL("libm.so.6")
    upward, nearest = 0x400000 if platform.machine() == "aarch64" else 0x800, 0
    fields = dict(hidden_size=64, batch_size=BATCH)
    results = []
    for threads in (1, 2):
        net = Net(**fields, num_threads=threads)
        inputs = net.inputs(STEPS)
        results.append(net.forward(inputs))
        assert libm.fesetround(upward) == 0
        try:
            results.append(net.reset().forward(inputs))
        finally:
            libm.fesetround(nearest)
    for result in results[1:]:
        assert_equal(results[0], result)
