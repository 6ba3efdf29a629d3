"""What the last step did, recorded or not."""

import numpy as np
import pytest
from support import Net, Refused, assert_equal, c, check
from test_packed import KINDS

WITH_MEMORY = {name: kind for name, kind in KINDS.items() if "memory" not in kind or name == "ntm"}


@pytest.fixture(params=WITH_MEMORY)
def kind(request):
    return WITH_MEMORY[request.param]


def of(net):
    return {name: net.last_trace(name) for name in net.traces}


def assert_same(one, other):
    assert one.keys() == other.keys() and one
    for name in one:
        assert_equal(one[name], other[name], name)


def test_it_is_the_last_row_of_the_trace(kind):
    recording, plain = Net(**kind).train(), Net(**kind)
    inputs = plain.inputs(6)
    for t in range(6):
        recording.step(inputs[t]), plain.step(inputs[t])
        rows = {name: recording.trace(name)[-1] for name in recording.traces}
        assert_same(of(recording), rows)
        assert_same(of(plain), rows)


def test_it_stays_when_the_record_goes(kind):
    net, inputs = Net(**kind).train(), Net(**kind).inputs(9)
    net.forward(inputs[:4])
    expected = of(net)
    net.backward(net.output_gradients(4))
    assert_same(of(net), expected)
    assert_same(of(net.clone()), expected)
    check(c.dnc_set_num_threads(net.handle, 2))
    assert_same(of(net), expected)
    net.forward(inputs[4:6])
    expected = of(net)
    net.train(False)
    assert_same(of(net), expected)


@pytest.mark.parametrize("training", [False, True])
def test_a_cancelled_call_changes_nothing(kind, training):
    net = Net(**kind).train()
    net.forward(net.inputs(3))
    net.backward(net.output_gradients(3))
    net.train(training)
    expected = of(net)
    net.progress(lambda done, total: done == 2)
    with pytest.raises(Refused, match="cancelled"):
        net.forward(net.inputs(5, seed=4))
    assert_same(of(net), expected)


def test_only_after_a_step():
    net = Net()
    with pytest.raises(Refused, match="no step has been taken since the episode began") as refused:
        net.last_trace("write_gates")
    assert refused.value.status == c.DNC_INVALID_STATE
    net.step(net.inputs(1)[0])
    assert np.isfinite(net.last_trace("write_gates")).all()
    net.reset()
    with pytest.raises(Refused, match="no step"):
        net.last_trace("write_gates")
    with pytest.raises(Refused, match="allowed are 0 to 16"):
        check(c.dnc_get_last_trace(net.handle, 17, None, 0))
