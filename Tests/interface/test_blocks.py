"""Where the sequences lie: those of each thread together, in a block. Nobody can tell."""

import numpy as np
import pytest
from support import Net, Refused, assert_equal, c, check, encoded, f32, floats
from test_packed import KINDS
from test_state_images import encoded as picture
from test_state_images import film, state_image

# The kernel that goes through blocks has a test of its own, for every level.
pytestmark = pytest.mark.any_level

BATCH = 12
THREADS = (1, 2, 5)  # one block, two of six sequences, and one, since twelve is no multiple of five


def told(net, told):
    """Adds all that a network tells of its sequences."""
    told.append(net.state_rows())
    told.extend(net.state(field) for field in net.fields)
    told.append(np.frombuffer(encoded(net, flags=c.DNC_CHECKPOINT_STATE), np.uint8))
    if not net.traces:
        return
    for name in net.traces:
        told.append(net.last_trace(name))
        if net.recorded:
            told.append(net.trace(name))
    for b in (0, 7):
        told.append(state_image(net, -1, b))
        if net.recorded:
            told += [state_image(net, 1, b), film(net, 2, 3, b=b)]
            steps = net.recorded
            outputs = net.output_gradients(steps)
            told.append(picture(c.dnc_episode_image_encode, net.handle, b, steps, None, None, floats(f32(outputs))))


def everything(threads, fields, tokens=False):
    """An episode that goes through whatever keeps, moves or copies what lies in blocks."""
    net, found = Net(batch_size=BATCH, num_threads=threads, **fields).train(), []
    steps = 7
    inputs, numbers = net.inputs(steps + 3), np.random.default_rng(5)
    starts = numbers.random((steps, BATCH)) < 0.15
    channels = numbers.integers(-1, net.config.input_size, (steps + 3, BATCH))
    net.dropout(0.4, seed=3)
    found.append(net.forward_tokens(channels[:steps], starts) if tokens else net.forward_packed(inputs[:steps], starts))
    # The record grows step by step, is taken back, and goes on with sequences that begin again.
    for t in range(steps, steps + 3):
        found.append(net.step_tokens(channels[t]) if tokens else net.step(inputs[t]))
    told(net, found)
    net.progress(lambda done, total: True)
    with pytest.raises(Refused, match="cancelled"):
        net.forward_tokens(channels) if tokens else net.forward(inputs)
    with pytest.raises(Refused, match="cancelled"):
        net.backward(net.output_gradients(steps + 3))
    net.progress(None)
    told(net, found)
    net.reset_sequences(np.arange(BATCH) % 5 == 2)
    told(net, found)
    net.set_final_state_gradient(numbers.standard_normal((3, net.state_size)), first=5)
    found.append(net.backward(net.output_gradients(steps + 3)))
    found += [net.gradients.copy(), net.state_gradient_rows()]
    found.extend(net.state_gradient(field) for field in net.fields)
    # Nothing is recorded. The state moves to a record for other threads and back, and to a clone's.
    told(net, found)
    for other in (3, threads):
        check(c.dnc_set_num_threads(net.handle, other if threads > 1 else 1))
        told(net, found)
    twin = net.clone()
    twin.set_state_rows(net.state_rows(first=6, count=4), first=1)
    for each in (net, twin, net.train(False)):
        found.append(each.forward_tokens(channels) if tokens else each.forward(inputs))
        told(each, found)
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tokens", [False, True], ids=["rows", "tokens"])
def test_nobody_can_tell(kind, tokens):
    one = everything(THREADS[0], KINDS[kind], tokens)
    for threads in THREADS[1:]:
        found = everything(threads, KINDS[kind], tokens)
        assert len(found) == len(one)
        for i, (a, b) in enumerate(zip(found, one)):
            assert_equal(np.asarray(a), np.asarray(b), f"number {i} with {threads} threads")


def test_what_a_thread_takes_one_after_the_other():
    """Links that a cache holds two of: five blocks of two sequences each."""
    sizes = dict(memory_slots=700, read_heads=2, hidden_size=20)
    net, alone = Net(batch_size=10, **sizes).train(), Net(batch_size=1, **sizes).train()
    inputs, gradients = net.inputs(3), net.output_gradients(3)
    outputs, input_gradients = net.forward(inputs), net.backward(gradients)
    for b in (0, 3, 9):
        assert_equal(alone.reset().forward(inputs[:, b : b + 1]), outputs[:, b : b + 1])
        assert_equal(alone.backward(gradients[:, b : b + 1]), input_gradients[:, b : b + 1])
        assert_equal(alone.state_rows(), net.state_rows(first=b, count=1))
        assert_equal(alone.state_gradient_rows(), net.state_gradient_rows()[b : b + 1])
