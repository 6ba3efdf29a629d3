"""The state of a sequence as one row of floats, and gradients of the state both ways."""

import numpy as np
import pytest
from dnc import _c as c
from support import FIELDS, MEMORIES, Net, Refused, check, f32

KINDS = {
    "dnc": {},
    "dnc, two layers": {"num_layers": 2, "write_heads": 2, "read_heads": 2, "initial_state": c.DNC_INITIAL_CONSTANT},
    "content only": {"temporal_links": 0, "deallocation": 1, "content_masks": 1},
    "sharp": {"link_sharpening": 1, "controller": c.DNC_CONTROLLER_GRU},
    "ntm": {"memory": MEMORIES["ntm"], "controller": c.DNC_CONTROLLER_FEEDFORWARD},
    "norms": {"controller_norm": 1, "interface_norm": 1, "num_layers": 2},
    "none": {"memory": MEMORIES["none"]},
    "learned": {"initial_state": c.DNC_INITIAL_LEARNED},
}


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


def parts(net, b):
    """The fields of sequence b, one after the other."""
    found = []
    for name in net.fields:
        values = net.state(name)
        found.append((values[:, b] if name in ("hidden", "cell") else values[b]).ravel())
    return np.concatenate(found)


def test_a_row_has_the_fields_in_their_order(kind):
    net = Net(batch_size=3, **kind)
    net.forward(net.inputs(4))
    assert list(FIELDS) == sorted(FIELDS, key=FIELDS.get)
    for b, row in enumerate(net.state_rows()):
        np.testing.assert_array_equal(row, parts(net, b))


def test_a_stream_is_parked_and_resumed_elsewhere(kind):
    """In another place of a batch of another size, to the bit; those beside it go on undisturbed."""
    whole, wide, narrow = Net(batch_size=1, **kind), Net(batch_size=3, **kind), Net(batch_size=2, **kind)
    inputs, others = whole.inputs(6), wide.inputs(6, seed=5)
    expected = whole.forward(inputs)
    beside = Net(batch_size=3, **kind).forward(others)
    others[:3, 1] = inputs[:3, 0]
    outputs = wide.forward(others[:3])
    np.testing.assert_array_equal(outputs[:, 1], expected[:3, 0])
    np.testing.assert_array_equal(outputs[:, 2], beside[:3, 2])
    parked = wide.state_rows(1, 1)
    narrow.set_state_rows(parked, first=1)
    np.testing.assert_array_equal(narrow.state_rows(1, 1), parked)
    rest = np.repeat(inputs[3:], 2, axis=1)
    np.testing.assert_array_equal(narrow.forward(rest)[:, 1], expected[3:, 0])
    np.testing.assert_array_equal(wide.forward(others[3:])[:, 2], beside[3:, 2])


@pytest.mark.parametrize("write_heads", [1, 2])
@pytest.mark.parametrize("slots", [7, 8, 13, 70])
@pytest.mark.parametrize("words", [3, 8, 17, 40])
def test_the_norms_of_a_memory_are_those_of_the_steps(slots, words, write_heads):
    """They are no part of the row, and must come out as the writes left them, to the bit."""
    sizes = dict(memory_slots=slots, word_size=words, write_heads=write_heads, batch_size=3)
    one, other = Net(**sizes), Net(**sizes)
    inputs = 3 * one.inputs(24)
    one.forward(inputs[:12])
    other.set_state_rows(one.state_rows())
    one.forward(inputs[12:]), other.forward(inputs[12:])
    np.testing.assert_array_equal(one.state_rows(), other.state_rows())


def test_gradients_pass_through_the_state(kind):
    """Two pieces of an episode, each recorded by itself, have the gradients of the whole."""
    whole, first, last = (Net(batch_size=2, **kind).train() for _ in range(3))
    inputs, gradients = whole.inputs(7), whole.output_gradients(7)
    whole.forward(inputs)
    expected = whole.backward(gradients)
    first.forward(inputs[:4])
    last.set_state_rows(first.state_rows())
    last.forward(inputs[4:])
    later = last.backward(gradients[4:])
    first.set_final_state_gradient(last.state_gradient_rows())
    earlier = first.backward(gradients[:4])
    np.testing.assert_array_equal(np.concatenate([earlier, later]), expected)
    np.testing.assert_allclose(first.gradients + last.gradients, whole.gradients, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(first.state_gradient_rows(), whole.state_gradient_rows())


def test_a_final_gradient_is_used_once_and_only_then():
    """More steps, reset and detach forget it, too."""
    net, plain = Net(batch_size=2).train(), Net(batch_size=2).train()
    inputs, gradients = net.inputs(3), net.output_gradients(3)
    rows = np.random.default_rng(3).normal(size=(2, net.state_size)).astype(np.float32)

    def backward(one):
        one.zero_gradients()
        one.backward(gradients)
        return one.gradients.copy()

    plain.forward(inputs)
    expected = backward(plain)
    net.forward(inputs)
    net.set_final_state_gradient(rows)
    assert np.abs(backward(net) - expected).max() > 1e-3
    for forget in (lambda: net.backward(gradients[:2]), net.detach, net.reset):
        net.forward(inputs[:2])
        net.set_final_state_gradient(rows)
        forget()
        net.reset()
        net.forward(inputs)
        np.testing.assert_array_equal(backward(net), expected)
    net.reset()
    net.forward(inputs[:2])
    net.set_final_state_gradient(rows)
    net.forward(inputs[2:])
    np.testing.assert_array_equal(backward(net), expected)


def test_final_gradients_of_some_sequences():
    """The others have 0."""
    net, both = Net(batch_size=2).train(), Net(batch_size=2).train()
    inputs, gradients = net.inputs(3), net.output_gradients(3)
    rows = f32(np.random.default_rng(4).normal(size=(2, net.state_size)))
    rows[0] = 0
    for one in (net, both):
        one.forward(inputs)
    net.set_final_state_gradient(rows[1:], first=1)
    both.set_final_state_gradient(rows)
    np.testing.assert_array_equal(net.backward(gradients), both.backward(gradients))
    np.testing.assert_array_equal(net.gradients, both.gradients)


def test_a_learned_start_belongs_to_the_sequences_not_written():
    """Whose states are written have none; the gradients are those of the other sequence alone."""
    net, alone = (Net(batch_size=b, initial_state=c.DNC_INITIAL_LEARNED).train() for b in (2, 1))
    inputs, gradients = net.inputs(3), net.output_gradients(3)
    net.set_state_rows(net.state_rows(1, 1), first=1)
    net.forward(inputs), alone.forward(inputs[:, :1])
    net.backward(gradients), alone.backward(gradients[:, :1])
    starts = [name for name in net.tensors() if name.startswith("initial.")]
    assert starts
    for name in starts:
        np.testing.assert_array_equal(net.tensors()[name][1], alone.tensors()[name][1])


def test_what_may_not_be_written():
    net = Net(batch_size=2).train()
    rows = net.state_rows()
    usage = net.config.memory_slots * net.config.word_size
    rows[1, usage] = 1.5
    with pytest.raises(Refused, match=rf"rows\[{net.state_size + usage}\] is 1.5, allowed in its field are 0 to 1"):
        net.set_state_rows(rows)
    rows[1, usage] = np.nan
    with pytest.raises(Refused, match="rows"):
        net.set_state_rows(rows)
    assert not net.state_rows().any(), "a refused row changes nothing"
    net.forward(net.inputs(1))
    with pytest.raises(Refused, match="call dnc_detach first"):
        net.set_state_rows(net.state_rows())
    net.backward(net.output_gradients(1))
    with pytest.raises(Refused, match="nothing is recorded"):
        net.set_final_state_gradient(rows)


WEIGHTINGS = ("precedence", "write_weights", "read_weights")


def test_a_weighting_adds_up_to_one_at_most(kind):
    """By field and by row, of every head; a number that is a little less than 0 makes no room."""
    net = Net(batch_size=2, memory_slots=9, **kind)
    n = net.config.memory_slots
    for name in set(WEIGHTINGS) & set(net.fields):
        words = name.replace("_weights", " weighting")
        for head in range(net.state(name).shape[1]):
            values = np.zeros(net.shape(name), np.float32)
            values[0], values[1, head] = np.float32(1 / n), np.float32(1.1 / n)
            sentence = rf"values: the {words} of head {head} of sequence 1 adds up to 1\.1\d*, allowed is up to 1"
            with pytest.raises(Refused, match=sentence) as refused:
                net.set_state(name, values)
            assert refused.value.status == c.DNC_INVALID_ARGUMENT
            rows = net.state_rows()
            rows[1, place(net, name) + head * n :][:n] = values[1, head]
            with pytest.raises(Refused, match=sentence.replace("values", "rows")):
                net.set_state_rows(rows)
            values[1, head, :4] = 0.251
            values[1, head, 4:] = -0.001
            with pytest.raises(Refused, match="adds up to"):
                net.set_state(name, values)
        assert not net.state(name)[1:].any() or kind.get("initial_state"), "what is refused changes nothing"
        values[1] = values[0]
        net.set_state(name, values)
        np.testing.assert_array_equal(net.state(name), values)


def place(net, name):
    """Where a field begins in a row."""
    return sum(net.state(field)[0].size for field in net.fields[: net.fields.index(name)])


def test_links_are_weightings_by_row_and_by_column():
    """From a slot to itself there is none."""
    net = Net(batch_size=2, write_heads=2, memory_slots=40)
    for change, sentence in [
        *(
            ((slice(None), j), rf"column {j} of the link of head 1 of sequence 1 adds up to 3.9\d*, allowed is up to 1")
            for j in (0, 15, 37, 39)
        ),
        ((5, slice(None)), r"row 5 of the link of head 1 of sequence 1 adds up to 3.9\d*, allowed is up to 1"),
        ((3, 3), r"row 3 of the link of head 1 of sequence 1 has 0.1\d* on the diagonal, allowed is 0"),
    ]:
        links = np.zeros(net.shape("link"), np.float32)
        links[1, 1][change] = 0.1
        if change != (3, 3):
            links[1, 1][np.diag_indices(40)] = 0
        with pytest.raises(Refused, match="values: " + sentence):
            net.set_state("link", links)
        rows = net.state_rows()
        first = place(net, "link")
        rows[1, first : first + links[1].size] = links[1].ravel()
        with pytest.raises(Refused, match="rows: " + sentence):
            net.set_state_rows(rows)
    assert not net.state("link").any()
    links[1, 1] = np.roll(np.eye(40), 1, axis=0)
    net.set_state("link", links)
    np.testing.assert_array_equal(net.state("link"), links)


@pytest.mark.parametrize("memory", ["dnc", "ntm"])
def test_weightings_may_add_up_to_what_they_start_with(memory):
    """A constant start of many slots is more than 1 in all; precedence starts at 0."""
    constant = {"initial_state": c.DNC_INITIAL_CONSTANT, "initial_value": 0.25}
    net = Net(batch_size=2, memory_slots=9, memory=MEMORIES[memory], **constant)
    start = net.state_rows()
    net.forward(net.inputs(3))
    net.set_state_rows(start)
    np.testing.assert_array_equal(net.state_rows(), start)
    for name in ("write_weights", "read_weights"):
        values = np.full(net.shape(name), 0.25, np.float32)
        net.set_state(name, values)
        values[1, 0, 3] = 0.26
        words = name.replace("_weights", " weighting")
        sentence = rf"the {words} of head 0 of sequence 1 adds up to 2\.26\d*, allowed is up to 2\.25"
        with pytest.raises(Refused, match=sentence):
            net.set_state(name, values)
    if memory == "dnc":
        with pytest.raises(Refused, match="the precedence of head 0 of sequence 0 adds up to 2.25, allowed is up to 1"):
            net.set_state("precedence", np.full(net.shape("precedence"), 0.25, np.float32))
    check(c.dnc_set_memory_slots(net.handle, 5))
    net.set_state_rows(net.state_rows())
    with pytest.raises(Refused, match=r"adds up to 1\.5, allowed is up to 1\.25"):
        net.set_state("read_weights", np.full((2, *net.shape("read_weights")[1:]), 0.3, np.float32))


def admissible(net, numbers):
    """Rows at the bounds: weightings that add up to 1, links whose rows and columns do, or less."""
    rows = numbers.uniform(0, 1, (net.config.batch_size, net.state_size)).astype(np.float32)
    n = net.config.memory_slots
    for name in set(WEIGHTINGS) & set(net.fields):
        first, count = place(net, name), net.state(name)[0].size
        heads = rows[:, first : first + count].reshape(len(rows), -1, n)
        rows[:, first : first + count] = (heads / heads.sum(-1, keepdims=True)).reshape(len(rows), -1)
    if "link" in net.fields:
        first, count = place(net, "link"), net.state("link")[0].size
        links = rows[:, first : first + count].reshape(len(rows), -1, n, n)
        links[..., np.arange(n), np.arange(n)] = 0
        links /= np.maximum(links.sum(-1).max(-1), links.sum(-2).max(-1))[..., None, None]
        rows[:, first : first + count] = links.reshape(len(rows), -1)
    return rows


def test_random_rows_are_refused_or_stay_finite(kind):
    """Rows of numbers that are each allowed once grew to NaN within ten steps."""
    numbers, refusals = np.random.default_rng(6), 0
    for turn in range(12):
        net = Net(batch_size=3, seed=turn, **kind)
        net.parameters[:] *= np.float32(3)
        whole = turn % 2 == 0
        rows = admissible(net, numbers) if whole else numbers.uniform(0, 1, (3, net.state_size)).astype(np.float32)
        try:
            net.set_state_rows(rows)
        except Refused as refused:
            assert "adds up to" in refused.message or "on the diagonal" in refused.message
            refusals += 1
            assert not whole
        assert np.isfinite(net.forward(3 * net.inputs(200, seed=turn))).all()
        assert np.isfinite(net.state_rows()).all()
    assert refusals == (0 if kind.get("memory") == MEMORIES["none"] else 6)


@pytest.mark.parametrize("slots, steps", [(6, 3000), (64, 3000), (515, 300), (2048, 40)])
@pytest.mark.parametrize("memory", ["dnc", "ntm"])
def test_every_state_of_the_library_may_be_written(slots, steps, memory):
    """However long the episode: sums are a little more than 1, by rounding."""
    net = Net(memory_slots=slots, memory=MEMORIES[memory], batch_size=1, read_heads=1)
    for scale in (1, 20):
        net.reset()
        net.parameters[:] *= np.float32(scale)
        for _ in range(4):
            net.forward(2 * net.inputs(steps // 4, seed=scale))
            net.set_state_rows(net.state_rows())
