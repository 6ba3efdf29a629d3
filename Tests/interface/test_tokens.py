"""Inputs given as tokens: to the bit what their one-hot rows give."""

import numpy as np
import pytest
from dnc import _c as c
from support import Net, Refused, assert_equal, check
from test_packed import KINDS

X = 21
# Sizes at the ends of the products' blocks, and beside them.
SIZES = [
    {"hidden_size": 5},
    {"hidden_size": 16, "batch_size": 1},
    {"hidden_size": 51, "num_layers": 3, "batch_size": 5},
    {"hidden_size": 64, "batch_size": 4, "input_size": 300},
]


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


def rows_of(tokens, width=X):
    return np.concatenate([np.eye(width, dtype=np.float32), np.zeros((1, width), np.float32)])[tokens]


def episode(net, steps=23, seed=0):
    """Tokens, some of them twice and some -1, and starts."""
    numbers, config = np.random.default_rng(seed), net.config
    shape = (steps, config.batch_size)
    tokens = numbers.integers(-1, config.input_size, shape)
    tokens[numbers.random(shape) < 0.3] = 2
    return tokens.astype(np.int32), numbers.random(shape) < 0.2


def after_backward(net, gradients):
    return [net.backward(gradients), net.gradients, net.state_rows(), net.state_gradient_rows()]


@pytest.mark.parametrize("controller", [0, 1, 2, 3])
@pytest.mark.parametrize("sizes", range(len(SIZES)))
def test_every_controller(controller, sizes):
    for more in ({}, {"controller_norm": 1}, {"num_layers": 2}, {"clip_value": 1}):
        fields = {"input_size": X, "controller": controller, **SIZES[sizes], **more}
        compare(fields, seed=sizes)


def test_every_kind(kind):
    compare({"input_size": X, **kind})


def test_any_number_of_threads():
    for threads in (1, 3):
        compare({"input_size": X, "batch_size": 7, "num_threads": threads}, steps=60)


def compare(fields, steps=23, seed=0):
    """Two episodes with other parameters: outputs, traces, states and all gradients."""
    given, plain = Net(**fields).train(), Net(**fields).train()
    for net in (given, plain):
        net.parameters[:] *= np.float32(1.5)
        net.reset()
    for turn in range(2):
        tokens, starts = episode(given, steps, seed + turn)
        rows = rows_of(tokens, given.config.input_size)
        assert_equal(given.forward_tokens(tokens, starts), plain.forward_packed(rows, starts))
        for name in plain.traces if plain.config.memory != c.DNC_MEMORY_NONE else ():
            assert_equal(given.trace(name), plain.trace(name), name)
        gradients = plain.output_gradients(steps)
        for one, other in zip(after_backward(given, gradients), after_backward(plain, gradients)):
            assert_equal(one, other, str(fields))


def test_steps_and_a_whole_are_the_same(kind):
    """Recorded or not; with a progress function, too."""
    for training in (False, True):
        nets = [Net(input_size=X, **kind).train(training) for _ in range(3)]
        tokens, _ = episode(nets[0], 9)
        nets[2].progress(lambda done, total: False)
        expected = nets[0].forward(rows_of(tokens))
        assert_equal(np.stack([nets[1].step_tokens(row) for row in tokens]), expected)
        assert_equal(nets[2].forward_tokens(tokens), expected)
        assert_equal(nets[2].state_rows(), nets[0].state_rows())


def test_sums_that_overflow():
    """They are computed again in double precision, from the tokens."""
    given, plain = (Net(input_size=X, num_layers=2) for _ in range(2))
    for net in (given, plain):
        weights = {name: values for name, (values, _) in net.tensors().items()}
        weights["controller.0.weight_ih"][...] = weights["controller.0.bias"][...] = 3e38
        # Without the token, what is left would be below 0.
        weights["controller.0.weight_hh"][:, 0] = -3.3e38
        net.reset()
        net.set_state("hidden", np.ones(net.shape("hidden")))
    tokens, _ = episode(given, 5)
    outputs = given.forward_tokens(tokens)
    assert np.isfinite(outputs).all() and abs(given.state("hidden")[0]).max() > 0.7, "gates are open"
    assert_equal(outputs, plain.forward(rows_of(tokens)))


def test_a_long_record_of_short_bytes():
    """The limit is met by longer segments, which keep fewer memories, and gradients stay the same."""
    fields = {"input_size": X, "memory_slots": 64, "batch_size": 3}
    whole, tight = Net(**fields).train(), Net(**fields).train()
    tokens, starts = episode(whole, 200)
    least = 0
    for limit in (400_000, 4_000_000, 40_000_000):
        check(c.dnc_set_max_record_bytes(tight.handle, limit))
        try:
            outputs = tight.forward_tokens(tokens, starts)
            least = limit
            break
        except Refused as refused:
            assert refused.status == c.DNC_OUT_OF_MEMORY
    assert least == 4_000_000
    assert_equal(outputs, whole.forward_packed(rows_of(tokens), starts))
    gradients = whole.output_gradients(200)
    for one, other in zip(after_backward(tight, gradients), after_backward(whole, gradients)):
        assert_equal(one, other)


def test_a_record_does_not_hold_the_rows():
    """65536 channels take the memory of their weights alone: 1,000 rows would take 262 MB."""
    net = Net(input_size=65536, hidden_size=2, batch_size=1).train()
    check(c.dnc_set_max_record_bytes(net.handle, 2_000_000))
    net.forward_tokens(np.arange(1000)[:, None] * 60)
    net.backward(net.output_gradients(1000))
    with pytest.raises(Refused, match="a record of 1000 steps takes"):
        net.forward(np.zeros((1000, 1, 65536), np.float32))


def test_rows_and_tokens_take_turns():
    """Nothing is lost between them: state, last step, gradient of the state, and a reset that is to come."""
    mixed, plain = Net(input_size=X).train(), Net(input_size=X).train()
    tokens, starts = episode(mixed, 6)
    for turn in range(4):
        rows = rows_of(tokens)
        outputs = mixed.forward_tokens(tokens, starts) if turn % 2 else mixed.forward_packed(rows, starts)
        assert_equal(outputs, plain.forward_packed(rows, starts))
        recorded = mixed.recorded
        with pytest.raises(Refused, match="the recorded steps have .* call dnc_detach first") as refused:
            mixed.step(rows[0]) if turn % 2 else mixed.step_tokens(tokens[0])
        assert refused.value.status == c.DNC_INVALID_STATE and mixed.recorded == recorded
        gradients = plain.output_gradients(6)
        for one, other in zip(after_backward(mixed, gradients), after_backward(plain, gradients)):
            assert_equal(one, other)
        for net in (mixed, plain):
            net.train(False)
        last, gradient = mixed.last_trace("usage"), mixed.state_gradient_rows()
        with pytest.raises(Refused, match=r"tokens\[1\] is 21, allowed are -1 to 20"):
            mixed.step_tokens([0, X])
        with pytest.raises(Refused, match=r"input\[0\] is nan"):
            mixed.step(np.full((2, X), np.nan, np.float32))
        assert_equal(mixed.last_trace("usage"), last)
        assert_equal(mixed.state_gradient_rows(), gradient)
        for net in (mixed, plain):
            net.train()
            net.reset_sequences([turn % 2, 1])
    assert_equal(mixed.clone().forward_tokens(tokens), plain.forward(rows_of(tokens)))
