"""Rows of episodes that follow each other: each is what it is alone."""

import numpy as np
import pytest
from dnc import _c as c
from support import MEMORIES, Net

LEARNED = {"initial_state": c.DNC_INITIAL_LEARNED}
KINDS = {
    "dnc": {},
    "two layers, two write heads": {"num_layers": 2, "write_heads": 2, "initial_state": c.DNC_INITIAL_CONSTANT},
    "learned": LEARNED,
    "content only": {"temporal_links": 0, "deallocation": 1, "content_masks": 1},
    "sharp gru": {"link_sharpening": 1, "controller": c.DNC_CONTROLLER_GRU, **LEARNED},
    "feedforward": {"controller": c.DNC_CONTROLLER_FEEDFORWARD, "num_layers": 2},
    "rnn": {"controller": c.DNC_CONTROLLER_RNN, "deallocation": 1},
    "ntm": {"memory": MEMORIES["ntm"], **LEARNED},
    "norms": {"controller_norm": 1, "interface_norm": 1, "num_layers": 2, **LEARNED},
    "none": {"memory": MEMORIES["none"], "num_layers": 2},
    "odd sizes": {"memory_slots": 17, "word_size": 9, "read_heads": 3},
    "links from the middle of a segment": {"memory_slots": 70, "word_size": 8},
}


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


def lengths(steps, seed):
    """Of episodes that fill a row of steps."""
    numbers = np.random.default_rng(seed)
    found = []
    while sum(found) < steps:
        found.append(min(int(numbers.integers(1, 12)), steps - sum(found)))
    return found


def starts_of(lengths):
    flags = np.zeros(sum(lengths), bool)
    flags[np.cumsum([0, *lengths[:-1]])] = True
    return flags


def test_one_sequence_to_the_bit(kind):
    """Outputs, gradients of the inputs, states and all gradients of the parameters, with the links of long segments."""
    alone, packed = Net(batch_size=1, **kind).train(), Net(batch_size=1, **kind).train()
    pieces = lengths(70, 3)
    inputs, gradients = alone.inputs(70), alone.output_gradients(70)
    outputs, input_gradients, first = [], [], 0
    for length in pieces:
        alone.reset()
        outputs.append(alone.forward(inputs[first : first + length]))
        state = alone.state_rows()
        input_gradients.append(alone.backward(gradients[first : first + length]))
        first += length
    flags = starts_of(pieces)[:, None]
    np.testing.assert_array_equal(packed.forward_packed(inputs, flags), np.concatenate(outputs))
    np.testing.assert_array_equal(packed.state_rows(), state)
    np.testing.assert_array_equal(packed.backward(gradients), np.concatenate(input_gradients))
    np.testing.assert_array_equal(packed.gradients, alone.gradients)
    assert not packed.state_gradient_rows().any(), "the row begins with an episode of its own"


@pytest.mark.parametrize("training", [False, True])
def test_a_batch_to_the_bit(kind, training):
    """Every sequence of a batch has episodes of its own lengths; calls end in the middle of episodes."""
    batch, steps = 3, 40
    net = Net(batch_size=batch, **kind).train(training)
    inputs, gradients = net.inputs(steps), net.output_gradients(steps)
    rows = [lengths(steps, seed) for seed in range(batch)]
    rows[1] = [steps]
    flags = np.stack([starts_of(row) for row in rows], 1)
    flags[0, 1:] = False  # a call need not begin with an episode
    cut = 17
    parts = net.forward_packed(inputs[:cut], flags[:cut]), net.forward_packed(inputs[cut:], flags[cut:])
    outputs, states = np.concatenate(parts), net.state_rows()
    found = net.backward(gradients) if training else None
    total = np.zeros_like(net.gradients)
    for b, row in enumerate(rows):
        one = Net(batch_size=1, **kind).train(training)
        first = 0
        for length in row:
            span = slice(first, first + length)
            one.reset()
            np.testing.assert_array_equal(outputs[span, b : b + 1], one.forward(inputs[span, b : b + 1]))
            if first + length == steps:
                np.testing.assert_array_equal(states[b : b + 1], one.state_rows())
            if training:
                np.testing.assert_array_equal(found[span, b : b + 1], one.backward(gradients[span, b : b + 1]))
            first += length
        total += one.gradients
    np.testing.assert_allclose(net.gradients, total, rtol=2e-4, atol=2e-5)


def test_some_sequences_are_reset_between_steps(kind):
    """Recorded or not, as if the next step's starts said so; the state that is read is the new one."""
    for training in (False, True):
        net, packed = (Net(batch_size=3, **kind).train(training) for _ in range(2))
        fresh = Net(batch_size=3, **kind).state_rows()
        inputs, gradients = net.inputs(9), net.output_gradients(9)
        flags = np.zeros((9, 3), bool)
        flags[4, 1] = flags[4, 2] = flags[7, 0] = True
        expected = packed.forward_packed(inputs, flags)
        outputs = []
        for t in range(9):
            if flags[t].any():
                net.reset_sequences(flags[t])
                np.testing.assert_array_equal(net.state_rows()[flags[t]], fresh[flags[t]])
            outputs.append(net.step(inputs[t]))
        np.testing.assert_array_equal(np.stack(outputs), expected)
        np.testing.assert_array_equal(net.state_rows(), packed.state_rows())
        if training:
            np.testing.assert_array_equal(net.backward(gradients), packed.backward(gradients))
            np.testing.assert_array_equal(net.gradients, packed.gradients)


def test_a_reset_outlives_detach_and_clone(kind):
    net = Net(batch_size=2, **kind).train()
    fresh, inputs = net.state_rows(), net.inputs(6)
    net.forward(inputs)
    going_on = net.state_rows()
    net.reset_sequences([0, 1])
    clone = net.clone()
    net.detach()
    for one in (net, clone):
        np.testing.assert_array_equal(one.state_rows(), [going_on[0], fresh[1]])
    net.forward(inputs), clone.forward(inputs)
    np.testing.assert_array_equal(net.state_rows(), clone.state_rows())


def test_threads_and_progress_change_no_byte(kind):
    steps = 30
    results = []
    for threads, watched in ((1, False), (3, False), (1, True), (2, True)):
        net = Net(batch_size=5, num_threads=threads, **kind).train()
        if watched:
            net.progress(lambda done, total: False)
        flags = np.stack([starts_of(lengths(steps, seed)) for seed in range(5)], 1)
        outputs = net.forward_packed(net.inputs(steps), flags)
        gradients = net.backward(net.output_gradients(steps))
        results.append((outputs.tobytes(), gradients.tobytes(), net.gradients.tobytes(), net.state_rows().tobytes()))
    assert len(set(results)) == 1


def test_without_starts_it_is_forward(kind):
    net, plain = Net(**kind).train(), Net(**kind).train()
    inputs, gradients = net.inputs(5), net.output_gradients(5)
    net.forward_packed(inputs, np.zeros((5, 2))), plain.forward(inputs)
    np.testing.assert_array_equal(net.backward(gradients), plain.backward(gradients))
    np.testing.assert_array_equal(net.gradients, plain.gradients)
    np.testing.assert_array_equal(net.state_gradient_rows(), plain.state_gradient_rows())
