"""Draws the pictures of docs/what-is-a-dnc.md: one step, and a memory of four slots followed through five steps.
Prints the page's table, and its steps by hand.

The numbers come from the equations of docs/model.md, in NumPy.

python tools/make_what_is_a_dnc.py     # writes docs/images/what-is-a-dnc/*.svg
"""

from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parent.parent / "docs/images/what-is-a-dnc"
SLOTS, WORD, EPSILON = 4, 3, 1e-6
A, B, C = np.eye(3)
CONTENT, FORWARD = np.array([0, 1, 0]), np.array([0, 0, 1])  # read modes: backward, content, forward

# What the controller asks for in each step: a trained one might. No write gate: 0; no free gate: 0.05.
STEPS = [
    ("writes A", {"vector": A, "write": 0.95}),
    ("writes B", {"vector": B, "write": 0.95}),
    ("writes C", {"vector": C, "write": 0.95}),
    ("looks for A", {"key": A}),
    ("reads on, frees A", {"modes": FORWARD, "free": 0.95}),
]


def content(memory, key, strength=10):
    norm = lambda rows: np.sqrt((rows**2).sum(-1) + EPSILON)  # noqa: E731
    weights = np.exp(strength * (memory @ key) / (norm(memory) * norm(key) + EPSILON))
    return weights / weights.sum()


def allocation(usage):
    s = EPSILON + (1 - EPSILON) * usage
    order = np.argsort(np.round(s * 2**16), kind="stable")
    result = np.zeros(len(s))
    result[order] = (1 - s[order]) * np.cumprod(np.append(1, s[order][:-1]))
    return result


def follow():
    """The state after each step: usage, write and read weighting, memory, links, read vector."""
    usage, writing, reading, precedence = np.zeros((4, SLOTS))
    memory, links = np.zeros((SLOTS, WORD)), np.zeros((SLOTS, SLOTS))
    for _, asked in STEPS:
        retention = 1 - asked.get("free", 0.05) * reading
        usage = (usage + writing - usage * writing) * retention
        offered = allocation(usage)
        writing = asked.get("write", 0.0) * offered
        memory = memory * (1 - writing[:, None]) + np.outer(writing, asked.get("vector", np.zeros(WORD)))
        links = (1 - writing[:, None] - writing[None, :]) * links + np.outer(writing, precedence)
        np.fill_diagonal(links, 0)
        precedence = (1 - writing.sum()) * precedence + writing
        modes = asked.get("modes", CONTENT)
        key = content(memory, asked.get("key", np.zeros(WORD)))
        forward = links @ reading
        reading = modes[0] * links.T @ reading + modes[1] * key + modes[2] * forward
        yield {
            "usage": usage,
            "write": writing,
            "read": reading,
            "memory": memory,
            "links": links,
            "vector": memory.T @ reading,
            "retention": retention,
            "allocation": offered,
            "precedence": precedence,
            "forward": forward,
        }


def number(value):
    return f"{value + 0.0:.2f}"


def table():
    """The Markdown table of the page."""
    rows = ["| step | usage | write weighting | read weighting | what is read |", "|---|---|---|---|---|"]
    for index, ((title, _), state) in enumerate(zip(STEPS, follow(), strict=True), 1):
        cells = (" ".join(map(number, state[name])) for name in ("usage", "write", "read", "vector"))
        rows.append(f"| {index}: {title} | {' | '.join(cells)} |")
    return "\n".join(rows)


# s1, s2, s4 and s5 are the states after these steps.
BY_HAND = r"""
**Step 2 writes B.** Before it, $`u`$ = {s1[usage]}, and $`w^w`$ and $`p`$ are both {s1[write]}.

1. Retention, with a free gate of 0.05 and the read weighting of step 1: $`\psi[1] = 1 - 0.05 \cdot {s1[read][0]}`$.
   So $`\psi`$ = {s2[retention]}.
2. Usage: $`u[1] = ({s1[usage][0]} + {s1[write][0]} - {s1[usage][0]} \cdot {s1[write][0]}) \cdot {s2[retention][0]}`$,
   because slot 1 was just written. So $`u`$ = {s2[usage]}.
3. Allocation: slot 2 comes first in the free list, and has no usage. So $`a`$ = {s2[allocation]}.
4. Write weighting: $`g^a = 1`$ and $`g^w = 0.95`$. So $`w^w = 0.95\, a`$ = {s2[write]}.
5. Memory: nothing was in slot 2, and 0.95 of B is added. So $`M_2`$ = {s2[memory][1]}.
6. Links: slot 2 is written now, and slot 1 was written last. So
   $`L[2, 1] = w^w[2]\, p[1] = {s2[write][1]} \cdot {s1[precedence][0]} = {s2[links][1][0]}`$.
7. Precedence: $`p = (1 - 0.95)\, p + w^w`$ = {s2[precedence]}. Now slot 2 was written last.

**Step 5 reads on, and frees A.** Before it, $`u`$ = {s4[usage]} and $`w^r`$ = {s4[read]}. Nothing is
written, so the memory and the links stay.

1. Retention, with a free gate of 0.95: slot 1 was read. So $`\psi`$ = {s5[retention]}.
2. Usage: $`u[1] = {s4[usage][0]} \cdot {s5[retention][0]}`$. So $`u`$ = {s5[usage]}.
3. Forwards (here $`f`$ is not the free gate, but what is found forwards): column 1 of the links says what was
   written after slot 1, $`L[2, 1] = {s5[links][1][0]}`$ and a little $`L[3, 1] = {s5[links][2][0]}`$.
   So $`f = L\, w^r`$ = {s5[forward]}.
4. Read weighting: the mode is *forward* alone. So $`w^r = f`$.
5. Read vector: {s5[read][1]} of slot 2, which holds {s5[memory][1][1]} of B, and {s5[read][2]} of slot 3, which holds
   {s5[memory][2][2]} of C. So $`r`$ = {s5[vector]}.
"""


class Shown(list):
    """Numbers as the page writes them."""

    def __str__(self):
        return f"({', '.join(self)})"


def by_hand():
    """The Markdown of two steps, line by line."""
    states = [
        {
            name: [Shown(map(number, row)) for row in value] if value.ndim == 2 else Shown(map(number, value))
            for name, value in state.items()
        }
        for state in follow()
    ]
    return BY_HAND.format(**{f"s{step}": state for step, state in enumerate(states, 1)}).strip()


def text(x, y, words, size=12, anchor="middle", colour="#222"):
    return f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" fill="{colour}">{words}</text>'


def matrix(x, y, values, side=32):
    parts = []
    for row, line in enumerate(values):
        for column, value in enumerate(line):
            left, top, shade = x + column * side, y + row * side, min(max(value, 0), 1)
            red, green, blue = (round(255 - shade * (255 - dark)) for dark in (31, 90, 150))
            fill = f"#{red:02x}{green:02x}{blue:02x}"
            parts.append(f'<rect x="{left}" y="{top}" width="{side}" height="{side}" fill="{fill}" stroke="#999"/>')
            colour = "#fff" if shade > 0.5 else "#222"
            parts.append(text(left + side // 2, top + side // 2 + 4, number(value), 11, colour=colour))
    return parts


def picture(width, height, parts):
    size = f'width="{width}" height="{height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {size} font-family="sans-serif">'
    return "\n".join([head, f'<rect {size} fill="#fff"/>', *parts, "</svg>", ""])


def four_slots():
    parts = []
    for index, ((title, _), state) in enumerate(zip(STEPS, follow(), strict=True)):
        top = 50 + index * 190
        parts.append(text(20, top - 24, f"Step {index + 1}: the controller {title}", 15, "start"))
        for slot in range(SLOTS):
            parts.append(text(58, top + 20 + 32 * slot, f"slot {slot + 1}", anchor="end"))
            parts.append(text(418, top + 20 + 32 * slot, f"to {slot + 1}", anchor="end"))
            parts.append(text(440 + 32 * slot, top + 146, f"from {slot + 1}", 9))
        parts += matrix(64, top, state["memory"])
        for column, name in enumerate(("usage", "write", "read")):
            parts += matrix(184 + 56 * column, top, state[name][:, None])
            parts.append(text(200 + 56 * column, top - 5, name))
        parts += matrix(424, top, state["links"])
        parts += [text(112, top - 5, "memory"), text(488, top - 5, "links")]
    return picture(570, 1000, parts)


def step():
    boxes = {
        "controller": (30, 120, 130),
        "free and allocate": (220, 40, 150),
        "write": (220, 120, 150),
        "link": (220, 200, 150),
        "memory": (430, 120, 110),
        "read": (600, 120, 110),
    }
    paths = [
        "M95 220V160", "M95 120V62", "M95 22V40",
        "M160 140H220", "M160 130C190 120 190 60 220 60", "M295 80V120",
        "M370 140H430", "M295 160V200", "M540 140H600",
        "M370 220H670V160", "M655 120V22H15V140H30", "M145 160V290H640V160",
    ]  # fmt: skip
    tip = '<path d="M0 0L9 4L0 8z" fill="#444"/>'
    marker = '<marker id="tip" markerWidth="9" markerHeight="8" refX="8" refY="4" orient="auto">'
    parts = [f"<defs>{marker}{tip}</marker></defs>"]
    for name, (x, y, width) in boxes.items():
        parts.append(f'<rect x="{x}" y="{y}" width="{width}" height="40" rx="6" fill="#e6eef7" stroke="#1f5a96"/>')
        parts.append(text(x + width // 2, y + 25, name, 14))
    arrow = '<path d="{}" fill="none" stroke="#444" stroke-width="1.5" marker-end="url(#tip)"/>'
    parts += [arrow.format(path) for path in paths]
    parts += [
        text(95, 236, "input"),
        text(95, 54, "output"),
        text(400, 14, "what is read goes to the output, and to the controller in the next step"),
    ]
    parts += [
        text(400, 284, "the controller says what to look for, and how to read"),
        text(520, 214, "the order of the writes"),
    ]
    return picture(740, 310, parts)


PICTURES = {"four-slots.svg": four_slots, "step.svg": step}

if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        (FOLDER / name).write_text(draw())
    print(table(), by_hand(), sep="\n\n")
