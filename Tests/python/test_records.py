"""Whose gradients `DNC.backward` takes: those of the recorded steps, and any of which nothing is known."""

import copy

import dnc
import numpy as np
import pytest
from dnc._records import records
from small import B, T, X, Y

TARGETS = (np.random.default_rng(5).random((T, B, Y)) < 0.5).astype(np.float32)
MASK = np.ones((T, B), np.float32)
MASK[0] = 0


def softmax(outputs):
    shifted = np.exp(outputs - outputs.max(-1, keepdims=True))
    return (shifted / shifted.sum(-1, keepdims=True) - TARGETS) / (T * B)


def in_place(outputs):
    gradients = outputs.astype(np.float64)
    gradients -= TARGETS
    np.multiply(gradients, 2 / gradients.size, out=gradients)
    gradients[MASK == 0] = 0
    return gradients


# The gradient of a loss from the outputs, as people write it.
LOSSES = {
    "dnc.loss": lambda outputs: dnc.loss("sigmoid_cross_entropy", outputs, TARGETS, MASK)[1],
    "of a slice": lambda outputs: dnc.loss("mean_squared_error", outputs[:], TARGETS)[1] * 0.5,
    "of a list": lambda outputs: dnc.loss("mean_squared_error", list(outputs), TARGETS)[1],
    "mean squared error": lambda outputs: 2 * (outputs - TARGETS) / outputs.size,
    "sigmoid": lambda outputs: (1 / (1 + np.exp(-outputs)) - TARGETS) * MASK[..., None] / MASK.sum(),
    "softmax": softmax,
    "in place": in_place,
    "where": lambda outputs: np.where(MASK[..., None] > 0, outputs - TARGETS, 0),
    "step by step": lambda outputs: np.stack([output - target for output, target in zip(outputs, TARGETS)]),
    "clipped": lambda outputs: np.clip(outputs - TARGETS, -1, 1),
    "scaled": lambda outputs: (outputs - TARGETS) * (1 / np.linalg.norm(outputs)),
}


@pytest.fixture
def net(net):
    net.training = True
    return net


@pytest.fixture(params=LOSSES.values(), ids=LOSSES)
def loss(request):
    return request.param


def episode(net, seed):
    net.reset()
    return net.forward(np.random.default_rng(seed).standard_normal((T, B, X)))


def refused(net, gradients):
    before, steps = net.flat_gradients.copy(), net.recorded_steps
    with pytest.raises(dnc.InvalidArgument, match="output_gradients come from outputs of other steps"):
        net.backward(gradients)
    assert np.array_equal(net.flat_gradients, before) and net.recorded_steps == steps
    return True


def test_gradients_of_another_episode(net, loss):
    gradients = loss(episode(net, 1))
    outputs = episode(net, 2)
    assert refused(net, gradients)
    net.backward(loss(outputs))
    outputs = episode(net, 3)
    assert refused(net, gradients)
    net.backward(np.array(gradients))  # the way out
    assert net.flat_gradients.any()


def test_a_validation_in_between(net, loss):
    """It forgets the record, so its own may not take the place."""
    gradients = loss(episode(net, 1))
    episode(net, 2)
    assert refused(net, gradients)
    gradients = loss(episode(net, 1))
    net.training = False
    episode(net, 2)
    with pytest.raises(dnc.InvalidState, match="nothing is recorded"):
        net.backward(gradients)


def test_a_validation_of_a_clone_in_between(net, loss):
    outputs = episode(net, 1)
    with net.clone(share_parameters=True) as clone:
        episode(clone, 2)
    net.backward(loss(outputs))


def test_old_gradients_after_backward_or_detach(net, loss):
    gradients = loss(episode(net, 1))
    net.backward(gradients)
    net.forward(np.ones((T, B, X)))
    assert refused(net, gradients)
    net.detach()
    net.forward(np.ones((T, B, X)))
    assert refused(net, gradients)


def test_outputs_are_arrays(net):
    outputs = episode(net, 1)
    assert isinstance(outputs, np.ndarray) and outputs.dtype == np.float32 and repr(outputs).startswith("array(")
    assert type(np.asarray(outputs)) is type(np.zeros_like(outputs)) is np.ndarray
    assert isinstance(outputs.sum(), np.float32) and isinstance(float(outputs[0, 0, 0]), float)
    assert np.array_equal(np.concatenate([outputs, outputs])[T:], outputs) and np.allclose(
        outputs.mean(), np.mean(outputs)
    )
    net.training = False
    assert type(episode(net, 1)) is np.ndarray


# Never in the way.


def test_an_ordinary_loop(net, loss):
    for seed in range(3):
        net.backward(loss(episode(net, seed)))


@pytest.mark.parametrize("name", ["copy", "mini_shrdlu"])
def test_a_task_s_loop(name):
    """An interactive one is played step by step."""
    task = dnc.Task(name, seed=1, **({"max_length": 1} if name == "copy" else {}))
    net = dnc.DNC(task.input_size, task.output_size, batch_size=2)
    net.training = True
    for _ in range(3):
        outputs = task.play(net)
        gradients = task.loss(outputs)[1]
        net.backward(gradients)
    again = np.ones((len(gradients), 2, task.input_size))
    net.reset()
    net.forward(again)
    assert refused(net, gradients)


def test_several_forwards_are_one_record(net, loss):
    for parts in ([1, 3], [1, 1, 1, 1]):
        net.reset()
        outputs = [net.forward(np.ones((part, B, X))) for part in parts]
        net.backward(loss(np.concatenate(outputs)))
        net.reset()
        outputs = [net.forward(np.ones((part, B, X))) for part in parts]
        net.backward(np.concatenate([2 * (output - 1) for output in outputs]))
    net.reset()
    steps = [net.step(np.ones((B, X))) for _ in range(T)]
    net.backward(loss(np.stack(steps)))


def test_truncated_back_propagation(net, loss):
    net.reset()
    for _ in range(3):
        net.backward(loss(net.forward(np.ones((T, B, X)))))


def test_buffers_are_used_again(net, loss):
    """Whatever they were made of, and however they are written."""
    first = episode(net, 1)
    buffers = [np.empty_like(first), np.zeros_like(first), first.copy(), first - 1, loss(first)]
    for seed, write in enumerate(
        [
            lambda buffer, given: buffer.__setitem__(..., given),
            lambda buffer, given: np.copyto(buffer, given),
            lambda buffer, given: np.copyto(dst=buffer, src=given),
            lambda buffer, given: np.multiply(given, 2, out=buffer),
            lambda buffer, given: (buffer.fill(0), np.add(buffer, given, out=buffer)),
            lambda buffer, given: [row.__setitem__(..., one) for row, one in zip(buffer, given)],
            lambda buffer, given: [buffer.__setitem__(t, one) for t, one in enumerate(given)],
            lambda buffer, given: np.stack(list(given), out=buffer),
            lambda buffer, given: buffer.flat.__setitem__(slice(None), given.ravel()),
            lambda buffer, given: setattr(buffer, "flat", given),
        ]
    ):
        for plain in (False, True):
            for buffer in map(copy.copy, buffers):
                given = loss(episode(net, 2 + seed))
                write(buffer, np.array(given) if plain else given)
                net.backward(buffer)


def test_methods_that_write_into_a_buffer(net, loss):
    """It is of what they were called for."""
    for write in [
        lambda buffer, given: given.take(range(T), axis=0, out=buffer, mode="clip"),
        lambda buffer, given: given.take(range(T), 0, buffer, "clip"),
        lambda buffer, given: given.dot(np.eye(Y, dtype=given.dtype), out=buffer),
        lambda buffer, given: given.compress([True] * T, axis=0, out=buffer),
        lambda buffer, given: given.round(3, out=buffer),
    ]:
        old = loss(episode(net, 1))
        buffer = old.copy()
        write(buffer, loss(episode(net, 2)))
        net.backward(buffer)
        buffer = loss(episode(net, 1))
        episode(net, 2)
        write(buffer, old)
        assert refused(net, buffer)


def test_gradients_that_have_several_sources(net):
    """One of the present record is enough, as of a consistency between two passes."""
    first, second = episode(net, 1), episode(net, 2)
    net.backward((second - first) / first.size)
    target = net.clone()
    gradients = (episode(net, 3) - episode(target, 3)) / first.size
    net.backward(gradients)
    target.backward(-gradients)


def test_gradients_that_come_from_another_network(net):
    """As of outputs of two that are multiplied."""
    other = net.clone()
    mine, its = episode(net, 1), episode(other, 1)
    net.backward(its)
    other.backward(mine)


def test_copies_have_marks_of_their_own(net, loss):
    """What is written into a copy does not make the original another's."""
    old, new = episode(net, 1), episode(net, 2)
    scratch = new.copy()
    scratch[...] = old
    net.backward(loss(new))


@pytest.mark.parametrize("gone", [False, True], ids=["one network", "networks that are gone"])
def test_marks_do_not_grow(net, gone):
    """What goes on over many episodes, as a moving average, remembers no more of them than of one."""
    average, buffer, sizes = np.zeros((T, B, Y), np.float32), np.zeros_like(episode(net, 0)), []
    for seed in range(20):
        outputs = episode(net.clone() if gone else net, seed)
        average = 0.9 * average + 0.1 * outputs
        buffer *= 0
        buffer += outputs
        sizes += [len(records([average])), len(records([buffer]))]
    assert max(sizes) <= 2
    if not gone:
        net.backward(average)
        episode(net, 1)
        assert refused(net, average)


def test_a_mark_keeps_no_network_alive(net, inputs):
    import gc
    import weakref

    one = net.clone()
    handle, outputs = weakref.ref(one._handle), one.forward(inputs)
    gradients = outputs - 1
    one.close()
    gc.collect()
    assert handle() is None and gradients.shape == (T, B, Y)
