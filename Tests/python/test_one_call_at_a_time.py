"""Threads that share one object: one call goes on, the others are refused, and nothing is written past an array."""

import os
import subprocess
import sys
import threading
import time

import dnc
import numpy as np

# Two calls for as long as SECONDS, each over and over in a thread of its own.
SECONDS = 0.12
PAIRS = {
    "forward": (lambda net, task: net.forward(np.ones((20, net.batch_size, 6))), "resize"),
    "step": (lambda net, task: net.step(np.ones((net.batch_size, 6))), "resize"),
    "backward": (lambda net, task: learn(net), "resize"),
    "trace": (lambda net, task: net.trace("usage"), "record"),
    "sample": (lambda net, task: task.sample(2), "sample"),
    "read": (lambda net, task: task.read(), "draw"),
    "loss": (lambda net, task: task.loss(np.zeros_like(task.read().targets)), "draw"),
    "play": (lambda net, task: task.play(net), "resize"),
}


def learn(net):
    outputs = net.forward(np.ones((20, net.batch_size, 6)))
    net.backward(np.array(outputs), input_gradients=True)


def resize(net, task):
    net.batch_size = 64 if net.batch_size < 64 else 2


def record(net, task):
    net.reset()
    net.forward(np.ones((20, net.batch_size, 6)))


def sample(net, task):
    assert task.sample(64).mask.shape[1] == 64


def draw(net, task):
    task.draw(2)
    task.draw(64)


def race(name):
    """Raises what is no refusal, of a call at the wrong time or of an array of another batch."""
    first, second = PAIRS[name]
    second = globals()[second]
    task = dnc.Task("copy", width=4, max_length=20)
    net = dnc.DNC(task.input_size, task.output_size, hidden_size=8, memory_slots=8, word_size=4, batch_size=2)
    net.training = name != "forward"
    task.draw(2)
    failures, end = [], time.monotonic() + SECONDS

    def again(call):
        try:
            while time.monotonic() < end and not failures:
                try:
                    call(net, task)
                except dnc.InvalidState:
                    pass
                except dnc.InvalidArgument as error:  # the test's own array is of the other batch
                    if "has shape" not in str(error):
                        raise
        except BaseException as error:
            failures.append(error)

    sys.setswitchinterval(1e-6)
    threads = [threading.Thread(target=again, args=[call]) for call in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def test_races():
    """In a process of their own, which a fault ends."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "MALLOC_CHECK_": "3"}
    run = subprocess.run([sys.executable, __file__], env=environment, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr


def test_a_thread_that_progress_waits_for(net, inputs):
    """It is refused at once: if it waited, neither would ever go on."""
    refused = []

    def ask():
        for call in (lambda: net.step(inputs[0]), net.reset, lambda: setattr(net, "batch_size", 8)):
            try:
                call()
            except dnc.InvalidState as error:
                refused.append(str(error))

    def progress(done, total):
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()

    net.progress = progress
    net.forward(inputs)
    assert len(refused) == 3 * len(inputs)
    assert set(refused) == {
        "the network is in use by a call that has not returned, in another thread or around this one; "
        "allowed is one at a time"
    }
    net.progress = None
    net.step(inputs[0])


if __name__ == "__main__":
    for name in PAIRS:
        race(name)
