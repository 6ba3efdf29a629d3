"""What is refused is said in Python's words: its methods and arguments, the caller's values, what is truly allowed."""

import re

import dnc
import numpy as np
import pytest
from dnc._sentences import in_python
from small import SIZES, B, N, T, W, X, Y

C_WORDS = re.compile(r"\b(dnc_|DNC_)|->|\binstance\b|\bNULL\b|struct_size")


@pytest.fixture
def recorded(net, inputs):
    net.training = True
    net.forward(inputs)
    return net


def wrong_calls(tmp_path):
    """Calls that fail, with what their sentences must say."""
    net, ones = dnc.DNC(**SIZES), np.ones((T, B, X), np.float32)
    recorded, learned = net.clone(), dnc.DNC(**SIZES, initial_state="learned")
    recorded.training = True
    recorded.forward(ones)
    optimizer, task, played = dnc.Optimizer(net), dnc.Task("copy"), dnc.Task("copy", max_length=1)
    played.draw(2)
    for _ in range(5):
        played.next()
    stream = dnc.Task.load("curricula/graph_traversal.txt")
    outputs, figures = np.zeros((T, B, Y)), dnc.figures
    nan = np.zeros((T, B, X))
    nan[1, 2, 3] = np.nan
    limited, data = dnc.DNC(**SIZES, max_record_bytes=1), dnc.Dataset(ones, outputs)
    limited.training = True
    bad = tmp_path / "bad"
    bad.write_bytes(b"x" * 100)

    def setting(thing, name, value):
        return lambda: setattr(thing, name, value)

    return [
        # numbers that the library's types don't hold, and its true ranges
        (lambda: dnc.DNC(-1, 1), "input_size is -1, allowed are 1 to 65536"),
        (lambda: dnc.DNC(1, 2**40), f"output_size is {2**40}, allowed are 1 to 65536"),
        (lambda: dnc.DNC(1, 1, num_layers=65), "num_layers is 65, allowed are 1 to 64"),
        (lambda: dnc.DNC(1, 1, read_heads=-(2**70)), f"read_heads is {-(2**70)}, allowed are 1 to 256"),
        (lambda: dnc.DNC(1, 1, seed=-1), f"seed is -1, allowed are 0 to {2**64 - 1}"),
        (lambda: dnc.DNC(1, 1, clip_value=-2), "clip_value is -2, allowed are 0 (no clamping) and above, finite"),
        (lambda: dnc.DNC(1, 1, clip_value=1e39), "clip_value is 1e+39, beyond the numbers of single precision"),
        (lambda: dnc.DNC(1, 1, check_finite=2), "check_finite is 2, allowed are True and False"),
        (lambda: dnc.DNC(1, 1, controller="mlp"), "controller is 'mlp', allowed are 'lstm', 'feedforward'"),
        (lambda: dnc.estimate_bytes(-1, input_size=1, output_size=1), "steps is -1, needed is a whole number of at"),
        (lambda: dnc.Optimizer(net, learning_rate=10**400), "beyond the numbers of single precision"),
        (lambda: net.save(None), "path is None, needed is a path"),
        (lambda: dnc.Task(None), "name is None, needed is one of copy"),
        (lambda: dnc.Dataset(ones, outputs, [np.nan, 1, 1]), "lengths is nan for sequence 0, allowed are 1 to"),
        (lambda: dnc.Dataset(ones, outputs, [1, np.inf, 1]), "lengths is inf for sequence 1, allowed are 1 to"),
        (lambda: data.split(0.5, -1), "seed is -1, needed is a whole number of at least 0"),
        (lambda: dnc.fit(net, data, validation_data=(ones,)), "validation_data is a tuple of 1, needed are inputs"),
        (lambda: dnc.fit(net, data, validation_split=-0.1), "validation_split is -0.1, needed is 0 (none) to below 1"),
        (
            lambda: dnc.Trainer.start(tmp_path / "run", dnc.Plan("copy", network={"input_size": 3})),
            "input_size would do nothing",
        ),
        (
            lambda: dnc.Trainer.start(tmp_path / "run", dnc.Plan("copy", network={"num_threads": 2})),
            "num_threads would do nothing",
        ),
        (lambda: net.reset([0, 2, 0]), "which[1] is 2, allowed are True and False, and 1 and 0"),
        (lambda: net.forward(np.zeros((1, B, X)), starts=[[0, np.nan, 0]]), "starts[0, 1] is nan, allowed are"),
        (lambda: net.clone(share_parameters="no"), "share_parameters is 'no', needed is"),
        (
            lambda: dnc.Trainer.start(tmp_path / "run", dnc.Plan("copy", stop_metric="bit_error", stop_score=np.nan)),
            "stop_score is nan, needed is",
        ),
        (lambda: dnc.Plan(optimizer={"learning_rate": None}), "learning_rate is None, needed is a real number"),
        (lambda: dnc.estimate_bytes(input_size=0, output_size=1), "input_size is 0, allowed are 1 to 65536"),
        (setting(net, "batch_size", -1), "batch_size is -1, allowed are 1 to 65536"),
        (setting(net, "batch_size", 2**32 + 3), f"batch_size is {2**32 + 3}, allowed are 1 to 65536"),
        (setting(net, "memory_slots", 0), "memory_slots is 0, allowed are 1 to 65536"),
        (setting(learned, "memory_slots", 9), 'with initial_state="learned" the initial state has'),
        (lambda: task.sample(-1), "batch is -1, allowed are 1 to 65536"),
        (lambda: task.sample(2**64), f"batch is {2**64}, allowed are 1 to 65536"),
        (setting(task, "lesson", -1), "lesson is -1, allowed are 0 to 0"),
        (setting(stream, "lesson", 99), f"lesson is 99, allowed are 0 to {len(stream.lessons) - 1}"),
        (setting(task, "position", 2**64), f"position is {2**64}, allowed are 0 to {2**64 - 1}"),
        (setting(optimizer, "learning_rate", -1), "learning_rate is -1, allowed are 0 and above"),
        (setting(optimizer, "beta1", 1), "beta1 is 1, allowed are 0 to below 1"),
        (lambda: dnc.Optimizer(net, epsilon=0), "epsilon is 0, allowed are above 0"),
        (lambda: figures.state(net, batch_index=-1), f"batch_index is -1, allowed are 0 to {B - 1}"),
        (lambda: figures.state(recorded, -1), f"step is -1, allowed are 0 to {T - 1} and None"),
        (lambda: figures.state(recorded, 2**64 - 1), f"step is {2**64 - 1}, allowed are 0 to {T - 1} and None"),
        (lambda: figures.film(recorded, 1, -1), f"steps is -1, allowed are 1 to {T - 1}"),
        (lambda: figures.film(recorded, -1, 1), f"first_step is -1, allowed are 0 to {T - 1}"),
        (lambda: figures.film(recorded, delay=-5), "delay is -5, allowed are 1 to 65535"),
        (lambda: figures.film_files(tmp_path / "f.png", recorded, T), f"first_step is {T}, allowed are 0 to {T - 1}"),
        (lambda: figures.heatmap([[1]], cell_pixels=-1), "cell_pixels is -1, allowed are 0 to 256"),
        (lambda: figures.heatmap([[1]], minimum=2, maximum=1), "minimum is 2, allowed are numbers up to maximum, 1"),
        (lambda: figures.capacity([[2]], [1], [1]), "scores[0, 0] is 2, allowed are 0 to 1, and NaN"),
        (lambda: figures.capacity([[1, 1]], [1], [5, 5]), "lengths[1] is 5, allowed are ascending numbers"),
        (lambda: figures.training([]), "the number of logs is 0, allowed are 1 to 256"),
        (lambda: figures.training([bad], width=1), "width is 1, allowed are 64 to 8192"),
        (lambda: figures.episode(net, ones, panels=["writes"]), "panels is ['writes'], allowed are panels of which"),
        (lambda: figures.episode(net, ones, loss="grouped_softmax_cross_entropy:3"), "output_size is 4, allowed are"),
        (lambda: dnc.evaluate(net, dnc.DataTask(data), "5"), "episodes is '5', needed is a whole number of at least 1"),
        (lambda: dnc.fit(net, data, updates="5"), "updates is '5', needed is a whole number of at least 1"),
        (lambda: dnc.Plan("copy", updates=True), "updates is True, needed is a whole number of at least 1"),
        (lambda: dnc.Plan(task=tmp_path), "needed is text"),
        (lambda: data.split("half"), "share is 'half', needed is a real number"),
        (lambda: figures.episode(net, ones, loss="hinge"), "loss is 'hinge', allowed are 'sigmoid_cross_entropy'"),
        (lambda: dnc.DataTask([(ones, outputs)], "hinge"), "loss is 'hinge', allowed are 'sigmoid_cross_entropy'"),
        (lambda: figures.heatmap([[1]], colour="grey"), "there is no option 'colour': did you mean 'colormap'?"),
        # places in arrays
        (lambda: net.forward(nan), "inputs[1, 2, 3] is nan, allowed are finite numbers"),
        (lambda: net.step(nan[1]), "input[2, 3] is nan"),
        (lambda: recorded.backward(nan[:, :, 1:]), "output_gradients[1, 2, 2] is nan"),
        (lambda: net.set_state("usage", np.full((B, N), 2)), "usage[0, 0] is 2, allowed in its field are 0 to 1"),
        (lambda: net.set_state("memory", np.full((B, N, W), np.inf)), "memory[0, 0, 0] is inf"),
        (
            lambda: net.set_state("read_weights", np.ones_like(net.state("read_weights"))),
            f"values: the read weighting of head 0 of sequence 0 adds up to {N}, allowed is up to 1",
        ),
        (lambda: net.forward(np.full((T, B), X)), f"inputs[0, 0] is {X}, allowed are -1 to {X - 1}"),
        (lambda: net.forward(np.full((T, B), 2**40)), f"inputs[0, 0] is {2**40}, allowed are -1 to"),
        (lambda: net.step(np.full(B, -2)), f"input[0] is -2, allowed are -1 to {X - 1}"),
        (lambda: net.forward(np.zeros((T, B + 1), int)), f"needed is [T, B] with T = {T}, B = {B}"),
        (lambda: net.forward(np.zeros((0, B), int)), "inputs has shape (0, 3), needed is [T, B, X]"),
        (lambda: recorded.forward(np.zeros((T, B), int)), "inputs, these have tokens: call detach first"),
        (lambda: dnc.loss("mean_squared_error", nan, nan), "outputs[t=1, b=2, y=3] is nan"),
        (lambda: dnc.loss("sigmoid_cross_entropy", outputs, outputs + 2), "targets[t=0, b=0, y=0] is 2, allowed are 0"),
        (lambda: dnc.loss("mean_squared_error", outputs, outputs, outputs[..., 0] - 1), "mask[t=0, b=0] is -1"),
        (lambda: figures.episode(net, ones, mask=ones[..., 0] - 2), "mask[t=0, b=0] is -1, allowed are finite"),
        (lambda: dnc.loss("grouped_softmax_cross_entropy:3", outputs, outputs), "Y is 4, allowed are multiples of 3"),
        (lambda: dnc.loss("grouped_softmax_cross_entropy:0", outputs, outputs), "allowed are groups of 1 to 65536"),
        (lambda: dnc.loss("hinge", outputs, outputs), "'grouped_softmax_cross_entropy:SIZE'"),
        (lambda: net.forward(ones[:0]), "inputs has shape (0, 3, 5), needed is [T, B, X] with T at least 1"),
        # calls at the wrong time
        (lambda: net.backward(outputs), "nothing is recorded: set training to True and take steps first"),
        (lambda: net.trace("usage"), "nothing is recorded: set training to True"),
        (lambda: recorded.set_state("usage", np.zeros((B, N))), "steps are recorded: call detach first"),
        (lambda: recorded.set_state_rows(recorded.state_rows()), "steps are recorded: call detach first"),
        (lambda: net.set_state_rows(np.full((1, net.state_size), np.nan)), "rows[0, 0] is nan, allowed are finite"),
        (lambda: net.set_state_rows(np.full((1, net.state_size), 2)), "is 2, allowed in its field are 0 to 1"),
        (lambda: net.set_final_state_gradient(net.state_rows()), "nothing is recorded: set training to True"),
        (lambda: net.state_gradient("usage"), "there is no state gradient: call backward first"),
        (lambda: figures.film(net), "no step is recorded: set the network's training to True"),
        (lambda: figures.state(net, 3), "step is 3, but no step is recorded; allowed is None: set the"),
        (lambda: task.next(), "no episodes have been drawn: call draw or sample first"),
        (lambda: task.loss(outputs), "no episodes have been drawn: call draw or sample first"),
        (lambda: played.next(), "all 5 steps have been played: call draw or sample first"),
        (lambda: limited.forward(ones), "max_record_bytes is 1"),
        # objects and files that don't fit
        (lambda: optimizer.step(learned), "the network has"),
        (lambda: net.save(bad, dnc.Optimizer(learned)), "the network has"),
        (lambda: dnc.DNC(1, 1, controller="feedforward").state("cell"), 'name is "cell", which only an LSTM'),
        (lambda: dnc.DNC(1, 1, temporal_links=False).state("link"), "the state has no link: temporal_links is False"),
        (
            lambda: dnc.DNC(1, 1, temporal_links=False, link_sharpening=True),
            "link_sharpening is True, but temporal_links is False: there are no links",
        ),
        (lambda: dnc.Task("copy", height=3), "options: \"height\" is unknown"),
        (lambda: dnc.Task("babi", folder="a,b"), "folder is 'a,b', allowed are values without commas"),
        (lambda: dnc.load(bad), str(bad)),
        (lambda: dnc.DNC.load(tmp_path / "no"), "no could not be opened"),
    ]  # fmt: skip


def wrong_kinds(tmp_path):
    """Calls with a thing of another kind, and what the TypeError says of it."""
    net, task = dnc.DNC(**SIZES), dnc.Task("copy")
    optimizer, ones = dnc.Optimizer(net), np.ones((T, B, X), np.float32)
    return [
        (lambda: dnc.Optimizer(3), "net is 3, needed is a dnc.DNC"),
        (lambda: optimizer.step(task), "net is <dnc.tasks.Task"),
        (lambda: net.add_gradients(3), "other is 3, needed is a dnc.DNC"),
        (lambda: net.copy_parameters(3), "other is 3, needed is a dnc.DNC"),
        (lambda: net.save(tmp_path / "net", 3), "optimizer is 3, needed is a dnc.Optimizer"),
        (lambda: net.to_bytes("adam"), "optimizer is 'adam', needed is a dnc.Optimizer"),
        (lambda: task.play(3), "net is 3, needed is a dnc.DNC"),
        (lambda: dnc.evaluate(net, "copy"), "task is 'copy', needed is a dnc.Task or a dnc.DataTask"),
        (lambda: dnc.evaluate(3, task), "net is 3, needed is a dnc.DNC"),
        (lambda: dnc.fit(3, ones, ones), "net is 3, needed is a dnc.DNC"),
        (lambda: dnc.fit(net, ones, ones, optimizer="sgd"), "optimizer is 'sgd', needed is a dnc.Optimizer"),
        (lambda: dnc.Trainer.start(tmp_path / "run", 3), "plan is 3, needed is a dnc.Plan"),
        (lambda: dnc.figures.film(3), "net is 3, needed is a dnc.DNC"),
        (lambda: dnc.figures.state(3), "net is 3, needed is a dnc.DNC"),
        (lambda: dnc.figures.episode(3, ones), "net is 3, needed is a dnc.DNC"),
    ]


class Proxy:
    """Stands for a thing of the package, as a wrapper that logs or retries does."""

    def __init__(self, thing):
        self._thing = thing

    def __getattr__(self, name):
        return getattr(self._thing, name)


def test_what_stands_for_one_passes(tmp_path):
    net, task = dnc.DNC(6, 5, hidden_size=4, memory_slots=4, word_size=3), dnc.Task("copy", width=4)
    proxy, optimizer = Proxy(net), Proxy(dnc.Optimizer(net))
    net.training = True
    _, gradients = task.loss(task.play(proxy))
    net.backward(gradients)
    assert dnc.Optimizer(proxy).step(proxy) > 0
    net.add_gradients(Proxy(net.clone()))
    net.save(tmp_path / "net", optimizer)
    assert dnc.figures.state(proxy).png and dnc.evaluate(proxy, task, episodes=1)


def test_wrong_kinds(tmp_path):
    for call, words in wrong_kinds(tmp_path):
        with pytest.raises(TypeError) as caught:
            call()
        assert words in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_wrong_calls(tmp_path, repository, monkeypatch):
    monkeypatch.chdir(repository)
    for call, words in wrong_calls(tmp_path):
        with pytest.raises((dnc.Error, TypeError)) as caught:
            call()
        assert words in str(caught.value)
        assert not C_WORDS.search(str(caught.value)), caught.value


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: dnc.DNC(5, 4, hiden_size=8), "there is no setting 'hiden_size': did you mean 'hidden_size'?"),
        (lambda: dnc.DNC(5, 4, hidden_size=8.0), "hidden_size is 8.0, needed is an integer"),
        (lambda: dnc.DNC(5, 4, hidden_size="8"), "hidden_size is '8', needed is an integer"),
        (lambda: dnc.DNC(5, 4, clip_value="1"), "clip_value is '1', needed is a real number"),
        (lambda: dnc.DNC(5, 4, check_finite="no"), "check_finite is 'no', needed is True or False"),
        (lambda: dnc.Optimizer(dnc.DNC(5, 4), lr=3), "there is no setting 'lr': did you mean 'learning_rate'?"),
        (lambda: setattr(dnc.DNC(5, 4), "training", "no"), "training is 'no', needed is"),
        (lambda: setattr(dnc.Task("copy"), "evaluating", None), "evaluating is None, needed is"),
        (lambda: dnc.Task("copy").sample(1.5), "batch is 1.5, needed is an integer"),
        (lambda: dnc.Task(3), "name is 3, needed is one of copy, repeat_copy"),
        (lambda: dnc.figures.heatmap([[1]], title=3), "title is 3, needed is text"),
    ],
)
def test_wrong_types(call, words):
    with pytest.raises(TypeError) as caught:
        call()
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("make", "name", "words"),
    [
        (lambda net: dnc.Optimizer(net), "lr", "Optimizer has no attribute 'lr': did you mean 'learning_rate'?"),
        (lambda net: dnc.Optimizer(net), "momentun", "did you mean 'momentum'?"),
        (lambda net: net, "trainning", "DNC has no attribute 'trainning': did you mean 'training'?"),
        (lambda net: net, "hidden_size", "DNC has no attribute 'hidden_size': it is chosen when a network is made"),
        (lambda net: dnc.Task("copy"), "leson", "Task has no attribute 'leson': did you mean 'lesson'?"),
        (lambda net: dnc.Task("copy"), "weather", "Task has no attribute 'weather': there are episode_count, "),
    ],
)
def test_misspelt_attributes(net, make, name, words):
    thing = make(net)
    with pytest.raises(AttributeError) as caught:
        setattr(thing, name, 3)
    assert words in str(caught.value)
    with pytest.raises(AttributeError):
        getattr(thing, name)


def test_a_network_in_use(net, inputs):
    def again(done, total):
        net.step(inputs[0])

    net.progress = again
    with pytest.raises(dnc.InvalidState, match="^the network is in use by a call that has not returned"):
        net.forward(inputs)


def test_what_comes_from_outside_is_left(tmp_path, monkeypatch):
    """A path that looks like the library's words."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(dnc.FileError, match=r"call dnc_task_sample first->instance could not be opened"):
        dnc.load("call dnc_task_sample first->instance")


def test_every_sentence_of_the_library_is_in_python_s_words(repository):
    """Those that C's words are in, of all that the sources can say. The others can't be had from Python."""
    only_from_c = re.compile(
        r" is NULL$|all NULL, allowed|struct_size|allowed are 0 to 2 and DNC_LOSS_GR|DNC_IMAGE_|^field is \w+, allowed"
    )
    found = []
    for path in (repository / "Sources").rglob("*.swift"):
        for sentence in re.findall(r'Failure\(\s*DNC_\w+,\s*"((?:[^"\\]|\\.)*)"', path.read_text()):
            sentence = re.sub(r"\\\((?:[^()]|\([^()]*\))*\)", "7", sentence)
            if C_WORDS.search(sentence) and not only_from_c.search(sentence):
                found.append(sentence)
                assert not C_WORDS.search(in_python(sentence, {})), path
    assert len(found) > 15
