"""The check for numbers that are not finite: off, on, what it names, and that it leaves everything as it was."""

import re

import numpy as np
import pytest
from support import Net, Refused, assert_equal, c, check, load
from test_never_nan import interface
from test_progress import NETWORKS, STEPS, assert_alike, assert_goes_on_alike, begun

every_network = pytest.mark.parametrize("fields", NETWORKS.values(), ids=NETWORKS)


def refused(call, *arguments):
    with pytest.raises(Refused) as error:
        call(*arguments)
    assert error.value.status == c.DNC_NOT_FINITE
    return error.value.message


@every_network
@pytest.mark.parametrize("training", [False, True], ids=["running", "training"])
def test_checking_changes_no_number(fields, training):
    net, twin = begun(dict(fields, check_finite=1), training), begun(fields, training)
    assert_goes_on_alike(net, twin, STEPS)
    given = net.inputs(1)[0]
    assert_equal(net.step(given), twin.step(given))
    assert_goes_on_alike(net, twin, STEPS)


def test_off_at_first_and_of_the_process(tmp_path):
    """A clone has it, a loaded network the default."""
    assert Net().config.check_finite == 0
    net = Net(check_finite=1)
    net.save(tmp_path / "net")
    assert net.clone().config.check_finite == 1 and load(tmp_path / "net")[0].config.check_finite == 0
    off = Net(check_finite=0)
    off.parameters[...] = np.nan
    assert np.isnan(off.forward(off.inputs(2))).all()


def part(net, name):
    """Where a part of the interface vector begins, for one head after the other, and how wide it is."""
    s = net.config
    w, r, k = s.word_size, s.read_heads, s.write_heads
    modes, mask, sharpnesses = s.temporal_links * (2 * k + 1), s.content_masks * w, s.link_sharpening * k
    at = 0
    for part, heads, width in (
        ("read key", r, w), ("read strength", r, 1), ("write key", k, w), ("write strength", k, 1),
        ("erase vector", k, w), ("write vector", k, w), ("free gate", r, 1), ("allocation gate", k, 1),
        ("write gate", k, 1), ("read modes", r, modes), ("read mask", r, mask), ("write mask", k, mask),
        ("backward sharpness", r, sharpnesses), ("forward sharpness", r, sharpnesses),
    ):  # fmt: skip
        if part == name:
            return [at + head * width for head in range(heads)]
        at += heads * width


PARTS = [
    "read key", "read strength", "write key", "write strength", "erase vector", "write vector", "free gate",
    "allocation gate", "write gate", "read modes", "read mask", "write mask", "backward sharpness",
    "forward sharpness",
]  # fmt: skip


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("head", [0, 1])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_the_part_of_the_interface_is_named(name, head, value):
    net = Net(write_heads=2, check_finite=1, content_masks=int("mask" in name), link_sharpening=int("sharp" in name))
    net.tensors()["interface.bias"][0][part(net, name)[head]] = value
    if value == np.inf:  # which a sum that overflows would be; it ends at the greatest number, and a gate at 1
        net.forward(net.inputs(STEPS))
        return
    message = refused(net.forward, net.inputs(STEPS))
    assert message == f"the {name} of head {head} is nan in step 0, sequence 0"


def test_the_part_of_the_ntms_interface_is_named():
    net = Net(write_heads=2, check_finite=1, memory=c.DNC_MEMORY_NTM)
    bias = net.tensors()["interface.bias"][0]
    s, at = net.config, 0
    r, k, w = s.read_heads, s.write_heads, s.word_size
    for name, heads, width in (
        ("read key", r, w), ("read strength", r, 1), ("write key", k, w), ("write strength", k, 1),
        ("erase vector", k, w), ("write vector", k, w), ("read interpolation gate", r, 1), ("read shifts", r, 3),
        ("read sharpness", r, 1), ("write interpolation gate", k, 1), ("write shifts", k, 3), ("write sharpness", k, 1),
    ):  # fmt: skip
        for head in range(heads):
            bias[at] = np.nan
            assert refused(net.forward, net.inputs(2)) == f"the {name} of head {head} is nan in step 0, sequence 0"
            bias[at] = 0
            check(c.dnc_parameters_changed(net.handle))
            at += width
    assert at == bias.size


@pytest.mark.parametrize("training", [False, True], ids=["running", "training"])
@pytest.mark.parametrize("num_threads", [1, 2])
@pytest.mark.parametrize("before", [0, 3])
@pytest.mark.parametrize(
    "kind, sequences", [("a large batch", (1, 30, 29, 0, 49)), ("shared products", (0, 2, 1, 0, 2))]
)
def test_the_first_place_is_named(training, num_threads, before, kind, sequences):
    """An infinite weight leaves a gate open or shut, and makes NaN of an input of 0."""
    fields = dict(NETWORKS[kind], num_threads=num_threads)
    net, twin = begun(dict(fields, check_finite=1), training, before), begun(fields, training, before)
    inputs = net.inputs(STEPS)
    inputs[..., 8] = 1
    for step, sequence in zip((5, 4, 4, 6, 8), sequences, strict=True):
        inputs[step, sequence, 8] = 0
    weight = net.tensors()["controller.0.weight_ih"][0]
    usual = weight[7, 8]
    weight[7, 8] = np.inf
    check(c.dnc_parameters_changed(net.handle))
    outputs = np.full((STEPS, net.config.batch_size, 2), 7, np.float32)
    for _ in range(3):
        message = refused(net.forward_into, inputs, outputs)
        assert message == f"the gates of layer 0 is nan in step 4, sequence {sequences[2]}"
        assert (outputs == 7).all()
        assert_alike(net, twin)
    weight[7, 8] = usual
    check(c.dnc_parameters_changed(net.handle))
    assert_goes_on_alike(net, twin)


def test_one_step():
    net = Net(check_finite=1)
    net.step(net.inputs(1)[0])
    before = net.states()
    net.tensors()["output.bias"][0][1] = np.nan
    output = np.full((2, 2), 7, np.float32)
    assert refused(net.forward_into, net.inputs(1), output[None]) == "the output is nan in step 0, sequence 0"
    assert refused(net.step, net.inputs(1)[0]) == "the output is nan in step 0, sequence 0"
    assert (output == 7).all()
    for field, values in before.items():
        assert_equal(net.state(field), values, field)


def test_layers_are_named():
    net = Net(num_layers=3, check_finite=1)
    net.tensors()["controller.2.bias"][0][3] = np.nan
    assert refused(net.forward, net.inputs(2)) == "the gates of layer 2 is nan in step 0, sequence 0"


@pytest.mark.parametrize(
    "fields, tensor, found",
    [
        (dict(controller_norm=1), "controller.0.weight_hh", "sums of layer 0"),
        (dict(controller_norm=1), "controller.0.norm_scale", "gates of layer 0"),
        (dict(controller_norm=1), "controller.0.cell_norm_bias", "hidden state of layer 0"),
        (dict(interface_norm=1), "interface.weight", "interface's sums"),
        (dict(controller=c.DNC_CONTROLLER_GRU), "controller.0.bias_hh", "recurrent product of layer 0"),
    ],
)
def test_what_a_controller_normalizes_or_keeps_apart_is_named(fields, tensor, found):
    net = Net(check_finite=1, **fields)
    net.tensors()[tensor][0][..., -1] = np.nan
    assert refused(net.reset().forward, net.inputs(2)) == f"the {found} is nan in step 0, sequence 0"


@every_network
def test_gradients_that_overflow(fields):
    """The last step in which there is one comes first, backwards; the record is still there."""
    net, twin = begun(dict(fields, check_finite=1), True), begun(fields, True)
    for each in (net, twin):
        each.tensors()["output.weight"][0][...] *= 100
        each.forward(each.inputs(STEPS))
    good = net.output_gradients(net.recorded) * np.float32(1e-3)
    if not fields.get("clip_value"):
        last = net.config.batch_size - 1
        given = good.copy()
        given[3, 0] = given[7, last] = 3e38
        untouched = np.full((net.recorded, *net.inputs(1).shape[1:]), 7, np.float32)
        input_gradients = untouched.copy()
        message = refused(net.backward_into, given, input_gradients)
        assert re.fullmatch(
            rf"the gradient of the controller's output is (-?inf|nan) in step 7, sequence {last}", message
        )
        assert_equal(input_gradients, untouched, "input gradients")
        assert_alike(net, twin)
    assert_equal(net.backward(good), twin.backward(good), "input gradients")
    assert_alike(net, twin)


def test_gradients_that_grow_on_the_way():
    """Nothing is wrong in the last step, but further and further back."""
    net = Net(check_finite=1).train()
    net.tensors()["controller.0.weight_hh"][0][...] *= 1e8
    net.tensors()["controller.0.bias"][0][...] = 0
    net.reset().forward(net.inputs(30) * 0)
    given = np.zeros((30, 2, 2), np.float32)
    given[-1] = 1
    found = re.fullmatch(
        r"the gradient of the .* is (-?inf|nan) in step (\d+), sequence \d", refused(net.backward, given)
    )
    assert 5 < int(found.group(2)) < 29
    assert net.recorded == 30


def test_what_is_summed_up_is_the_optimizer_s_matter():
    """Gradients of every step are finite, their sum is not."""
    net = Net(check_finite=1).train()
    net.forward(net.inputs(STEPS))
    given = np.zeros((STEPS, 2, 2), np.float32)
    given[...] = 3e37
    net.tensors()["output.weight"][0][...] = 0
    net.backward(given)
    assert np.isinf(net.gradients).any()


def test_extreme_numbers_pass():
    """What ends at the greatest number is finite."""
    net = interface(Net(check_finite=1), write=1e30, write_gates=100, read_keys=1e30)
    assert np.isfinite(net.forward(net.inputs(STEPS))).all()
