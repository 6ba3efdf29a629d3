"""Being told of the steps, cancelling, and what a call that ended leaves behind: everything as it was before."""

import threading

import numpy as np
import pytest
from support import Net, Refused, assert_equal, c

STEPS = 9
LARGE = dict(input_size=9, hidden_size=40, memory_slots=60, word_size=20, read_heads=4)
NETWORKS = {
    "lstm": {},
    "deep": dict(num_layers=3, write_heads=2, read_heads=3, word_size=7, hidden_size=9),
    "relu": dict(controller=c.DNC_CONTROLLER_FEEDFORWARD, activation=c.DNC_ACTIVATION_RELU, num_layers=2),
    "learned": dict(initial_state=c.DNC_INITIAL_LEARNED),
    "NTM": dict(memory=c.DNC_MEMORY_NTM, write_heads=2, initial_state=c.DNC_INITIAL_LEARNED),
    "no memory": dict(memory=c.DNC_MEMORY_NONE),
    "clipped": dict(clip_value=0.1, initial_state=c.DNC_INITIAL_CONSTANT),
    "content only": dict(temporal_links=0, write_heads=2),
    "de-allocation": dict(deallocation=1),
    "masks": dict(content_masks=1, mask_minimum=0.1),
    "sharpened": dict(link_sharpening=1, write_heads=2, initial_state=c.DNC_INITIAL_LEARNED),
    # Segments of the record of more than one step, and links in parts.
    "large": dict(memory_slots=520, word_size=5, hidden_size=8, batch_size=1),
    # Two threads have work enough to be woken, four shards for two of them, and one for each.
    "a large batch": dict(LARGE, batch_size=50, num_threads=2),
    "two threads": dict(LARGE, batch_size=9, num_threads=2),
    # They share the products of a step; of one sequence, the second has nothing else to do.
    "shared products": dict(LARGE, hidden_size=160, batch_size=3, num_threads=2),
    "one sequence": dict(LARGE, hidden_size=160, batch_size=1, num_threads=2),
}


def certain(net, steps):
    """Numbers of steps that the host is certainly told: of two threads, the caller's has no less than half the work."""
    return range(1, 1 + (steps if net.config.num_threads == 1 else steps // 2))


every_network = pytest.mark.parametrize("fields", NETWORKS.values(), ids=NETWORKS)


def begun(fields, training, before=2):
    """A network that has a state gradient, gradients, and has taken some steps."""
    net = Net(**fields).train()
    net.forward(net.inputs(3, seed=4))
    net.backward(net.output_gradients(3, seed=5))
    net.train(training)
    if before:
        net.forward(net.inputs(before, seed=6))
    return net


def assert_alike(net, twin):
    assert net.recorded == twin.recorded
    assert_equal(net.gradients, twin.gradients, "gradients")
    for field in net.fields:
        assert_equal(net.state(field), twin.state(field), field)
        assert_equal(net.state_gradient(field), twin.state_gradient(field), f"gradient of {field}")
    if net.recorded:
        for name in net.traces:
            assert_equal(net.trace(name), twin.trace(name), name)


def assert_goes_on_alike(net, twin, steps=4):
    """Outputs, and all gradients of all that is recorded."""
    assert_alike(net, twin)
    assert_equal(net.forward(net.inputs(steps)), twin.forward(twin.inputs(steps)), "outputs")
    if net.recorded:
        given = net.output_gradients(net.recorded)
        assert_equal(net.backward(given), twin.backward(given), "input gradients")
    assert_alike(net, twin)


def cancelled(call, *arguments):
    """The call fails, and touches none of its results."""
    with pytest.raises(Refused, match=r"^status 7: cancelled after \d+ of \d+ steps$") as refused:
        call(*arguments)
    assert refused.value.status == c.DNC_CANCELLED


@every_network
@pytest.mark.parametrize("training", [False, True], ids=["running", "training"])
def test_looking_on_changes_no_number(fields, training):
    net, twin = begun(fields, training).progress(lambda done, total: False), begun(fields, training)
    assert_goes_on_alike(net, twin, STEPS)
    assert_goes_on_alike(net, twin, STEPS)


@every_network
@pytest.mark.parametrize("training", [False, True], ids=["running", "training"])
@pytest.mark.parametrize("before", [0, 2])
def test_forward_is_cancelled_at_any_step(fields, training, before):
    net, twin = begun(fields, training, before), begun(fields, training, before)
    inputs, untouched = net.inputs(STEPS), np.full((STEPS, net.config.batch_size, 2), 7, np.float32)
    outputs = untouched.copy()
    for at in certain(net, STEPS):
        net.progress(lambda done, total, at=at: done >= at)
        cancelled(net.forward_into, inputs, outputs)
        assert_equal(outputs, untouched, "outputs")
        assert_alike(net, twin)
    net.progress(None)
    assert_goes_on_alike(net, twin)


@every_network
def test_backward_is_cancelled_at_any_step(fields):
    net, twin = begun(fields, True), begun(fields, True)
    for each in (net, twin):
        each.forward(each.inputs(STEPS))
    given = net.output_gradients(net.recorded)
    untouched = np.full((net.recorded, *net.inputs(1).shape[1:]), 7, np.float32)
    input_gradients = untouched.copy()
    for at in certain(net, net.recorded):
        net.progress(lambda done, total, at=at: done >= at)
        cancelled(net.backward_into, given, input_gradients)
        assert_equal(input_gradients, untouched, "input gradients")
        assert_alike(net, twin)
    net.progress(None)
    assert_goes_on_alike(net, twin)


def test_cancelled_and_at_once_told_to_go_on():
    """The record of a cancelled forward is written over by the next one."""
    net, twin = begun({}, True), begun({}, True)
    net.progress(lambda done, total: done == 5)
    cancelled(net.forward, net.inputs(STEPS, seed=8))
    net.progress(lambda done, total: False)
    assert_goes_on_alike(net, twin)


@pytest.mark.parametrize("slots", [64, 256, 1024])
@pytest.mark.parametrize("before", range(6))
def test_a_record_that_keeps_few_links(slots, before):
    """Memory and links are computed again from the last ones that are kept."""
    fields = dict(memory_slots=slots, word_size=3, hidden_size=6, batch_size=2)
    net, twin = begun(fields, True, before), begun(fields, True, before)
    net.progress(lambda done, total: done == 3)
    cancelled(net.forward, net.inputs(20 - before))
    cancelled(net.forward, net.inputs(4))
    assert_alike(net, twin)
    net.progress(None)
    assert_goes_on_alike(net, twin)


def heard(net, call):
    """What a call tells, and that it tells it in this thread."""
    told, me = [], threading.get_ident()

    def listen(done, total):
        assert threading.get_ident() == me
        told.append((done, total))

    net.progress(listen)
    call()
    return told


def test_every_step_is_told():
    net = Net().train()
    everything = [(step, STEPS) for step in range(1, STEPS + 1)]
    assert heard(net, lambda: net.forward(net.inputs(STEPS))) == everything
    assert heard(net, lambda: net.backward(net.output_gradients(STEPS))) == everything
    net.train(False)
    assert heard(net, lambda: net.forward(net.inputs(STEPS))) == everything
    assert heard(net, lambda: net.step(net.inputs(1)[0])) == []


@pytest.mark.parametrize("name", ["a large batch", "two threads", "shared products", "one sequence"])
def test_some_steps_are_told(name):
    """Not once for each part of the batch, never backwards, and only in the caller's thread."""
    net = Net(**NETWORKS[name]).train()
    for _ in range(3):
        told = heard(net, lambda: net.forward(net.inputs(STEPS)))
        told_back = heard(net, lambda: net.backward(net.output_gradients(STEPS)))
        for steps in (told, told_back):
            assert [total for _, total in steps] == [STEPS] * len(steps)
            done = [done for done, _ in steps]
            assert done == sorted(set(done)) and done[0] >= 1 and done[-1] <= STEPS


def test_a_clone_tells_nobody():
    net = Net().progress(lambda done, total: True)
    net.clone().forward(net.inputs(STEPS))
    cancelled(net.forward, net.inputs(STEPS))


def test_bad_arguments_are_found_before_anybody_is_told():
    net = Net().progress(lambda done, total: True)
    with pytest.raises(Refused) as refused:
        net.forward(net.inputs(STEPS) * np.float32(np.inf))
    assert refused.value.status == c.DNC_NOT_FINITE
