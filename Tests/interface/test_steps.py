"""Running: steps and sequences, batches, truncated back-propagation, sizes, clones and changed parameters."""

import json
import re
import resource
import subprocess
import sys
from ctypes import POINTER, byref, c_float, c_size_t, c_void_p, cast

import numpy as np
import pytest
from support import (
    CHECKOUT,
    FIELDS,
    SMALL,
    Net,
    Optimizer,
    Refused,
    assert_close,
    assert_equal,
    c,
    check,
    config,
    f32,
    floats,
)  # fmt: skip

NETWORKS = {
    "lstm": {},
    "deep": dict(num_layers=3, write_heads=2, read_heads=3, word_size=7, hidden_size=9),
    "tanh": dict(controller=c.DNC_CONTROLLER_FEEDFORWARD, num_layers=2),
    "gru": dict(controller=c.DNC_CONTROLLER_GRU, num_layers=2),
    "norms": dict(num_layers=2, hidden_size=19, controller_norm=1, interface_norm=1),
    "normalized gru": dict(controller=c.DNC_CONTROLLER_GRU, controller_norm=1),
    "relu": dict(controller=c.DNC_CONTROLLER_FEEDFORWARD, activation=c.DNC_ACTIVATION_RELU),
    "learned": dict(initial_state=c.DNC_INITIAL_LEARNED, usage_gradient=c.DNC_USAGE_GRADIENT_STOPPED),
    "constant": dict(initial_state=c.DNC_INITIAL_CONSTANT, initial_value=0.01, clip_value=0.3),
    "wide": dict(batch_size=3, memory_slots=33, word_size=19, hidden_size=37, input_size=17, output_size=9),
    # Rows of products that leave four and nine vectors of sixteen.
    "broad": dict(memory_slots=22, word_size=45, hidden_size=50, read_heads=3),
    "no memory": dict(memory=c.DNC_MEMORY_NONE, num_layers=2),
    "de-allocation": dict(deallocation=1, memory_slots=33, word_size=19),
    "masks": dict(content_masks=1, mask_minimum=0.1, memory_slots=33, word_size=19, write_heads=2),
    "sharpened": dict(link_sharpening=1, memory_slots=33, write_heads=2),
    "content only": dict(temporal_links=0, memory_slots=33, initial_state=c.DNC_INITIAL_LEARNED),
    "NTM": dict(memory=c.DNC_MEMORY_NTM, write_heads=2, initial_state=c.DNC_INITIAL_LEARNED),
    "NTM of 2 slots": dict(memory=c.DNC_MEMORY_NTM, memory_slots=2, word_size=19),
    "single": dict(batch_size=1, memory_slots=1, word_size=1, hidden_size=1, read_heads=1, input_size=1, output_size=1),
}
every_network = pytest.mark.parametrize("fields", NETWORKS.values(), ids=NETWORKS)
STEPS = 11


def stepped(net, inputs):
    return np.stack([net.step(given) for given in inputs])


# --------------------------------------------------------------------------- steps and sequences --


@every_network
@pytest.mark.parametrize("training", [False, True], ids=["running", "training"])
def test_a_sequence_is_its_steps(fields, training):
    """Bit for bit: outputs, the state after them and, in training, traces and all gradients."""
    one, many = Net(**fields).train(training), Net(**fields).train(training)
    inputs, output_gradients = one.inputs(STEPS), one.output_gradients(STEPS)
    assert_equal(one.forward(inputs), stepped(many, inputs), "outputs")
    for field in one.fields:
        assert_equal(one.state(field), many.state(field), field)
    if training:
        for name in one.traces:
            assert_equal(one.trace(name), many.trace(name), name)
        assert_equal(one.backward(output_gradients), many.backward(output_gradients), "input gradients")
        assert_equal(one.gradients, many.gradients, "gradients")
        for field in one.fields:
            assert_equal(one.state_gradient(field), many.state_gradient(field), f"gradient of {field}")


@every_network
def test_recording_changes_no_number(fields):
    recording, running = Net(**fields).train(), Net(**fields)
    inputs = recording.inputs(STEPS)
    assert_equal(recording.forward(inputs), running.forward(inputs))
    for field in recording.fields:
        assert_equal(recording.state(field), running.state(field), field)


@pytest.mark.parametrize("split", [1, 4, 10])
@pytest.mark.parametrize("training", [False, True], ids=["running", "training"])
def test_a_sequence_in_two_parts(split, training):
    """The second call continues the episode, and backward sees one record."""
    whole, parts = Net().train(training), Net().train(training)
    inputs, output_gradients = whole.inputs(STEPS), whole.output_gradients(STEPS)
    outputs = np.concatenate([parts.forward(inputs[:split]), parts.forward(inputs[split:])])
    assert_equal(whole.forward(inputs), outputs)
    if training:
        assert parts.recorded == STEPS
        assert_equal(whole.backward(output_gradients), parts.backward(output_gradients))
        assert_equal(whole.gradients, parts.gradients)


def test_inputs_and_outputs_need_no_alignment():
    """Buffers may begin at any byte."""
    aligned, odd = Net().train(), Net().train()
    inputs, output_gradients = aligned.inputs(4), aligned.output_gradients(4)
    outputs = aligned.forward(inputs)
    input_gradients = aligned.backward(output_gradients)

    def shifted(array):
        raw = np.zeros(array.nbytes + 1, np.uint8)
        raw[1:] = np.frombuffer(array.tobytes(), np.uint8)
        return raw, cast(c_void_p(raw.ctypes.data + 1), POINTER(c_float))

    raw_inputs, inputs_pointer = shifted(inputs)
    raw_outputs, outputs_pointer = shifted(np.zeros_like(outputs))
    raw_gradients, gradients_pointer = shifted(output_gradients)
    raw_result, result_pointer = shifted(np.zeros_like(inputs))
    assert c.dnc_forward(odd.handle, 4, inputs_pointer, outputs_pointer) == c.DNC_OK
    assert c.dnc_backward(odd.handle, gradients_pointer, result_pointer) == c.DNC_OK
    assert raw_outputs[1:].tobytes() == outputs.tobytes()
    assert raw_result[1:].tobytes() == input_gradients.tobytes()
    assert_equal(aligned.gradients, odd.gradients)


def test_episodes_begin_alike():
    net = Net()
    inputs = net.inputs(STEPS)
    first = net.forward(inputs)
    again = net.forward(inputs)
    assert not np.array_equal(first, again), "without a reset the episode goes on"
    assert_equal(net.reset().forward(inputs), first)


@pytest.mark.parametrize("kind", ["zeros", "constant", "learned"])
def test_initial_states(kind):
    number = {
        "zeros": c.DNC_INITIAL_ZEROS,
        "constant": c.DNC_INITIAL_CONSTANT,
        "learned": c.DNC_INITIAL_LEARNED,
    }[kind]
    net = Net(initial_state=number, initial_value=0.125, num_layers=2)
    if kind == "learned":
        tensors = net.tensors()
        tensors["initial.read_vectors"][0][...] = np.arange(8).reshape(2, 4)
        tensors["initial.read_weight_logits"][0][...] = np.arange(12).reshape(2, 6) / 10
        net.reset()
        assert_equal(net.state("memory"), np.stack([tensors["initial.memory"][0]] * 2))
        assert_equal(net.state("read_vectors"), np.stack([tensors["initial.read_vectors"][0]] * 2))
        weights = np.exp(tensors["initial.read_weight_logits"][0])
        weights /= weights.sum(1, keepdims=True)
        assert_close(net.state("read_weights"), np.stack([weights] * 2), 1e-6)
        zeros = {"usage", "link", "precedence", "write_weights", "hidden", "cell"}
    elif kind == "constant":
        for field in ("memory", "usage", "write_weights", "read_weights", "read_vectors"):
            assert (net.state(field) == 0.125).all(), field
        zeros = {"link", "precedence", "hidden", "cell"}
    else:
        zeros = set(FIELDS)
    for field in zeros:
        assert not net.state(field).any(), field


# --------------------------------------------------------------------------------------- batches --


@every_network
def test_a_batch_is_its_sequences(fields):
    """B sequences together are B sequences alone, bit for bit; parameter gradients are their sum, to rounding."""
    together = Net(**{**fields, "batch_size": 5}).train()
    inputs, output_gradients = together.inputs(STEPS), together.output_gradients(STEPS)
    outputs = together.forward(inputs)
    states = together.states()
    input_gradients = together.backward(output_gradients)
    alone = Net(**{**fields, "batch_size": 1}).train()
    total = np.zeros(alone.parameters.size, np.float64)
    for b in range(5):
        alone.reset().zero_gradients()
        assert_equal(alone.forward(inputs[:, b : b + 1])[:, 0], outputs[:, b])
        for field in alone.fields:
            row = states[field][:, b] if field in ("hidden", "cell") else states[field][b]
            mine = alone.state(field)[:, 0] if field in ("hidden", "cell") else alone.state(field)[0]
            assert_equal(mine, row)
        mine = alone.backward(output_gradients[:, b : b + 1])[:, 0]
        assert_equal(mine, input_gradients[:, b])
        total += alone.gradients
    assert_close(together.gradients, total, 1e-5, "parameter gradients")


@pytest.mark.parametrize("steps, batch", [(9, 3), (129, 1), (60, 5)])
def test_weight_gradients_of_many_rows(steps, batch):
    """That of the output layer is the sum, over steps and sequences, of the outputs' gradients times what it sees."""
    fields = dict(NETWORKS["wide"], batch_size=batch)
    net, twin = Net(**fields).train(), Net(**fields)
    inputs, output_gradients = net.inputs(steps), net.output_gradients(steps)
    net.forward(inputs)
    net.backward(output_gradients)
    expected = 0.0
    for given, gradient in zip(inputs, output_gradients):
        twin.step(given)
        seen = np.concatenate([twin.state("hidden")[0], twin.state("read_vectors").reshape(batch, -1)], axis=1)
        expected = expected + gradient.T.astype(np.float64) @ seen
    assert_close(net.tensors()["output.weight"][1], expected, 1e-5)


def test_set_batch_size():
    net, fresh = Net(batch_size=2).train(), Net(batch_size=7).train()
    net.forward(net.inputs(3))
    check(c.dnc_set_batch_size(net.handle, 7))
    assert net.config.batch_size == 7 and net.recorded == 0
    assert_equal(net.parameters, fresh.parameters)
    inputs, output_gradients = net.inputs(STEPS), net.output_gradients(STEPS)
    assert_equal(net.forward(inputs), fresh.forward(inputs))
    assert_equal(net.backward(output_gradients), fresh.backward(output_gradients))
    assert_equal(net.gradients, fresh.gradients)


def test_set_memory_slots():
    net, fresh = Net(memory_slots=6).train(), Net(memory_slots=21).train()
    net.forward(net.inputs(3))
    views = net.parameters.ctypes.data, net.gradients.ctypes.data
    check(c.dnc_set_memory_slots(net.handle, 21))
    assert net.config.memory_slots == 21 and net.recorded == 0
    assert (net.parameters.ctypes.data, net.gradients.ctypes.data) == views, "views are valid until dnc_free"
    assert_equal(net.parameters, fresh.parameters)
    inputs, output_gradients = net.inputs(STEPS), net.output_gradients(STEPS)
    assert_equal(net.forward(inputs), fresh.forward(inputs))
    assert_equal(net.backward(output_gradients), fresh.backward(output_gradients))
    check(c.dnc_set_memory_slots(net.handle, 6))
    assert_equal(net.forward(inputs), Net(memory_slots=6).forward(inputs))


def test_set_sizes_forgets_the_state_gradient():
    net = Net().train()
    with pytest.raises(Refused) as refused:
        net.state_gradient("memory")
    assert refused.value.status == c.DNC_INVALID_STATE
    net.forward(net.inputs(2))
    net.backward(net.output_gradients(2))
    net.state_gradient("memory")
    check(c.dnc_set_memory_slots(net.handle, 9))
    with pytest.raises(Refused) as refused:
        net.state_gradient("usage")
    assert refused.value.status == c.DNC_INVALID_STATE


def test_the_state_gradient_stays_until_the_next_backward():
    """Whatever runs in between, however long."""
    net = Net().train()
    net.forward(net.inputs(2))
    net.backward(net.output_gradients(2))
    found = net.state_gradient("memory")
    for steps in (1, 2, 30):
        net.forward(net.inputs(steps))
        assert_equal(net.state_gradient("memory"), found)
    net.reset()
    assert_equal(net.state_gradient("memory"), found)
    net.train(False).forward(net.inputs(3))
    assert_equal(net.state_gradient("memory"), found)
    net.train().forward(net.inputs(3))
    net.backward(net.output_gradients(3))
    assert not np.array_equal(net.state_gradient("memory"), found)


@pytest.mark.parametrize(
    "fields",
    [
        dict(num_layers=3, write_heads=2, memory_slots=150, word_size=5),
        dict(controller=c.DNC_CONTROLLER_FEEDFORWARD, num_layers=2, memory_slots=300, word_size=3, batch_size=1),
        dict(memory_slots=60, word_size=7, num_threads=2, max_record_bytes=1_000_000),
    ],
    ids=["lstm", "feedforward", "limited"],
)
def test_a_record_grows_step_by_step(fields):
    """Through many sizes, with ever longer segments: all that it holds moves on with it."""
    one, many = Net(**fields).train(), Net(**fields).train()
    for net in (one, many):
        net.forward(net.inputs(2, seed=5))
        net.backward(net.output_gradients(2, seed=6))
    found = many.state_gradient("link")
    inputs, output_gradients = one.inputs(70), one.output_gradients(70)
    assert_equal(one.forward(inputs), stepped(many, inputs))
    assert_equal(many.state_gradient("link"), found)
    for name in one.traces:
        assert_equal(one.trace(name), many.trace(name), name)
    assert_equal(one.backward(output_gradients), many.backward(output_gradients))
    assert_equal(one.gradients, many.gradients)
    for field in one.fields:
        assert_equal(one.state_gradient(field), many.state_gradient(field), field)
        assert_equal(one.state(field), many.state(field), field)


def test_without_a_memory_its_sizes_count_for_nothing():
    """Nor does the initial state: the same parameters, bytes of memory and outputs, and the slots may change."""
    small = Net(memory=c.DNC_MEMORY_NONE)
    large = dict(memory_slots=900, word_size=700, read_heads=9, write_heads=7, initial_state=c.DNC_INITIAL_LEARNED)
    net = Net(memory=c.DNC_MEMORY_NONE, **large)
    assert set(net.tensors()) == {f"controller.0.{name}" for name in ("weight_ih", "weight_hh", "bias")} | {
        "output.weight", "output.bias",
    }  # fmt: skip
    assert_equal(net.parameters, small.parameters)
    assert estimate(50, 1, memory=c.DNC_MEMORY_NONE, **large) == estimate(50, 1, memory=c.DNC_MEMORY_NONE)
    assert estimate(50, 1, memory=c.DNC_MEMORY_NONE) < estimate(50, 1) / 2
    inputs = net.inputs(STEPS)
    assert_equal(net.forward(inputs), small.forward(inputs))
    check(c.dnc_set_memory_slots(net.handle, 10))
    assert net.config.memory_slots == 10 and net.config.word_size == 700
    assert_equal(net.forward(inputs), small.reset().forward(inputs))


def test_memory_slots_of_learned_states_are_fixed():
    net = Net(initial_state=c.DNC_INITIAL_LEARNED)
    assert c.dnc_set_memory_slots(net.handle, 9) == c.DNC_INVALID_STATE
    assert net.config.memory_slots == 6


@pytest.mark.parametrize("before", [0, 3])
def test_a_clone_knows_whether_its_state_is_the_learned_one(before):
    """At the start of an episode it is; in the middle of one the learned start has no part in what follows."""
    net = Net(initial_state=c.DNC_INITIAL_LEARNED).train()
    if before:
        net.forward(net.inputs(before))
    copy = net.clone()
    copy.forward(copy.inputs(4))
    copy.backward(copy.output_gradients(4))
    found = {name for name, (_, gradients) in copy.tensors().items() if name.startswith("initial.") and gradients.any()}
    # The first read weightings have no part in the links, of which there are none yet.
    assert found == (set() if before else {"initial.memory", "initial.read_vectors"})


# -------------------------------------------------------------------------- truncated back-propagation --


def test_truncated_back_propagation():
    """backward in the middle of an episode: the state stays, the gradient stops there, gradients add up."""
    net, whole = Net().train(), Net()
    inputs, output_gradients = net.inputs(9), net.output_gradients(9)
    outputs = whole.forward(inputs)
    total = np.zeros_like(net.gradients)
    for begin, end in ((0, 4), (4, 5), (5, 9)):
        state = net.states()
        assert_equal(net.forward(inputs[begin:end]), outputs[begin:end], "the episode goes on")
        piece = net.backward(output_gradients[begin:end])
        assert net.recorded == 0
        # The same piece alone, from the same state.
        alone = Net().train()
        for field, values in state.items():
            alone.set_state(field, values)
        assert_equal(alone.forward(inputs[begin:end]), outputs[begin:end])
        assert_equal(alone.backward(output_gradients[begin:end]), piece)
        total = total + alone.gradients
    assert_close(net.gradients, total, 1e-6)


def test_detach_drops_the_record_and_keeps_the_state():
    net, whole = Net().train(), Net()
    inputs, output_gradients = net.inputs(9), net.output_gradients(9)
    outputs = whole.forward(inputs)
    net.forward(inputs[:5])
    net.detach()
    assert net.recorded == 0
    assert_equal(net.forward(inputs[5:]), outputs[5:])
    assert net.recorded == 4
    net.backward(output_gradients[5:])
    other = Net().train()
    other.forward(inputs[:5])
    other.backward(np.zeros_like(output_gradients[:5]))
    assert not other.gradients.any()
    other.forward(inputs[5:])
    other.backward(output_gradients[5:])
    assert_equal(net.gradients, other.gradients)


@pytest.mark.parametrize("cut", ["backward", "detach", "forget"])
def test_a_learned_start_gets_no_gradient_of_later_steps(cut):
    """After backward, detach and the end of training, a record begins in the middle of the episode."""
    net = Net(initial_state=c.DNC_INITIAL_LEARNED).train()

    def learns(name):
        return net.tensors()[f"initial.{name}"][1].any()

    inputs, output_gradients = net.inputs(4), net.output_gradients(4)
    net.forward(inputs)
    if cut == "backward":
        net.backward(output_gradients)
        assert learns("memory") and learns("read_vectors")
        net.zero_gradients()
    elif cut == "detach":
        net.detach()
    else:
        net.train(False).train()
    net.forward(inputs)
    net.backward(output_gradients)
    assert net.gradients.any() and not any(map(learns, ("memory", "read_vectors", "read_weight_logits")))
    net.reset().forward(inputs)
    net.backward(output_gradients)
    assert learns("memory") and learns("read_vectors"), "with the next episode they do again"


@pytest.mark.parametrize("field", ["memory", "hidden", "read_vectors", "cell", "read_weights", "precedence"])
def test_state_gradients_follow_the_outputs(field):
    """In the middle of an episode: moving a piece of the state moves the outputs as its gradient says."""
    net = Net(batch_size=1).train()
    net.parameters[:] *= 2
    net.reset().forward(net.inputs(3, seed=4))
    net.detach()
    state = net.states()
    inputs, output_gradients = net.inputs(4), net.output_gradients(4)
    net.forward(inputs)
    net.backward(output_gradients)
    gradient = net.state_gradient(field).astype(np.float64)
    step = 2e-3 * gradient / np.linalg.norm(gradient)
    values = []
    for sign in (1, -1):
        for name, piece in state.items():
            net.set_state(name, piece + sign * step if name == field else piece)
        values.append(float((net.forward(inputs).astype(np.float64) * output_gradients).sum()))
        net.detach()
    assert values[0] - values[1] == pytest.approx(2 * (step * gradient).sum(), rel=0.02, abs=1e-7)


@every_network
def test_gradients_follow_the_outputs(fields):
    """A step down the gradient lowers the loss by as much as the gradient says (float32 differences are coarse, so
    weights are small for the loss to be nearly straight; the exact comparison is in test_golden.py)."""
    net = Net(**fields, input_scale=1, interface_scale=1).train()
    inputs, output_gradients = net.inputs(5), net.output_gradients(5)
    before = float((net.forward(inputs).astype(np.float64) * output_gradients).sum())
    net.backward(output_gradients)
    gradient = net.gradients.astype(np.float64)
    length = 1e-3 / np.linalg.norm(gradient)
    net.parameters[:] -= (length * gradient).astype(np.float32)
    after = float((net.reset().forward(inputs).astype(np.float64) * output_gradients).sum())
    assert before - after == pytest.approx(length * (gradient**2).sum(), rel=0.05)


def test_gradients_add_up():
    net = Net().train()
    inputs, output_gradients = net.inputs(5), net.output_gradients(5)
    net.forward(inputs)
    net.backward(output_gradients)
    once = net.gradients.copy()
    net.reset().forward(inputs)
    net.backward(output_gradients)
    assert_close(net.gradients, 2 * once, 1e-6)
    net.zero_gradients()
    assert not net.gradients.any()


@pytest.mark.parametrize("beyond", [False, True], ids=["at the bound", "just beyond it"])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_gradient_passes_up_to_the_clip_value(sign, beyond):
    """What is clamped has no gradient; what is exactly at clip_value is not clamped."""
    value = sign * np.nextafter(np.float32(0.5), np.float32(1 if beyond else 0.5))
    fields = dict(batch_size=1, output_size=2, clip_value=0.5)

    def backward(net, steps):
        outputs = net.forward(np.zeros((steps, 1, 3)))
        gradients = np.zeros_like(outputs)
        gradients[-1] = 1
        net.backward(gradients)
        return outputs

    # The output, and the output of a controller's layer.
    net = Net(**fields, controller=c.DNC_CONTROLLER_FEEDFORWARD, activation=c.DNC_ACTIVATION_RELU).train()
    net.parameters[...] = 0
    tensors = net.tensors()
    tensors["output.bias"][0][...] = value
    assert (backward(net, 1) == sign * 0.5).all()
    assert (tensors["output.bias"][1] == (0 if beyond else 1)).all()
    if sign > 0:
        tensors["controller.0.bias"][0][...], tensors["output.bias"][0][...] = value, 0
        tensors["output.weight"][0][0, :5] = 0.01
        backward(net.reset(), 1)
        assert_close(tensors["controller.0.bias"][1], np.full(5, 0 if beyond else 0.01), 1e-6)

    # The cell of an LSTM after the first of two steps: forget gates are 1, input gates 0, output gates a half.
    net = Net(**fields).train()
    net.parameters[...] = 0
    tensors = net.tensors()
    tensors["controller.0.bias"][0][:10] = np.repeat([-1000, 1000], 5)
    tensors["output.weight"][0][:, :5] = 0.01
    net.set_state("cell", np.full((1, 1, 5), value))
    backward(net, 2)
    expected = 0 if beyond else 2 * 0.01 * 0.5 * (1 - np.tanh(0.5) ** 2)
    assert_close(net.state_gradient("cell"), np.full((1, 1, 5), expected), 1e-6)


def test_backward_without_input_gradients():
    one, other = Net().train(), Net().train()
    inputs, output_gradients = one.inputs(5), one.output_gradients(5)
    one.forward(inputs)
    other.forward(inputs)
    one.backward(output_gradients)
    assert c.dnc_backward(other.handle, floats(f32(output_gradients)), None) == c.DNC_OK
    assert_equal(one.gradients, other.gradients)


def test_what_needs_a_record():
    net = Net()
    net.forward(net.inputs(3))
    assert net.recorded == 0, "nothing is recorded unless asked"
    for call in (lambda: net.backward(net.output_gradients(0)), lambda: net.trace("usage")):
        with pytest.raises(Refused) as refused:
            call()
        assert refused.value.status == c.DNC_INVALID_STATE
    net.train().forward(net.inputs(3))
    assert net.recorded == 3
    with pytest.raises(Refused) as refused:
        net.set_state("usage", net.state("usage"))
    assert refused.value.status == c.DNC_INVALID_STATE
    net.train(True)
    assert net.recorded == 3, "already recording"
    net.train(False)
    assert net.recorded == 0, "no longer recording"
    net.set_state("usage", net.state("usage"))
    net.train().forward(net.inputs(2))
    net.reset()
    assert net.recorded == 0


def test_traces_are_the_states():
    net = Net(write_heads=2, read_heads=3).train()
    states = []
    for given in net.inputs(5):
        net.step(given)
        states.append(net.states())
    for name in ("write_weights", "read_weights", "usage"):
        assert_equal(net.trace(name), np.stack([state[name] for state in states]), name)
    for name in ("allocation_gates", "write_gates", "free_gates"):
        gates = net.trace(name)
        assert ((gates > 0) & (gates < 1)).all(), name
    modes = net.trace("read_modes")
    assert modes.shape == (5, 2, 3, 5) and (modes > 0).all()
    assert_close(modes.sum(-1), np.ones((5, 2, 3)), 1e-6, "read modes are a distribution")


def test_no_links_get_no_gradient():
    """Where there are none, the weightings along them are 0, of which the sharpened ones are a constant."""
    net = Net(link_sharpening=1).train()
    net.set_state("read_weights", np.full(net.shape("read_weights"), 1 / 6))
    net.forward(net.inputs(1))
    net.backward(net.output_gradients(1))
    assert net.state_gradient("memory").any()
    assert not net.state_gradient("link").any()


def test_traces_of_masks_and_sharpness():
    """Of an interface that is its biases, whose last ones are those of the masks and of the sharpness."""
    net = Net(
        write_heads=2, read_heads=3, word_size=5, content_masks=1, mask_minimum=0.25, link_sharpening=1
    ).train()  # fmt: skip
    tensors = net.tensors()
    raw = f32(np.linspace(-4, 4, 15 + 10 + 6 + 6))
    tensors["interface.weight"][0][...] = 0
    tensors["interface.bias"][0].reshape(-1)[-len(raw) :] = raw
    net.reset().forward(net.inputs(4))
    parts = np.split(raw, [15, 25, 31])
    masks = [0.25 + 0.75 / (1 + np.exp(-part.reshape(-1, 5))) for part in parts[:2]]
    sharpness = [1 + np.log1p(np.exp(part.reshape(3, 2))) for part in parts[2:]]
    names = ("read_masks", "write_masks", "backward_sharpness", "forward_sharpness")
    for name, expected in zip(names, masks + sharpness, strict=True):
        assert_close(net.trace(name), np.broadcast_to(expected, (4, 2, *expected.shape)), 1e-6, name)


def test_the_memory_keeps_its_bounds():
    net = Net(read_heads=3, write_heads=2)
    net.parameters[:] *= 8
    net.reset().forward(net.inputs(60) * 4)
    usage, link = net.state("usage"), net.state("link")
    assert (usage >= 0).all() and (usage <= 1).all()
    assert not np.diagonal(link, axis1=2, axis2=3).any()
    assert (link >= -1e-6).all() and (link.sum(2) <= 1 + 1e-5).all() and (link.sum(3) <= 1 + 1e-5).all()
    for field in ("precedence", "write_weights", "read_weights"):
        weights = net.state(field)
        assert (weights >= -1e-6).all() and (weights.sum(-1) <= 1 + 1e-5).all(), field


@every_network
def test_a_state_taken_out_and_put_in_continues_the_episode(fields):
    net, other = Net(**fields), Net(**fields)
    inputs = net.inputs(8)
    net.forward(inputs[:4])
    for field, values in net.states().items():
        other.set_state(field, values)
        assert_equal(other.state(field), values, field)
    assert_equal(net.forward(inputs[4:]), other.forward(inputs[4:]))


# ---------------------------------------------------------------------------------- same on repetition --


def test_seeds():
    assert_equal(Net(seed=3).parameters, Net(seed=3).parameters)
    assert not np.array_equal(Net(seed=3).parameters, Net(seed=4).parameters)
    assert not np.array_equal(Net(seed=3).parameters, Net(seed=3 + 2**32).parameters), "all 64 bits count"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        dict(num_layers=2, hidden_size=64, initial_state=c.DNC_INITIAL_LEARNED),
        dict(controller_norm=1, interface_norm=1),
    ],
)
def test_initial_parameters(fields):
    """Uniform in +-1/sqrt(fan-in), biases 0, forget gates' biases 1, scales 1."""
    net = Net(**fields, input_scale=1, interface_scale=1)
    size = net.config
    h, v = size.hidden_size, size.num_layers * size.hidden_size
    read = size.read_heads * size.word_size
    for name, (values, gradients) in net.tensors().items():
        assert not gradients.any()
        if name.startswith("controller") and name.endswith(".bias"):
            assert (values[h : 2 * h] == 1).all() and not values[:h].any() and not values[2 * h :].any()
        elif name.endswith("bias") or name in ("initial.read_vectors", "initial.read_weight_logits"):
            assert not values.any(), name
        elif name.endswith("norm_scale"):
            assert (values == 1).all(), name
        else:
            layer_inputs = size.input_size + read + h + (h if name.startswith("controller.1") else 0)
            fan_in = {"interface.weight": v, "output.weight": v + read, "initial.memory": size.word_size}.get(
                name, layer_inputs
            )
            bound = fan_in**-0.5
            assert np.abs(values).max() <= bound, name
            if values.size > 200:
                assert np.abs(values).max() > 0.95 * bound and abs(values.mean()) < 0.15 * bound, name
                assert values.std() == pytest.approx(bound / 3**0.5, rel=0.15), name


@pytest.mark.parametrize(
    "fields", [{}, dict(num_layers=2), dict(num_layers=2, controller=c.DNC_CONTROLLER_FEEDFORWARD)]
)
def test_initial_parameters_are_scaled(fields):
    """The scales multiply what the same seed draws without them: inputs' columns of layer 0, and interface.weight."""
    drawn = {
        name: values.copy() for name, (values, _) in Net(**fields, input_scale=1, interface_scale=1).tensors().items()
    }
    scaled = Net(**fields, input_scale=0.3, interface_scale=1000).tensors()
    first = "controller.0.weight" if "controller" in fields else "controller.0.weight_ih"
    drawn[first][:, : SMALL["input_size"]] *= np.float32(0.3)
    drawn["interface.weight"] *= np.float32(1000)
    assert list(scaled) == list(drawn)
    for name, (values, _) in scaled.items():
        assert_equal(values, drawn[name])
    nothing = Net(**fields, input_scale=0, interface_scale=0).tensors()
    assert not nothing["interface.weight"][0].any() and not nothing[first][0][:, : SMALL["input_size"]].any()
    assert nothing[first][0][:, SMALL["input_size"] :].any()


def test_the_block_is_the_tensors_in_order():
    net = Net(num_layers=2, initial_state=c.DNC_INITIAL_LEARNED)
    tensors = net.tensors()
    assert list(tensors) == [
        "controller.0.weight_ih", "controller.0.weight_hh", "controller.0.bias",
        "controller.1.weight_ih", "controller.1.weight_hh", "controller.1.bias",
        "interface.weight", "interface.bias", "output.weight", "output.bias",
        "initial.memory", "initial.read_vectors", "initial.read_weight_logits",
    ]  # fmt: skip
    offset = 0
    for name, (values, gradients) in tensors.items():
        assert values.ctypes.data == net.parameters.ctypes.data + 4 * offset, name
        assert gradients.ctypes.data == net.gradients.ctypes.data + 4 * offset, name
        offset += values.size
    assert offset == net.parameters.size
    xi = 2 * 4 + 2 + 3 * 4 + 1 + 2 + 2 + 2 * 3
    shapes = [values.shape for values, _ in tensors.values()]
    assert shapes == [
        (20, 11), (20, 5), (20,), (20, 16), (20, 5), (20,), (xi, 10), (xi,), (2, 18), (2,), (6, 4), (2, 4), (2, 6),
    ]  # fmt: skip
    feedforward = Net(num_layers=2, controller=c.DNC_CONTROLLER_FEEDFORWARD)
    shapes = {name: values.shape for name, (values, _) in feedforward.tensors().items()}
    assert shapes["controller.0.weight"] == (5, 11) and shapes["controller.1.weight"] == (5, 5)
    assert shapes["interface.weight"] == (xi, 5) and shapes["output.weight"] == (2, 13)


# ---------------------------------------------------------------------------------------- clones --


def test_a_clone_continues_as_the_original():
    net = Net().train()
    inputs, output_gradients = net.inputs(9), net.output_gradients(4)
    net.forward(inputs[:5])
    net.backward(net.output_gradients(5))
    net.forward(inputs[:1])
    for sharing in (c.DNC_CLONE_COPY, c.DNC_CLONE_SHARE_PARAMETERS):
        copy = net.clone(sharing)
        assert copy.recorded == 0 and not copy.gradients.any()
        assert bytes(copy.config) == bytes(net.config)
        for field, values in net.states().items():
            assert_equal(copy.state(field), values, field)
        reference = Net()
        for field, values in net.states().items():
            reference.set_state(field, values)
        assert_equal(copy.forward(inputs[5:]), reference.forward(inputs[5:]))
        assert copy.recorded == 4, "the training flag is copied"
        copy.backward(output_gradients)
        assert copy.gradients.any()
    assert net.recorded == 1


def test_a_copy_has_parameters_of_its_own():
    net = Net()
    copy = net.clone(c.DNC_CLONE_COPY)
    before = net.parameters.copy()
    copy.parameters[:] = 0
    assert_equal(net.parameters, before)
    inputs = net.inputs(3)
    assert not copy.reset().forward(inputs).any()
    assert net.reset().forward(inputs).any()


def test_a_sharing_clone_sees_the_same_parameters():
    net = Net()
    inputs = net.inputs(3)
    sharing = net.clone(c.DNC_CLONE_SHARE_PARAMETERS)
    third = sharing.clone(c.DNC_CLONE_SHARE_PARAMETERS)
    assert sharing.parameters.ctypes.data == net.parameters.ctypes.data == third.parameters.ctypes.data
    assert sharing.gradients.ctypes.data != net.gradients.ctypes.data
    net.parameters[:] *= 0.5
    expected = net.reset().forward(inputs)
    assert_equal(sharing.reset().forward(inputs), expected)
    del net
    assert_equal(sharing.reset().forward(inputs), expected, "the parameters outlive the original")
    del sharing
    assert_equal(third.reset().forward(inputs), expected)


def test_a_sharing_clone_sees_an_update():
    """What one instance learns the other knows from its next reset on, at another batch size too."""
    net = Net().train()
    sharing = net.clone(c.DNC_CLONE_SHARE_PARAMETERS)
    assert c.dnc_set_batch_size(sharing.handle, 3) == c.DNC_OK
    optimizer = Optimizer(net, learning_rate=0.1)
    net.forward(net.inputs(3))
    net.backward(net.output_gradients(3))
    inputs = sharing.inputs(3)
    before = sharing.reset().forward(inputs)
    optimizer.step(net)
    after = sharing.reset().forward(inputs)
    assert not np.array_equal(before, after)
    fresh = Net(batch_size=3)
    fresh.parameters[:] = net.parameters
    assert_equal(after, fresh.reset().forward(inputs))


# --------------------------------------------------------------------------- changed parameters --


@pytest.mark.parametrize("training", [False, True], ids=["running", "training"])
def test_parameters_changed_in_the_middle_of_an_episode(training):
    net, other = Net().train(training), Net(seed=8).train(training)
    inputs = net.inputs(6)
    net.forward(inputs[:3])
    for field, values in net.states().items():
        other.set_state(field, values)
    net.detach()
    net.parameters[:] = other.parameters
    assert c.dnc_parameters_changed(net.handle) == c.DNC_OK
    assert_equal(net.forward(inputs[3:]), other.forward(inputs[3:]))
    if training:
        output_gradients = net.output_gradients(3)
        assert_equal(net.backward(output_gradients), other.backward(output_gradients))
        assert_equal(net.gradients, other.gradients)


def test_an_update_in_the_middle_of_an_episode_counts_at_once():
    """Truncated back-propagation with an optimizer: the next piece runs with the new parameters."""
    net, other = Net().train(), Net().train()
    inputs = net.inputs(6)
    optimizer = Optimizer(net, learning_rate=0.1)
    net.forward(inputs[:3])
    net.backward(net.output_gradients(3))
    state = net.states()
    optimizer.step(net)
    outputs = net.forward(inputs[3:])
    other.parameters[:] = net.parameters
    other.reset()
    for field, values in state.items():
        other.set_state(field, values)
    assert_equal(outputs, other.forward(inputs[3:]))


def test_new_parameters_are_seen_from_the_next_reset_on():
    net, other = Net(), Net(seed=8)
    inputs = net.inputs(6)
    net.forward(inputs)
    net.parameters[:] = other.parameters
    assert_equal(net.reset().forward(inputs), other.forward(inputs))


# -------------------------------------------------------------------------------- learning rates --


def test_the_settings_of_a_running_optimizer():
    net, other = Net(), Net()
    changing, large = Optimizer(net, learning_rate=0.5), Optimizer(other, learning_rate=0.25)
    settings = changing.config
    assert settings.learning_rate == 0.5 and settings.algorithm == c.DNC_OPTIMIZER_ADAM
    settings.learning_rate = 0.25
    check(c.dnc_optimizer_set_config(changing.handle, byref(settings)))
    assert changing.config.learning_rate == 0.25
    for _ in range(3):
        net.gradients[:] = other.gradients[:] = 0.5
        assert changing.step(net) == large.step(other)
        assert_equal(net.parameters, other.parameters)
    settings.algorithm = c.DNC_OPTIMIZER_SGD
    assert c.dnc_optimizer_set_config(changing.handle, byref(settings)) == c.DNC_INVALID_ARGUMENT
    assert changing.steps == large.steps == 3


def test_clipping_scales_every_gradient():
    """Whatever their number leaves over from whole vectors, whichever of them is large."""
    left = set()
    for outputs in range(1, 17):
        net = Net(output_size=outputs, read_heads=1, hidden_size=6)
        count = net.parameters.size
        left.add(count % 16)
        sgd = dict(algorithm=c.DNC_OPTIMIZER_SGD, learning_rate=1, momentum=0)
        optimizer = Optimizer(net, **sgd, max_gradient_norm=0.5)
        net.parameters[:] = 0
        net.gradients[:] = 3
        assert optimizer.step(net) == pytest.approx(3 * count**0.5, rel=1e-6)
        assert_close(net.parameters, np.full(count, -0.5 / count**0.5), 1e-6)
        for place in {0, 7, 8, count - 1}:
            net.gradients[place] = 4
            assert optimizer.step(net) == 4
    assert left == set(range(16))


def test_an_optimizer_serves_any_instance_of_its_size():
    net = Net()
    optimizer = Optimizer(net)
    copy = net.clone()
    del net
    copy.gradients[:] = 1
    optimizer.step(copy)
    other = Net(hidden_size=6)
    with pytest.raises(Refused) as refused:
        optimizer.step(other)
    assert refused.value.status == c.DNC_INVALID_ARGUMENT
    assert optimizer.steps == 1


# -------------------------------------------------------------------------------------- the rest --


def estimate(steps=0, training=0, **fields):
    size = c_size_t()
    given = config(**{**dict(input_size=8, output_size=8, batch_size=4), **fields})
    assert c.dnc_estimate_bytes(byref(given), steps, training, byref(size)) == c.DNC_OK
    return size.value


def test_estimated_bytes():
    """Grows with everything, allocates nothing, and is near what an instance takes."""
    base = estimate()
    assert estimate(steps=100) == base, "steps cost nothing without training"
    assert estimate(1, 1) > base
    growing = [estimate(steps, 1) for steps in range(1, 200)]
    assert all(twice > once for once, twice in zip(growing, growing[1::2]))
    # Memory and link are kept for some of the steps only, about the square root of their number.
    large = dict(memory_slots=512, write_heads=1)
    link = 4 * 4 * 512 * 512
    assert 32 * link < estimate(1024, 1, **large) < 64 * link
    assert 2 * estimate(1024, 1, **large, temporal_links=0) < estimate(1024, 1, **large), "links are not paid for"
    for name, value in dict(
        input_size=999, output_size=999, hidden_size=999, num_layers=9, memory_slots=999, word_size=999,
        read_heads=9, write_heads=9, batch_size=99,
    ).items():  # fmt: skip
        assert estimate(**{name: value}) > base, name
        assert estimate(5, 1, **{name: value}) > estimate(5, 1), name
    net = Net(input_size=8, output_size=8, batch_size=4, hidden_size=64, memory_slots=64, word_size=16, read_heads=1)
    parameters = net.parameters.size
    state = sum(net.state(field).size for field in net.fields)
    assert base > 4 * (2 * parameters + state)
    assert base < 20 * (2 * parameters + state)


@pytest.mark.real_machine
@pytest.mark.parametrize("memory", ["dnc", "ntm", "none"])
@pytest.mark.parametrize("initial_state", [0, 2], ids=["zeros", "learned"])
def test_many_sequences_take_what_is_estimated(memory, initial_state):
    """What a network keeps for each sequence is in the estimate, down to a byte a sequence, by malloc's own count."""
    program = """
import sys
from ctypes import CDLL, POINTER, Structure, byref, c_size_t
sys.path[:0] = [{tests!r}, {bindings!r}]
from support import c, check, config

class MallocInfo(Structure):
    names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, c_size_t) for name in names.split()]

count = CDLL(None).mallinfo2
count.restype = MallocInfo
given = config(
    input_size=1, output_size=1, hidden_size=2, memory_slots=2, word_size=2, batch_size=65_536, read_heads=1,
    num_threads=1, memory={memory}, initial_state={initial_state},
)
size, net = c_size_t(), POINTER(c.dnc)()
check(c.dnc_estimate_bytes(byref(given), 0, 0, byref(size)))
before = count()
check(c.dnc_create(byref(given), byref(net)))
after = count()
print(size.value, after.uordblks + after.hblkhd - before.uordblks - before.hblkhd)
"""
    kinds = dict(dnc=c.DNC_MEMORY_DNC, ntm=c.DNC_MEMORY_NTM, none=c.DNC_MEMORY_NONE)
    folders = dict(tests=str(CHECKOUT / "Tests" / "interface"), bindings=str(CHECKOUT / "bindings" / "python"))
    program = program.format(memory=kinds[memory], initial_state=initial_state if memory != "none" else 0, **folders)
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    estimated, taken = map(int, output.split())
    assert abs(taken - estimated) < 40_000


@pytest.mark.parametrize(
    ("megabytes", "sizes", "steps"),
    [
        (150, dict(input_size=160, hidden_size=256, memory_slots=256, word_size=64, batch_size=16), 100),
        (800, dict(input_size=8, hidden_size=128, memory_slots=2048, word_size=32, batch_size=4), 64),
    ],
    ids=["bAbI", "2048 slots"],
)
def test_large_networks_train_in_little_memory(megabytes, sizes, steps):
    size = c_size_t()
    given = config(**sizes, output_size=sizes["input_size"], read_heads=4)
    assert c.dnc_estimate_bytes(byref(given), steps, 1, byref(size)) == c.DNC_OK
    assert size.value < megabytes * 10**6


def record_of(steps, limit, **fields):
    """Outputs and gradients of an episode recorded within so many bytes."""
    net = Net(**fields, max_record_bytes=limit).train()
    outputs = net.forward(net.inputs(steps))
    input_gradients = net.backward(net.output_gradients(steps))
    return outputs, input_gradients, net.gradients.copy()


@pytest.mark.parametrize(
    "variant",
    [
        {},
        dict(write_heads=2, content_masks=1, deallocation=1, link_sharpening=1),
        dict(temporal_links=0),
        dict(temporal_links=0, content_masks=1),
        dict(memory=c.DNC_MEMORY_NTM, initial_state=c.DNC_INITIAL_LEARNED),
    ],
    ids=["links", "all three", "content", "content with masks", "NTM"],
)
def test_a_record_within_a_limit(variant):
    """Less memory, the same bytes; too little is refused, and nothing is lost."""
    fields = dict(memory_slots=128, word_size=8, hidden_size=8, batch_size=2, **variant)
    size = c_size_t()

    def estimate(limit):
        return c.dnc_estimate_bytes(byref(config(**{**SMALL, **fields}, max_record_bytes=limit)), 200, 1, byref(size))

    assert estimate(0) == c.DNC_OK
    usual = size.value
    limit = int(0.9 * usual)
    assert estimate(limit) == c.DNC_OK
    assert size.value < limit + 10**5, "the limit is on the record, not on the parameters"
    for one, other in zip(record_of(200, 0, **fields), record_of(200, limit, **fields)):
        assert_equal(one, other)
    # Step by step, the record grows within the limit too.
    one, many = (Net(**fields, max_record_bytes=m).train() for m in (0, limit))
    assert_equal(stepped(one, one.inputs(200)), stepped(many, one.inputs(200)))
    assert_equal(one.backward(one.output_gradients(200)), many.backward(one.output_gradients(200)))

    assert estimate(usual // 10) == c.DNC_OUT_OF_MEMORY
    small = Net(**fields, max_record_bytes=usual // 2).train()
    with pytest.raises(
        Refused, match="a record of 2000 steps takes [0-9]+ bytes, config->max_record_bytes is"
    ) as refused:
        small.forward(small.inputs(2000))
    assert refused.value.status == c.DNC_OUT_OF_MEMORY
    one.reset()
    assert_equal(small.forward(small.inputs(5)), one.forward(one.inputs(5)))


def test_the_largest_record():
    """Exactly as many bytes as a record takes are enough, and one less is not."""
    fields = dict(memory_slots=9, max_record_bytes=1)
    with pytest.raises(Refused, match="a record of 7 steps takes") as refused:
        Net(**fields).train().forward(Net().inputs(7))
    size = int(re.search(r"takes (\d+) bytes", refused.value.message)[1])
    fields["max_record_bytes"] = size
    net = Net(**fields).train()
    net.forward(net.inputs(7))
    fields["max_record_bytes"] = size - 1
    with pytest.raises(Refused, match=f"takes {size} bytes, config->max_record_bytes is {size - 1}"):
        Net(**fields).train().forward(Net().inputs(7))


@pytest.mark.real_machine
def test_the_estimate_holds():
    """Resident memory of a large recorded episode stays below the estimate (and near it)."""
    program = """
import re, sys
from ctypes import byref, c_size_t
sys.path[:0] = [{tests!r}, {bindings!r}]
from support import Net, SMALL, c, config

def peak():
    return 1024 * int(re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read()).group(1))

fields = dict(input_size=8, output_size=8, hidden_size=64, memory_slots=256, word_size=32, batch_size=8, read_heads=4)
size = c_size_t()
assert c.dnc_estimate_bytes(byref(config(**{{**SMALL, **fields}})), 40, 1, byref(size)) == 0
Net().inputs(1)
before = peak()
net = Net(**fields).train()
net.forward(net.inputs(40))
net.backward(net.output_gradients(40))
print(size.value, peak() - before)
"""
    folders = dict(tests=str(CHECKOUT / "Tests" / "interface"), bindings=str(CHECKOUT / "bindings" / "python"))
    program = program.format(**folders)
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    estimated, taken = map(int, output.split())
    assert taken <= 1.05 * estimated + 2**20
    assert estimated <= 1.5 * taken


@pytest.mark.real_machine
def test_recording_step_by_step_takes_a_quarter_more_at_most():
    """While a record grows there is one of it: neither addresses nor memory for a second one."""
    program = """
import re, sys
from ctypes import byref, c_size_t
sys.path[:0] = [{tests!r}, {bindings!r}]
from support import Net, SMALL, c, config

def status(name):
    return 1024 * int(re.search(name + r":\\s*(\\d+) kB", open("/proc/self/status").read()).group(1))

fields = dict(hidden_size=64, memory_slots=64, word_size=16, batch_size=4)

def estimate(steps):
    size = c_size_t()
    assert c.dnc_estimate_bytes(byref(config(**{{**SMALL, **fields}})), steps, 1, byref(size)) == 0
    return size.value

net = Net(**fields).train()
given = net.inputs(1)[0]
net.step(given)
net.reset()
before = status("VmPeak"), status("VmHWM")
for _ in range({steps}):
    net.step(given)
most = max(estimate(steps) for steps in range(1, {steps} + 1))
print(most, status("VmPeak") - before[0], status("VmHWM") - before[1])
"""
    folders = dict(tests=str(CHECKOUT / "Tests" / "interface"), bindings=str(CHECKOUT / "bindings" / "python"))
    program = program.format(**folders, steps=6000)
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    estimated, addresses, resident = map(int, output.split())
    assert estimated > 10**8
    assert max(addresses, resident) < 1.25 * estimated + 2**22


def test_a_reset_touches_the_memory():
    """So that the first step does not have to wait for the system's pages."""
    net = Net(memory_slots=1500, batch_size=1)  # 9 MB of links
    given = net.inputs(1)[0]
    net.reset()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    net.step(given)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < 500


def test_version_and_build_info():
    assert c.dnc_version().decode() == c.DNC_VERSION_STRING
    assert f"{c.DNC_VERSION_MAJOR}.{c.DNC_VERSION_MINOR}.{c.DNC_VERSION_PATCH}" == c.DNC_VERSION_STRING
    text = c.dnc_build_info().decode()
    assert "\n" not in text
    assert json.loads(text)["version"] == c.DNC_VERSION_STRING


def test_status_words():
    for name in dir(c):
        if name in (
            "DNC_OK", "DNC_INVALID_ARGUMENT", "DNC_OUT_OF_MEMORY", "DNC_INVALID_STATE", "DNC_IO_ERROR",
            "DNC_BAD_FORMAT", "DNC_NOT_FINITE", "DNC_CANCELLED", "DNC_INTERNAL",
        ):  # fmt: skip
            assert c.dnc_status_string(getattr(c, name)).decode() == name
    for unknown in (-1, 9, 2**31 - 1, -(2**31)):
        assert c.dnc_status_string(unknown) == b"unknown dnc_status"


def test_self_test():
    assert c.dnc_self_test() == c.DNC_OK, c.dnc_last_error()


# --------------------------------------------------------------------------------------- dropout --


def mixed(state):
    """The next state of SplitMix64, and its number."""
    state = (state + 0x9E3779B97F4A7C15) % 2**64
    z = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return state, z ^ (z >> 31)


def units_kept(rate, seed, step, sequence, count):
    """m as docs/model.md has it."""
    state = mixed(mixed(mixed(seed)[1] ^ step)[1] ^ sequence)[1]
    kept = []
    for _ in range(count):
        state, number = mixed(state)
        kept.append((number >> 40) / 2**24 >= rate)
    return kept


@pytest.mark.parametrize("training", [False, True], ids=["running", "training"])
def test_dropout_takes_the_units_of_the_documented_generator(training):
    """Of an output that is the controller's, in steps counted from the last reset."""
    net = Net(output_size=5).train(training)
    output = net.tensors()["output.weight"][0]
    output[...] = np.eye(5, output.shape[1])
    net.reset().step(net.inputs(1)[0])
    whole = net.reset().forward(net.inputs(STEPS))
    for rate, seed in ((0.5, 2**64 - 1), (0.125, 0)):
        net.reset().dropout(rate, seed)
        dropped = np.concatenate([net.forward(net.inputs(STEPS)[:4]), net.forward(net.inputs(STEPS)[4:])])
        kept = [[units_kept(rate, seed, t, b, 5) for b in range(2)] for t in range(STEPS)]
        assert_close(dropped, whole * np.array(kept) / (1 - rate), 1e-6)
    assert_equal(net.reset().dropout(0).forward(net.inputs(STEPS)), whole)


@pytest.mark.parametrize("fields", [dict(batch_size=5), dict(controller=c.DNC_CONTROLLER_FEEDFORWARD, batch_size=33)])
def test_dropout_is_the_same_in_steps_and_with_threads(fields):
    """Bit for bit: outputs and all gradients, with more rows than a product takes, in two calls and after a detach."""
    results = []
    for threads, watched in ((1, False), (2, False), (1, True)):
        net = Net(num_threads=threads, **fields).train().dropout(0.3, 5)
        if watched:
            net.progress(lambda done, total: False)
        inputs = net.inputs(25)
        net.forward(inputs[:3])
        net.detach()
        outputs = (
            stepped(net, inputs[3:]) if watched else np.concatenate([net.forward(i) for i in (inputs[3:9], inputs[9:])])
        )
        results.append([outputs, net.backward(net.output_gradients(22)), net.gradients.copy()])
    for found in results[1:]:
        for a, b in zip(found, results[0]):
            assert_equal(a, b)


@pytest.mark.parametrize("memory", [c.DNC_MEMORY_DNC, c.DNC_MEMORY_NONE])
def test_dropout_has_its_own_gradient(memory):
    """Against a difference quotient along the gradient of the controller's parameters."""
    net = Net(memory=memory).train().dropout(0.5, 3)
    inputs, targets = net.inputs(STEPS), net.output_gradients(STEPS)
    start = net.parameters.copy()
    net.reset().forward(inputs)
    net.backward(targets)
    for name, (_, gradients) in net.tensors().items():
        if not name.startswith("controller"):
            gradients[...] = 0
    slope = np.linalg.norm(net.gradients)
    direction = net.gradients / slope
    losses = []
    for step in (-1e-2, 1e-2):
        net.parameters[...] = start + np.float32(step) * direction
        losses.append((net.reset().forward(inputs).astype(np.float64) * targets).sum())
    assert (losses[1] - losses[0]) / 2e-2 == pytest.approx(slope, rel=0.02)


def test_dropout_is_not_changed_under_recorded_steps():
    net = Net().train().dropout(0.5, 1)
    copy = net.clone()
    outputs = net.forward(net.inputs(2))
    assert_equal(copy.forward(net.inputs(2)), outputs)
    with pytest.raises(Refused) as caught:
        net.dropout(0)
    assert caught.value.status == c.DNC_INVALID_STATE and "2 steps are recorded" in caught.value.message
    net.detach()
    net.dropout(0)
