"""The DNC in NumPy, differentiated by tracing with HIPS autograd: one write head, LSTM controller."""

import autograd.numpy as np
import numpy
from autograd import value_and_grad
from autograd.extend import defvjp, primitive
from autograd.tracer import getval
from common import ADAM_EPSILON, BETA1, BETA2, EPSILON, LEARNING_RATE, ORDER_STEPS, Workload, interface_widths
from numpy import float32

ONE, EPS = float32(1), float32(EPSILON)


@primitive
def permute(x, order, inverse):
    return numpy.take_along_axis(x, order, -1)


defvjp(permute, lambda y, x, order, inverse: lambda g: numpy.take_along_axis(g, inverse, -1), None, None)


def sigmoid(x):
    return float32(0.5) * (np.tanh(float32(0.5) * x) + ONE)


def oneplus(x):
    return ONE + np.logaddexp(float32(0), x)


def softmax(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def initial_state(k: Workload):
    """h, c, memory, link, precedence, usage, write weighting, read weightings, read vectors."""
    shapes = [(k.H,), (k.H,), (k.N, k.W), (k.N, k.N), (k.N,), (k.N,), (k.N,), (k.R, k.N), (k.R * k.W,)]
    return tuple(numpy.zeros((k.B, *shape), float32) for shape in shapes)


def allocation(usage):
    s = EPS + (ONE - EPS) * usage
    rounded = numpy.rint(getval(getval(s)) * float32(ORDER_STEPS)).astype(numpy.int32)
    order = numpy.argsort(rounded, axis=-1, kind="stable")
    inverse = numpy.argsort(order, axis=-1)
    s = permute(s, order, inverse)
    logarithms = np.log(s)
    before = np.exp(np.cumsum(logarithms, axis=-1) - logarithms)
    return permute((ONE - s) * before, inverse, order)


def row_norms(memory):
    return np.sqrt(np.sum(memory * memory, -1) + EPS)


def content(memory, keys, strengths):
    """Keys [B, R, W], strengths [B, R] -> [B, R, N]."""
    norms = row_norms(keys)[:, :, None] * row_norms(memory)[:, None, :] + EPS
    return softmax(np.matmul(keys, np.swapaxes(memory, 1, 2)) / norms * strengths[:, :, None])


def one_step(P, k: Workload, off_diagonal, zx, state):
    """zx [B, 4H] is the input's share of the controller's sums."""
    h, c, memory, link, precedence, usage, write, read, vectors = state
    z = zx + np.dot(np.concatenate([vectors, h], 1), P["Wrh"])
    gates = sigmoid(z[:, : 3 * k.H])
    c = gates[:, k.H : 2 * k.H] * c + gates[:, : k.H] * np.tanh(z[:, 3 * k.H :])
    h = gates[:, 2 * k.H :] * np.tanh(c)
    xi = np.dot(h, P["Wi"]) + P["bi"]
    ends = numpy.cumsum([0, *interface_widths(k)])
    parts = [xi[:, begin:end] for begin, end in zip(ends[:-1], ends[1:])]
    read_keys, read_strengths, write_key, write_strength, erase, vector, free, allocate, gate, modes = parts

    kept = ONE - sigmoid(free)[:, :, None] * read
    usage = usage + write - usage * write
    for head in range(k.R):
        usage = usage * kept[:, head]
    allocate = sigmoid(allocate)
    found = content(memory, write_key[:, None, :], oneplus(write_strength))[:, 0]
    write = sigmoid(gate) * (allocate * allocation(usage) + (ONE - allocate) * found)
    column, row = write[:, :, None], write[:, None, :]
    memory = memory * (ONE - column * sigmoid(erase)[:, None, :]) + column * vector[:, None, :]
    link = ((ONE - column - row) * link + column * precedence[:, None, :]) * off_diagonal
    precedence = (ONE - np.sum(write, 1, keepdims=True)) * precedence + write

    forward, backward = np.matmul(read, np.swapaxes(link, 1, 2)), np.matmul(read, link)
    found = content(memory, np.reshape(read_keys, (k.B, k.R, k.W)), oneplus(read_strengths))
    modes = softmax(np.reshape(modes, (k.B, k.R, 3)))
    read = modes[:, :, 0:1] * backward + modes[:, :, 1:2] * found + modes[:, :, 2:3] * forward
    vectors = np.reshape(np.matmul(read, memory), (k.B, k.R * k.W))
    return h, c, memory, link, precedence, usage, write, read, vectors


def forward(P, k: Workload, inputs, state):
    off_diagonal = ONE - numpy.eye(k.N, dtype=float32)
    zx = np.dot(inputs, P["Wx"]) + P["b"]
    hidden, vectors = [], []
    for t in range(k.T):
        state = one_step(P, k, off_diagonal, zx[t], state)
        hidden.append(state[0])
        vectors.append(state[-1])
    return np.dot(np.stack(hidden), P["Wy"]) + np.dot(np.stack(vectors), P["Wr"]) + P["by"], state


def loss(P, k: Workload, inputs, targets):
    y, _ = forward(P, k, inputs, initial_state(k))
    return np.mean(np.maximum(y, float32(0)) - y * targets + np.log1p(np.exp(-np.abs(y))))


loss_and_gradients = value_and_grad(loss)


class Peer:
    def __init__(self, k: Workload, parameters, inputs, targets, threads: int) -> None:
        self.k, self.P, self.inputs, self.targets = k, parameters, inputs, targets
        self.m = {name: numpy.zeros_like(value) for name, value in parameters.items()}
        self.v = {name: numpy.zeros_like(value) for name, value in parameters.items()}
        self.updates, self.state = 0, initial_state(k)

    def step(self) -> None:
        if not self.k.training:
            outputs, self.state = forward(self.P, self.k, self.inputs, self.state)
            self.output = outputs[0]
            return
        self.output, gradients = loss_and_gradients(self.P, self.k, self.inputs, self.targets)
        self.updates += 1
        rate = float32(LEARNING_RATE / (1 - BETA1**self.updates))
        scale = float32(1 / (1 - BETA2**self.updates))
        for name, g in gradients.items():
            self.m[name] += float32(1 - BETA1) * (g - self.m[name])
            self.v[name] += float32(1 - BETA2) * (g * g - self.v[name])
            self.P[name] -= rate * self.m[name] / (numpy.sqrt(scale * self.v[name]) + float32(ADAM_EPSILON))

    def result(self):
        return numpy.asarray(self.output)

    def first_moments(self):
        return self.m
