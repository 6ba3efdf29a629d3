"""copy, deepcopy and pickle make objects of their own; and no object remembers what the library can change."""

import copy
import ctypes
import pickle
import warnings

import dnc
import numpy as np
import pytest
from dnc import _c
from small import SIZES, B, T, X

COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {p}": lambda one, p=p: pickle.loads(pickle.dumps(one, p))
        for p in range(2, pickle.HIGHEST_PROTOCOL + 1)
    },
}


@pytest.fixture(params=COPIES.values(), ids=COPIES)
def duplicate(request):
    return request.param


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(
    "options", [{}, {"initial_state": "learned"}, {"controller": "feedforward"}, {"initial_state": "constant"}]
)
def test_a_network(duplicate, inputs, options, training):
    """In the middle of an episode: it goes on as its copy does, and neither sees the other."""
    net = dnc.DNC(**SIZES, **options, seed=3)
    net.training = training
    net.forward(inputs)
    twin = duplicate(net)
    assert type(twin) is dnc.DNC and twin.config == net.config and twin.training == training
    assert twin.recorded_steps == 0 and not twin.flat_gradients.any()
    assert not np.shares_memory(twin.flat_parameters, net.flat_parameters)
    assert np.array_equal(twin.forward(inputs), net.forward(inputs))
    twin.batch_size = 8
    twin.flat_parameters[...] = 0
    assert net.batch_size == B and twin.step(np.ones((8, X))).shape == (8, 4)
    assert net.step(inputs[0]).shape == (B, 4) and net.flat_parameters.any()


def test_a_network_at_the_start_of_an_episode_still_learns_its_start(duplicate, inputs):
    net = dnc.DNC(**SIZES, initial_state="learned")
    net.training = True
    for one in (net, duplicate(net)):
        one.backward(np.ones_like(one.forward(inputs)))
        assert one.gradients["initial.memory"].any()


def test_a_subclass_keeps_its_attributes(duplicate):
    twin = duplicate(Named(**SIZES))
    assert type(twin) is Named and twin.label == "mine"


class Named(dnc.DNC):
    def __init__(self, *sizes, **options):
        super().__init__(*sizes, **options)
        self.label = "mine"


def test_parameters_and_gradients_are_kept_by_copies(duplicate, net, inputs):
    net.training = True
    net.backward(np.ones_like(net.forward(inputs)))
    for tensors in (net.parameters, net.gradients):
        kept = duplicate(tensors)
        assert type(kept) is dict and list(kept) == list(tensors)
        assert all(np.array_equal(kept[name], values) for name, values in tensors.items())
        shared = any(np.shares_memory(kept[name], values) for name, values in tensors.items())
        assert shared == (duplicate is copy.copy)


@pytest.mark.parametrize("algorithm", ["sgd", "rmsprop", "adam", "adamw"])
@pytest.mark.parametrize("options", [{}, {"initial_state": "learned", "controller": "feedforward", "num_layers": 2}])
def test_an_optimizer(duplicate, inputs, algorithm, options):
    """With its averages and its settings: the next update is the same."""
    net = dnc.DNC(**SIZES, **options)
    net.training = True
    optimizer = dnc.Optimizer(net, algorithm, learning_rate=0.25)
    for step in range(2):
        net.reset()
        net.backward(np.ones_like(net.forward(inputs)))
        if step == 0:
            optimizer.step(net)
    twin, other = duplicate(optimizer), copy.copy(net)
    other.flat_gradients[...] = net.flat_gradients
    assert twin.config == optimizer.config and twin.step_count == 1
    assert twin.step(other) == optimizer.step(net)
    assert np.array_equal(other.flat_parameters, net.flat_parameters)
    twin.learning_rate = 1
    assert optimizer.learning_rate == 0.25
    again = duplicate(duplicate(twin))
    assert again.learning_rate == 1 and again.step_count == 2


def drawn_alike(task, twin):
    return all(map(np.array_equal, task.sample(5), twin.sample(5)))


@pytest.mark.parametrize("name", ["copy", "shortest_path"])
def test_a_task(duplicate, name):
    task = dnc.Task(name, seed=4)
    assert drawn_alike(task, duplicate(task))
    task.position = 2**64 - 1
    task.evaluating = True
    task.sample(3)
    twin = duplicate(task)
    assert twin.evaluating and twin.position == task.position == 0 and twin.seed == 4
    assert all(map(np.array_equal, task.read(), twin.read()))
    assert drawn_alike(task, twin)
    twin.position = 3
    assert task.position == 1


def test_a_curriculum(duplicate, repository, tmp_path, monkeypatch):
    """Its file is found from anywhere, and a file that is gone is named."""
    (tmp_path / "lessons.txt").write_text(
        "task copy\npass sequences_right 1\nlesson max_length=1\nlesson max_length=4\n"
    )
    monkeypatch.chdir(tmp_path)
    task = dnc.Task.load("lessons.txt", seed=4)
    task.lesson = 1
    monkeypatch.chdir("/")
    twin = duplicate(task)
    assert twin.lesson == 1 and twin.lessons == task.lessons and drawn_alike(task, twin)
    (tmp_path / "lessons.txt").unlink()
    with pytest.raises(dnc.FileError, match=r"lessons\.txt"):
        duplicate(task)


def test_a_task_with_a_file(duplicate, repository, monkeypatch):
    monkeypatch.chdir(repository)
    task = dnc.Task("graph_traversal", graph="data/underground.csv", path=2)
    monkeypatch.chdir("/")
    assert drawn_alike(task, duplicate(task))


class Short(dnc.Task):
    """Its constructor takes other arguments than a task's."""

    def __init__(self, length):
        super().__init__("copy", seed=4, max_length=length)
        self.length = length


def test_a_subclass_of_tasks(duplicate, tmp_path):
    (tmp_path / "lessons.txt").write_text("task copy\npass sequences_right 1\nlesson max_length=1\n")
    task = Short(3)
    twin = duplicate(task)
    assert type(twin) is Short and twin.length == 3 and drawn_alike(task, twin)
    loaded = Short.load(tmp_path / "lessons.txt", seed=4)
    twin = duplicate(loaded)
    assert type(twin) is Short and drawn_alike(loaded, twin)


def test_closed_objects_have_no_copies(duplicate, net):
    for closed in (net, dnc.Optimizer(net), dnc.Task("copy")):
        closed.close()
        with pytest.raises(dnc.InvalidState, match="is closed"):
            duplicate(closed)


def test_what_the_library_is_told_elsewhere_counts(net, inputs):
    """Programs that use `dnc._c` beside the objects."""
    assert _c.dnc_set_batch_size(net._handle, 8) == _c.dnc_set_training(net._handle, 1) == _c.DNC_OK
    assert net.batch_size == 8 and net.training
    assert net.step(np.ones((8, X))).shape == (8, 4) and net.state("usage").shape == (8, 6)
    with pytest.raises(ValueError, match="B = 8"):
        net.forward(inputs)

    task = dnc.Task("copy")
    task.sample(2)
    steps = ctypes.c_size_t()
    assert _c.dnc_task_sample(task._handle, 3, ctypes.byref(steps)) == _c.DNC_OK
    assert task.read().mask.shape == (steps.value, 3)
    assert _c.dnc_task_set_evaluating(task._handle, 1) == _c.DNC_OK
    assert task.evaluating
    with pytest.raises(dnc.InvalidState, match="draw or sample"):
        task.read()


def test_outputs_can_be_copied_and_sent(net, inputs, duplicate):
    net.training = True
    outputs = net.forward(inputs)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        twin = duplicate(outputs)
    assert np.array_equal(twin, outputs) and twin.shape[0] == T
