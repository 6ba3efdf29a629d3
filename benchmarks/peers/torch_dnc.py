"""The DNC in PyTorch, eager: one write head, LSTM controller, fused Adam."""

import numpy as np
import torch
import torch.nn.functional as F
from common import (
    ADAM_EPSILON,
    BETA1,
    BETA2,
    EPSILON,
    LEARNING_RATE,
    ORDER_STEPS,
    Workload,
    interface_widths,
)
from torch import Tensor


def initial_state(k: Workload) -> tuple[Tensor, ...]:
    """h, c, memory, link, precedence, usage, write weighting, read weightings, read vectors."""
    shapes = [(k.H,), (k.H,), (k.N, k.W), (k.N, k.N), (k.N,), (k.N,), (k.N,), (k.R, k.N), (k.R * k.W,)]
    return tuple(torch.zeros(k.B, *shape) for shape in shapes)


def allocation(usage: Tensor) -> Tensor:
    s = EPSILON + (1.0 - EPSILON) * usage
    order = torch.argsort((s.detach() * ORDER_STEPS).round().int(), dim=1, stable=True)
    s = s.gather(1, order)
    before = torch.cumprod(torch.cat([torch.ones_like(s[:, :1]), s[:, :-1]], 1), 1)
    return torch.zeros_like(usage).scatter(1, order, (1.0 - s) * before)


def row_norms(memory: Tensor) -> Tensor:
    return torch.sqrt((memory * memory).sum(-1) + EPSILON)


def content(memory: Tensor, keys: Tensor, strengths: Tensor) -> Tensor:
    """Keys [B, R, W], strengths [B, R] -> [B, R, N]."""
    norms = row_norms(keys).unsqueeze(2) * row_norms(memory).unsqueeze(1) + EPSILON
    return torch.softmax(torch.bmm(keys, memory.transpose(1, 2)) / norms * strengths.unsqueeze(2), -1)


def oneplus(x: Tensor) -> Tensor:
    return 1.0 + F.softplus(x)


class DNC(torch.nn.Module):
    def __init__(self, k: Workload, parameters: dict[str, np.ndarray]) -> None:
        super().__init__()
        self.k, self.widths = k, interface_widths(k)
        for name, value in parameters.items():
            self.register_parameter(name, torch.nn.Parameter(torch.from_numpy(value.copy())))
        self.register_buffer("off_diagonal", 1.0 - torch.eye(k.N))

    def one_step(self, zx: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """zx [B, 4H] is the input's share of the controller's sums."""
        k = self.k
        h, c, memory, link, precedence, usage, write, read, vectors = state
        z = torch.addmm(zx, torch.cat([vectors, h], 1), self.Wrh)
        i, f, o = torch.sigmoid(z[:, : 3 * k.H]).chunk(3, 1)
        c = f * c + i * torch.tanh(z[:, 3 * k.H :])
        h = o * torch.tanh(c)
        xi = torch.addmm(self.bi, h, self.Wi).split(self.widths, 1)
        read_keys, read_strengths, write_key, write_strength, erase, vector, free, allocate, gate, modes = xi

        usage = (usage + write - usage * write) * (1.0 - torch.sigmoid(free).unsqueeze(2) * read).prod(1)
        allocate = torch.sigmoid(allocate)
        found = content(memory, write_key.unsqueeze(1), oneplus(write_strength)).squeeze(1)
        write = torch.sigmoid(gate) * (allocate * allocation(usage) + (1.0 - allocate) * found)
        column, row = write.unsqueeze(2), write.unsqueeze(1)
        memory = memory * (1.0 - column * torch.sigmoid(erase).unsqueeze(1)) + column * vector.unsqueeze(1)
        link = ((1.0 - column - row) * link + column * precedence.unsqueeze(1)) * self.off_diagonal
        precedence = (1.0 - write.sum(1, keepdim=True)) * precedence + write

        forward, backward = torch.bmm(read, link.transpose(1, 2)), torch.bmm(read, link)
        found = content(memory, read_keys.reshape(k.B, k.R, k.W), oneplus(read_strengths))
        modes = torch.softmax(modes.reshape(k.B, k.R, 3), -1)
        read = modes[:, :, 0:1] * backward + modes[:, :, 1:2] * found + modes[:, :, 2:3] * forward
        vectors = torch.bmm(read, memory).reshape(k.B, k.R * k.W)
        return h, c, memory, link, precedence, usage, write, read, vectors

    def forward(self, inputs: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        zx = inputs @ self.Wx + self.b
        hidden, vectors = [], []
        for share in zx:
            state = self.one_step(share, state)
            hidden.append(state[0])
            vectors.append(state[-1])
        return torch.stack(hidden) @ self.Wy + torch.stack(vectors) @ self.Wr + self.by, state


class Peer:
    def __init__(
        self,
        k: Workload,
        parameters: dict[str, np.ndarray],
        inputs: np.ndarray,
        targets: np.ndarray,
        threads: int,
    ) -> None:
        torch.set_num_threads(threads)
        self.k, self.net = k, DNC(k, parameters)
        self.inputs, self.targets = torch.from_numpy(inputs), torch.from_numpy(targets)
        self.state = initial_state(k)
        settings = {"lr": LEARNING_RATE, "betas": (BETA1, BETA2), "eps": ADAM_EPSILON}
        self.adam = torch.optim.Adam(self.net.parameters(), fused=True, **settings)

    def step(self) -> None:
        if not self.k.training:
            with torch.inference_mode():
                self.output, self.state = self.net(self.inputs, self.state)
            return
        outputs, _ = self.net(self.inputs, initial_state(self.k))
        loss = F.binary_cross_entropy_with_logits(outputs, self.targets)
        self.adam.zero_grad(set_to_none=True)
        loss.backward()
        self.adam.step()
        self.output = loss.detach()

    def result(self) -> np.ndarray:
        return self.output.numpy() if self.k.training else self.output[0].numpy()

    def first_moments(self) -> dict[str, np.ndarray]:
        return {name: self.adam.state[value]["exp_avg"].numpy() for name, value in self.net.named_parameters()}
