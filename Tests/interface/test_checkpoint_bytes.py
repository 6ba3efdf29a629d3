"""Checkpoints in memory, and with the state of the episode."""

import numpy as np
import pytest
from support import Net, Optimizer, Refused, assert_equal, c, check, decoded, encoded, load
from test_checkpoint import build, header_of, without_checksums
from test_packed import KINDS

STATE = c.DNC_CHECKPOINT_STATE


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


def after_an_update(**fields):
    net = Net(**fields).train()
    optimizer = Optimizer(net)
    net.forward(net.inputs(4))
    net.backward(net.output_gradients(4))
    optimizer.step(net)
    return net, optimizer


@pytest.mark.parametrize("flags", [0, STATE])
def test_they_are_the_bytes_of_the_file(kind, flags, tmp_path):
    net, optimizer = after_an_update(**kind)
    path = bytes(tmp_path / "net")
    for one in (optimizer, None):
        check(c.dnc_checkpoint_write(path, net.handle, one and one.handle, flags))
        assert encoded(net, one, flags) == (tmp_path / "net").read_bytes()
    if not flags:
        net.save(tmp_path / "saved")
        assert encoded(net) == (tmp_path / "saved").read_bytes()


def test_training_goes_on_as_if_it_had_not_stopped(kind):
    """In the middle of an episode, from bytes: outputs, gradients and updates."""
    net, optimizer = after_an_update(**kind)
    again, optimizer_again = decoded(encoded(net, optimizer, STATE))
    assert_equal(again.state_rows(), net.state_rows())
    inputs, gradients, results = net.inputs(5, seed=3), net.output_gradients(5, seed=4), []
    for one, rule in ((net, optimizer), (again, optimizer_again)):
        one.train()
        results.append((one.forward(inputs).tobytes(), one.backward(gradients).tobytes(), rule.step(one)))
    assert results[0] == results[1]
    if "initial_state" not in kind:  # a state from elsewhere has no share in learned ones
        assert_equal(again.parameters, net.parameters)


def test_the_state_of_a_sequence_that_begins_anew():
    """With recorded steps, a sequence that was reset is saved as it will begin."""
    net = Net().train()
    fresh = net.state_rows()
    net.forward(net.inputs(3))
    check(c.dnc_reset_sequences(net.handle, (c.c_uint8 * 2)(0, 1)))
    again, _ = decoded(encoded(net, flags=STATE))
    assert_equal(again.state_rows(), np.stack([net.state_rows()[0], fresh[1]]))
    assert net.recorded == 3 and again.recorded == 0


def test_a_file_with_a_state_is_loaded_in_it(tmp_path):
    net, _ = after_an_update()
    check(c.dnc_checkpoint_write(bytes(tmp_path / "net"), net.handle, None, STATE))
    again, optimizer = load(tmp_path / "net")
    assert optimizer is None and not c.dnc_is_training(again.handle)
    given = net.inputs(1, seed=8)[0]
    assert_equal(again.step(given), net.step(given))


def test_every_truncation_and_every_changed_byte():
    net = Net(input_size=1, output_size=1, hidden_size=1, memory_slots=2, word_size=1, read_heads=1, batch_size=1)
    good = encoded(net, Optimizer(net), STATE)
    for size in range(len(good)):
        with pytest.raises(Refused) as refused:
            decoded(good[:size])
        assert refused.value.status == c.DNC_BAD_FORMAT and "bytes: " in refused.value.message
    for place in range(0, len(good), 3):
        damaged = bytearray(good)
        damaged[place] ^= 1 << place % 8
        with pytest.raises(Refused) as refused:
            decoded(bytes(damaged))
        assert refused.value.status == c.DNC_BAD_FORMAT


def changed(good, **entries):
    """Without checksums, and with other words for the tensor of the state."""
    header, data = header_of(without_checksums(good))
    header["state"] = {**header["state"], **entries}
    return build(header, data)


def test_a_state_that_can_t_be_one():
    net, _ = after_an_update()
    good = encoded(net, flags=STATE)
    size = net.state_rows().shape[1]
    assert_equal(decoded(changed(good))[0].state_rows(), net.state_rows())
    for shape in ([2 * size], [1, 2 * size], [size, 2], [2, size, 1]):
        with pytest.raises(Refused, match='tensor "state"'):
            decoded(changed(good, shape=shape))
    header, data = header_of(without_checksums(good))
    first = header["state"]["data_offsets"][0] // 4
    for place, value, sentence in [
        (6 * 4, 1.5, r'"state"\[24\] is 1.5, allowed in its field are 0 to 1'),  # a usage
        (size + 6 * 4, -0.5, rf'"state"\[{size + 24}\] is -0.5'),
        (0, np.nan, r'"state"\[0\] is nan'),
    ]:
        numbers = np.frombuffer(data, np.float32).copy()
        numbers[first + place] = value
        with pytest.raises(Refused, match=sentence) as refused:
            decoded(build(header, numbers.tobytes()))
        assert refused.value.status == c.DNC_BAD_FORMAT


def test_a_state_that_is_not_finite_is_not_saved():
    net = Net()
    net.step(net.inputs(1)[0])
    net.parameters[:] = 3e38
    net.reset()
    net.step(net.inputs(1)[0] * 1e30)
    if np.isfinite(net.state_rows()).all():
        pytest.skip("the state stays finite")
    with pytest.raises(Refused, match="a number of the state is .*; nothing was saved"):
        encoded(net, flags=STATE)


def test_what_belongs_to_the_process_is_not_taken_from_a_file():
    """Older files say it."""
    net = Net(num_threads=3, check_finite=1, max_record_bytes=10**9)
    header, data = header_of(without_checksums(encoded(net)))
    assert not {"config.num_threads", "config.check_finite", "config.max_record_bytes"} & set(header["__metadata__"])
    older = {"config.num_threads": "1024", "config.check_finite": "1", "config.max_record_bytes": "7"}
    header["__metadata__"].update(older)
    again, _ = decoded(build(header, data))
    assert (again.config.num_threads, again.config.check_finite, again.config.max_record_bytes) == (1, 0, 0)
    assert_equal(again.parameters, net.parameters)
