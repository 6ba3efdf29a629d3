"""Parameters and gradients of two instances, and tensors by their names."""

from ctypes import byref, sizeof

import numpy as np
import pytest
from support import Net, Refused, assert_equal, c, check
from test_packed import KINDS


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


def test_a_tensor_by_its_name(kind):
    net = Net(**kind)
    for name, (values, gradients) in net.tensors().items():
        tensor = c.dnc_tensor(struct_size=sizeof(c.dnc_tensor))
        check(c.dnc_tensor_named(net.handle, name.encode(), byref(tensor)))
        shape = tuple(tensor.shape[: tensor.rank])
        assert (tensor.name.decode(), shape) == (name, values.shape)
        assert net.view(tensor.values, shape).ctypes.data == values.ctypes.data
        assert net.view(tensor.gradients, shape).ctypes.data == gradients.ctypes.data
    with pytest.raises(Refused, match='name is "nothing", and there is no such tensor'):
        check(c.dnc_tensor_named(net.handle, b"nothing", byref(c.dnc_tensor(struct_size=sizeof(c.dnc_tensor)))))


def test_copied_parameters_are_those_of_the_other(kind):
    net, other = Net(**kind, seed=1), Net(**kind, seed=2)
    inputs = net.inputs(4)
    net.forward(inputs[:2])
    check(c.dnc_copy_parameters(net.handle, other.handle))
    assert_equal(net.parameters, other.parameters)
    assert_equal(net.reset().forward(inputs), other.forward(inputs), "from the next reset on")


def test_copied_parameters_count_when_the_caller_says_so():
    """In the middle of an episode, as parameters that the caller wrote."""
    net, twin, other = Net(seed=1), Net(seed=1), Net(seed=2)
    inputs = net.inputs(4)
    net.step(inputs[0]), twin.step(inputs[0])
    check(c.dnc_copy_parameters(net.handle, other.handle))
    twin.parameters[:] = other.parameters
    for one in (net, twin):
        check(c.dnc_parameters_changed(one.handle))
    assert_equal(net.step(inputs[1]), twin.step(inputs[1]))


def test_gradients_of_parts_of_a_batch_add_up():
    """Two instances with half of the batch each have the gradients of one with all of it."""
    whole = Net(batch_size=4).train()
    inputs, gradients = whole.inputs(5), whole.output_gradients(5)
    whole.forward(inputs), whole.backward(gradients)
    halves = [Net().train(), Net().train()]
    for half, part in zip(halves, (slice(0, 2), slice(2, 4))):
        half.forward(inputs[:, part]), half.backward(gradients[:, part])
    second = halves[1].gradients.copy()
    expected = halves[0].gradients + second
    check(c.dnc_add_gradients(halves[0].handle, halves[1].handle))
    assert_equal(halves[0].gradients, expected)
    assert_equal(halves[1].gradients, second)
    np.testing.assert_allclose(halves[0].gradients, whole.gradients, atol=1e-5)


def test_clones_that_share_parameters():
    net = Net()
    clone, before = net.clone(c.DNC_CLONE_SHARE_PARAMETERS), net.parameters.copy()
    check(c.dnc_copy_parameters(net.handle, clone.handle))
    assert_equal(net.parameters, before)


def test_other_tensors_are_named():
    net = Net()
    for other, sentence in [
        (
            Net(hidden_size=6),
            r"other has controller.0.weight_ih of 24 by 11 numbers, needed is controller.0.weight_ih of 20 by 11",
        ),
        (Net(num_layers=2), r"other has controller.1.weight_ih of .*, needed is interface.weight"),
        (Net(initial_state=c.DNC_INITIAL_LEARNED), r"other has 10 tensors, needed are 7: both need the same tensors"),
    ]:
        before = net.parameters.copy(), net.gradients.copy()
        for call in (c.dnc_copy_parameters, c.dnc_add_gradients):
            with pytest.raises(Refused, match=sentence):
                check(call(net.handle, other.handle))
        assert_equal(net.parameters, before[0]), assert_equal(net.gradients, before[1])
