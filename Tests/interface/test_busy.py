"""One handle takes one call at a time: whatever is called meanwhile, from a dnc_progress or from another thread, is
refused, and changes nothing."""

from ctypes import c_float, c_size_t
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import numpy as np
import pytest
from programs import needs, run, valgrind
from support import Net, Optimizer, Refused, Task, c, check, floats, last_error
from test_arguments import FUNCTIONS, World, passed

pytestmark = pytest.mark.any_level

HERE = Path(__file__).parent


MAKERS = {
    "instance": {"dnc_create", "dnc_load", "dnc_checkpoint_decode"},
    "optimizer": {"dnc_optimizer_create", "dnc_load", "dnc_checkpoint_decode"},
    "task": {"dnc_task_create", "dnc_task_load"},
}


def functions_of(argument):
    """Every function that takes such a handle, and returns a status."""
    taking = {name for name, arguments in FUNCTIONS.items() if argument in [known for known, *_ in arguments]}
    return sorted(taking - MAKERS[argument])


# Which must not find recorded steps.
NOT_RECORDING = ("dnc_set_state", "dnc_set_state_rows")
# What uses an optimizer, too, and would find that of the world, which is not in use.
SAVING = ("dnc_save", "dnc_checkpoint_write", "dnc_checkpoint_encode")


def arguments_of(function, world, **others):
    """Good ones, but for `others`."""
    return [others.get(name) or passed(good(world), world) for name, good, _ in FUNCTIONS[function]]


def is_in_use(status, *names):
    named, is_said, _ = last_error().partition(" is in use by a call that has not returned")
    return status == c.DNC_INVALID_STATE and bool(is_said) and named in names


@pytest.mark.parametrize("function", functions_of("instance"))
@pytest.mark.parametrize("call", ["forward", "backward"])
def test_in_a_callback(function, call, tmp_path):
    """The call that is cancelled after it leaves the instance as it was before, so the one that is refused did too."""
    world, told = World(tmp_path), []
    if function in NOT_RECORDING:
        world.net.train(False), world.twin.train(False)
        call = "forward"
    arguments = arguments_of(function, world, optimizer=None if function in SAVING else world.optimizer.handle)

    def call_back(done, total):
        told.append((done, is_in_use(getattr(c, function)(*arguments), "instance"), last_error()))
        return True

    world.net.progress(call_back)
    results = np.empty((3, 2, 2), np.float32)
    given = world.inputs if call == "forward" else world.output_gradients
    with pytest.raises(Refused, match="cancelled"):
        if call == "forward":
            world.net.forward_into(given, results)
        else:
            world.net.backward_into(given, None)
    assert [(done, refused) for done, refused, _ in told] == [(1, True)], told
    world.net.progress(None)
    if function not in NOT_RECORDING:
        world.assert_unchanged()
    assert not list(tmp_path.iterdir())


def test_what_returns_no_status_in_a_callback():
    """Counts are those before the running call, and pointers stay the same."""
    net = Net().train()
    net.forward(net.inputs(2))
    constant = [c.dnc_parameter_count, c.dnc_tensor_count, c.dnc_is_training]
    before, seen = [function(net.handle) for function in constant], []
    values, gradients = net.parameters.ctypes.data, net.gradients.ctypes.data

    def call_back(done, total):
        seen.append([function(net.handle) for function in constant] == before and net.recorded)
        seen.append((net.parameters.ctypes.data, net.gradients.ctypes.data) == (values, gradients))

    net.progress(call_back)
    net.forward(net.inputs(3))
    assert seen == [2, True] * 3 and net.recorded == 5


def assert_refused_while(hold, function, arguments, *names):
    """Until a call of it meets one of `hold`, which another thread makes all the time."""
    ended = Event()

    def keep_holding():
        while not ended.is_set():
            hold()

    thread, end = Thread(target=keep_holding), monotonic() + 60
    thread.start()
    try:
        while monotonic() < end:
            if is_in_use(getattr(c, function)(*arguments), *names):
                return
        pytest.fail("never refused")
    finally:
        ended.set()
        thread.join()


@pytest.fixture(scope="module")
def large():
    net = Net(hidden_size=500, word_size=64)
    return net, Optimizer(net)


@pytest.mark.parametrize("function", functions_of("optimizer"))
def test_an_optimizer_in_another_thread(function, large, tmp_path):
    world = World(tmp_path)
    world.net, world.optimizer = large
    handles = large[1].handle, large[0].handle
    arguments = arguments_of(function, world)
    assert_refused_while(lambda: c.dnc_optimizer_step(*handles, None), function, arguments, "optimizer", "instance")
    check(c.dnc_optimizer_step(*handles, c_float()))


@pytest.mark.parametrize("function", functions_of("task"))
def test_a_task_in_another_thread(function, tmp_path):
    world = World(tmp_path)
    world.task = task = Task("copy", "min_length=100,max_length=100,width=50")
    inputs, targets, _ = task.sample(64)
    world.answers, world.answer_gradients = np.zeros_like(targets), np.zeros_like(targets)
    world.next_input = np.zeros_like(inputs[0])
    outputs, value = floats(world.answers), world.loss

    def hold():
        if c.dnc_task_loss(task.handle, outputs, value, None) != c.DNC_OK:  # the other call dropped the episodes
            c.dnc_task_sample(task.handle, 64, c_size_t())

    assert_refused_while(hold, function, arguments_of(function, world, task=task.handle), "task")
    task.sample(64)


@pytest.fixture
def busy(built):
    return built(HERE / "busy.c", "-std=gnu11", "-pthread")


@needs("gcc")
@pytest.mark.parametrize("kind", ["callback", "freed", "crowd"])
def test_busy(busy, kind):
    """As busy.c says."""
    run(busy, kind)


@needs("gcc", "valgrind")
def test_freed_under_valgrind(busy):
    """What is freed while it is in use is freed once, and not before its call has ended."""
    valgrind(busy, "freed")
