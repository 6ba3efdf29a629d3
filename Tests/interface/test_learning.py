"""Learning: a short run must get somewhere, on the task, with every optimizer and every kind of controller."""

import numpy as np
import pytest
from support import ALGORITHMS, Net, Optimizer, Task, c, loss


def learn(iterations, batch=16, network=None, options="width=4,min_length=1,max_length=3", **settings):
    """The losses of a run on the copy task, and the bit error on fresh episodes after it."""
    task, exam = Task(options=options, seed=1), Task(options=options, seed=2)
    x, y, _ = task.sizes
    fields = dict(hidden_size=32, memory_slots=16, word_size=8, read_heads=1, seed=1)
    net = Net(input_size=x, output_size=y, batch_size=batch, **{**fields, **(network or {})}).train()
    optimizer = Optimizer(net, max_gradient_norm=10, **settings)
    losses = []
    for _ in range(iterations):
        inputs, targets, mask = task.sample(batch)
        value, gradients = loss("sigmoid_cross_entropy", net.reset().forward(inputs), targets, mask)
        net.backward(gradients)
        optimizer.step(net)
        losses.append(value)
    wrong = total = 0
    net.train(False)
    for _ in range(10):
        inputs, targets, mask = exam.sample(batch)
        kept = mask > 0
        wrong += ((net.reset().forward(inputs) > 0) != (targets > 0.5))[kept].sum()
        total += targets[kept].size
    return np.array(losses), wrong / total


def test_copying_is_learned():
    """One to three vectors of four bits: guessing costs 0.4 nats and more, knowing nearly nothing."""
    losses, bit_error = learn(2000, learning_rate=0.005)
    assert losses[0] == pytest.approx(np.log(2), abs=0.03)
    assert np.median(losses[-200:]) < 0.05, "at a constant rate a single loss may stand out"
    assert bit_error < 0.05


@pytest.mark.parametrize("algorithm, rate", [("sgd", 0.3), ("rmsprop", 0.001), ("adam", 0.01), ("adamw", 0.01)])
def test_every_optimizer_lowers_the_loss(algorithm, rate):
    losses, _ = learn(150, learning_rate=rate, algorithm=ALGORITHMS[algorithm])
    assert losses[-20:].mean() < losses[:5].mean() - 0.1


@pytest.mark.parametrize(
    "network",
    [
        dict(controller=c.DNC_CONTROLLER_FEEDFORWARD),
        dict(controller=c.DNC_CONTROLLER_FEEDFORWARD, activation=c.DNC_ACTIVATION_RELU),
        dict(num_layers=2, write_heads=2, read_heads=2, initial_state=c.DNC_INITIAL_LEARNED),
        dict(usage_gradient=c.DNC_USAGE_GRADIENT_STOPPED, clip_value=20.0),
    ],
    ids=["tanh", "relu", "two writers", "stopped"],
)
def test_every_network_lowers_the_loss(network):
    losses, _ = learn(150, network=network, learning_rate=0.01)
    assert losses[-20:].mean() < losses[:5].mean() - 0.1


def test_a_run_is_repeatable():
    settings = dict(learning_rate=0.01)
    assert (learn(20, **settings)[0] == learn(20, **settings)[0]).all()
