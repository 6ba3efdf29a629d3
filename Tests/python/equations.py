"""The equations of docs/model.md on the arrays of a framework that differentiates them, on states as rows.

Layers are compared with it. `Framework` has what frameworks name differently; all else are operators and methods that
torch and jax.numpy have in common.
"""

from dataclasses import dataclass
from typing import Any, Callable

EPSILON = 1e-6


@dataclass
class Framework:
    concatenate: Callable[[list, int], Any]  # arrays, axis
    where: Callable
    exp: Callable
    log1p: Callable
    tanh: Callable
    sigmoid: Callable
    softmax: Callable[[Any], Any]  # over the last axis
    identity: Callable[[int], Any]
    order: Callable[[Any], Any]  # a stable argsort of each row, of what counts as a constant
    take: Callable[[Any, Any], Any]  # each row's numbers at indices
    roll: Callable[[Any, int], Any]  # along the last axis
    scan: Callable  # jax.lax.scan


class Model:
    """A network with one layer in its controller, an LSTM or a GRU, and the options of NETWORKS."""

    def __init__(self, framework, config):
        self.f = framework
        for letter, name in zip("XHNWRK", ["input", "hidden", "memory_slots", "word", "read_heads", "write_heads"]):
            setattr(self, letter, config[name if name.endswith("s") else f"{name}_size"])
        self.config = config
        self.ntm = config["memory"] == "ntm"
        self.links = config["temporal_links"] and not self.ntm

    def run(self, p, inputs, row, starts=None):
        """Outputs [T, B, Y] and the state after the last step."""

        def step(row, given):
            x, begins = given
            return self.step(p, x, self.begun(p, self.unpack(row), begins))

        after, outputs = self.f.scan(step, row, (inputs, starts))
        return outputs, after

    def begun(self, p, state, begins):
        """The initial state where an episode begins, [B]."""
        if begins is None:
            return state
        mark = {name: begins.reshape(-1, *[1] * (values.ndim - 1)) for name, values in state.items()}
        initial = self.initial(p, state)
        return {name: self.f.where(mark[name], initial[name], values) for name, values in state.items()}

    def shapes(self):
        N, W, R, K, H = self.N, self.W, self.R, self.K, self.H
        linked = {"link": (K, N, N), "precedence": (K, N)} if self.links else {}
        usage = {} if self.ntm else {"usage": (N,)}
        cell = {"cell": (H,)} if self.config["controller"] == "lstm" else {}
        return {
            "memory": (N, W), **usage, **linked, "write": (K, N), "read": (R, N), "vectors": (R, W), "hidden": (H,),
            **cell,
        }  # fmt: skip

    def unpack(self, row):
        state, at = {}, 0
        for name, shape in self.shapes().items():
            size = 1
            for length in shape:
                size *= length
            state[name] = row[:, at : at + size].reshape(-1, *shape)
            at += size
        return state

    def pack(self, state):
        return self.f.concatenate([state[name].reshape(len(state[name]), -1) for name in self.shapes()], 1)

    def initial(self, p, state):
        begins = {name: 0 * values for name, values in state.items()}
        if self.config["initial_state"] == "learned":
            learned = {"memory": p["initial.memory"], "vectors": p["initial.read_vectors"]}
            learned["read"] = self.f.softmax(p["initial.read_weight_logits"])
            if self.ntm:
                learned["write"] = self.f.softmax(p["initial.write_weight_logits"])
            begins.update({name: begins[name] + values for name, values in learned.items()})
        return begins

    def step(self, p, x, old):
        """The state after one step as a row, and the outputs [B, Y]."""
        f, batch = self.f, len(x)
        new = self.controller(p, f.concatenate([x, old["vectors"].reshape(batch, -1)], 1), old)
        parts = self.interface(new["hidden"] @ p["interface.weight"].swapaxes(0, 1) + p["interface.bias"])
        (self.turing_machine if self.ntm else self.differentiable_computer)(parts, old, new)
        seen = f.concatenate([new["hidden"], new["vectors"].reshape(batch, -1)], 1)
        return self.pack(new), seen @ p["output.weight"].swapaxes(0, 1) + p["output.bias"]

    def controller(self, p, x, old):
        f, H = self.f, self.H
        name = "controller.0."
        ahead = x @ p[name + "weight_ih"].swapaxes(0, 1) + p[name + "bias"]
        back = old["hidden"] @ p[name + "weight_hh"].swapaxes(0, 1)
        if self.config["controller"] == "gru":
            reset, update = f.sigmoid(ahead[:, :H] + back[:, :H]), f.sigmoid((ahead + back)[:, H : 2 * H])
            candidate = f.tanh(ahead[:, 2 * H :] + reset * (back[:, 2 * H :] + p[name + "bias_hh"]))
            return {"hidden": (1 - update) * candidate + update * old["hidden"]}
        z = ahead + back
        i, forget, g, o = z[:, :H], z[:, H : 2 * H], z[:, 2 * H : 3 * H], z[:, 3 * H :]
        cell = f.sigmoid(forget) * old["cell"] + f.sigmoid(i) * f.tanh(g)
        return {"hidden": f.sigmoid(o) * f.tanh(cell), "cell": cell}

    def interface(self, xi):
        f, W, R, K = self.f, self.W, self.R, self.K
        minimum = self.config["mask_minimum"]
        layout = [
            ("read_keys", (R, W), None), ("read_strengths", (R, 1), self.oneplus), ("write_keys", (K, W), None),
            ("write_strengths", (K, 1), self.oneplus), ("erase", (K, W), f.sigmoid), ("vectors", (K, W), None),
        ]  # fmt: skip
        if self.ntm:
            for heads, count in (("read", R), ("write", K)):
                layout += [
                    (f"{heads}_interpolation", (count, 1), f.sigmoid),
                    (f"{heads}_shifts", (count, 3), f.softmax),
                ]
                layout += [(f"{heads}_sharpness", (count, 1), self.oneplus)]
        else:
            layout += [("free", (R, 1), f.sigmoid), ("allocation", (K, 1), f.sigmoid), ("write", (K, 1), f.sigmoid)]
            layout += [("modes", (R, 2 * K + 1), f.softmax)] if self.links else []
        if self.config["content_masks"]:
            for heads, count in (("read_masks", R), ("write_masks", K)):
                layout.append((heads, (count, W), lambda x: minimum + (1 - minimum) * f.sigmoid(x)))
        parts, at = {}, 0
        for name, (count, width), transform in layout:
            part = xi[:, at : at + count * width].reshape(-1, count, width)
            parts[name] = part if transform is None else transform(part)
            at += count * width
        assert at == xi.shape[1]
        return parts

    def oneplus(self, x):
        return 1 + self.f.log1p(self.f.exp(x))

    def content(self, memory, parts, heads):
        keys, memory = parts[f"{heads}_keys"], memory[:, None]  # [B, heads, W], [B, 1, N, W]
        if self.config["content_masks"]:
            masks = parts[f"{heads}_masks"]
            keys, memory = keys * masks, memory * masks[:, :, None]
        keys = keys[:, :, None]
        norms = ((keys**2).sum(-1) + EPSILON) ** 0.5 * ((memory**2).sum(-1) + EPSILON) ** 0.5 + EPSILON
        return self.f.softmax(parts[f"{heads}_strengths"] * (keys * memory).sum(-1) / norms)

    def differentiable_computer(self, parts, old, new):
        written = 1 - product(1 - old["write"])
        kept = product(1 - parts["free"] * old["read"])
        usage = new["usage"] = (old["usage"] + written - old["usage"] * written) * kept
        found, heads = self.content(old["memory"], parts, "write"), []
        for k in range(self.K):
            gate, allocate = parts["write"][:, k], parts["allocation"][:, k]
            free = self.allocation(usage)
            heads.append((gate * (allocate * free + (1 - allocate) * found[:, k]))[:, None])
            usage = usage + (1 - usage) * allocate * gate * free
        write = new["write"] = self.f.concatenate(heads, 1)
        new["memory"] = self.written(old["memory"], write, parts)
        read = self.content(new["memory"], parts, "read")
        if self.links:
            row, column = write[..., None], write[:, :, None]
            link = (1 - row - column) * old["link"] + row * old["precedence"][:, :, None]
            new["link"] = link = link * (1 - self.f.identity(self.N))
            new["precedence"] = (1 - write.sum(-1)[..., None]) * old["precedence"] + write
            before, K, modes = old["read"][:, None], self.K, parts["modes"]  # [B, 1, R, N]
            back, ahead = before @ link, before @ link.swapaxes(2, 3)  # [B, K, R, N]
            read = modes[:, :, K : K + 1] * read
            for k in range(K):
                read = read + modes[:, :, k : k + 1] * back[:, k] + modes[:, :, K + 1 + k : K + 2 + k] * ahead[:, k]
        new["read"] = read
        new["vectors"] = read @ new["memory"]

    def turing_machine(self, parts, old, new):
        for heads in ("read", "write"):
            gate, shifts = parts[f"{heads}_interpolation"], parts[f"{heads}_shifts"]
            near = gate * self.content(old["memory"], parts, heads) + (1 - gate) * old[heads]
            moved = sum(shifts[..., 1 + s : 2 + s] * self.f.roll(near, s) for s in (-1, 0, 1))
            sharp = (moved + EPSILON) ** parts[f"{heads}_sharpness"]
            new[heads] = sharp / sharp.sum(-1)[..., None]
        new["vectors"] = new["read"] @ old["memory"]
        new["memory"] = self.written(old["memory"], new["write"], parts)

    def written(self, memory, write, parts):
        column = write[..., None]
        erased = product(1 - column * parts["erase"][:, :, None])
        return memory * erased + (column * parts["vectors"][:, :, None]).sum(1)

    def allocation(self, usage):
        s = EPSILON + (1 - EPSILON) * usage
        order = self.f.order(s)
        ascending = self.f.take(s, order)
        before = [0 * ascending[:, :1] + 1]  # the products of all that come before, column by column
        for i in range(self.N - 1):
            before.append(before[i] * ascending[:, i : i + 1])
        before = self.f.concatenate(before, 1)
        return self.f.take((1 - ascending) * before, self.f.order(order))


def product(heads):
    """Over the heads, [B, heads, …]."""
    all_of_them = heads[:, 0]
    for i in range(1, heads.shape[1]):
        all_of_them = all_of_them * heads[:, i]
    return all_of_them


def rounded(usage):
    """What the free list is ordered by."""
    return (usage * 2**16).round()


# The networks that layers are compared with.
SIZES = dict(hidden_size=7, memory_slots=6, word_size=5, read_heads=2, seed=3)
NETWORKS = {
    "links": dict(write_heads=2, initial_state="learned"),
    "content": dict(temporal_links=False, content_masks=True, mask_minimum=0.1),
    "ntm": dict(memory="ntm", initial_state="learned"),
    "gru": dict(controller="gru", temporal_links=False),
}
