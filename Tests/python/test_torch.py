"""The layer of PyTorch, against the same equations in plain torch."""

import copy
import gc
import pickle
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import dnc.torch  # noqa: E402
from equations import NETWORKS, SIZES, Framework, Model, rounded  # noqa: E402
from torch.nn import functional as F  # noqa: E402

X, Y, B, T = 3, 4, 3, 9


def scan(step, state, given):
    inputs, starts = given
    outputs = []
    for t, x in enumerate(inputs):
        state, y = step(state, (x, None if starts is None else starts[t]))
        outputs.append(y)
    return state, torch.stack(outputs)


TORCH = Framework(
    concatenate=torch.cat, where=torch.where, exp=torch.exp, log1p=torch.log1p, tanh=torch.tanh,
    sigmoid=torch.sigmoid, softmax=lambda x: x.softmax(-1), identity=torch.eye,
    order=lambda s: torch.sort(rounded(s.detach()), dim=1, stable=True).indices,
    take=lambda values, order: values.gather(1, order), roll=lambda x, shift: torch.roll(x, shift, -1),
    scan=scan,
)  # fmt: skip


def layer(**options):
    return dnc.torch.DNC(X, Y, **{**SIZES, **options})


def plain(net, inputs, state, starts=None):
    """The same in plain torch."""
    return Model(TORCH, net._net.config).run(dict(net.named_parameters()), inputs, state, starts)


def data(steps=T, batch=B, seed=0):
    numbers = torch.Generator().manual_seed(seed)
    return torch.randn(steps, batch, X, generator=numbers)


def everything(run, net, names, inputs, state, weights):
    """Outputs, state after, and the gradients of inputs, state and parameters."""
    inputs, state = inputs.clone().requires_grad_(), state.clone().requires_grad_()
    net.zero_grad()
    outputs, after = run(inputs, state)
    ((outputs * weights[0]).sum() + (after * weights[1]).sum()).backward()
    found = {"outputs": outputs, "after": after, "inputs": inputs.grad, "state": state.grad}
    return {**found, **{name: dict(net.named_parameters())[name].grad.clone() for name in names}}


def assert_same(ours, theirs):
    """To 1e-4 of the greatest number of each."""
    for name, expected in theirs.items():
        difference = (ours[name] - expected).abs().max()
        assert difference <= 1e-4 * expected.abs().max(), f"{name}: {difference}"


@pytest.fixture(params=NETWORKS)
def net(request):
    return layer(**NETWORKS[request.param])


@pytest.mark.parametrize("with_starts", [False, True])
def test_it_is_the_same_function_with_the_same_gradients(net, with_starts):
    numbers = torch.Generator().manual_seed(1)
    before = net(data(4, seed=9))[1].detach()  # a state in which something has happened
    weights = torch.randn(T, B, Y, generator=numbers), torch.randn(B, net.state_size, generator=numbers)
    starts = torch.zeros(T, B, dtype=torch.bool) if with_starts else None
    if with_starts:
        starts[5, 0] = starts[2, 1] = True
    names = [name for name, _ in net.named_parameters() if with_starts or not name.startswith("initial")]
    ours = everything(lambda x, s: net(x, s, starts), net, names, data(), before, weights)
    assert_same(ours, everything(lambda x, s: plain(net, x, s, starts), net, names, data(), before, weights))


def test_a_new_episode_begins_with_the_learned_state():
    net = layer(**NETWORKS["links"])
    starts = torch.zeros(T, B, dtype=torch.bool)
    starts[0] = True
    some = net(data(seed=4))[1].detach()
    alone, packed = net(data())[0], net(data(), some, starts)[0]
    assert torch.equal(alone, packed)
    alone.square().sum().backward()
    assert net.initial.memory.grad.any()


def test_two_forwards_before_one_backward(net):
    def run(steps):
        net.zero_grad()
        first, state = steps(data(seed=1), torch.zeros(B, net.state_size))
        second, state = steps(data(5, seed=2), state)
        other, _ = steps(data(5, 1, seed=3), torch.zeros(1, net.state_size))
        (first.square().sum() + second.square().sum() + other.square().sum() + state.sum()).backward()
        return {n: value.grad.clone() for n, value in net.named_parameters() if not n.startswith("initial")}

    assert_same(run(net), run(lambda x, s: plain(net, x, s)))


def test_tokens_are_one_hot_rows(net):
    """To the bit, in outputs, states and gradients, for two forwards before one backward, with and without starts."""
    numbers = torch.Generator().manual_seed(1)
    tokens = torch.randint(0, X, (T, B), generator=numbers)
    starts = torch.rand(T, B, generator=numbers) < 0.2
    before = net(data(4, seed=9))[1].detach()

    def run(inputs):
        net.zero_grad()
        state = before.clone().requires_grad_()
        first, after = net(inputs, state, starts)
        second, after = net(inputs.flip(0), after)
        (first.square().sum() + second.square().sum() + after.sum()).backward()
        return [first, second, after, state.grad, *(parameter.grad for parameter in net.parameters())]

    rows = run(F.one_hot(tokens, X).float())
    for kind in (torch.int64, torch.int32, torch.uint8):
        assert all(map(torch.equal, run(tokens.to(kind)), rows))
    with torch.no_grad():
        assert torch.equal(net(tokens, before, starts)[0], rows[0])


def test_shapes_of_tokens():
    """One sequence alone, batch_first, padded and packed tokens, and -1 for a row of zeros, are what their rows are."""
    net, first = layer(), layer(batch_first=True)
    tokens = torch.randint(-1, X, (T, B), generator=torch.Generator().manual_seed(2))
    rows = F.one_hot(tokens + 1, X + 1)[..., 1:].float()
    lengths = torch.tensor([T, 4, 7])
    padding = torch.arange(T)[:, None] >= lengths
    ignored = tokens.masked_fill(padding, -100)  # what is beyond the end is not read
    pairs = [
        (net(tokens), net(rows)),
        (net(tokens[:, 1]), net(rows[:, 1])),
        (first(tokens.T), first(rows.transpose(0, 1))),
        (first(tokens[:, 1]), first(rows[:, 1])),
        (net(ignored, lengths=lengths), net(rows, lengths=lengths)),
        (copy.deepcopy(net)(tokens), net(rows)),
    ]
    for (outputs, state), (expected, expected_state) in pairs:
        assert outputs.dtype == torch.float32 and torch.equal(outputs, expected) and torch.equal(state, expected_state)
    packed, state = net(torch.nn.utils.rnn.pack_padded_sequence(ignored, lengths, enforce_sorted=False))
    unpacked, _ = torch.nn.utils.rnn.pad_packed_sequence(packed)
    assert torch.equal(unpacked, pairs[4][1][0]) and torch.equal(state, pairs[4][1][1])


def test_wrong_tokens():
    net = layer()
    tokens = torch.zeros(T, B, dtype=torch.int64)
    expected = net(tokens)[0].detach()
    for wrong in (X, -2, 2**40):
        with pytest.raises(dnc.InvalidArgument, match=rf"^inputs\[2, 1\] is {wrong}, allowed are -1 to {X - 1}$"):
            net(tokens.index_put((torch.tensor(2), torch.tensor(1)), torch.tensor(wrong)))
    needed = rf"needed are rows \[T, B, {X}\] of torch.float32, or tokens \[T, B\]"
    for inputs in (tokens[..., None], tokens[0, 0], data()[0, 0], tokens.to("meta")):
        with pytest.raises(ValueError, match=needed):
            net(inputs)
    assert torch.equal(net(tokens)[0], expected), "it works after an error"


def test_any_optimizer_updates_it_in_place():
    net = layer()
    adam = torch.optim.Adam(net.parameters(), lr=1e-2)
    target = torch.rand(T, B, Y)
    losses = []
    for _ in range(30):
        adam.zero_grad()
        loss = F.mse_loss(net(data())[0], target)
        loss.backward()
        adam.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    assert np.array_equal(net._net.parameters["output.bias"], dict(net.named_parameters())["output.bias"].detach())


def test_shapes_of_torch():
    """batch_first, one sequence alone, padded and packed inputs are those of torch.nn.LSTM."""
    net, first = layer(), layer(batch_first=True)
    inputs = data()
    outputs, state = net(inputs)
    torch.testing.assert_close(first(inputs.transpose(0, 1))[0].transpose(0, 1), outputs, rtol=0, atol=0)
    alone, state_alone = net(inputs[:, 1])
    assert torch.equal(alone, outputs[:, 1]) and torch.equal(state_alone, state[1])
    lengths = torch.tensor([T, 4, 7])
    padded, after = net(inputs, lengths=lengths)
    packed, packed_after = net(torch.nn.utils.rnn.pack_padded_sequence(inputs, lengths, enforce_sorted=False))
    unpacked, _ = torch.nn.utils.rnn.pad_packed_sequence(packed)
    assert torch.equal(unpacked, padded) and torch.equal(packed_after, after)
    for b, length in enumerate(lengths.tolist()):
        expected, expected_after = net(inputs[:length, b])
        assert torch.equal(padded[:length, b], expected) and not padded[length:, b].any()
        assert torch.equal(after[b], expected_after)


def test_without_gradients_nothing_is_recorded():
    net = layer()
    with torch.no_grad():
        outputs, state = net(data())
        more, _ = net(data(seed=2), state)
    assert not outputs.requires_grad and not any(one.recorded_steps for one in net._pool._free)
    torch.testing.assert_close(net(torch.cat([data(), data(seed=2)]))[0][T:], more, rtol=0, atol=0)


def test_copies_and_files(tmp_path):
    net = layer(content_masks=True)
    net.output.bias.requires_grad_(False)
    torch.save(net.state_dict(), tmp_path / "layer.pt")
    other = layer(content_masks=True, seed=8)
    other.load_state_dict(torch.load(tmp_path / "layer.pt"))
    for one in (other, copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert torch.equal(one(data())[0], net(data())[0])
    assert not copy.deepcopy(net).output.bias.requires_grad
    twin = copy.deepcopy(net)
    with torch.no_grad():
        twin.output.bias += 1
    assert not torch.equal(twin(data())[0], net(data())[0])


def test_what_it_cannot_do():
    net = layer()
    for move in (net.double, net.half, lambda: net.to("meta")):
        with pytest.raises(RuntimeError, match="stays in torch.float32 on the CPU"):
            move()
    assert net.float() is net and net.cpu() is net
    with pytest.raises(ValueError, match=r"inputs has shape \(9, 3, 2\), needed is \(9, 3, 3\)"):
        net(data()[..., 1:])
    with pytest.raises(ValueError, match="inputs is torch.float64"):
        net(data().double())
    with pytest.raises(ValueError, match="lengths is"):
        net(data(), lengths=torch.tensor([1, 2, 10]))
    with pytest.raises(TypeError, match="batch_size is that of the inputs"):
        layer(batch_size=2)
    with pytest.raises(dnc.NotFinite):
        net(data() * float("nan"))
    inputs = data().requires_grad_()
    loss = net(inputs)[0].square().sum()
    (gradient,) = torch.autograd.grad(loss, inputs, create_graph=True)
    with pytest.raises(RuntimeError):
        gradient.sum().backward()
    loss = net(inputs)[0].sum()
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="retain_graph does not keep it"):
        loss.backward()
    loss = net(inputs)[0].sum()
    with torch.no_grad():
        net.output.bias += 1
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()
    net.output.bias = torch.nn.Parameter(torch.zeros(Y))
    with pytest.raises(RuntimeError, match="output.bias was replaced"):
        net(data())


def test_a_graph_that_nobody_needs_gives_its_record_back():
    net = layer()
    for _ in range(5):
        net(data())
    assert len(net._pool._free) == 1


def test_a_graph_in_garbage_gives_its_record_back():
    """Garbage with a cycle is finalized in any order, and the network's memory is not freed before it is given back."""
    net = layer()
    expected = net(data())[0].detach()
    record = dnc.torch._Record(net._pool, net._pool.take(B))
    record.cycle = record
    del record
    gc.collect()
    assert len(net._pool._free) == 1
    assert torch.equal(net(data())[0], expected)


def test_dnc_does_without_torch():
    code = "import sys, dnc; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.skipif(not hasattr(torch, "compiler"), reason="this torch compiles nothing")
def test_a_compiled_model_has_the_layer_as_it_is():
    layer = dnc.torch.DNC(3, 2, hidden_size=4, memory_slots=5, word_size=3)
    inputs = torch.randn(4, 2, 3)
    outputs, state = layer(inputs)
    compiled = torch.compile(layer, backend="eager")
    found, after = compiled(inputs)
    assert torch.equal(found, outputs) and torch.equal(after, state)
    found.sum().backward()
    assert all(parameter.grad is not None for parameter in layer.parameters())


def test_inputs_that_are_no_tensor():
    layer = dnc.torch.DNC(3, 2, hidden_size=4, memory_slots=5, word_size=3)
    for wrong in (None, [[1.0]], layer):
        with pytest.raises(TypeError, match="needed is a tensor or a PackedSequence"):
            layer(wrong)
