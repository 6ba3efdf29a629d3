"""The numbers that the pages calculate by hand.

The tables "By hand" of docs/gradients: what the equations give, with gradients by central differences.
The five steps of docs/what-is-a-dnc.md: what the library gives.
"""

import runpy

import dnc
import numpy as np
import pytest

EPSILON = 1e-6


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def allocation(usage):
    s = EPSILON + (1 - EPSILON) * usage
    order = np.argsort(np.round(s * 2**16), kind="stable")
    result = np.zeros(len(s))
    result[order] = (1 - s[order]) * np.cumprod(np.append(1, s[order][:-1]))
    return result


def softmax(x):
    return np.exp(x) / np.exp(x).sum()


def layer_norm(s, scale, bias):
    return scale * (s - s.mean()) / np.sqrt(s.var() + EPSILON) + bias


def usage(before, written, free, read):
    return (before + written - before * written) * (1 - free * read)


def content(memory, key, strength):
    def norm(rows):
        return np.sqrt((rows**2).sum(-1) + EPSILON)

    return softmax(strength * (memory @ key) / (norm(memory) * norm(key) + EPSILON))


def forward_links(links, precedence, written, read):
    after = (1 - written[:, None] - written[None, :]) * links + np.outer(written, precedence)
    return (after * (1 - np.eye(len(written)))) @ read


def read_weighting(modes, backward, content, forward):
    return modes[0] * backward + modes[1] * content + modes[2] * forward


def memory_write(memory, weighting, erase, vector):
    return memory * (1 - np.outer(weighting, erase)) + np.outer(weighting, vector)


def lstm(z, cell):
    i, f, g, o = z
    return sigmoid(o) * np.tanh(sigmoid(f) * cell + sigmoid(i) * np.tanh(g))


def gru(z, recurrent, before):
    reset, update, candidate = z
    n = np.tanh(candidate + sigmoid(reset) * recurrent)
    return (1 - sigmoid(update)) * n + sigmoid(update) * before


def precedence(before, written):
    return (1 - written.sum()) * before + written


def sharpened(weighting, sharpness):
    raised = (np.maximum(weighting, 0) + EPSILON) ** sharpness
    return raised / raised.sum()


def masked_content(memory, key, mask):
    return content(memory * mask, key * mask, np.array([2]))


def deallocating_write(memory, retention, weighting, erase, vector):
    return memory_write(memory * retention[:, None], weighting, erase, vector)


def feedforward(weight, layer_input, bias):
    return np.tanh(weight @ layer_input + bias)


def sigmoid_cross_entropy(outputs):
    targets = np.array([1, 1])
    return np.array([np.mean(np.log1p(np.exp(outputs)) - outputs * targets)])


def moved(content, gate, before, shifts):
    mixed = gate * content + (1 - gate) * before
    return shifts[0] * np.roll(mixed, -1) + shifts[1] * mixed + shifts[2] * np.roll(mixed, 1)


def output(weight, controller, vector, bias):
    return weight @ np.concatenate([controller, vector]) + bias


# Page: the function, its arguments by name, its result's name, and the result's gradient.
LINKS = [[0, 0, 0], [0.9, 0, 0], [0, 0, 0]]
CASES = {
    "allocation": (allocation, {"u^k": [0.9, 0.1, 0.1, 0.6]}, "a", [0, 0, 1, 0]),
    "interface": (softmax, {r"\hat{\pi}": [1, 0, -1]}, r"\pi", [0, 1, 0]),
    "layer-norm": (layer_norm, {"s": [1, 2, 6], r"\gamma": [1, 2, 1], "b": [0, 0, 1]}, "z", [1, 0, 0]),
    "usage": (usage, {"u_{t-1}": [0.5, 0], "w^w_{t-1}": [0, 0.8], "f": [0.9], "w^r_{t-1}": [1, 0]}, "u_t", [1, 1]),
    "content-weighting": (content, {"M": [[1, 0], [0, 1]], "k": [1, 1], r"\beta": [2]}, "c", [1, 0]),
    "links": (forward_links, {"L_{t-1}": LINKS, "p": [0, 1, 0], "w": [0, 0, 0.9], "w^r": [0, 1, 0]}, "f", [0, 0, 1]),
    "read": (read_weighting, {r"\pi": [0, 0.2, 0.8], "b": [0, 0], "c": [1, 0], "f": [0, 0.9]}, "w", [0, 1]),
    "write": (
        memory_write,
        {"M_{t-1}": [[1, 2], [3, 4]], "w": [0.5, 0], "e": [1, 0], "v": [4, 4]},
        "M_t",
        [[1, 1], [0, 0]],
    ),
    "lstm": (lstm, {"z": [0, 2, 1, 0], "c_{t-1}": [1]}, "h", [1]),
    "gru": (gru, {"s_r, s_z, W_n a + b_n": [0, 0, 1], "n'": [0.5], "h'": [-1]}, "h", [1]),
    "precedence": (precedence, {"p_{t-1}": [1, 0, 0], "w": [0, 0.8, 0]}, "p_t", [1, 0, 0]),
    "sharpening": (sharpened, {"d": [0.6, 0.3, 0.1], "s": [2]}, "w", [1, 0, 0]),
    "masks": (masked_content, {"M": [[1, 0], [0, 1]], "k": [1, 1], "m": [1, 0.1]}, "c", [1, 0]),
    "deallocation": (
        deallocating_write,
        {"M_{t-1}": [[1, 2]], r"\psi": [0.1], "w": [0.5], "e": [1, 0], "v": [4, 4]},
        "M_t",
        [[1, 1]],
    ),
    "feedforward": (feedforward, {"W": [[1, -1]], "a": [1, 0.5], "b": [0.5]}, "h", [1]),
    "losses": (sigmoid_cross_entropy, {"y": [2, -1]}, r"\ell", [1]),
    "ntm": (moved, {"w^c": [1, 0, 0], "g": [0.5], "w'": [0, 0, 1], "s": [0, 0.2, 0.8]}, "w^s", [0, 1, 0]),
    "output": (output, {"W_y": [[1, 0.5]], r"\nu": [1], "r": [2], "b_y": [0]}, "y", [1]),
}


def differences(function, values, index, gradient, step=1e-6):
    result = np.zeros_like(values[index])
    for place in np.ndindex(result.shape):
        ends = []
        for sign in (1, -1):
            moved = [value.copy() for value in values]
            moved[index][place] += sign * step
            ends.append(np.sum(gradient * function(*moved)))
        result[place] = (ends[0] - ends[1]) / (2 * step)
    return result


def shown(values):
    rows = np.atleast_2d(values)
    return "; ".join(", ".join(f"{round(x, 3) + 0.0:g}" for x in row) for row in rows)


def table(page):
    function, arguments, name, gradient = CASES[page]
    values = [np.array(value, float) for value in arguments.values()]
    lines = ["| | value | gradient |", "|---|---|---|"]
    for index, symbol in enumerate(arguments):
        change = shown(differences(function, values, index, gradient))
        lines.append(f"| given $`{symbol}`$ | {shown(values[index])} | {change} |")
    lines.append(f"| result $`{name}`$ | {shown(function(*values))} | {shown(gradient)} (given) |")
    return "\n".join(lines)


@pytest.mark.parametrize("page", CASES)
def test_worked_numbers_are_those_of_the_equations(repository, page):
    assert table(page) in (repository / "docs" / "gradients" / f"{page}.md").read_text()


def logit(x):
    return np.log(x) - np.log1p(-x)


def interface(asked):
    """Before its transforms, what the controller asks for in a step of docs/what-is-a-dnc.md."""
    yes, no = 80, -80  # of a gate: 1 and 0
    return np.concatenate([
        asked.get("key", np.zeros(3)), [np.log(np.expm1(10 - 1))],  # read key, and a strength of 10
        np.zeros(3), [0],  # write key and strength: nothing is written by content
        [yes] * 3, asked.get("vector", np.zeros(3)),
        [logit(asked.get("free", 0.05)), yes, logit(asked["write"]) if "write" in asked else no],
        np.where(asked.get("modes", np.array([0, 1, 0])), yes, no),
    ])  # fmt: skip


def test_the_library_takes_the_five_steps_of_the_page(repository):
    """Its controller passes on which step it is, and each step has its column in the interface's weights."""
    tool = runpy.run_path(str(repository / "tools" / "make_what_is_a_dnc.py"))
    columns = np.stack([interface(asked) for _, asked in tool["STEPS"]], 1)
    steps = columns.shape[1]
    net = dnc.DNC(
        steps,
        1,
        controller="feedforward",
        activation="relu",
        hidden_size=steps,
        memory_slots=4,
        word_size=3,
        read_heads=1,
    )
    for values in net.parameters.values():
        values[...] = 0
    net.parameters["controller.0.weight"][:, :steps] = np.eye(steps)
    net.parameters["interface.weight"][...] = columns
    names = {"usage": "usage", "write": "write_weights", "read": "read_weights", "memory": "memory", "links": "link"}
    for index, expected in enumerate(tool["follow"]()):
        net.step(np.eye(steps)[index : index + 1])
        for name, field in {**names, "vector": "read_vectors"}.items():
            found = net.state(field).reshape(expected[name].shape)
            np.testing.assert_allclose(found, expected[name], atol=1e-5, err_msg=f"step {index + 1}: {name}")


def test_every_gradient_page_has_worked_numbers(repository):
    pages = {page.stem for page in (repository / "docs" / "gradients").glob("*.md")}
    assert pages - {"README"} == set(CASES)
