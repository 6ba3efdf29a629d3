"""The DNC in JAX: `jit` and a `scan` over the steps; one write head, LSTM controller.

`plain` differentiates that scan. `tuned` is the fastest arrangement for XLA on a CPU that is known here:

* The backward pass is a scan of its own, by hand around the vector-Jacobian products of the short parts. XLA's
  transpose of the plain scan adds an outer product to every weight's gradient in every step; here they are one matrix
  product over all steps. Its transpose of the link's broadcasts reduces N x N arrays slowly; here they contract.
* The controller's matrix products and the ordering are not computed again; the link and the short vectors are.
* A record of gigabytes is kept in segments: only the state at a segment's beginning is kept, and the segment computed
  again before its backward pass.
* A small memory orders its slots by comparing all pairs, without a sort.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from common import ADAM_EPSILON, BETA1, BETA2, EPSILON, LEARNING_RATE, ORDER_STEPS, Workload, interface_widths
from jax import lax

PAIRS_UP_TO = 64  # slots that are ordered by comparing pairs
SEGMENT_BYTES = 2**31  # of links that the tuned variant records without segments


def initial_state(k: Workload) -> dict:
    shapes = {
        "h": (k.H,), "c": (k.H,), "memory": (k.N, k.W), "link": (k.N, k.N), "precedence": (k.N,), "usage": (k.N,),
        "write": (k.N,), "read": (k.R, k.N), "vectors": (k.R * k.W,),
    }  # fmt: skip
    return {name: jnp.zeros((k.B, *shape), jnp.float32) for name, shape in shapes.items()}


def sigmoid_cross_entropy(y, targets):
    return jnp.mean(jnp.maximum(y, 0) - y * targets + jnp.log1p(jnp.exp(-jnp.abs(y))))


# The parts of a step.


def gates(z, c):
    i, f, o, g = jnp.split(z, 4, axis=-1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


def cut(k: Workload, xi):
    return jnp.split(xi, np.cumsum(interface_widths(k))[:-1], axis=-1)


def oneplus(x):
    return 1.0 + jax.nn.softplus(x)


def row_norms(memory):
    return jnp.sqrt(jnp.sum(memory * memory, -1) + EPSILON)


def content(memory, keys, strengths):
    """Keys [B, R, W], strengths [B, R] -> [B, R, N]."""
    norms = row_norms(keys)[:, :, None] * row_norms(memory)[:, None, :] + EPSILON
    return jax.nn.softmax(jnp.einsum("brw,bnw->brn", keys, memory) / norms * strengths[:, :, None], axis=-1)


def new_usage(k: Workload, xi, s):
    free = jax.nn.sigmoid(cut(k, xi)[6])
    usage, write = s["usage"], s["write"]
    return (usage + write - usage * write) * jnp.prod(1.0 - free[:, :, None] * s["read"], axis=1)


def ordering(k: Workload, usage):
    """The free list: what `allocation` takes to order the slots. A constant for the gradient."""
    rounded = jnp.round((EPSILON + (1.0 - EPSILON) * lax.stop_gradient(usage)) * ORDER_STEPS).astype(jnp.int32)
    slots = lax.broadcasted_iota(jnp.int32, rounded.shape, 1)
    if k.N <= PAIRS_UP_TO:
        mine, other = rounded[:, :, None], rounded[:, None, :]
        earlier = slots[:, None, :] < slots[:, :, None]
        return ((other < mine) | ((other == mine) & earlier)).astype(jnp.float32)  # [B, slot, slot before it]
    bits = (k.N - 1).bit_length()  # key and slot in one integer: a sort of single integers is several times as fast
    if (int(ORDER_STEPS) + 1) << bits < 2**31:
        order = lax.sort(rounded << bits | slots, dimension=1) & (2**bits - 1)
    else:
        order = lax.sort((rounded, slots), dimension=1, num_keys=1, is_stable=True)[1]
    inverse = lax.sort(order << bits | slots, dimension=1) & (2**bits - 1)
    return order, inverse


@jax.custom_vjp
def permute(x, order, inverse):
    return jnp.take_along_axis(x, order, axis=-1)


permute.defvjp(
    lambda x, order, inverse: (permute(x, order, inverse), inverse),
    lambda inverse, g: (jnp.take_along_axis(g, inverse, axis=-1), None, None),
)


def allocation(k: Workload, usage, ordering):
    s = EPSILON + (1.0 - EPSILON) * usage
    if k.N <= PAIRS_UP_TO:
        return (1.0 - s) * jnp.exp(jnp.einsum("bij,bj->bi", ordering, jnp.log(s)))
    s = permute(s, *ordering)
    before = jnp.cumprod(jnp.concatenate([jnp.ones_like(s[:, :1]), s[:, :-1]], 1), axis=1)
    return permute((1.0 - s) * before, *reversed(ordering))


def write_weighting(k: Workload, xi, usage, ordering, memory):
    _, _, key, strength, _, _, _, allocate, gate, _ = cut(k, xi)
    allocate = jax.nn.sigmoid(allocate)
    found = content(memory, key[:, None, :], oneplus(strength))[:, 0]
    return jax.nn.sigmoid(gate) * (allocate * allocation(k, usage, ordering) + (1.0 - allocate) * found)


def without_diagonal(x):
    i, j = (lax.broadcasted_iota(jnp.int32, x.shape, axis) for axis in (1, 2))
    return jnp.where(i != j, x, 0.0)


def new_link(link, write, precedence):
    scale = 1.0 - write[:, :, None] - write[:, None, :]
    return without_diagonal(scale * link + write[:, :, None] * precedence[:, None, :])


def directions(link, read):
    """Forward and backward weightings [B, R, N]."""
    return jnp.einsum("brj,bij->bri", read, link), jnp.einsum("bri,bij->brj", read, link)


def access(k: Workload, xi, memory, write, precedence, forward, backward):
    """Writes the memory and reads it."""
    keys, strengths, _, _, erase, vector, _, _, _, modes = cut(k, xi)
    column = write[:, :, None]
    memory = memory * (1.0 - column * jax.nn.sigmoid(erase)[:, None, :]) + column * vector[:, None, :]
    precedence = (1.0 - jnp.sum(write, -1, keepdims=True)) * precedence + write
    found = content(memory, keys.reshape(-1, k.R, k.W), oneplus(strengths))
    modes = jax.nn.softmax(modes.reshape(-1, k.R, 3), axis=-1)
    read = modes[:, :, 0:1] * backward + modes[:, :, 1:2] * found + modes[:, :, 2:3] * forward
    vectors = jnp.einsum("brn,bnw->brw", read, memory).reshape(-1, k.R * k.W)
    return {"memory": memory, "precedence": precedence, "read": read, "vectors": vectors}


def one_step(k: Workload, P: dict, s: dict, zx):
    """zx [B, 4H] is the input's share of the controller's sums. Returns the state, and what `tuned` records."""
    z = zx + jnp.concatenate([s["vectors"], s["h"]], -1) @ P["Wrh"]
    h, c = gates(z, s["c"])
    xi = h @ P["Wi"] + P["bi"]
    usage = new_usage(k, xi, s)
    order = ordering(k, usage)
    write = write_weighting(k, xi, usage, order, s["memory"])
    link = new_link(s["link"], write, s["precedence"])
    along = directions(link, s["read"])
    accessed = access(k, xi, s["memory"], write, s["precedence"], *along)
    state = {"h": h, "c": c, "link": link, "usage": usage, "write": write, **accessed}
    return state, {"z": z, "xi": xi, "order": () if k.N <= PAIRS_UP_TO else order, "along": along}


# Plain.


def plain_forward(k: Workload, P: dict, inputs, state: dict):
    def body(s, zx):
        s, _ = one_step(k, P, s, zx)
        return s, (s["h"], s["vectors"])

    state, (hidden, vectors) = lax.scan(body, state, inputs @ P["Wx"] + P["b"])
    return hidden @ P["Wy"] + vectors @ P["Wr"] + P["by"], state


def plain_gradients(k: Workload, P: dict, inputs, targets):
    def loss(P):
        return sigmoid_cross_entropy(plain_forward(k, P, inputs, initial_state(k))[0], targets)

    return jax.value_and_grad(loss)(P)


# Tuned.


def link_gradients(g_link, g_forward, g_backward, before, write, precedence, read):
    """Of the link before, the write weighting, the precedence and the read weightings."""
    outer = jnp.einsum("bri,brj->bij", jnp.concatenate([g_forward, read], 1), jnp.concatenate([read, g_backward], 1))
    g = without_diagonal(g_link + outer)
    after = new_link(before, write, precedence)  # cheaper than to record it
    g_read = jnp.einsum("bri,bij->brj", g_forward, after) + jnp.einsum("brj,bij->bri", g_backward, after)
    product, ones = g * before, jnp.ones_like(write)
    g_write = (
        jnp.einsum("bij,bj->bi", g, precedence)
        - jnp.einsum("bij,bj->bi", product, ones)
        - jnp.einsum("bij,bi->bj", product, ones)
    )
    g_precedence = jnp.einsum("bij,bi->bj", g, write)
    return (1.0 - write[:, :, None] - write[:, None, :]) * g, g_write, g_precedence, g_read


def backward_step(k: Workload, P: dict, g: dict, now: tuple):
    """g: the gradients of the state after the step; now: the states before and after, the record, and the gradients
    of h and the read vectors that come from the output. Returns g for the state before, and those of z and xi."""
    s, after, kept, g_h, g_vectors = now
    xi, write = kept["xi"], after["write"]
    order = kept["order"] or lax.stop_gradient(ordering(k, after["usage"]))

    _, pull = jax.vjp(functools.partial(access, k), xi, s["memory"], write, s["precedence"], *kept["along"])
    g_accessed = {name: g[name] for name in ("memory", "precedence", "read")} | {"vectors": g["vectors"] + g_vectors}
    g_xi, g_memory, g_write, g_precedence, *g_along = pull(g_accessed)
    g_link, g_w, g_p, g_read = link_gradients(g["link"], *g_along, s["link"], write, s["precedence"], s["read"])
    _, pull = jax.vjp(
        lambda xi, usage, memory: write_weighting(k, xi, usage, order, memory), xi, after["usage"], s["memory"]
    )
    g_xi2, g_usage, g_memory2 = pull(g_write + g_w + g["write"])
    short = {name: s[name] for name in ("usage", "write", "read")}
    _, pull = jax.vjp(functools.partial(new_usage, k), xi, short)
    g_xi3, g_short = pull(g["usage"] + g_usage)
    g_xi = g_xi + g_xi2 + g_xi3
    _, pull = jax.vjp(gates, kept["z"], s["c"])
    g_z, g_c = pull((g["h"] + g_h + g_xi @ P["Wi"].T, g["c"]))
    g_vectors, g_h = jnp.split(g_z @ P["Wrh"].T, [k.R * k.W], axis=-1)
    before = {
        "h": g_h, "c": g_c, "vectors": g_vectors, "memory": g_memory + g_memory2, "link": g_link,
        "precedence": g_precedence + g_p, "usage": g_short["usage"], "write": g_short["write"],
        "read": g_read + g_short["read"],
    }  # fmt: skip
    return before, (g_z, g_xi)


def record(k: Workload, P: dict, state: dict, zx):
    """The steps of a segment: the state behind it, and per step the state before, what is short of the state after, and
    the rest."""

    def body(s, zx):
        after, kept = one_step(k, P, s, zx)
        short = {name: after[name] for name in ("h", "vectors", "usage", "write")}
        return after, (s, short, kept)

    return lax.scan(body, state, zx)


def tuned_gradients(k: Workload, P: dict, inputs, targets):
    segments = 1
    while k.T % (2 * segments) == 0 and 4 * k.B * k.N**2 * k.T // segments > SEGMENT_BYTES:
        segments *= 2
    zx = inputs @ P["Wx"] + P["b"]
    zero = initial_state(k)

    def pieces(x):
        return x.reshape(segments, k.T // segments, *x.shape[1:])

    if segments == 1:
        _, kept = record(k, P, zero, zx)
        hidden, vectors = kept[1]["h"], kept[1]["vectors"]
    else:

        def light(s, zx):
            s, _ = one_step(k, P, s, zx)
            return s, (s["h"], s["vectors"])

        def segment(s, zx):
            after, out = lax.scan(light, s, zx)
            return after, (s, out)

        _, (begins, out) = lax.scan(segment, zero, pieces(zx))
        hidden, vectors = (x.reshape(k.T, k.B, -1) for x in out)

    y = hidden @ P["Wy"] + vectors @ P["Wr"] + P["by"]
    loss, pull = jax.vjp(lambda y: sigmoid_cross_entropy(y, targets), y)
    (g_y,) = pull(jnp.float32(1))
    g_hidden, g_vectors = g_y @ P["Wy"].T, g_y @ P["Wr"].T
    back = functools.partial(backward_step, k, P)
    if segments == 1:
        _, (g_z, g_xi) = lax.scan(back, zero, (*kept, g_hidden, g_vectors), reverse=True)
    else:

        def segment_back(g, now):
            begin, zx, *g_out = now
            _, kept = record(k, P, begin, zx)
            return lax.scan(back, g, (*kept, *g_out), reverse=True)

        per_segment = (begins, pieces(zx), pieces(g_hidden), pieces(g_vectors))
        _, found = lax.scan(segment_back, zero, per_segment, reverse=True)
        g_z, g_xi = (x.reshape(k.T, k.B, -1) for x in found)

    def over_steps(a, b):
        return jnp.einsum("tbi,tbj->ij", a, b)

    before = jnp.concatenate([vectors, hidden], -1)[:-1]  # what the first step sees is zero
    gradients = {
        "Wx": over_steps(inputs, g_z), "Wrh": over_steps(before, g_z[1:]), "b": g_z.sum((0, 1)),
        "Wi": over_steps(hidden, g_xi), "bi": g_xi.sum((0, 1)),
        "Wy": over_steps(hidden, g_y), "Wr": over_steps(vectors, g_y), "by": g_y.sum((0, 1)),
    }  # fmt: skip
    return loss, gradients


def adam(P: dict, m: dict, v: dict, updates, gradients: dict):
    m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, gradients)
    v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, gradients)
    rate, scale = LEARNING_RATE / (1 - BETA1**updates), 1 / (1 - BETA2**updates)
    P = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(scale * v) + ADAM_EPSILON), P, m, v)
    return P, m, v


class Peer:
    def __init__(self, k: Workload, parameters, inputs, targets, threads: int, tuned: bool = False) -> None:
        self.k, self.P = k, jax.tree.map(jnp.array, parameters)
        self.inputs, self.targets = jnp.asarray(inputs), jnp.asarray(targets)
        find = tuned_gradients if tuned else plain_gradients

        @functools.partial(jax.jit, donate_argnums=(0, 1, 2))
        def train(P, m, v, updates, inputs, targets):
            loss, gradients = find(k, P, inputs, targets)
            return *adam(P, m, v, updates, gradients), loss

        @functools.partial(jax.jit, donate_argnums=1)
        def infer(P, state, inputs):
            state, _ = one_step(k, P, state, inputs[0] @ P["Wx"] + P["b"])
            return state, state["h"] @ P["Wy"] + state["vectors"] @ P["Wr"] + P["by"]

        self.train, self.infer = train, infer
        self._begin()
        self.step()  # compiles
        self.P = jax.tree.map(jnp.array, parameters)
        self._begin()

    def _begin(self) -> None:
        self.state, self.updates = initial_state(self.k), 0
        self.m, self.v = (jax.tree.map(jnp.zeros_like, self.P) for _ in range(2))

    def step(self) -> None:
        if self.k.training:
            self.updates += 1
            self.P, self.m, self.v, self.output = self.train(
                self.P, self.m, self.v, np.float32(self.updates), self.inputs, self.targets
            )
            jax.block_until_ready((self.P, self.output))
        else:
            self.state, self.output = self.infer(self.P, self.state, self.inputs)
            self.output.block_until_ready()

    def result(self) -> np.ndarray:
        return np.asarray(self.output)

    def first_moments(self) -> dict[str, np.ndarray]:
        return {name: np.asarray(value) for name, value in self.m.items()}
