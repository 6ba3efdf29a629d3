"""Threads, finite checks and the limit of the record are set while an episode goes on."""

import numpy as np
import pytest
from support import Net, Refused, assert_equal, c, check

SIZES = dict(hidden_size=32, memory_slots=32, word_size=16, batch_size=6)


def test_the_episode_goes_on_with_other_threads():
    """To the bit, with dropout and from step to step."""
    results = []
    for plan in ([1, 1, 1, 1], [1, 3, 0, 2]):
        net = Net(**SIZES).dropout(0.3, 4)
        outputs = []
        for part, threads in enumerate(plan):
            check(c.dnc_set_num_threads(net.handle, threads))
            assert net.config.num_threads == threads
            net.train(part > 1)
            outputs.append(net.forward(net.inputs(7, seed=part)))
            if part > 1:
                outputs.append(net.backward(net.output_gradients(7, seed=part)))
        results.append([np.concatenate([array.ravel() for array in outputs]), net.state_rows(), net.gradients.copy()])
    for one, other in zip(*results):
        assert_equal(one, other)


def test_not_while_steps_are_recorded():
    net, twin = Net().train(), Net().train()
    for one in (net, twin):
        one.forward(one.inputs(3))
    for call, name in (
        (c.dnc_set_num_threads, "number of threads"),
        (c.dnc_set_max_record_bytes, "limit of the record"),
    ):
        with pytest.raises(Refused, match=f"the {name} can't be changed while 3 steps are recorded") as refused:
            check(call(net.handle, 2))
        assert refused.value.status == c.DNC_INVALID_STATE
    assert_equal(net.backward(net.output_gradients(3)), twin.backward(net.output_gradients(3)))


def test_a_state_gradient_does_not_outlive_the_threads():
    net = Net().train()
    net.forward(net.inputs(2))
    net.backward(net.output_gradients(2))
    net.state_gradient("memory")
    check(c.dnc_set_num_threads(net.handle, 2))
    with pytest.raises(Refused, match="there is no state gradient"):
        net.state_gradient("memory")


def test_the_limit_of_the_record_holds_from_now_on():
    net = Net(**SIZES)
    net.step(net.inputs(1)[0])
    state = net.state_rows()
    check(c.dnc_set_max_record_bytes(net.handle, 1_000_000))
    assert_equal(net.state_rows(), state)
    net.train()
    with pytest.raises(Refused, match="config->max_record_bytes is 1000000"):
        net.forward(net.inputs(300))
    check(c.dnc_set_max_record_bytes(net.handle, 0))
    net.forward(net.inputs(300))
    assert net.recorded == 300


def test_finite_checks_begin_and_end():
    net = Net()
    net.parameters[:] = np.nan
    net.reset()
    check(c.dnc_set_check_finite(net.handle, 1))
    with pytest.raises(Refused, match="is nan in step 0"):
        net.step(net.inputs(1)[0])
    check(c.dnc_set_check_finite(net.handle, 0))
    assert np.isnan(net.step(net.inputs(1)[0])).all()
