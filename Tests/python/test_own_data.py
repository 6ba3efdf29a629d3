"""Data of one's own: `Dataset`, `DataTask`, runs that learn from it, and `fit`."""

import json

import dnc
import numpy as np
import pytest
from dnc.__main__ import main

NETWORK = dict(hidden_size=8, memory_slots=6, word_size=4, batch_size=4)
PLAN = dnc.Plan(network=NETWORK, updates=30, test_every=5, log_every=5, seed=3, optimizer={"learning_rate": 0.01})


def sequences(count=10, seed=1):
    """Inputs [steps, 2] and what is asked for, the mean of all inputs up to now [steps, 1]."""
    random = np.random.default_rng(seed)
    inputs = [random.uniform(-1, 1, (random.integers(2, 7), 2)) for _ in range(count)]
    return inputs, [np.cumsum(one.mean(1))[:, None] / np.arange(1, len(one) + 1)[:, None] for one in inputs]


def arrays(count=10, seed=1):
    """The same as arrays [T, B, C], padded with what must not count."""
    inputs, targets = sequences(count, seed)
    lengths = np.array([len(one) for one in inputs])
    padded = [np.full((max(lengths), count, one[0].shape[1]), np.nan) for one in (inputs, targets)]
    for index, length in enumerate(lengths):
        padded[0][:length, index], padded[1][:length, index] = inputs[index], targets[index]
    return padded[0], padded[1], lengths


def drawn(number):
    """A batch that depends on its number alone."""
    random = np.random.default_rng([7, number])
    inputs = random.standard_normal((random.integers(2, 6), random.integers(2, 5), 2))
    return inputs, inputs.sum(axis=2, keepdims=True).cumsum(axis=0), random.integers(0, 2, inputs.shape[:2])


def loop(batches, loss="mean_squared_error", seed=3, **settings):
    """The network after so many updates by hand, whose batches have any number of sequences."""
    net = optimizer = None
    for inputs, targets, mask in batches:
        if net is None:
            net = dnc.DNC(inputs.shape[2], targets.shape[2], **NETWORK, seed=seed)
            optimizer = dnc.Optimizer(net, **{"learning_rate": 0.01, **settings})
            net.training = True
        if net.batch_size != inputs.shape[1]:
            net.batch_size = inputs.shape[1]
        net.reset()
        _, gradients = dnc.loss(loss, net.forward(inputs), targets, mask)
        net.backward(gradients)
        optimizer.step(net)
    return net


# datasets


def test_arrays_and_lists_are_the_same():
    lists, whole = dnc.Dataset(*sequences()), dnc.Dataset(*arrays())
    assert len(lists) == len(whole) == 10 and (whole.input_size, whole.output_size) == (2, 1)
    assert lists.checksum() == whole.checksum() != dnc.Dataset(*sequences(seed=2)).checksum()
    inputs, targets = sequences()
    batch = whole.batch([4, 1])
    steps = max(len(inputs[4]), len(inputs[1]))
    assert batch.inputs.shape == (steps, 2, 2) and batch.targets.shape == (steps, 2, 1)
    for b, index in enumerate([4, 1]):
        length = len(inputs[index])
        assert np.array_equal(batch.inputs[:length, b], inputs[index].astype(np.float32))
        assert batch.mask[:, b].tolist() == [1] * length + [0] * (steps - length)
    assert "10 sequences" in repr(whole)


def test_one_answer_a_sequence():
    """Asked for in the last step that counts."""
    inputs, targets, lengths = arrays()
    last = targets[lengths - 1, np.arange(10)]
    for data in (dnc.Dataset(inputs, last, lengths), dnc.Dataset(sequences()[0], last)):
        batch = data.batch(range(10))
        assert batch.mask.sum() == 10 and (batch.mask[lengths - 1, np.arange(10)] == 1).all()
        assert np.array_equal(batch.targets[lengths - 1, np.arange(10)], last.astype(np.float32))
    with pytest.raises(dnc.InvalidArgument, match=r"targets has shape \(9, 1\), needed is \[10, Y\]"):
        dnc.Dataset(inputs, last[:9], lengths)


def test_a_dataset_is_a_copy():
    inputs, targets, lengths = arrays()
    data = dnc.Dataset(inputs, targets, lengths)
    before = data.checksum()
    inputs[...] = targets[...] = 0
    assert data.checksum() == before


def test_masks():
    inputs, targets, lengths = arrays()
    mask = np.zeros(inputs.shape[:2])
    mask[1] = 0.5
    targets[mask == 0] = np.nan
    data = dnc.Dataset(inputs, targets, lengths, mask)
    batch = data.batch(range(10))
    assert np.array_equal(batch.mask, mask) and np.isfinite(batch.targets).all()
    lists = dnc.Dataset(*sequences(), mask=[mask[:length, b] for b, length in enumerate(lengths)])
    assert lists.checksum() == data.checksum()


def test_splits():
    data = dnc.Dataset(*sequences(20))
    first, second = data.split(0.25, seed=4)
    assert (len(first), len(second)) == (15, 5)
    rows = sorted(part.batch([i]).inputs.tobytes() for part in (first, second) for i in range(len(part)))
    assert rows == sorted(data.batch([i]).inputs.tobytes() for i in range(20))
    assert second.checksum() == data.split(0.25, seed=4)[1].checksum() != data.split(0.25, seed=5)[1].checksum()
    assert [len(part) for part in dnc.Dataset(*sequences(2)).split(0.01)] == [1, 1]


ONES = np.ones((3, 2, 1))
SIX = np.ones((6, 1))
HOLE = np.where(np.arange(6).reshape(3, 2, 1) == 5, np.nan, ONES)


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (([], []), "inputs is empty"),
        ((ONES[..., 0], ONES), r"inputs has shape \(3, 2\)"),
        ((ONES, ONES[:2]), "targets of sequence 0 has 2 steps, inputs has 3"),
        ((ONES, ONES[:, :1]), "targets has 1 sequences, inputs has 2"),
        ((ONES, ONES, [3]), r"lengths has shape \(1,\)"),
        ((ONES, ONES, [3, 4]), "lengths is 4 for sequence 1, allowed are 1 to 3"),
        ((ONES, ONES, [3, 0]), "lengths is 0"),
        ((ONES, ONES, [3, 1.5]), "lengths is 1.5"),
        (([ONES[:, 0]], [ONES[:, 0]], [3]), "lengths is given and inputs is a list"),
        (([ONES[:, 0], np.ones((3, 2))], [ONES[:, 0]] * 2), r"inputs of sequence 1 has shape \(3, 2\)"),
        (([np.ones((0, 1))], [np.ones((0, 1))]), "inputs of sequence 0"),
        ((ONES * np.nan, ONES), "inputs of sequence 0 is not finite in step 0$"),
        ((ONES, ONES * 1e39), "targets of sequence 0 is not finite in step 0, and its mask is not 0"),
        ((ONES, ONES, None, -ONES[..., 0]), "mask of sequence 0"),
        ((ONES, ONES, None, ONES), r"mask has shape \(3, 2, 1\)"),
    ],
)
def test_what_is_no_dataset(arguments, sentence):
    with pytest.raises(dnc.InvalidArgument, match=sentence):
        dnc.Dataset(*arguments)


@pytest.mark.parametrize(
    "values", [[["a"]], [np.array([1j])], np.full((3, 2, 1), "a"), np.ma.masked_less(np.zeros((3, 2, 1)), 1)]
)
def test_what_are_no_numbers(values):
    with pytest.raises(TypeError, match="inputs"):
        dnc.Dataset(values, ONES)


@pytest.mark.parametrize(
    "use",
    [
        lambda data: data.split(0),
        lambda data: data.split(1),
        lambda data: data.subset([0]).split(0.5),
        lambda data: data.subset([]),
        lambda data: data.subset([10]),
        lambda data: data.batch([-1]),
    ],
)
def test_what_parts_there_are_not(use):
    with pytest.raises(dnc.InvalidArgument):
        use(dnc.Dataset(*sequences()))


# as a task


def test_every_sequence_once_an_epoch():
    """In another order each time, and a batch depends on the seed and its number alone."""
    data = dnc.Dataset(*sequences(10))
    task = dnc.DataTask(data, seed=5)
    batches = [task.sample(4) for _ in range(6)]
    epochs = [
        [batch.inputs[:, b].tobytes().rstrip(b"\0") for batch in part for b in range(4) if batch.mask[:, b].any()]
        for part in (batches[:3], batches[3:])
    ]
    assert sorted(epochs[0]) == sorted(epochs[1]) and epochs[0] != epochs[1] and len(set(epochs[0])) == 10
    again = dnc.DataTask(data, seed=5)
    again.position = 4
    assert np.array_equal(again.sample(4).inputs, batches[4].inputs)
    plain = dnc.DataTask(data)
    assert np.array_equal(plain.sample(4).inputs, data.batch(range(4)).inputs)


def test_scores_count_every_sequence_once():
    """Also with a last batch that is not full, and whatever the batches are."""
    data = dnc.Dataset(*sequences(10))
    net = dnc.DNC(2, 1, **NETWORK)
    whole = data.batch(range(10))
    net.batch_size = 10
    value, _ = dnc.loss("mean_squared_error", net.forward(whole.inputs), whole.targets, whole.mask)
    still, _ = dnc.loss("mean_squared_error", np.zeros_like(whole.targets), whole.targets, whole.mask)
    for batch in (1, 3, 4, 10, 16):
        found = dnc.evaluate(net, dnc.DataTask(data), batch=batch)
        assert found["loss"] == (pytest.approx(value, rel=1e-6), pytest.approx(still, rel=1e-6), whole.mask.sum(), True)


def test_wrong_bits_and_classes():
    inputs = np.zeros((2, 1, 1))
    net = dnc.DNC(1, 4, hidden_size=2)
    net.flat_parameters[...] = 0
    net.parameters["output.bias"][...] = 1, -1, 2, -1
    task = dnc.DataTask(dnc.Dataset(inputs, np.array([[[1, 1, 0, 0]], [[1, 0, 1, 0]]])), "sigmoid_cross_entropy")
    assert dnc.evaluate(net, task)["bit_error"] == (0.25, 0.5, 8, True)
    task = dnc.DataTask(dnc.Dataset(inputs, np.array([[[1, 0, 0, 0]], [[0, 0, 1, 0]]])), "softmax_cross_entropy")
    assert dnc.evaluate(net, task)["class_error"] == (0.5, 0.75, 2, True)
    task = dnc.DataTask(
        dnc.Dataset(inputs, np.array([[[1, 0, 0, 1]], [[1, 0, 1, 0]]])), "grouped_softmax_cross_entropy:2"
    )
    assert dnc.evaluate(net, task)["class_error"] == (0.25, 0.5, 4, True)


@pytest.mark.parametrize(
    "data, error, sentence",
    [
        (ONES, TypeError, "data is ndarray"),
        (3, TypeError, "data is int"),
        ([], dnc.InvalidArgument, "data is empty"),
        (iter([]), dnc.InvalidArgument, "data is empty"),
        ({}.values(), dnc.InvalidArgument, "data is empty"),
        (
            lambda number: ([SIX[:3], SIX], [SIX, SIX[:2]]),
            dnc.InvalidArgument,
            "targets of sequence 0 of batch 0 has 6 steps, inputs has 3 there",
        ),
        (
            lambda number: ([SIX, SIX], [SIX, SIX[:2]], [SIX[:, 0], SIX[:2, 0]]),
            dnc.InvalidArgument,
            "targets of sequence 1 of batch 0 has 2 steps, inputs has 6 there",
        ),
        (lambda number: ([SIX, SIX], [SIX]), dnc.InvalidArgument, "targets of batch 0 has 1 sequences, inputs has 2"),
        ([ONES], dnc.InvalidArgument, "batch 0 is a ndarray"),
        (lambda number: (ONES,), dnc.InvalidArgument, "batch 0 is 1 parts"),
        (lambda number: (ONES * 1j, ONES), TypeError, "inputs of batch 0 has dtype complex"),
    ],
)
def test_what_is_no_data(data, error, sentence):
    with pytest.raises(error, match=sentence):
        dnc.DataTask(data).draw(4)


def test_a_generator_that_ends():
    """In a loop of one's own, where no run ends with it."""
    task = dnc.DataTask(iter([(ONES, ONES)]))
    task.draw(4)
    with pytest.raises(dnc.InvalidState, match="the data came to its end: there is no batch 1"):
        task.draw(4)


@pytest.mark.parametrize(
    "later, sentence",
    [
        ((np.ones((3, 5, 1)), np.ones((3, 5, 1))), "inputs of batch 1 has 5 sequences of 3 steps, needed are 1 to 4"),
        ((np.ones((0, 2, 1)), np.ones((0, 2, 1))), r"\[T, B, X\] with T at least 1"),
        ((ONES, np.ones((2, 2, 1))), "targets of batch 1 has shape"),
        ((ONES, ONES, np.ones((3, 1))), "mask of batch 1 has shape"),
        ((np.ones((3, 2, 2)), ONES), r"inputs of batch 1 has shape \(3, 2, 2\).*X = 1"),
        ((HOLE, ONES), "inputs of batch 1 is not finite in step 2 of sequence 1$"),
        ((ONES, HOLE), "targets of batch 1 is not finite in step 2 of sequence 1, and its mask is not 0"),
        ((ONES, ONES, HOLE[..., 0]), "mask of batch 1 is not finite in step 2 of sequence 1$"),
    ],
)
def test_batches_that_do_not_fit(later, sentence):
    task = dnc.DataTask([(ONES, ONES), later])
    task.draw(4)
    with pytest.raises(dnc.InvalidArgument, match=sentence):
        task.draw(4)


# runs


def test_a_run_is_what_one_would_write(tmp_path):
    """The batches that are not full are as if the network had been made for them."""
    plan = dnc.Plan(**{**PLAN.__dict__, "test_every": None})
    trainer = dnc.Trainer.start(tmp_path / "function", plan, data=drawn)
    trainer.run()
    np.testing.assert_allclose(trainer.net.flat_parameters, loop(map(drawn, range(30))).flat_parameters, atol=2e-5)
    listed = dnc.Trainer.start(tmp_path / "list", plan, data=[drawn(number) for number in range(7)])
    listed.run()
    wanted = loop(drawn(number % 7) for number in range(30))
    np.testing.assert_allclose(listed.net.flat_parameters, wanted.flat_parameters, atol=2e-5)


@pytest.mark.parametrize("kind", ["dataset", "function"])
def test_resumed_runs_end_with_the_same_bytes(tmp_path, kind):
    data = dnc.Dataset(*sequences(10)) if kind == "dataset" else drawn
    validation = dnc.Dataset(*sequences(6, seed=2)) if kind == "dataset" else lambda number: drawn(number + 1000)
    unbroken = dnc.Trainer.start(tmp_path / "unbroken", PLAN, data=data, validation=validation)
    unbroken.run()
    trainer = dnc.Trainer.start(tmp_path / "broken", PLAN, data=data, validation=validation)
    for stop in (1, 5, 11, 18):
        trainer.run(each=lambda trainer, stop=stop: trainer.stop() if trainer.update == stop else None)
        trainer = dnc.Trainer.resume(tmp_path / "broken", data=data, validation=validation)
        assert trainer.update == stop
    trainer.run()
    for name in ("model.safetensors", "update-00000030.safetensors"):
        assert (tmp_path / "broken" / name).read_bytes() == (tmp_path / "unbroken" / name).read_bytes()
    assert [{**line, "seconds": 0} for line in trainer.log()] == [{**line, "seconds": 0} for line in unbroken.log()]


def test_the_best_network_and_patience(tmp_path):
    """Training goes on too fast to stay at the best."""
    validation = dnc.Dataset(*sequences(6, seed=2))
    plan = dnc.Plan(**{**PLAN.__dict__, "updates": None, "patience": 3, "optimizer": {"learning_rate": 0.1}})
    trainer = dnc.Trainer.start(tmp_path, plan, data=dnc.Dataset(*sequences(10)), validation=validation)
    assert trainer.run() == "no better test in 3"
    losses = [line["scores"]["loss"][0] for line in trainer.log() if line["event"] == "test"]
    assert min(losses) == losses[-4]
    net, _ = dnc.load(tmp_path / "model.safetensors")
    assert dnc.evaluate(net, dnc.DataTask(validation))["loss"].value == pytest.approx(min(losses))
    trainer.restore_best()
    assert np.array_equal(trainer.net.flat_parameters, net.flat_parameters)
    dnc.figures.training(tmp_path)
    stop = dnc.Plan(**{**plan.__dict__, "stop_metric": "loss", "stop_score": losses[0]})
    trainer = dnc.Trainer.start(tmp_path / "stop", stop, data=dnc.Dataset(*sequences(10)), validation=validation)
    assert trainer.run().startswith("loss is")


def test_validation_that_asks_for_nothing(tmp_path):
    """No test is better than another, and what is written is JSON."""
    nothing = dnc.Dataset(ONES.repeat(2, axis=2), ONES, mask=0 * ONES[..., 0])
    trainer = dnc.Trainer.start(tmp_path, PLAN, data=drawn, validation=nothing)
    trainer.run()
    for text in (tmp_path / "trainer.json").read_text(), *(tmp_path / "log.jsonl").read_text().splitlines():
        json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    history = dnc.fit(dnc.DNC(2, 1, **NETWORK), drawn, updates=100, validation_data=nothing)
    assert np.isnan(history["validation_loss"]).all()


def test_the_command_line_of_such_a_run(tmp_path, capsys):
    dnc.Trainer.start(tmp_path / "run", PLAN, data=drawn, validation=drawn)
    for command, sentence in (("evaluate", "data of one's own"), ("train --resume", "data is missing")):
        assert main([*command.split(), str(tmp_path / "run")]) == 1
        assert sentence in capsys.readouterr().err
    np.save(tmp_path / "inputs.npy", np.ones((3, 2)))
    files = [str(tmp_path / name) for name in ("run", "inputs.npy", "outputs.npy")]
    assert main(["predict", *files[:2], "--output", files[2]]) == 0


def test_without_validation_the_last_network_stays(tmp_path):
    plan = dnc.Plan(**{**PLAN.__dict__, "test_every": None})
    trainer = dnc.Trainer.start(tmp_path, plan, data=drawn)
    trainer.run()
    net, _ = dnc.load(tmp_path / "model.safetensors")
    assert np.array_equal(net.flat_parameters, trainer.net.flat_parameters)
    assert not [line for line in trainer.log() if line["event"] == "test"]


def test_generators(tmp_path):
    """A run whose generator ends has come to its end; it goes on with what another one gives."""
    plan = dnc.Plan(**{**PLAN.__dict__, "test_every": None, "updates": None})
    net = dnc.DNC(2, 1, **NETWORK)
    history = dnc.fit(net, (drawn(number) for number in range(9)))
    assert history["update"] == [9] and 0 < history["loss"][0] < 100
    trainer = dnc.Trainer.start(tmp_path, plan, data=(drawn(number) for number in range(9)))
    assert trainer.run() == "the data came to its end" and trainer.update == 9
    np.testing.assert_allclose(trainer.net.flat_parameters, loop(map(drawn, range(9))).flat_parameters, atol=2e-5)
    trainer = dnc.Trainer.resume(tmp_path, data=map(drawn, range(9, 12)))
    assert trainer.run() == "the data came to its end" and trainer.update == 12
    np.testing.assert_allclose(trainer.net.flat_parameters, loop(map(drawn, range(12))).flat_parameters, atol=2e-5)

    class Loader:
        def __iter__(self):
            return map(drawn, range(5))

    trainer = dnc.Trainer.start(tmp_path / "again", dnc.Plan(**{**plan.__dict__, "updates": 12}), data=Loader())
    trainer.run()
    wanted = loop(drawn(number % 5) for number in range(12))
    np.testing.assert_allclose(trainer.net.flat_parameters, wanted.flat_parameters, atol=2e-5)


def test_tasks_of_ones_own(tmp_path):
    """Whatever plays: here a task of the library's, which gives the run that its name gives."""
    plan = dnc.Plan("copy", {"width": 2, "max_length": 3}, network=NETWORK, updates=10)
    named = dnc.Trainer.start(tmp_path / "named", plan)
    named.run()
    own = dnc.Plan(**{**plan.__dict__, "task": "", "options": {}})
    tasks = [dnc.Task("copy", seed, width=2, max_length=3) for seed in (0, 1 << 63)]
    given = dnc.Trainer.start(tmp_path / "given", own, data=tasks[0], validation=tasks[1])
    given.run()
    assert np.array_equal(named.net.flat_parameters, given.net.flat_parameters) and named.score == given.score


def test_other_data(tmp_path):
    data, other = dnc.Dataset(*sequences(10)), dnc.Dataset(*sequences(10, seed=2))
    dnc.Trainer.start(tmp_path, PLAN, data=data, validation=data)
    with pytest.raises(dnc.InvalidState, match="^data has changed"):
        dnc.Trainer.resume(tmp_path, data=other, validation=data)
    with pytest.raises(dnc.InvalidState, match="^validation has changed"):
        dnc.Trainer.resume(tmp_path, data=data, validation=other)
    with pytest.raises(dnc.InvalidArgument, match="data is missing"):
        dnc.Trainer.resume(tmp_path)
    dnc.Trainer.resume(tmp_path, data=data, validation=data)


@pytest.mark.parametrize(
    "fields, data, validation, sentence",
    [
        ({}, None, None, "data is missing"),
        ({"task": "copy"}, drawn, None, "data is given, and the plan has the task 'copy'"),
        ({"test_every": 5}, drawn, None, "test_every would do nothing"),
        ({"patience": 5, "test_every": None}, drawn, None, "patience"),
        ({"options": {"width": 3}}, drawn, drawn, "options would do nothing"),
        ({"loss": "absolute"}, drawn, drawn, "absolute"),
        ({}, drawn, map(drawn, [0]), "validation can't be gone through again"),
        ({}, drawn, lambda number: (ONES, ONES), "validation has X = 1"),
        ({"stop_metric": "bit_error", "stop_score": 0.1}, drawn, drawn, "allowed are loss"),
    ],
)
def test_what_no_run_starts_with(tmp_path, fields, data, validation, sentence):
    fields = {**PLAN.__dict__, **fields}
    with pytest.raises((dnc.InvalidArgument, TypeError), match=sentence):
        dnc.Trainer.start(tmp_path / "run", dnc.Plan(**fields), data=data, validation=validation)
    assert not list(tmp_path.iterdir())


def test_a_loss_belongs_to_data(tmp_path):
    with pytest.raises(dnc.InvalidArgument, match="loss would do nothing"):
        dnc.Trainer.start(tmp_path / "run", dnc.Plan("copy", loss="mean_squared_error"))


# fit


def test_fit():
    """Five lines, and the network knows more than before."""
    inputs, targets, lengths = arrays(60)
    net = dnc.DNC(2, 1, hidden_size=16, batch_size=16)
    held_back = dnc.DataTask(dnc.Dataset(*sequences(30, seed=9)))
    before = dnc.evaluate(net, held_back)["loss"].value
    history = dnc.fit(net, inputs, targets, lengths, epochs=30, validation_split=0.1, learning_rate=0.01)
    assert dnc.evaluate(net, held_back)["loss"].value < 0.2 * before
    assert history["epoch"] == list(range(1, 31)) and history["update"] == [4 * epoch for epoch in range(1, 31)]
    assert {name: len(column) for name, column in history.items()} == dict.fromkeys(
        ("update", "epoch", "loss", "skipped", "validation_loss"), 30
    )
    assert history["loss"][-1] < 0.2 * history["loss"][0]
    assert not net.training and net.batch_size == 16 and not net.recorded_steps and not net.flat_gradients.any()


def test_fit_is_what_one_would_write():
    """With an optimizer of one's own, which goes on."""
    net = dnc.DNC(2, 1, **NETWORK, seed=3)
    optimizer = dnc.Optimizer(net, "adam", learning_rate=0.01)
    for part in (range(5), range(5, 12)):
        dnc.fit(net, [drawn(number) for number in part], updates=len(part), optimizer=optimizer)
    np.testing.assert_allclose(net.flat_parameters, loop(map(drawn, range(12))).flat_parameters, atol=2e-5)
    assert optimizer.step_count == 12


def test_fit_with_a_schedule_leaves_the_optimizer_its_rate():
    """So that it goes on with another one; and the log has the rates that there were."""
    net = dnc.DNC(2, 1, **NETWORK, seed=3)
    optimizer = dnc.Optimizer(net, "adam", learning_rate=0.5)
    rates = []
    dnc.fit(
        net, drawn, updates=8, optimizer=optimizer, schedule="linear", decay_share=0.5,
        each=lambda trainer: rates.append(trainer.optimizer.learning_rate),
    )  # fmt: skip
    assert rates == [0.5] * 5 + [0.375, 0.25, 0.125] and optimizer.learning_rate == 0.5


def test_fit_with_updates_of_several_batches():
    """An epoch has as many updates as it needs."""
    net = dnc.DNC(2, 1, **NETWORK)
    data = dnc.Dataset(*sequences(20))
    trainers = []
    history = dnc.fit(net, data, epochs=3, accumulate=2, batch_size=4, each=trainers.append)
    assert history["update"] == [3, 6, 9] and history["epoch"] == [1, 2, 3]
    assert trainers[-1].task.position == 9 * 2 and trainers[-1].optimizer.step_count == 9


@pytest.mark.parametrize("validated", [False, True])
def test_fit_ends_with_the_average(tmp_path, validated):
    """That of the best test, or, without tests, of the end."""
    net = dnc.DNC(2, 1, **NETWORK)
    validation = dnc.Dataset(*sequences(10, seed=2)) if validated else None
    found = []
    data = dnc.Dataset(*sequences(20))
    how = dict(epochs=6, average=0.9, validation_data=validation)
    history = dnc.fit(net, data, **how, each=lambda trainer: found.append(trainer.net.flat_parameters.copy()))
    start = dnc.DNC(2, 1, **NETWORK)
    values = start.flat_parameters.astype(np.float64)
    averages = []
    for update, after in enumerate(found):
        kept = min(0.9, (1 + update) / (10 + update))
        values = kept * values + (1 - kept) * after
        averages.append(values)
    best = 5 * (1 + int(np.argmin(history["validation_loss"]))) if validated else len(found)
    np.testing.assert_allclose(net.flat_parameters, averages[best - 1], atol=1e-6)
    if validated:
        score = dnc.evaluate(net, dnc.DataTask(validation))["loss"].value
        assert score == pytest.approx(min(history["validation_loss"]))
    dnc.fit(start, data, **how, folder=tmp_path / "run")
    assert np.array_equal(start.flat_parameters, net.flat_parameters), "with files or without"


def test_fit_keeps_the_best():
    data, validation = dnc.Dataset(*sequences(20)), sequences(10, seed=2)
    net = dnc.DNC(2, 1, **NETWORK)
    history = dnc.fit(net, data, epochs=100, validation_data=validation, patience=3, learning_rate=0.1, batch_size=8)
    assert len(history["epoch"]) < 100 and min(history["validation_loss"]) == history["validation_loss"][-4]
    found = dnc.evaluate(net, dnc.DataTask(dnc.Dataset(*validation)))["loss"].value
    assert found == pytest.approx(min(history["validation_loss"])) and net.batch_size == 4


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_fit_keeps_the_best_when_it_is_interrupted(error):
    """What `each` raises comes out, and the network has the parameters of the best test."""
    net, best = dnc.DNC(2, 1, **NETWORK), []

    def each(trainer):
        if trainer.score and trainer._progress.tests_since_best == 0 and trainer.update % 3 == 0:
            best[:] = [net.flat_parameters.copy()]
        if trainer.update == 40:
            raise error

    data, validation = dnc.Dataset(*sequences(12)), dnc.Dataset(*sequences(6, seed=2))
    with pytest.raises(error):
        dnc.fit(net, data, epochs=100, validation_data=validation, learning_rate=0.1, batch_size=4, each=each)
    assert np.array_equal(net.flat_parameters, best[0])


def test_fit_keeps_the_average_when_the_data_fail(tmp_path):
    """That of the last update, not of the last checkpoint."""

    def batches(fails):
        for number in range(20):
            yield drawn(number)
        if fails:
            raise OSError("no more")

    networks = [dnc.DNC(2, 1, **NETWORK, seed=3) for _ in range(2)]
    dnc.fit(networks[0], batches(False), updates=20, average=0.9)
    with pytest.raises(OSError, match="no more"):
        dnc.fit(networks[1], batches(True), updates=30, average=0.9, folder=tmp_path / "run")
    assert np.array_equal(networks[0].flat_parameters, networks[1].flat_parameters)


def test_what_fit_skips():
    """The history tells of it, where the loss alone does not."""
    net = dnc.DNC(2, 1, **NETWORK)
    bias = net.parameters["output.bias"]

    def spoil(trainer):
        bias[0] = np.nan if trainer.update in (1, 6, 7, 8) else 0

    history = dnc.fit(net, dnc.Dataset(*sequences(12)), epochs=4, each=spoil)
    assert history["skipped"] == [1, 0, 3, 0] and np.isfinite(history["loss"]).tolist() == [True, True, False, True]


def test_fit_refuses_what_is_not_finite():
    """It is the data, not the learning rate."""
    net = dnc.DNC(1, 1, **NETWORK)
    with pytest.raises(dnc.InvalidArgument, match="inputs of batch 2 is not finite in step 2 of sequence 1"):
        dnc.fit(net, lambda number: (HOLE if number == 2 else ONES, ONES), updates=20)


@pytest.mark.parametrize(
    ("loss", "wrong", "sentence"),
    [
        ("sigmoid_cross_entropy", 5, r"targets of sequence 97\[t=2, y=1\] is 5, allowed are 0 to 1"),
        ("softmax_cross_entropy", 0.25, r"targets of sequence 97\[t=2, y=0 to 1\] add up to 0.25"),
    ],
)
def test_targets_that_a_loss_refuses(tmp_path, loss, wrong, sentence):
    """They are named by their place in the data, not in a shuffled batch or a part, before any update is made."""
    targets = [np.tile([0.0, 1.0], (3 + index % 3, 1)) for index in range(120)]
    targets[97] = np.tile([0.0, 1.0], (4, 1))
    targets[97][2, 1] = wrong
    data = dnc.Dataset([np.ones((len(one), 1)) for one in targets], targets)
    net = dnc.DNC(1, 2, **NETWORK)
    before = net.flat_parameters.copy()
    with pytest.raises(dnc.InvalidArgument, match=sentence):
        dnc.fit(net, data, loss=loss, validation_split=0.5, folder=tmp_path / "run")
    assert np.array_equal(net.flat_parameters, before) and not list(tmp_path.iterdir())
    with pytest.raises(dnc.InvalidArgument, match=sentence):
        dnc.DataTask(data, loss)


def test_fit_in_a_folder(tmp_path):
    """A run that can be taken up."""
    data = dnc.Dataset(*sequences(20))
    training, validation = data.split(0.2, seed=6)

    def early(trainer):
        if trainer.update == 7:
            trainer.stop()

    whole, part = dnc.DNC(2, 1, **NETWORK), dnc.DNC(2, 1, **NETWORK)
    dnc.fit(whole, data, epochs=5, validation_split=0.2, seed=6)
    history = dnc.fit(part, data, epochs=5, validation_split=0.2, seed=6, folder=tmp_path / "run", each=early)
    assert history["update"] == [4]
    trainer = dnc.Trainer.resume(tmp_path / "run", data=training, validation=validation)
    assert trainer.run() == "all updates made" and trainer.update == 20
    trainer.restore_best()
    assert np.array_equal(trainer.net.flat_parameters, whole.flat_parameters)
    with pytest.raises(dnc.InvalidState, match="holds a run already"):
        dnc.fit(part, data, folder=tmp_path / "run")


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ({"inputs": ONES}, "targets is missing"),
        ({"inputs": drawn}, "updates is missing"),
        ({"inputs": [drawn(0)], "epochs": 3}, "epochs are of a Dataset"),
        ({"inputs": drawn, "lengths": [1], "updates": 3}, "lengths is given without targets"),
        ({"inputs": ONES, "targets": ONES, "epochs": 1, "updates": 1}, "both given"),
        ({"inputs": ONES, "targets": ONES, "epochs": 0}, "epochs is 0, needed is a whole number"),
        ({"inputs": ONES, "targets": ONES, "epochs": 1.5}, "epochs is 1.5, needed is a whole number of at least 1"),
        ({"inputs": drawn, "updates": 1.5}, "updates is 1.5, needed is a whole number of at least 1"),
        ({"inputs": ONES, "targets": ONES, "patience": 3}, "patience"),
        ({"inputs": ONES, "targets": ONES, "accumulate": 0}, "accumulate is 0, needed is a whole number of at least 1"),
        ({"inputs": ONES, "targets": ONES, "average": 1.0}, "average is 1.0, allowed are 0 .none. to below 1"),
        ({"inputs": ONES, "targets": ONES, "decay_share": 0.5}, "decay_share would do nothing: it belongs to schedule"),
        ({"inputs": iter([drawn(0)]), "schedule": "cosine"}, "which needs the number of updates"),
        ({"inputs": drawn, "updates": 1, "validation_split": 0.5}, "validation_split is of a Dataset"),
        ({"inputs": ONES, "targets": ONES, "validation_split": 0.5, "validation_data": (ONES, ONES)}, "both given"),
        ({"inputs": ONES, "targets": ONES, "validation_split": 1.5}, "validation_split is 1.5"),
        ({"inputs": ONES, "targets": ONES, "validation_split": "half"}, "validation_split is 'half', needed is 0"),
        ({"inputs": ONES, "targets": ONES}, "the network has X = 2"),
    ],
)
def test_what_cannot_be_fitted(arguments, sentence):
    net = dnc.DNC(2, 1, batch_size=4)
    before = net.flat_parameters.copy()
    with pytest.raises(dnc.Error, match=sentence):
        dnc.fit(net, **arguments)
    with pytest.raises(dnc.InvalidArgument, match="learning_rate is given beside an optimizer"):
        dnc.fit(net, drawn, updates=1, optimizer=dnc.Optimizer(net), learning_rate=0.1)
    assert np.array_equal(net.flat_parameters, before) and net.batch_size == 4 and not net.training


# what is shown


def test_progress_is_shown_where_somebody_looks(tmp_path, capsys):
    for wanted, shown in ((None, False), (False, False), (True, True)):
        dnc.fit(dnc.DNC(2, 1, **NETWORK), drawn, updates=3, progress=wanted)
        assert ("3/3" in capsys.readouterr().err) == shown


def test_progress_in_a_notebook(monkeypatch, repository):
    """Without ipywidgets, and without a word about it."""
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    monkeypatch.setenv("PYTHONPATH", str(repository / "bindings" / "python"))
    code = ("import dnc, numpy as np\nones = np.ones((3, 2, 1))\n"
            "dnc.fit(dnc.DNC(1, 1), ones, ones, epochs=4, progress={});")  # fmt: skip
    cells = [nbformat.v4.new_code_cell(code.format(progress)) for progress in (None, False)]
    nbclient.NotebookClient(nbformat.v4.new_notebook(cells=cells), timeout=100).execute()
    texts = ["".join(map(str, cell.outputs)) for cell in cells]
    assert "8/8" in texts[0] and "arning" not in texts[0] and not texts[1]
