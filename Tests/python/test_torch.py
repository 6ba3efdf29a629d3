"""The layer of PyTorch, against the same equations in plain torch."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import dnc.torch  # noqa: E402
from torch.nn import functional as F  # noqa: E402

X, Y, H, N, W, R, B, T = 3, 4, 7, 6, 5, 2, 3, 9
SIZES = dict(hidden_size=H, memory_slots=N, word_size=W, read_heads=R, seed=3)


def layer(**options):
    return dnc.torch.DNC(X, Y, **{**SIZES, **options})


def plain(net, inputs, state, starts=None):
    """The DNC of model.md with an LSTM and one write head, on a state in the order of a row."""
    p = dict(net.named_parameters())
    widths = [N * W, N, N * N, N, N, R * N, R * W, H, H]
    outputs = []
    for t, x in enumerate(inputs):
        if starts is not None:
            state = torch.where(starts[t][:, None], torch.zeros_like(state), state)
        M, u, L, precedence, ww, wr, r, h, c = state.split(widths, 1)
        M, L, wr = M.reshape(-1, N, W), L.reshape(-1, N, N), wr.reshape(-1, R, N)
        z = torch.cat([x, r], 1) @ p["controller.0.weight_ih"].T + h @ p["controller.0.weight_hh"].T
        i, f, g, o = (z + p["controller.0.bias"]).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        xi = h @ p["interface.weight"].T + p["interface.bias"]
        rk, rb, wk, wb, e, v, free, ga, gw, modes = xi.split([R * W, R, W, 1, W, W, R, 1, 1, 3 * R], 1)
        u = u + ww - u * ww
        u = u * (1 - free.sigmoid().unsqueeze(2) * wr).prod(1)
        write = content(M, wk.unsqueeze(1), 1 + F.softplus(wb)).squeeze(1)
        ww = gw.sigmoid() * (ga.sigmoid() * allocation(u) + (1 - ga.sigmoid()) * write)
        column = ww.unsqueeze(2)
        M = M * (1 - column * e.sigmoid().unsqueeze(1)) + column * v.unsqueeze(1)
        L = ((1 - column - ww.unsqueeze(1)) * L + column * precedence.unsqueeze(1)) * (1 - torch.eye(N))
        precedence = (1 - ww.sum(1, keepdim=True)) * precedence + ww
        b, ahead = wr @ L, wr @ L.transpose(1, 2)
        found = content(M, rk.reshape(-1, R, W), 1 + F.softplus(rb))
        m = modes.reshape(-1, R, 3).softmax(2)
        wr = m[..., 0:1] * b + m[..., 1:2] * found + m[..., 2:3] * ahead
        r = (wr @ M).flatten(1)
        outputs.append(torch.cat([h, r], 1) @ p["output.weight"].T + p["output.bias"])
        state = torch.cat([M.flatten(1), u, L.flatten(1), precedence, ww, wr.flatten(1), r, h, c], 1)
    return torch.stack(outputs), state


def content(M, keys, strengths, epsilon=1e-6):
    norms = ((keys**2).sum(2, keepdim=True) + epsilon).sqrt() * ((M**2).sum(2) + epsilon).sqrt().unsqueeze(1) + epsilon
    return (strengths.unsqueeze(2) * (keys @ M.transpose(1, 2)) / norms).softmax(2)


def allocation(usage, epsilon=1e-6):
    s = epsilon + (1 - epsilon) * usage
    # The free list is in the order of usages rounded to 2^-20: model.md, section 4.
    order = torch.sort((s.detach() * 2**20).round(), dim=1, stable=True).indices
    s = s.gather(1, order)
    before = torch.cat([torch.ones_like(s[:, :1]), s[:, :-1]], 1).cumprod(1)
    return torch.zeros_like(usage).scatter(1, order, (1 - s) * before)


def data(steps=T, batch=B, seed=0):
    numbers = torch.Generator().manual_seed(seed)
    return torch.randn(steps, batch, X, generator=numbers)


def everything(run, net, inputs, state, weights):
    """Outputs, state after, and the gradients of inputs, state and parameters."""
    inputs, state = inputs.clone().requires_grad_(), state.clone().requires_grad_()
    net.zero_grad()
    outputs, after = run(inputs, state)
    ((outputs * weights[0]).sum() + (after * weights[1]).sum()).backward()
    found = {"outputs": outputs, "after": after, "inputs": inputs.grad, "state": state.grad}
    return {**found, **{name: value.grad.clone() for name, value in net.named_parameters()}}


@pytest.mark.parametrize("with_starts", [False, True])
def test_it_is_the_same_function_with_the_same_gradients(with_starts):
    net = layer()
    before = net(data(4, seed=9))[1].detach()  # a state in which something has happened
    starts = torch.rand(T, B, generator=torch.Generator().manual_seed(1)) < 0.2 if with_starts else None
    weights = torch.randn(T, B, Y), torch.randn(B, net.state_size)
    ours = everything(lambda x, s: net(x, s, starts), net, data(), before, weights)
    theirs = everything(lambda x, s: plain(net, x, s, starts), net, data(), before, weights)
    for name, value in ours.items():
        torch.testing.assert_close(value, theirs[name], rtol=1e-4, atol=2e-5, msg=lambda text, name=name: name + text)


def test_two_forwards_before_one_backward():
    net = layer()

    def run(steps):
        net.zero_grad()
        first, state = steps(data(seed=1), torch.zeros(B, net.state_size))
        second, state = steps(data(5, seed=2), state)
        other, _ = steps(data(5, 1, seed=3), torch.zeros(1, net.state_size))
        (first.square().sum() + second.square().sum() + other.square().sum() + state.sum()).backward()
        return {name: value.grad.clone() for name, value in net.named_parameters()}

    ours, theirs = run(net), run(lambda x, s: plain(net, x, s))
    for name, value in ours.items():
        torch.testing.assert_close(value, theirs[name], rtol=1e-4, atol=2e-5)


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
    assert not outputs.requires_grad and not any(one.recorded_steps for one in net._free)
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
    assert len(net._free) == 1


def test_dnc_does_without_torch():
    code = "import sys, dnc; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
