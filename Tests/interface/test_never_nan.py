"""Finite numbers in, finite numbers out: outputs, states and traces of networks far from anything sensible, at the CPU
level that runs. docs/gradients/README.md says why they are finite, and its pages mechanism by mechanism."""

import numpy as np
import pytest
from support import ALGORITHMS, SMALL, Net, Optimizer, Refused, assert_close, c, check, decoded, encoded, f32, loss

LARGEST = np.finfo(np.float32).max
STEPS = 10


def extreme(random, shape, kind):
    """Numbers of one kind of extreme."""
    signs = random.choice(f32([-1, 1]), shape)
    if kind == "ordinary":
        return f32(random.standard_normal(shape))
    if kind == "large":
        return f32(signs * 1e30)
    if kind == "largest":
        return f32(signs * LARGEST)
    if kind == "positive":
        return np.full(shape, 1e30, np.float32)
    if kind == "denormal":
        return f32(signs * 1e-42)
    if kind == "zero":
        return np.zeros(shape, np.float32)
    if kind == "any size":
        return f32(signs * 10 ** random.uniform(-44, 30, shape))
    if kind == "some large":
        return f32(np.where(random.random(shape) < 0.1, signs * 1e30, random.standard_normal(shape)))
    assert kind == "squares overflow"
    return f32(random.standard_normal(shape) * 1e20)


KINDS = [
    "ordinary", "large", "largest", "positive", "denormal", "zero", "any size", "some large", "squares overflow",
]  # fmt: skip


def assert_finite(net, outputs, what):
    assert np.isfinite(outputs).all(), f"{what}: outputs"
    for field in net.fields:
        assert np.isfinite(net.state(field)).all(), f"{what}: {field}"
    if net.recorded:
        for name in net.traces:
            assert np.isfinite(net.trace(name)).all(), f"{what}: trace of {name}"


def assert_keeps(net, what):
    """A checkpoint of the state is read again, byte for byte."""
    whole = encoded(net, flags=c.DNC_CHECKPOINT_STATE)
    again, _ = decoded(whole)
    assert encoded(again, flags=c.DNC_CHECKPOINT_STATE) == whole, what


def any_network(random):
    memory = int(random.choice([0] * 7 + [c.DNC_MEMORY_NTM] * 2 + [c.DNC_MEMORY_NONE]))
    links = int(random.choice([0, 1, 1]))
    variants = dict(
        temporal_links=links, link_sharpening=links * int(random.choice([0, 1])),
        deallocation=int(random.choice([0, 0, 1])), content_masks=int(random.choice([0, 0, 1])),
        mask_minimum=float(random.choice([0, 0.1])),
    )  # fmt: skip
    if memory != c.DNC_MEMORY_DNC:
        variants = {}
    return dict(
        input_size=int(random.choice([1, 3, 17])), output_size=int(random.choice([1, 2, 9])),
        hidden_size=int(random.choice([1, 5, 16, 37])), num_layers=int(random.choice([1, 1, 3])),
        memory_slots=int(random.choice([1, 2, 5, 16, 33, 50])), word_size=int(random.choice([1, 3, 16, 20, 64])),
        read_heads=int(random.choice([1, 2, 5])), write_heads=int(random.choice([1, 1, 3])),
        batch_size=int(random.choice([1, 2, 5])), controller=int(random.choice([0, 0, 1, 2, 3])),
        activation=int(random.choice([0, 1])), initial_state=int(random.choice([0, 1, 2])),
        initial_value=float(random.choice([1e-6, 0, 1])), clip_value=float(random.choice([0, 0, 20, 1e30])),
        num_threads=int(random.choice([1, 2])), controller_norm=int(random.choice([0, 0, 1])),
        interface_norm=int(random.choice([0, 0, 1])), memory=memory, **variants,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(200))
def test_any_network(seed):
    """Parameters of one kind of extreme, or each tensor of its own, and inputs of another."""
    random = np.random.default_rng(seed)
    net = Net(**any_network(random)).train(random.random() < 0.5)
    kinds = [str(random.choice(KINDS))] * 64 if random.random() < 0.3 else [str(k) for k in random.choice(KINDS, 64)]
    for kind, (values, _) in zip(kinds, net.tensors().values()):
        values[...] = extreme(random, values.shape, kind)
    net.reset()
    what = f"seed {seed}, {kinds[: len(net.tensors())]}"
    assert_keeps(net, what)
    size = net.config
    for _ in range(2):
        kind = str(random.choice(KINDS))
        inputs = extreme(random, (STEPS, size.batch_size, size.input_size), kind)
        assert_finite(net, net.forward(inputs), f"{what}, inputs {kind}")
    assert_finite(net, net.step(inputs[0]), f"{what}, a step")
    assert_keeps(net, what)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("slots, word", [(1, 1), (6, 4), (40, 33), (3, 300)])
@pytest.mark.parametrize("memory", [c.DNC_MEMORY_DNC, c.DNC_MEMORY_NTM])
def test_any_memory(kind, slots, word, memory):
    """A memory set from outside, which the heads of an NTM read before they write."""
    random = np.random.default_rng(1)
    for write_heads in (1, 2):
        net = Net(memory=memory, memory_slots=slots, word_size=word, write_heads=write_heads)
        net.set_state("memory", extreme(random, net.shape("memory"), kind))
        assert np.abs(net.state("memory")).max() <= 2**119
        weights = random.random(net.shape("read_weights"))
        net.set_state("read_weights", f32(weights / weights.sum(-1, keepdims=True)))
        net.set_state("read_vectors", extreme(random, net.shape("read_vectors"), kind))
        net.set_state("cell", extreme(random, net.shape("cell"), kind))
        assert_finite(net, net.forward(net.inputs(STEPS)), kind)


@pytest.mark.parametrize("memory", [c.DNC_MEMORY_DNC, c.DNC_MEMORY_NTM])
@pytest.mark.parametrize("seed", range(4))
def test_any_learned_memory(memory, seed):
    """The largest numbers that a parameter can have; in whole episodes, and where one starts with a step."""
    net = Net(memory=memory, memory_slots=9, word_size=33, initial_state=c.DNC_INITIAL_LEARNED, seed=seed).train()
    start, logits = net.tensors()["initial.memory"][0], net.tensors()["initial.read_weight_logits"][0]
    start[...] = LARGEST
    logits[...] = np.random.default_rng(seed).standard_normal(logits.shape)
    net.reset()
    assert_finite(net, net.forward(net.inputs(STEPS)), "from the start")
    check(c.dnc_reset_sequences(net.handle, (c.c_uint8 * 2)(0, 1)))
    assert_finite(net, net.forward(net.inputs(STEPS)), "from a start in the record")
    assert (start == LARGEST).all(), "the parameter stays what it is"


def interface(net, **parts):
    """A network whose interface vector is constant: each named part has one value, the others are 0."""
    s = net.config
    w, r, k = s.word_size, s.read_heads, s.write_heads
    widths = dict(read_keys=r * w, read_strengths=r, write_keys=k * w, write_strengths=k, erase=k * w, write=k * w)
    if s.memory == c.DNC_MEMORY_NTM:
        widths |= dict(read_gates=r, read_shifts=3 * r, read_sharpness=r)
        widths |= dict(write_gates=k, write_shifts=3 * k, write_sharpness=k)
    else:
        widths |= dict(
            free_gates=r, allocation_gates=k, write_gates=k, read_modes=r * (2 * k + 1) * s.temporal_links,
            read_masks=r * w * s.content_masks, write_masks=k * w * s.content_masks,
            backward_sharpness=r * k * s.link_sharpening, forward_sharpness=r * k * s.link_sharpening,
        )  # fmt: skip
    tensors = net.tensors()
    tensors["interface.weight"][0][...] = 0
    bias, at = tensors["interface.bias"][0], 0
    bias[...] = 0
    for name, width in widths.items():
        if name in parts:
            bias[at : at + width] = parts.pop(name)
        at += width
    assert at == bias.size and not parts
    return net.reset()


@pytest.mark.parametrize("sharpness", [-1e30, 0, 100, 1e30, LARGEST])
def test_sharpness_of_any_size(sharpness):
    """Of links that are 0 at first, and then as strong as they can be."""
    net = Net(link_sharpening=1, write_heads=2).train()
    interface(
        net, backward_sharpness=sharpness, forward_sharpness=sharpness, write_gates=100, allocation_gates=100, write=1
    )
    assert_finite(net, net.forward(net.inputs(STEPS)), sharpness)


@pytest.mark.parametrize("masks", [-LARGEST, -100, 0, LARGEST])
@pytest.mark.parametrize("size", [1, 1e19, LARGEST])
def test_masks_of_any_size(masks, size):
    net = Net(content_masks=1, memory_slots=9, word_size=17).train()
    interface(net, read_masks=masks, write_masks=masks, read_keys=size, write_keys=-size, write=size, write_gates=100)
    assert_finite(net, net.forward(net.inputs(STEPS)), (masks, size))


@pytest.mark.parametrize("size", [-LARGEST, -100, 100, 1e30, LARGEST])
@pytest.mark.parametrize("slots", [1, 2, 33])
def test_a_saturated_turing_machine(size, slots):
    """Of a weighting of one slot."""
    shift = np.tile([size, 0, 0], 2)
    for parts in (
        dict(read_gates=size, write_gates=size), dict(read_shifts=shift, write_shifts=shift),
        dict(read_sharpness=size, write_sharpness=size), dict(write=size, erase=size),
        dict(read_shifts=shift, write_shifts=-shift, read_sharpness=size, write_sharpness=size, write_gates=-size),
    ):  # fmt: skip
        net = Net(memory=c.DNC_MEMORY_NTM, memory_slots=slots, read_heads=2, write_heads=2).train()
        interface(net, **parts)
        for field in ("read_weights", "write_weights"):
            net.set_state(field, np.broadcast_to(np.arange(slots) == 0, net.shape(field)))
        assert_finite(net, net.forward(net.inputs(STEPS)), (parts, slots))


@pytest.mark.parametrize("write_heads", [1, 3])
@pytest.mark.parametrize("size", [1e10, 1e19, 1e25, 1e30, LARGEST])
def test_writing_the_same_without_end(size, write_heads):
    """Nothing is erased, and a large vector is added to the same slot at every step."""
    net = Net(memory_slots=1, write_heads=write_heads)
    interface(net, write=size, write_gates=100, erase=-1e30, read_modes=0)
    for _ in range(20):
        assert_finite(net, net.forward(net.inputs(50)), size)
    assert np.abs(net.state("memory")).min() >= min(size, 1e35)


@pytest.mark.parametrize("gates", [-1e30, 1e30, -100, 100])
@pytest.mark.parametrize("slots", [1, 6, 33])
def test_saturated_gates(gates, slots):
    for name in ("erase", "free_gates", "allocation_gates", "write_gates", "read_modes", "read_strengths"):
        net = interface(Net(memory_slots=slots), **{name: gates}, write=1, read_keys=1)
        assert_finite(net, net.train().forward(net.inputs(STEPS)), f"{name} {gates}")
    everything = ("erase", "free_gates", "allocation_gates", "write_gates", "write_strengths", "read_strengths")
    net = interface(Net(memory_slots=slots), **dict.fromkeys(everything, gates), write=1e30)
    assert_finite(net, net.train().forward(net.inputs(STEPS)), f"all {gates}")


@pytest.mark.parametrize("usage", [0, 0.5, 1, 1e-42, 1 - 2**-24])
def test_equal_usages(usage):
    for write_heads in (1, 4):
        net = Net(memory_slots=40, write_heads=write_heads)
        net.set_state("usage", np.full(net.shape("usage"), usage))
        assert_finite(net, net.forward(net.inputs(STEPS)), usage)


# ------------------------------------------------------------------------------ right, not only finite --


@pytest.mark.parametrize("size", [1e-3, 1e10, 1e17, 1e20, 1e25, 1e30])
@pytest.mark.parametrize("word", [3, 16, 37])
def test_content_of_any_size(size, word):
    """Where to read does not depend on how large keys and memory are, once ε counts for nothing."""

    def weighting(key_size, memory_size):
        random = np.random.default_rng(word)
        net = Net(memory_slots=21, word_size=word, read_heads=1, batch_size=1)
        key = random.standard_normal(word) * key_size
        memory = f32(random.standard_normal(net.shape("memory")) * memory_size)
        interface(net, read_keys=key, read_modes=[0, 100, 0], write_gates=-100, read_strengths=9)
        net.set_state("memory", memory)
        net.step(net.inputs(1)[0])
        return net.state("read_weights")

    expected = weighting(1e3, 1e3)
    assert expected.max() > 0.1
    for key_size, memory_size in ((1e3, size), (size, 1e3), (size, size)):
        if min(key_size, memory_size) >= 1:
            assert_close(weighting(key_size, memory_size), expected, 2e-5, f"{key_size}, {memory_size}")


@pytest.mark.parametrize("slots", [2, 40])
@pytest.mark.parametrize("first, second, wanted", [(0.6, 0.4, 1), (0.4, -0.4, 0), (0.4, 0.4, 0), (1.4, 0.4, 1)])
def test_slots_of_almost_equal_usage(slots, first, second, wanted):
    """They are taken in the order of round(usage · 2¹⁶), equal ones by the lower index."""
    net = Net(memory_slots=slots, read_heads=1, batch_size=1)
    interface(net, allocation_gates=100, write_gates=100, free_gates=-100)
    usage = np.full((1, slots), 0.9)
    usage[0, :2] = (20000 + np.array([first, second])) / 65536 - 1e-6 * (1 - 20000 / 65536)
    net.set_state("usage", usage)
    net.step(net.inputs(1)[0])
    written = net.state("write_weights")[0, 0]
    free = 1 - 20000 / 65536
    assert_close(written[[wanted, 1 - wanted]], f32([free, free * (1 - free)]), 1e-4)


@pytest.mark.parametrize("slots", [15, 16, 17, 70, 128, 300, 2048, 2049])
def test_the_order_of_many_slots(slots):
    """Nearly full ones, many of them equal, so that each one's allocation depends on all before it."""
    net = Net(memory_slots=slots, read_heads=1, batch_size=1)
    interface(net, allocation_gates=100, write_gates=100, free_gates=-100)
    keys = 65536 - np.random.default_rng(slots).integers(0, 8 + 40_000 // slots, slots)
    s = keys / 65536
    net.set_state("usage", ((s - 1e-6) / (1 - 1e-6))[None])
    net.step(net.inputs(1)[0])
    order = np.argsort(keys, kind="stable")
    allocation = np.empty(slots)
    allocation[order] = (1 - s[order]) * np.concatenate([[1], np.cumprod(s[order])[:-1]])
    assert_close(net.state("write_weights")[0, 0], f32(allocation), 1e-4)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_the_last_slots_are_found(rows):
    """Whatever their number: the memory's last rows are like the key, the others its opposite, and the strength is so
    large that exponentials overflow if the largest is missed."""
    for slots in range(rows + 1, 36):
        net = Net(memory_slots=slots, word_size=5, read_heads=1, batch_size=1)
        interface(net, read_keys=1, read_modes=[0, 100, 0], write_gates=-100, read_strengths=300)
        memory = np.full(net.shape("memory"), -100)
        memory[:, -rows:] = 100
        net.set_state("memory", memory)
        net.step(net.inputs(1)[0])
        expected = np.zeros(slots)
        expected[-rows:] = 1 / rows
        assert_close(net.state("read_weights")[0, 0], expected, 1e-5, f"{slots} slots")


@pytest.mark.parametrize("batch_size", [1, 3])
def test_sums_that_only_overflow_on_the_way(batch_size):
    """Products beyond every Float whose sum is not, in the controller and the output."""
    net = Net(
        controller=c.DNC_CONTROLLER_FEEDFORWARD, activation=c.DNC_ACTIVATION_RELU, input_size=37, hidden_size=9,
        batch_size=batch_size,
    )  # fmt: skip
    net.parameters[...] = 0
    tensors = net.tensors()
    tensors["controller.0.weight"][0][:, 0] = 2e30
    tensors["controller.0.weight"][0][:, 20] = -1.9e30
    tensors["output.weight"][0][:, 0] = 2e3
    tensors["output.weight"][0][:, 8] = -1.9e3
    outputs = net.reset().forward(np.full((STEPS, batch_size, 37), 1e9))
    assert_close(net.state("hidden"), np.full((1, batch_size, 9), 1e38), 1e-5)
    assert (outputs == LARGEST).all()
    tensors["output.weight"][0][:, 8] = -1.99e3
    assert_close(net.reset().forward(np.full((STEPS, batch_size, 37), 2e7)), np.full_like(outputs, 2e37), 1e-5)


@pytest.mark.parametrize("term", ["the inputs", "the layer below", "its own last output"])
def test_sums_of_an_lstm_that_only_overflow_on_the_way(term):
    """Each of the three products that a layer adds counts where the sums are computed again."""
    net = Net(input_size=16, hidden_size=16, num_layers=2, batch_size=3)
    net.parameters[...] = 0
    tensors = net.tensors()
    layer = 0 if term == "the inputs" else 1
    weights = {
        "the inputs": tensors["controller.0.weight_ih"][0][:, :16],
        "the layer below": tensors["controller.1.weight_ih"][0][:, -16:],
        "its own last output": tensors["controller.1.weight_hh"][0],
    }[term]
    # The first is a little larger than the others, so that the sum is far above 0, and the candidate 1.
    weights[2 * 16 : 3 * 16] = np.tile(f32([3e38, 3e38, -3e38, -3e38]), 4)
    weights[2 * 16 : 3 * 16, 0] = 3.001e38
    if term == "the layer below":
        tensors["controller.0.bias"][0][...] = 100
    net.set_state("hidden", np.full(net.shape("hidden"), 0.5))
    net.step(np.full((3, 16), 0.5))
    assert (net.state("cell")[layer] == 0.5).all()


def test_outputs_beyond_every_float():
    """They end at the greatest one, with their sign."""
    net = Net()
    tensors = net.tensors()
    tensors["output.weight"][0][...] = 0
    tensors["output.weight"][0][0, 0], tensors["output.weight"][0][1, 0] = LARGEST, -LARGEST
    tensors["output.bias"][0][...] = [LARGEST, -LARGEST]
    tensors["controller.0.bias"][0][...] = 100
    assert (net.forward(net.inputs(3)) == f32([LARGEST, -LARGEST])).all()


def test_a_network_that_is_not_a_number_stays_so():
    """Nothing hides a diverged run: the numbers in it may be anything only as long as they were finite before."""
    net = Net()
    net.tensors()["controller.0.bias"][0][0] = np.nan
    assert np.isnan(net.forward(net.inputs(3))).any()


# -------------------------------------------------------------------------------------- gradients --


@pytest.mark.parametrize("size", [1e10, 1e20, 1e25])
@pytest.mark.parametrize("slots, word", [(6, 4), (40, 33)])
@pytest.mark.parametrize("large", [slice(None), slice(1), slice(3, 4)], ids=["all", "first", "fourth"])
def test_gradients_over_a_large_memory(size, slots, word, large):
    """Norms whose squares overflow are right, so that nothing is 0 times infinity, if it is one slot's or all."""
    net = Net(memory_slots=slots, word_size=word)
    random = np.random.default_rng(5)
    memory = random.standard_normal(net.shape("memory"))
    memory[:, large] *= size
    net.set_state("memory", memory)
    net.train().forward(net.inputs(2))
    assert np.isfinite(net.backward(net.output_gradients(2))).all()
    assert np.isfinite(net.gradients).all()


def test_gradients_may_overflow_and_are_then_refused():
    """What is not promised: where derivatives are too large for a Float, the optimizer says so."""
    random = np.random.default_rng(3)
    net = Net(**SMALL).train()
    net.parameters[...] = random.standard_normal(net.parameters.size) * 3
    net.tensors()["output.weight"][0][...] = 1e30
    net.reset()
    outputs = net.forward(net.inputs(STEPS) * 10)
    assert np.isfinite(outputs).all()
    net.backward(np.full_like(outputs, 1e30))
    assert not np.isfinite(net.gradients).all()
    with pytest.raises(Refused, match="the gradient of .* is ") as refused:
        Optimizer(net).step(net)
    assert refused.value.status == c.DNC_NOT_FINITE


@pytest.mark.parametrize("algorithm", ["rmsprop", "adam", "adamw"])
@pytest.mark.parametrize("size", [1e15, 1e19, 1e25, LARGEST])
def test_a_parameter_outlives_a_large_gradient(algorithm, size):
    """One gradient whose square overflows, and the parameter still learns from those that follow."""
    net = Net(input_size=30)
    optimizer = Optimizer(net, algorithm=ALGORITHMS[algorithm], decay=0.1, beta1=0.1, beta2=0.1)
    net.gradients[...] = size
    optimizer.step(net)
    assert np.isfinite(net.parameters).all()
    for _ in range(200):
        net.gradients[...] = 1
        optimizer.step(net)
    net.parameters[...] = 0
    net.gradients[...] = 1
    optimizer.step(net)
    assert np.isfinite(net.parameters).all() and (net.parameters < 0).all()


def test_the_gradient_of_a_large_error():
    """A difference beyond every Float, a thousandth of which is its gradient."""
    value, gradients = loss("mean_squared_error", f32([[[3e38] + 999 * [0]]]), f32([[[-3e38] + 999 * [0]]]))
    assert np.isfinite(value)
    assert_close(gradients[0, 0, :2], f32([2 * 6e38 / 1000, 0]), 1e-6)


@pytest.mark.parametrize("size", [1e3, 1e10, 1e20, 3e38])
def test_the_softmax_of_large_logits(size):
    """What counts is their difference, here 0, whatever they are."""
    value, gradients = loss("softmax_cross_entropy", f32([[[size, size, -size]]]), f32([[[1, 0, 0]]]))
    assert value == pytest.approx(np.log(2), rel=1e-12)
    assert_close(gradients, f32([[[-0.5, 0.5, 0]]]), 1e-6)
