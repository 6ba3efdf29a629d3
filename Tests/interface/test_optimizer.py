"""Updates at the edges of numbers: what they refuse, what they clip, and where their averages end. Ordinary ones:
test_golden.py."""

from itertools import product

import numpy as np
import pytest
from support import ALGORITHMS, Net, Optimizer, Refused, assert_close, assert_equal, c, f32, load

LARGEST = np.finfo(np.float32).max
SMALLEST = np.finfo(np.float32).smallest_normal
every_algorithm = pytest.mark.parametrize("algorithm", ALGORITHMS)


def started(algorithm, **fields):
    """A network and an optimizer that has averages already."""
    net = Net(hidden_size=9)
    optimizer = Optimizer(net, algorithm=ALGORITHMS[algorithm], **fields)
    net.gradients[...] = np.random.default_rng(1).random(net.gradients.size) + 0.1
    optimizer.step(net)
    return net, optimizer


def averages(net, optimizer, path):
    """What the optimizer keeps, from a checkpoint."""
    net.save(path, optimizer)
    data = np.frombuffer(path.read_bytes(), np.uint8)
    start = 8 + int.from_bytes(data[:8], "little")
    return data[start:].view(np.float32)[net.parameters.size :]


def assert_refused(net, optimizer, sentence, path):
    """Neither parameters, gradients, averages nor the number of updates change."""
    parameters, gradients, steps = net.parameters.copy(), net.gradients.copy(), optimizer.steps
    finite = np.isfinite(parameters).all()
    before = averages(net, optimizer, path).copy() if finite else None
    with pytest.raises(Refused, match=sentence) as refused:
        optimizer.step(net)
    assert refused.value.status == c.DNC_NOT_FINITE
    assert_equal(net.parameters, parameters)
    assert_equal(net.gradients, gradients)
    assert optimizer.steps == steps
    if finite:
        assert_equal(averages(net, optimizer, path), before)


# What leads from -LARGEST, of AdamW from 10, beyond all numbers.
DIVERGING = dict(
    sgd=dict(learning_rate=10), rmsprop=dict(learning_rate=1e37), adam=dict(learning_rate=1e37),
    adamw=dict(learning_rate=1e19, weight_decay=1e19),
)  # fmt: skip


@every_algorithm
@pytest.mark.parametrize("place", [0, 7, 127, 128, 200, -1])
def test_an_update_that_would_leave_no_number(algorithm, place, tmp_path):
    """It changes nothing, and names the parameter that it would have left so; then an ordinary one goes on."""
    net, optimizer = started(algorithm, learning_rate=1e-3)
    ordinary = optimizer.config
    config = optimizer.config
    for name, value in DIVERGING[algorithm].items():
        setattr(config, name, value)
    c.dnc_optimizer_set_config(optimizer.handle, config)
    net.parameters[...] = 0
    net.gradients[...] = 0
    net.parameters[place] = 10 if algorithm == "adamw" else -LARGEST
    net.gradients[place] = 1e37 if algorithm == "sgd" else 1e-3
    name, element = next(
        (name, np.flatnonzero(values)[0]) for name, (values, _) in net.tensors().items() if values.any()
    )
    assert_refused(net, optimizer, rf"the updated {name}\[{element}\] is -inf; nothing was changed$", tmp_path / "c")
    c.dnc_optimizer_set_config(optimizer.handle, ordinary)
    net.parameters[place] = 1
    net.gradients[place] = 1
    optimizer.step(net)
    assert np.isfinite(net.parameters).all() and optimizer.steps == 2


@every_algorithm
def test_the_parameter_that_is_none_is_named(algorithm, tmp_path):
    """And not the gradients, which then are none either, in whatever comes first."""
    net, optimizer = started(algorithm)
    net.gradients[...] = 1
    for gradient in (1, np.nan):
        for value, word in ((np.nan, "nan"), (-np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")):
            net.tensors()["interface.bias"][0][3] = value
            net.gradients[...] = gradient
            assert_refused(net, optimizer, rf": interface.bias\[3\] is {word}; nothing was changed$", tmp_path / "c")


@every_algorithm
def test_what_stays_finite_passes(algorithm):
    """A parameter near the greatest number is looked at closely, and changes no other's update by a bit."""
    nets = []
    for size in (1, 1e38):
        net, optimizer = started(algorithm)
        net.parameters[-1] = size
        for step in range(3):
            net.gradients[:-1] = np.random.default_rng(step).standard_normal(net.gradients.size - 1)
            optimizer.step(net)
        nets.append(net)
    assert_equal(*(net.parameters[:-1] for net in nets))
    assert np.isfinite(nets[1].parameters[-1])


def test_a_norm_beyond_every_float():
    """Clipping divides by it all the same; what is handed out is the greatest number."""
    net = Net()
    optimizer = Optimizer(net, algorithm=c.DNC_OPTIMIZER_SGD, learning_rate=1, momentum=0, max_gradient_norm=1)
    net.parameters[...] = 0
    net.gradients[...] = LARGEST
    assert optimizer.step(net) == LARGEST
    assert_close(net.parameters, np.full(net.parameters.size, -(net.parameters.size**-0.5)), 1e-6)
    assert not net.gradients.any()


@every_algorithm
@pytest.mark.parametrize("clipped", [0, 0.5])
def test_no_parameter_is_passed_over(algorithm, clipped):
    """Whatever their number: equal gradients move equal parameters equally, to the last."""
    rests = set()
    for hidden, width in product(range(1, 9), (1, 2)):
        net = Net(hidden_size=hidden, output_size=width)
        optimizer = Optimizer(net, algorithm=ALGORITHMS[algorithm], max_gradient_norm=clipped, momentum=0)
        rests.add(net.parameters.size % 8)
        net.parameters[...] = 1
        net.gradients[...] = 1
        assert optimizer.step(net) == pytest.approx(net.parameters.size**0.5, rel=1e-6)
        assert np.unique(net.parameters).size == 1 and net.parameters[0] < 1
        assert not net.gradients.any()
    assert rests == set(range(8))


# ------------------------------------------------------------------------------- averages that decay --


@every_algorithm
def test_averages_end_at_zero(algorithm, tmp_path):
    """Where gradients are exactly 0 from some update on, nothing stays at the smallest numbers, which are slow."""
    decays = dict(momentum=0.9, decay=0.9, beta1=0.9, beta2=0.9, weight_decay=100)
    net, optimizer = started(algorithm, **decays)
    assert averages(net, optimizer, tmp_path / "c").all()
    for _ in range(1200):
        optimizer.step(net)
    assert not averages(net, optimizer, tmp_path / "c").any()
    if algorithm == "adamw":
        assert not net.parameters.any(), "decayed parameters end at 0 as well"


@every_algorithm
def test_decayed_averages_of_a_file(algorithm, tmp_path):
    """A run that goes on from a file with such averages, as older ones have, is that which was never stopped."""
    net, optimizer = started(algorithm, momentum=0.9, decay=0.9, beta1=0.9, beta2=0.9)
    for _ in range(700):
        optimizer.step(net)
    path = tmp_path / "c"
    net.save(path, optimizer)
    other, other_optimizer = load(path)
    for step in range(150):
        for one, its in ((net, optimizer), (other, other_optimizer)):
            one.gradients[::7] = np.random.default_rng(step).standard_normal(one.gradients[::7].size) * 1e-20
            its.step(one)
    assert_equal(other.parameters, net.parameters)
    assert_equal(averages(other, other_optimizer, path).copy(), averages(net, optimizer, path))


@pytest.mark.parametrize("algorithm", ["rmsprop", "adam", "adamw"])
def test_a_denormal_epsilon(algorithm):
    """It counts as the least number that is not, and nothing is divided by 0."""
    net = Net()
    optimizer = Optimizer(net, algorithm=ALGORITHMS[algorithm], epsilon=1e-40, weight_decay=0)
    before = net.parameters.copy()
    optimizer.step(net)
    assert_equal(net.parameters, before)


def test_denormal_numbers_count_as_zero():
    """In inputs, states and gradients, in an episode and in its gradients: to the bit."""
    tiny = f32(1e-41)
    results = []
    for size in (0, tiny):
        net = Net(hidden_size=20, memory_slots=20).train()
        for field in ("memory", "usage", "link", "precedence", "read_vectors", "hidden", "cell"):
            diagonal = np.eye(20) if field == "link" else 0  # which is 0
            net.set_state(field, np.full(net.shape(field), size) * (1 - diagonal))
        outputs = net.forward(np.full((5, 2, 3), size, np.float32))
        gradients = net.backward(np.full_like(outputs, size))
        results.append((outputs, gradients, net.gradients.copy()))
    for zeros, tinies in zip(*results):
        assert_equal(tinies, zeros)


def test_no_state_is_denormal():
    """Where memory, usage and links are forgotten step by step, nothing is left of them at the end."""
    net = Net(memory_slots=20, read_heads=1)
    random = np.random.default_rng(1)
    net.parameters[...] = random.standard_normal(net.parameters.size)
    for step in range(600):
        net.step(random.standard_normal((2, 3)) * (step < 20))
        if step % 20 == 0:
            for field, values in net.states().items():
                assert not ((values != 0) & (np.abs(values) < SMALLEST)).any(), f"{field} in step {step}"
