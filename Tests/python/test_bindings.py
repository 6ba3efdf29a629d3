"""The package dnc as its users see it."""

import ctypes
import gc
import inspect
import io
import os
import pickle
import signal
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import dnc
import numpy as np
import pytest
import safetensors.numpy
from dnc import _c
from PIL import Image
from small import SIZES, B, H, K, L, N, R, T, W, X, Y


def trained(net, inputs):
    """Records the steps of `inputs` and back-propagates ones."""
    net.training = True
    outputs = net.forward(inputs)
    net.backward(np.ones_like(outputs))
    return outputs


# the library


def test_library():
    assert dnc.version() == dnc.__version__ == dnc.build_info()["version"]
    dnc.self_test()


def test_loader_says_what_it_tried(repository):
    environment = {**os.environ, "DNC_LIBRARY": "/nowhere/libdnc.so"}
    environment["PYTHONPATH"] = os.path.dirname(os.path.dirname(dnc.__file__))
    command = [sys.executable, "-c", "import dnc"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert run.returncode == 1 and "ImportError" in run.stderr
    assert "DNC_LIBRARY" in run.stderr and "/nowhere/libdnc.so" in run.stderr


# configuration


def test_config_defaults_are_the_library_s():
    config = dnc.DNC(2, 3).config
    assert config == dict(
        input_size=2, output_size=3, controller="lstm", activation="tanh", hidden_size=64, num_layers=1,
        memory_slots=64, word_size=16, read_heads=1, write_heads=1, batch_size=1, usage_gradient="full",
        initial_state="zeros", initial_value=1e-6, clip_value=0.0, num_threads=1, seed=0, max_record_bytes=0,
        check_finite=False, input_scale=10.0, interface_scale=3.0, memory="dnc", temporal_links=True,
        content_masks=False, mask_minimum=0.0, deallocation=False, link_sharpening=False, controller_norm=False,
        interface_norm=False,
    )  # fmt: skip


def test_config_round_trip():
    chosen = dict(
        SIZES, controller="feedforward", activation="relu", num_layers=2, usage_gradient="stopped",
        initial_state="constant", initial_value=0.25, clip_value=20.0, num_threads=1, seed=2**64 - 1,
        max_record_bytes=2**40, check_finite=True, input_scale=0.5, interface_scale=1000.0, memory="dnc",
        temporal_links=False, content_masks=True, mask_minimum=0.25, deallocation=True, link_sharpening=False,
        controller_norm=False, interface_norm=False,
    )  # fmt: skip
    config = dnc.DNC(**chosen).config
    assert config == chosen
    assert dnc.DNC(**config).config == config
    assert set(config) == set(dnc.Config.__annotations__)
    assert "controller='feedforward'" in repr(dnc.DNC(**config))


@pytest.mark.parametrize(
    ("option", "value", "word"),
    [
        ("hidden_size", 0, "hidden_size"),
        ("hidden_size", -1, "hidden_size is -1"),
        ("hidden_size", 2**32 + 8, "hidden_size is 4294967304"),
        ("seed", 2**64, "seed"),
        ("controller", "mlp", "'lstm', 'feedforward'"),
        ("controller", 1, "'lstm', 'feedforward'"),
        ("clip_value", -1.0, "clip_value"),
        ("clip_value", float("nan"), "clip_value"),
    ],
)
def test_wrong_options(option, value, word):
    with pytest.raises(dnc.InvalidArgument, match=word) as caught:
        dnc.DNC(**{**SIZES, option: value})
    assert caught.value.status == _c.DNC_INVALID_ARGUMENT


@pytest.mark.parametrize("options", [{"hiden_size": 3}, {"hidden_size": 8.0}, {"hidden_size": "8"}, {"struct_size": 4}])
def test_options_of_the_wrong_type(options):
    with pytest.raises(TypeError):
        dnc.DNC(5, 4, **options)


def test_estimate_bytes(net):
    alone, recording = dnc.estimate_bytes(**SIZES), dnc.estimate_bytes(steps=T, training=True, **SIZES)
    assert recording > alone > 8 * net.flat_parameters.size
    with pytest.raises(ValueError):
        dnc.estimate_bytes(steps=-1, **SIZES)


def test_sizes_can_be_changed(net, inputs):
    outputs = net.forward(inputs)
    net.batch_size = 1
    assert net.batch_size == net.config["batch_size"] == 1
    np.testing.assert_allclose(net.forward(inputs[:, :1]), outputs[:, :1], rtol=1e-5, atol=1e-6)
    net.memory_slots = 9
    assert net.memory_slots == 9 and net.state("memory").shape == (1, 9, W)
    with pytest.raises(ValueError, match="batch_size"):
        net.batch_size = 0
    assert net.batch_size == 1


# running


def test_forward_is_steps(net, inputs):
    outputs = net.forward(inputs)
    assert outputs.shape == (T, B, Y) and outputs.dtype == np.float32
    net.reset()
    assert np.array_equal(outputs, [net.step(x) for x in inputs])


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int64, np.uint64, list])
def test_tokens(net, kind):
    """Whole numbers [T, B] stand for one-hot rows, and those [T, B, X] are such rows."""
    tokens = np.random.default_rng(3).integers(0, X, (T, B))
    given = tokens.tolist() if kind is list else tokens.astype(kind)
    rows = np.eye(X, dtype=int)[tokens]
    expected = net.forward(rows)
    net.reset()
    assert np.array_equal(net.forward(given), expected)
    net.reset()
    assert np.array_equal([net.step(row) for row in given], expected)
    net.reset()
    net.training = True
    starts = np.arange(T)[:, None] % 2 + np.zeros(B) > 0
    outputs = net.forward(given, starts)
    gradients = np.array(np.sign(outputs))  # of no episode
    found = net.backward(gradients, input_gradients=True)
    net.reset()
    assert np.array_equal(net.forward(rows, starts), outputs)
    assert np.array_equal(net.backward(gradients, input_gradients=True), found)


@pytest.mark.parametrize(
    "convert",
    [
        lambda a: a.astype(np.float64),
        lambda a: a.tolist(),
        lambda a: np.asfortranarray(a),
        lambda a: np.repeat(a, 2, axis=2)[:, :, ::2],
        lambda a: a.astype(">f4"),
        lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),  # read-only
        lambda a: np.frombuffer(b"." + a.tobytes(), a.dtype, offset=1).reshape(a.shape),  # not aligned
    ],
)
def test_any_real_array_goes_in(net, inputs, convert):
    outputs = net.forward(inputs)
    net.reset()
    assert np.array_equal(net.forward(convert(inputs)), outputs)


def test_integers_and_booleans_go_in(net):
    ones = net.step(np.ones((B, X)))
    for kind in (np.int64, np.uint8, bool):
        net.reset()
        assert np.array_equal(net.step(np.ones((B, X), kind)), ones)


@pytest.mark.parametrize("kind", [complex, str, object])
def test_other_dtypes_do_not(net, kind):
    with pytest.raises(TypeError, match="input has dtype"):
        net.step(np.ones((B, X)).astype(kind))


def test_wrong_shapes(net, inputs):
    with pytest.raises(ValueError, match=r"input has shape \(3, 6\), needed is \[B, X\] with B = 3, X = 5"):
        net.step(np.ones((B, X + 1)))
    with pytest.raises(ValueError, match=r"inputs has shape .* \[T, B, X\]"):
        net.forward(inputs[0])
    with pytest.raises(ValueError, match=r"\[T, B, X\] with T at least 1"):
        net.forward(np.ones((0, B, X)))
    with pytest.raises(ValueError, match=r"memory has shape .* \[B, N, W\]"):
        net.set_state("memory", np.ones((B, N)))
    net.training = True
    net.forward(inputs)
    with pytest.raises(ValueError, match="T = 4"):
        net.backward(np.ones((T - 1, B, Y)))


def test_not_finite(net):
    with pytest.raises(dnc.NotFinite, match="input") as caught:
        net.step(np.full((B, X), np.nan))
    assert isinstance(caught.value, FloatingPointError) and caught.value.status == _c.DNC_NOT_FINITE


def test_backward(net, inputs):
    assert not net.training
    net.training = True
    outputs = net.forward(inputs)
    assert net.recorded_steps == T
    assert net.backward(np.ones_like(outputs)) is None
    first = net.flat_gradients.copy()
    assert net.recorded_steps == 0 and np.any(first)
    net.reset()
    net.forward(inputs)
    gradients = net.backward(np.ones_like(outputs), input_gradients=True)
    assert gradients.shape == inputs.shape and np.any(gradients)
    np.testing.assert_allclose(net.flat_gradients, 2 * first, rtol=1e-5)
    net.zero_gradients()
    assert not np.any(net.flat_gradients)


def test_gradients_are_differences_of_the_loss(net, inputs):
    """Through the whole of the bindings, in a few directions; the library's own tests look closer."""
    targets = (np.random.default_rng(2).random((T, B, Y)) < 0.5).astype(np.float32)

    def evaluate():
        net.reset()
        return dnc.loss("sigmoid_cross_entropy", net.forward(inputs), targets)

    net.training = True
    _, gradients = evaluate()
    net.backward(gradients)
    gradient, start = net.flat_gradients.astype(float), net.flat_parameters.copy()
    direction = (gradient / np.linalg.norm(gradient)).astype(np.float32)
    values = []
    for sign in (1, -1):
        net.flat_parameters[:] = start + sign * np.float32(0.01) * direction
        values.append(evaluate()[0])
    assert (values[0] - values[1]) / 0.02 == pytest.approx(np.linalg.norm(gradient), rel=0.02)


def test_a_network_takes_one_call_at_a_time(net, inputs):
    """What is refused in its own progress changes nothing."""
    refused, batch_size = [], net.batch_size

    def change(done, total):
        for call in (net.reset, net.clone, lambda: net.state("usage"), lambda: setattr(net, "batch_size", 8)):
            with pytest.raises(dnc.InvalidState, match="in use") as error:
                call()
            refused.append(error)
        assert net.recorded_steps == 0

    expected = net.clone().forward(inputs)
    net.progress = change
    assert np.array_equal(net.forward(inputs), expected)
    assert len(refused) == 4 * len(inputs) and net.batch_size == batch_size


def test_progress(net, inputs):
    """Every step is told, numbers stay the same, and what the function returns does not matter."""
    told = []

    def listen(done, total):
        told.append((done, total))
        return True

    twin = net.clone()
    assert net.progress is None
    net.progress = listen
    assert net.progress is listen and net.clone().progress is None
    np.testing.assert_array_equal(trained(net, inputs), trained(twin, inputs))
    np.testing.assert_array_equal(net.flat_gradients, twin.flat_gradients)
    assert told == 2 * [(step, T) for step in range(1, T + 1)]
    net.progress = None
    trained(net, inputs)
    assert len(told) == 2 * T
    with pytest.raises(TypeError):
        net.progress = 3


class Stop(BaseException):
    pass


@pytest.fixture
def ctrl_c():
    """As in a terminal: a shell has its programs in the background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("error", [ValueError, Stop, KeyboardInterrupt])
def test_an_exception_in_progress_cancels(net, inputs, error, ctrl_c):
    """It comes out of the call, and the network goes on as if there had been none."""
    twin = net.clone()
    at = 2

    def listen(done, total):
        if done == at and error is KeyboardInterrupt:
            signal.raise_signal(signal.SIGINT)
        elif done == at:
            raise error("enough")

    net.progress = listen
    for training in (False, True):
        net.training = twin.training = training
        with pytest.raises(error):
            net.forward(inputs)
        assert net.recorded_steps == 0
    net.progress = None
    outputs = net.forward(inputs)
    np.testing.assert_array_equal(outputs, twin.forward(inputs))
    net.progress = listen
    with pytest.raises(error):
        net.backward(outputs)
    assert net.recorded_steps == T and not net.flat_gradients.any()
    at = 0
    given = net.backward(outputs, input_gradients=True)
    np.testing.assert_array_equal(given, twin.backward(outputs, input_gradients=True))
    np.testing.assert_array_equal(net.flat_gradients, twin.flat_gradients)


def test_the_library_s_own_error_comes_out_of_a_call_with_progress(net, inputs):
    net.progress = lambda done, total: None
    with pytest.raises(dnc.InvalidArgument):
        net.forward(inputs[:0])


def test_progress_keeps_no_network_alive(inputs):
    net = dnc.DNC(**SIZES)
    net.progress = lambda done, total: None
    net.forward(inputs)
    handle = weakref.ref(net._handle)
    del net
    assert handle() is None


def test_check_finite(inputs):
    net = dnc.DNC(**SIZES, check_finite=True)
    net.parameters["output.bias"][1] = np.nan
    with pytest.raises(dnc.NotFinite, match="the output is nan in step 0, sequence 0"):
        net.forward(inputs)


def test_backward_with_nothing_recorded(net):
    with pytest.raises(dnc.InvalidState) as caught:
        net.backward(np.ones((T, B, Y)))
    error = caught.value
    assert isinstance(error, RuntimeError) and isinstance(error, dnc.Error)
    assert error.status == _c.DNC_INVALID_STATE and error.message and str(error) == error.message


def test_detach_and_training_off_drop_the_record(net, inputs):
    net.training = True
    net.forward(inputs)
    state = net.state("memory")
    net.detach()
    assert net.recorded_steps == 0 and np.array_equal(net.state("memory"), state)
    net.forward(inputs)
    net.training = False
    assert net.recorded_steps == 0 and not net.training


# parameters


def test_parameters_by_name_are_views(net):
    names = ["controller.0.weight_ih", "controller.0.weight_hh", "controller.0.bias", "interface.weight"]
    names += ["interface.bias", "output.weight", "output.bias"]
    assert list(net.parameters) == list(net.gradients) == names
    assert net.parameters["controller.0.weight_ih"].shape == (4 * H, X + R * W)
    assert net.parameters["output.weight"].shape == (Y, H + R * W)
    for flat, tensors in [(net.flat_parameters, net.parameters), (net.flat_gradients, net.gradients)]:
        assert flat.dtype == np.float32 and flat.flags.c_contiguous and flat.flags.writeable
        assert sum(tensor.size for tensor in tensors.values()) == flat.size
        flat[:] = np.arange(flat.size)
        assert np.array_equal(np.concatenate([tensor.ravel() for tensor in tensors.values()]), flat)
        tensors["output.bias"][...] = -1
        assert np.all(flat[-Y:] == -1)
    with pytest.raises(TypeError):
        net.parameters["output.bias"] = np.zeros(Y)


def test_written_parameters_count(net, inputs):
    net.step(inputs[0])
    net.parameters["output.weight"][...] = 0
    net.parameters["output.bias"][...] = 3
    net.parameters_changed()
    assert np.all(net.step(inputs[1]) == 3)


def test_summary(net):
    assert net.parameter_count == net.flat_parameters.size
    lines = net.summary(steps=T).splitlines()
    for line, (name, values) in zip(lines, net.parameters.items()):
        assert line.split() == [name, *str(list(values.shape)).split(), f"{values.size:,}"]
    assert lines[len(net.parameters)].split() == ["parameters", f"{net.parameter_count:,}"]
    estimates = [dnc.estimate_bytes(T, training, **net.config) for training in (False, True)]
    assert [int(line.split()[-1].replace(",", "")) for line in lines[-2:]] == estimates
    assert repr(net.summary()) == str(net.summary())


def test_no_seed_draws_one():
    nets = [dnc.DNC(**SIZES, seed=None) for _ in range(2)]
    assert nets[0].config["seed"] != nets[1].config["seed"]
    again = dnc.DNC(**nets[0].config)
    assert np.array_equal(again.flat_parameters, nets[0].flat_parameters)
    tasks = [dnc.Task("copy", seed=None) for _ in range(2)]
    assert tasks[0].seed != tasks[1].seed
    assert dnc.Plan("copy", seed=None).seed != dnc.Plan("copy", seed=None).seed
    assert np.array_equal(dnc.Task("copy", seed=tasks[0].seed).sample(2).inputs, tasks[0].sample(2).inputs)


def test_same_seed_same_parameters(net):
    same, other = dnc.DNC(**SIZES, seed=7), dnc.DNC(**SIZES, seed=8)
    assert np.array_equal(same.flat_parameters, net.flat_parameters)
    assert not np.array_equal(other.flat_parameters, net.flat_parameters)


# lifetime


def views(net):
    return [net.flat_parameters, net.flat_gradients, net.parameters["interface.weight"], net.gradients["output.bias"]]


@pytest.mark.parametrize("which", range(4))
def test_a_view_keeps_the_memory_alive(which):
    net = dnc.DNC(**SIZES)
    handle = weakref.ref(net._handle)
    part = views(net)[which][1:].reshape(-1)[::2]
    expected = part.copy()
    net.close()
    del net
    gc.collect()
    assert handle() is not None
    assert np.array_equal(part, expected)
    part[:] = 5
    del part
    assert handle() is None


def test_without_views_closing_frees():
    net = dnc.DNC(**SIZES)
    views(net)
    handle = weakref.ref(net._handle)
    net.close()
    assert handle() is None


def test_the_instance_is_freed_once(monkeypatch):
    freed = []
    monkeypatch.setattr(_c, "dnc_free", lambda pointer, free=_c.dnc_free: freed.append(free(pointer)))
    with dnc.DNC(**SIZES) as net:
        held = views(net), net.parameters
        net.close()
    del net
    assert freed == []
    del held
    assert freed == [None]


def test_closed_objects_refuse(net, inputs):
    optimizer, task = dnc.Optimizer(net), dnc.Task("copy")
    with net, optimizer, task:
        pass
    for used in (
        lambda: net.step(inputs[0]), lambda: net.reset(), lambda: net.parameters, lambda: net.flat_gradients,
        lambda: net.state("memory"), lambda: net.config, lambda: net.clone(), lambda: net.save("x"),
        lambda: net.recorded_steps, lambda: optimizer.step(net), lambda: optimizer.config,
        lambda: setattr(optimizer, "learning_rate", 1.0), lambda: dnc.Optimizer(net), lambda: task.sample(1),
        lambda: dnc.figures.episode(net, inputs), net.__enter__,
    ):  # fmt: skip
        with pytest.raises(dnc.InvalidState, match="is closed"):
            used()
    net.close()
    assert repr(net) == "DNC(closed)" and repr(optimizer) == "Optimizer(closed)"


def test_what_garbage_brings_back_is_closed(inputs):
    """Garbage with a cycle is finalized in any order: the network's memory is freed, whoever finds it in there."""
    found = []

    class Holder:
        def __init__(self, net):
            self.net, self.itself = net, self

        def __del__(self):
            found.append(self.net)

    Holder(dnc.DNC(**SIZES))
    gc.collect()
    with pytest.raises(dnc.InvalidState, match="is closed"):
        found[0].step(inputs[0])


def test_closing_while_another_thread_runs():
    net = dnc.DNC(8, 8, hidden_size=128, memory_slots=128, batch_size=8)
    inputs, outputs = np.zeros((50, 8, 8), np.float32), []
    thread = threading.Thread(target=lambda: outputs.append(net.forward(inputs)))
    handle = weakref.ref(net._handle)
    thread.start()
    while thread.is_alive() and sys.getrefcount(handle()) < 3:
        pass
    net.close()
    thread.join()
    assert handle() is None and len(outputs) == 1, "the call has come to its end"


# state and trace


def test_state(net, inputs):
    net.forward(inputs)
    shapes = dict(
        memory=(B, N, W), usage=(B, N), link=(B, K, N, N), precedence=(B, K, N), write_weights=(B, K, N),
        read_weights=(B, R, N), read_vectors=(B, R, W), hidden=(L, B, H), cell=(L, B, H),
    )  # fmt: skip
    state = {name: net.state(name) for name in shapes}
    assert {name: piece.shape for name, piece in state.items()} == shapes
    after = net.step(inputs[0])
    net.reset()
    for name, piece in state.items():
        net.set_state(name, piece)
    assert np.array_equal(net.step(inputs[0]), after)
    with pytest.raises(ValueError, match="'memory', 'usage'"):
        net.state("memories")


def test_packed_episodes(net, inputs):
    """As each episode gives alone, forwards and backwards."""
    net.training = True
    first, second = net.forward(inputs), net.backward(np.ones((T, B, Y)), input_gradients=True)
    net.reset()
    starts = np.zeros((2 * T, B), bool)
    starts[T, 0] = starts[0] = True
    outputs = net.forward(np.concatenate([inputs, inputs]), starts=starts)
    assert np.array_equal(outputs[:T], first) and np.array_equal(outputs[T:, 0], first[:, 0])
    assert not np.array_equal(outputs[T:, 1], first[:, 1])
    assert np.array_equal(net.backward(np.ones((2 * T, B, Y)), input_gradients=True)[:T, 0], second[:, 0])
    net.training = False
    net.reset([True] + [False] * (B - 1))
    assert np.array_equal(net.forward(inputs)[:, 0], first[:, 0])
    with pytest.raises(dnc.InvalidArgument, match=rf"starts has shape \({T},\) of bool, needed is \[T, B\]"):
        net.forward(inputs, starts=starts[:T, 0])
    with pytest.raises(dnc.InvalidArgument, match="which has shape"):
        net.reset([True] * (B + 1))


def test_state_rows(net, inputs):
    """As many as a batch has, and gradients both ways."""
    net.forward(inputs)
    rows = net.state_rows()
    assert rows.shape == (B, net.state_size) and np.array_equal(net.state_rows(1, 1), rows[1:2])
    assert np.array_equal(rows[:, : N * W], net.state("memory").reshape(B, -1))
    after = net.step(inputs[0])
    net.reset()
    net.set_state_rows(rows[1:], first=1)
    net.set_state_rows(rows[:1])
    assert np.array_equal(net.step(inputs[0]), after)
    trained(net, inputs)
    gradients = net.state_gradient_rows()
    assert gradients.shape == rows.shape and gradients.any()
    net.forward(inputs)
    net.set_final_state_gradient(gradients[1:], first=1)
    with pytest.raises(dnc.InvalidArgument, match=f"first is {B + 1}, allowed are 0 to {B}"):
        net.state_rows(B + 1)
    with pytest.raises(dnc.InvalidArgument, match="first is -1"):
        net.set_final_state_gradient(gradients, first=-1)
    with pytest.raises(dnc.InvalidArgument, match=f"count is {B}, allowed are 0 to {B - 1}"):
        net.state_rows(1, B)


def test_state_may_not_be_set_while_recording(net, inputs):
    net.training = True
    net.step(inputs[0])
    with pytest.raises(dnc.InvalidState):
        net.set_state("memory", np.zeros((B, N, W)))
    net.detach()
    net.set_state("memory", np.zeros((B, N, W)))


def test_state_gradient(net, inputs):
    with pytest.raises(dnc.InvalidState):
        net.state_gradient("memory")
    net.forward(inputs)
    trained(net, inputs)
    assert net.state_gradient("memory").shape == (B, N, W) and np.any(net.state_gradient("memory"))


def test_a_feedforward_controller_has_no_cell():
    with dnc.DNC(X, Y, controller="feedforward") as net:
        assert net.state("hidden").shape == (1, 1, 64)
        with pytest.raises(dnc.InvalidArgument):
            net.state("cell")


def test_a_neural_turing_machine(inputs):
    with dnc.DNC(X, Y, batch_size=B, memory_slots=N, read_heads=R, memory="ntm") as net:
        net.training = True
        net.forward(inputs)
        steps = len(inputs)
        assert net.trace("read_shifts").shape == (steps, B, R, 3)
        assert np.allclose(net.trace("write_shifts").sum(-1), 1)
        assert net.trace("read_interpolation_gates").shape == (steps, B, R)
        assert (net.trace("write_sharpness") >= 1).all()
        assert np.allclose(net.state("write_weights").sum(-1), 1, atol=1e-5)
        with pytest.raises(dnc.InvalidArgument, match='^the trace has no free gates: memory is "ntm"$'):
            net.trace("free_gates")
    with pytest.raises(dnc.InvalidArgument, match='^the trace has no read shifts: memory is "dnc"$'):
        dnc.DNC(X, Y).trace("read_shifts")


def test_without_a_memory(inputs):
    with dnc.DNC(X, Y, batch_size=B, memory="none") as net:
        assert net.config["memory"] == "none"
        net.forward(inputs)
        for call in (lambda: net.state("usage"), lambda: net.state_gradient("usage")):
            with pytest.raises(dnc.Error):
                call()
        with pytest.raises(dnc.InvalidArgument, match='^the state has no link: memory is "none"$'):
            net.state("link")
        copy = pickle.loads(pickle.dumps(net))
        assert np.array_equal(copy.state("hidden"), net.state("hidden"))
    with pytest.raises(dnc.InvalidArgument, match='^mask_minimum is 0.5, with memory "none" allowed is 0$'):
        dnc.DNC(X, Y, memory="none", mask_minimum=0.5)


def test_trace(net, inputs):
    with pytest.raises(dnc.InvalidState):
        net.trace("usage")
    net.training = True
    net.forward(inputs)
    shapes = dict(
        write_weights=(T, B, K, N), read_weights=(T, B, R, N), usage=(T, B, N), allocation_gates=(T, B, K),
        write_gates=(T, B, K), free_gates=(T, B, R), read_modes=(T, B, R, 2 * K + 1),
    )  # fmt: skip
    trace = {name: net.trace(name) for name in shapes}
    assert {name: values.shape for name, values in trace.items()} == shapes
    np.testing.assert_allclose(trace["read_modes"].sum(-1), 1, rtol=1e-5)
    assert np.array_equal(trace["usage"][-1], net.state("usage"))


def test_last_trace(net, inputs):
    net.forward(inputs)
    unrecorded = net.last_trace("read_modes")
    assert unrecorded.shape == (B, R, 2 * K + 1)
    net.reset()
    with pytest.raises(dnc.InvalidState, match="no step has been taken since the episode began"):
        net.last_trace("read_modes")
    net.training = True
    net.forward(inputs)
    assert np.array_equal(net.trace("read_modes")[-1], unrecorded)
    assert np.array_equal(net.last_trace("read_modes"), unrecorded)


# copies and checkpoints


def test_parameters_and_gradients_of_another_network(net, inputs):
    other = dnc.DNC(**{**net.config, "seed": 99})
    trained(other, inputs), trained(net, inputs)
    expected = net.flat_gradients + other.flat_gradients
    net.add_gradients(other)
    assert np.array_equal(net.flat_gradients, expected)
    net.copy_parameters(other)
    assert np.array_equal(net.flat_parameters, other.flat_parameters)
    with pytest.raises(dnc.InvalidArgument, match="other is the network that changes"):
        net.add_gradients(net)
    with pytest.raises(dnc.InvalidArgument, match="both need the same tensors"):
        net.copy_parameters(dnc.DNC(X, Y))


def test_what_belongs_to_the_process(net, inputs):
    net.step(inputs[0])
    state = net.state_rows()
    net.num_threads, net.check_finite, net.max_record_bytes = 2, True, 10**8
    assert (net.num_threads, net.check_finite, net.max_record_bytes) == (2, True, 10**8)
    assert np.array_equal(net.state_rows(), state)
    loaded = dnc.DNC.from_bytes(net.to_bytes())
    assert (loaded.num_threads, loaded.check_finite, loaded.max_record_bytes) == (1, False, 0)
    for name, value, error in [("num_threads", 1025, ValueError), ("check_finite", 2, ValueError)]:
        with pytest.raises(error, match=name):
            setattr(net, name, value)
    net.training = True
    net.step(inputs[0])
    with pytest.raises(dnc.InvalidState, match="the number of threads can't be changed while 1 steps are recorded"):
        net.num_threads = 1


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview])
def test_a_checkpoint_in_memory(net, inputs, tmp_path, wrap):
    optimizer = dnc.Optimizer(net, learning_rate=0.01)
    trained(net, inputs)
    optimizer.step(net)
    net.save(tmp_path / "net", optimizer, state=True)
    blob = net.to_bytes(optimizer, state=True)
    assert blob == (tmp_path / "net").read_bytes()
    for loaded, continued in [dnc.from_bytes(wrap(blob)), dnc.load(tmp_path / "net")]:
        assert np.array_equal(loaded.state_rows(), net.state_rows()) and continued.step_count == 1
    for loaded in (dnc.DNC.from_bytes(wrap(blob)), dnc.DNC.load(tmp_path / "net")):
        assert np.array_equal(loaded.state_rows(), net.state_rows()) and not loaded.training
    fresh, nothing = dnc.from_bytes(net.to_bytes())
    assert nothing is None and not fresh.state_rows().any()


def test_bytes_that_are_no_checkpoint():
    for blob in (b"", b"x" * 100):
        with pytest.raises(dnc.BadFormat, match="checkpoint: this is not a safetensors file"):
            dnc.from_bytes(blob)
    with pytest.raises(TypeError, match="checkpoint is str, needed are bytes"):
        dnc.DNC.from_bytes("net")


def test_clone(net, inputs):
    net.training = True
    net.step(inputs[0])
    copy, shared = net.clone(), net.clone(share_parameters=True)
    assert copy.training and copy.recorded_steps == 0 and copy.config == net.config
    after = net.step(inputs[1])
    assert np.array_equal(copy.step(inputs[1]), after) and np.array_equal(shared.step(inputs[1]), after)
    assert not np.shares_memory(copy.flat_parameters, net.flat_parameters)
    assert np.shares_memory(shared.flat_parameters, net.flat_parameters)
    assert not np.shares_memory(shared.flat_gradients, net.flat_gradients)
    parameters = net.flat_parameters.copy()
    net.close()
    assert np.array_equal(shared.flat_parameters, parameters)
    shared.forward(inputs)


def test_save_and_load(net, inputs, tmp_path):
    optimizer = dnc.Optimizer(net, learning_rate=0.01)
    trained(net, inputs)
    optimizer.step(net)
    path = tmp_path / "net.safetensors"
    net.save(path, optimizer)
    tensors = safetensors.numpy.load_file(path)
    for name, values in net.parameters.items():
        assert np.array_equal(tensors[name], values)
    loaded, continued = dnc.load(path)
    assert loaded.config == net.config and loaded.training, "the loop that saved it goes on"
    assert continued.config == optimizer.config and continued.step_count == 1
    for each, its_optimizer in [(net, optimizer), (loaded, continued)]:
        each.reset()
        trained(each, inputs)
        its_optimizer.step(each)
    assert np.array_equal(loaded.flat_parameters, net.flat_parameters)


def test_save_without_optimizer(net, tmp_path):
    net.save(str(tmp_path / "net.safetensors"))
    loaded, optimizer = dnc.load(os.fsencode(tmp_path / "net.safetensors").decode())
    assert optimizer is None and not loaded.training
    assert np.array_equal(loaded.flat_parameters, net.flat_parameters)


def test_a_loop_goes_on_after_load(tmp_path):
    """As it stands: nothing is set again, and the bytes are those of a loop that was not interrupted."""

    def learn(net, optimizer, first):
        task = dnc.Task("copy", seed=1, max_length=1)
        task.position = first
        for _ in range(3):
            value, gradients = task.loss(task.play(net))
            net.backward(gradients)
            optimizer.step(net)

    net = dnc.DNC(8, 7, batch_size=2)
    optimizer = dnc.Optimizer(net)
    net.training = True
    learn(net, optimizer, 0)
    net.save(tmp_path / "net.safetensors", optimizer)
    learn(net, optimizer, 3)
    loaded, continued = dnc.load(tmp_path / "net.safetensors")
    learn(loaded, continued, 3)
    assert np.array_equal(loaded.flat_parameters, net.flat_parameters) and continued.step_count == 6


def test_load_of_the_network_alone(net, tmp_path):
    class Mine(dnc.DNC):
        pass

    net.save(tmp_path / "net.safetensors", dnc.Optimizer(net))
    loaded = Mine.load(tmp_path / "net.safetensors")
    assert type(loaded) is Mine and not loaded.training and loaded.config == net.config
    assert np.array_equal(loaded.flat_parameters, net.flat_parameters)


def test_files_that_are_none(net, tmp_path):
    with pytest.raises(dnc.FileError) as caught:
        dnc.load(tmp_path / "nothing")
    assert isinstance(caught.value, OSError) and "nothing" in str(caught.value)
    with pytest.raises(OSError):
        net.save(tmp_path / "no folder" / "net.safetensors")
    (tmp_path / "bad").write_bytes(b"not a safetensors file")
    with pytest.raises(dnc.BadFormat):
        dnc.load(tmp_path / "bad")
    with pytest.raises(ValueError, match="NUL"):
        dnc.load("a\0b")


# learning


def test_optimizer(net, inputs):
    optimizer = dnc.Optimizer(net, "rmsprop", learning_rate=0.5, max_gradient_norm=1)
    assert optimizer.config == dict(
        algorithm="rmsprop", learning_rate=0.5, momentum=0.9, decay=0.9, beta1=0.9, beta2=0.999,
        epsilon=1e-8, weight_decay=0.01, max_gradient_norm=1.0,
    )  # fmt: skip
    optimizer.learning_rate *= 0.1
    assert optimizer.learning_rate == 0.05 and optimizer.algorithm == "rmsprop"
    with pytest.raises(ValueError, match="learning_rate"):
        optimizer.learning_rate = -1
    assert optimizer.learning_rate == 0.05
    trained(net, inputs)
    norm, before = np.linalg.norm(net.flat_gradients), net.flat_parameters.copy()
    assert optimizer.step(net) == pytest.approx(norm, rel=1e-5)
    assert optimizer.step_count == 1 and not np.any(net.flat_gradients)
    assert not np.array_equal(net.flat_parameters, before)
    assert isinstance(inspect.getattr_static(dnc.Optimizer, "beta1"), type(dnc.Optimizer.beta1))
    with pytest.raises(ValueError, match="'sgd'"):
        dnc.Optimizer(net, "lbfgs")


def test_a_gradient_that_is_not_finite(net):
    optimizer, before = dnc.Optimizer(net), net.flat_parameters.copy()
    net.gradients["interface.bias"][2] = np.inf
    with pytest.raises(dnc.NotFinite, match=r"interface\.bias"):
        optimizer.step(net)
    assert np.array_equal(net.flat_parameters, before) and optimizer.step_count == 0


def test_loss():
    random = np.random.default_rng(3)
    outputs, targets = random.standard_normal((T, B, Y)), random.random((T, B, Y))
    mask = np.zeros((T, B))
    mask[1:] = 1
    value, gradients = dnc.loss("mean_squared_error", outputs, targets, mask)
    expected = np.where(mask[..., None], 2 * (outputs - targets) / (mask.sum() * Y), 0)
    assert value == pytest.approx(np.mean((outputs - targets)[1:] ** 2), rel=1e-6)
    np.testing.assert_allclose(gradients, expected, rtol=1e-5)
    value, gradients = dnc.loss("sigmoid_cross_entropy", outputs, targets)
    assert value == pytest.approx(np.mean(np.logaddexp(0, outputs) - targets * outputs), rel=1e-6)
    assert gradients.shape == outputs.shape and gradients.dtype == np.float32
    targets[0] = np.nan
    with pytest.raises(dnc.NotFinite, match=r"targets\[t=0, b=0, y=0\] is nan"):
        dnc.loss("sigmoid_cross_entropy", outputs, targets)
    assert np.isfinite(dnc.loss("sigmoid_cross_entropy", outputs, targets, mask)[0])
    with pytest.raises(dnc.InvalidArgument, match="allowed are 0 to 1"):
        dnc.loss("sigmoid_cross_entropy", outputs, targets + 1, mask)
    with pytest.raises(ValueError, match="targets has shape"):
        dnc.loss("mean_squared_error", outputs, targets[1:])
    with pytest.raises(ValueError, match=r"mask has shape .* \[T, B\]"):
        dnc.loss("mean_squared_error", outputs, targets, mask[:, :2])
    with pytest.raises(ValueError, match="'softmax_cross_entropy'"):
        dnc.loss("hinge", outputs, targets)


def test_loss_of_class_numbers():
    random = np.random.default_rng(3)
    outputs, classes = random.standard_normal((T, B, Y)), random.integers(-1, Y, (T, B))
    kept = classes >= 0
    value, gradients = dnc.loss("softmax_cross_entropy", outputs, classes)
    expected, expected_gradients = dnc.loss("softmax_cross_entropy", outputs, np.eye(Y)[classes], kept)
    assert value == expected and np.array_equal(gradients, expected_gradients)
    for kind in (np.uint8, np.int16, np.uint32, np.uint64):
        there = np.maximum(classes, 0).astype(kind)
        assert dnc.loss("softmax_cross_entropy", outputs, there)[0] == pytest.approx(
            dnc.loss("softmax_cross_entropy", outputs, np.eye(Y)[there])[0], rel=1e-12
        )
    with pytest.raises(dnc.InvalidArgument, match=rf"targets\[t=0, b=0\] is {2**64 - 1}, allowed are -1 to {Y - 1}"):
        dnc.loss("softmax_cross_entropy", outputs, np.full((T, B), 2**64 - 1, np.uint64))
    smooth = 0.2 / Y + 0.8 * np.eye(Y)[classes]
    value, gradients = dnc.loss("softmax_cross_entropy", outputs, classes, label_smoothing=0.2)
    expected, expected_gradients = dnc.loss("softmax_cross_entropy", outputs, smooth, kept)
    assert value == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(gradients, expected_gradients, atol=1e-7)
    for wrong in (Y, -2, 2**40, -(2**40)):
        classes[1, 0] = wrong
        with pytest.raises(dnc.InvalidArgument, match=rf"targets\[t=1, b=0\] is {wrong}, allowed are -1 to {Y - 1}"):
            dnc.loss("softmax_cross_entropy", outputs, classes)
    with pytest.raises(dnc.InvalidArgument, match="targets has shape"):
        dnc.loss("softmax_cross_entropy", outputs, classes[1:])
    with pytest.raises(dnc.InvalidArgument, match="label_smoothing is 0.1, allowed is 0"):
        dnc.loss("mean_squared_error", outputs, outputs, label_smoothing=0.1)
    with pytest.raises(dnc.InvalidArgument, match="label_smoothing is 2, allowed are 0 to 1"):
        dnc.loss("softmax_cross_entropy", outputs, np.zeros((T, B), int), label_smoothing=2)


def test_learning_lowers_the_loss():
    task = dnc.Task("copy", seed=1, max_length=1, width=2)
    net = dnc.DNC(task.input_size, task.output_size, hidden_size=16, memory_slots=8, word_size=4, batch_size=8)
    optimizer = dnc.Optimizer(net, learning_rate=0.01, max_gradient_norm=10)
    net.training = True
    values = []
    for _ in range(200):
        inputs, targets, mask = task.sample(8)
        net.reset()
        value, gradients = dnc.loss(task.loss_kind, net.forward(inputs), targets, mask)
        net.backward(gradients)
        optimizer.step(net)
        values.append(value)
    assert np.mean(values[-20:]) < 0.7 * np.mean(values[:20])


# tasks


def test_copy_task():
    task = dnc.Task("copy", seed=3, width=4, min_length=2, max_length=5)
    assert (task.input_size, task.output_size, task.loss_kind) == (6, 5, "sigmoid_cross_entropy")
    episodes = task.sample(7)
    inputs, targets, mask = episodes
    steps = len(mask)
    assert inputs.shape == (steps, 7, 6) and targets.shape == (steps, 7, 5) and mask.shape == (steps, 7)
    for b in range(7):
        length = int(mask[:, b].sum()) - 1
        assert 2 <= length <= 5
        answer = targets[length + 2 : 2 * length + 2, b, 1:]
        assert np.array_equal(inputs[1 : length + 1, b, 2:], answer)
    again = dnc.Task("copy", seed=3, width=4, min_length=2, max_length=5).sample(7)
    assert all(map(np.array_equal, episodes, again))
    assert not all(map(np.array_equal, episodes, task.sample(7)))


def test_wrong_tasks():
    with pytest.raises(ValueError, match="paste"):
        dnc.Task("paste")
    with pytest.raises(ValueError, match="height"):
        dnc.Task("copy", height=3)
    with pytest.raises(ValueError):
        dnc.Task("copy", seed=-1)
    for batch in (0, -1):
        with pytest.raises(ValueError, match="batch"):
            dnc.Task("copy").sample(batch)


# pictures


def picture(png):
    with Image.open(io.BytesIO(png)) as image:
        image.load()
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def test_heatmap(tmp_path):
    values = np.array([[0, 1, 2], [3, 4, 5]])
    heatmap = dnc.figures.heatmap
    bare = heatmap(values, bare=True, cell_pixels=4, colormap="grey").array()
    assert bare.shape == (8, 12, 3)
    cells = bare[::4, ::4, 0].ravel().astype(int)
    assert cells[0] == 0 and cells[-1] == 255 and np.all(np.diff(cells) > 0)
    clamped = heatmap(values, bare=True, cell_pixels=4, colormap="grey", minimum=4, maximum=5).array()
    assert np.array_equal(clamped[::4, ::4, 0].ravel(), [0, 0, 0, 0, 0, 255])
    path = tmp_path / "map.png"
    labels = dict(title="A title", row_label="rows", column_label="columns")
    heatmap(values, **labels).save(path)
    assert path.read_bytes() == heatmap(values, **labels).png != heatmap(values).png
    assert path.read_bytes() == heatmap(values, **labels)._repr_png_()
    assert [p.name for p in tmp_path.iterdir()] == ["map.png"]


def test_wrong_heatmaps(tmp_path):
    heatmap = dnc.figures.heatmap
    with pytest.raises(ValueError, match="values has shape"):
        heatmap(np.zeros(3))
    with pytest.raises(ValueError, match="'viridis'"):
        heatmap(np.zeros((2, 2)), colormap="jet")
    with pytest.raises(ValueError):
        heatmap(np.zeros((0, 2)))
    with pytest.raises(TypeError, match="colour"):
        heatmap(np.zeros((2, 2)), colour="grey")
    with pytest.raises(OSError):
        heatmap(np.zeros((2, 2))).save(tmp_path / "no folder" / "map.png")


def test_episode(net, inputs):
    outputs = net.forward(inputs)
    sizes = []
    for training in (False, True):
        net.training = training
        net.reset()
        net.forward(inputs)
        shown = dnc.figures.episode(net, inputs, outputs > 0, outputs, batch_index=2, title="An episode")
        sizes.append(shown.array().shape)
        assert f"{sizes[-1][1]} x {sizes[-1][0]} pixels" in repr(shown)
    assert sizes[1][0] > sizes[0][0]  # with the weightings, usage and gates
    with pytest.raises(ValueError, match="T = 4"):
        dnc.figures.episode(net, inputs, outputs[1:])
    with pytest.raises(ValueError, match="all None"):
        dnc.figures.episode(net)
    with pytest.raises(ValueError, match="batch_index"):
        dnc.figures.episode(net, inputs, batch_index=B)


def test_state_and_film(net, inputs, tmp_path):
    with pytest.raises(dnc.InvalidState, match="recorded"):
        dnc.figures.film(net)
    net.training = True
    outputs = net.forward(inputs)
    last = len(outputs) - 1
    assert dnc.figures.state(net).png == dnc.figures.state(net, last).png, (
        "the present state is that after the last step"
    )
    film = dnc.figures.film(net, 1, delay=70)
    assert film.array().shape == (last, *dnc.figures.state(net).array().shape)
    dnc.figures.film_files(tmp_path / "film.png", net, 1)
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == [f"film-{step:04}.png" for step in range(1, last + 1)]
    for frame, name in zip(film.array(), files):
        assert np.array_equal(dnc.figures.Picture((tmp_path / name).read_bytes()).array(), frame)
    dnc.figures.film_files(tmp_path / "film.png", net, 1, batch_index=2)
    frames, first = (dnc.figures.film(net, 1, batch_index=index).array() for index in (2, 0))
    for frame, other, name in zip(frames, first, files):
        shown = dnc.figures.Picture((tmp_path / name).read_bytes()).array()
        assert np.array_equal(shown, frame) and not np.array_equal(shown, other)
    with pytest.raises(ValueError, match="first_step"):
        dnc.figures.film(net, last + 1)
    with pytest.raises(ValueError, match="delay"):
        dnc.figures.film(net, delay=0)


def test_slots_that_were_never_used(tmp_path):
    with dnc.DNC(3, 2, hidden_size=4, memory_slots=30, word_size=4) as net:
        net.training = True
        for values in net.parameters.values():
            values[:] = 0
        net.forward(np.zeros((3, 1, 3), np.float32))
        all_slots = dnc.figures.state(net).array()
        few = dnc.figures.state(net, used_slots=True).array()
        assert few.shape != all_slots.shape
        assert dnc.figures.film(net, used_slots=True).array().shape == (3, *few.shape)
        dnc.figures.film_files(tmp_path / "film.png", net, 2, used_slots=True)
        assert np.array_equal(dnc.figures.Picture((tmp_path / "film-0002.png").read_bytes()).array().shape, few.shape)


# exceptions


@pytest.mark.parametrize(
    ("kind", "builtin", "status"),
    [
        (dnc.InvalidArgument, ValueError, _c.DNC_INVALID_ARGUMENT),
        (dnc.OutOfMemory, MemoryError, _c.DNC_OUT_OF_MEMORY),
        (dnc.InvalidState, RuntimeError, _c.DNC_INVALID_STATE),
        (dnc.FileError, OSError, _c.DNC_IO_ERROR),
        (dnc.BadFormat, ValueError, _c.DNC_BAD_FORMAT),
        (dnc.NotFinite, FloatingPointError, _c.DNC_NOT_FINITE),
        (dnc.Cancelled, Exception, _c.DNC_CANCELLED),
        (dnc.InternalError, RuntimeError, _c.DNC_INTERNAL),
    ],
)
def test_exceptions(kind, builtin, status):
    assert issubclass(kind, dnc.Error) and issubclass(kind, builtin)
    with pytest.raises(kind) as caught:
        dnc.errors.check(status)
    error = pickle.loads(pickle.dumps(kind("a sentence")))
    assert type(error) is kind and error.message == str(error) == "a sentence"
    assert caught.value.status == error.status == status


def test_out_of_memory():
    """An instance beyond the address space that is left."""
    config = dict(SIZES, memory_slots=65536, word_size=1024, batch_size=64)
    assert dnc.estimate_bytes(**config) > 2**39
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (2**36, limits[1]))
    try:
        with pytest.raises(MemoryError):
            dnc.DNC(**config)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)


def test_every_pointer_survives_null():
    """The bindings never pass NULL where the library does not expect it; ctypes would let a user of _c do so."""
    assert _c.dnc_reset(None) == _c.DNC_INVALID_ARGUMENT
    assert _c.dnc_config_init(None, ctypes.sizeof(_c.dnc_config)) == _c.DNC_INVALID_ARGUMENT
    assert _c.dnc_last_error() != b""


@pytest.mark.parametrize("level, warns", [(None, False), ("plain", False), ("fast", True)])
def test_a_level_that_is_none(level, warns):
    """DNC_CPU names the kernels; the library passes over what it does not know."""
    environment = {name: value for name, value in os.environ.items() if name != "DNC_CPU"}
    environment["PYTHONPATH"] = str(Path(dnc.__file__).parents[1])
    if level is not None:
        environment["DNC_CPU"] = level
    run = subprocess.run(
        [sys.executable, "-c", "import dnc"], env=environment, capture_output=True, text=True, check=True
    )
    assert ("DNC_CPU is 'fast', but the kernels here are " in run.stderr) == warns
    assert warns or not run.stderr
