"""Writes the seeds of the fuzz targets that are not written by hand: checkpoints of tiny networks, programs of calls.

    DNC_LIBRARY=build/libdnc.so build/venv/bin/python Tests/fuzz/seeds.py

The targets describe their input; `make fuzz` finds the rest from here.
"""

import os
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
os.environ.setdefault("DNC_LIBRARY", str(HERE.parents[1] / "build" / "libdnc.so"))
sys.path[:0] = [str(HERE.parent / "interface"), str(HERE.parents[1] / "bindings" / "python")]

from support import ALGORITHMS, Net, Optimizer, c, encoded  # noqa: E402

TINY = dict(
    input_size=1, output_size=1, hidden_size=1, memory_slots=2, word_size=1, read_heads=1, write_heads=1, batch_size=1
)
NETWORKS = {
    "lstm": {},
    "feedforward": dict(controller=c.DNC_CONTROLLER_FEEDFORWARD, activation=c.DNC_ACTIVATION_RELU, num_layers=2),
    "learned": dict(initial_state=c.DNC_INITIAL_LEARNED, num_layers=2, seed=2**64 - 1, clip_value=0.1),
    "heads": dict(
        read_heads=2, write_heads=2, memory_slots=3, word_size=2, batch_size=2, max_record_bytes=2**63,
        usage_gradient=c.DNC_USAGE_GRADIENT_STOPPED, num_threads=2,
    ),
    "constant": dict(initial_state=c.DNC_INITIAL_CONSTANT, initial_value=0.3, input_size=2, output_size=3),
    "masks": dict(content_masks=1, mask_minimum=0.1, deallocation=1, link_sharpening=1),
    "ntm": dict(memory=c.DNC_MEMORY_NTM, initial_state=c.DNC_INITIAL_LEARNED),
}  # fmt: skip


def call(letter, *values):
    assert 10 not in values, "a newline ends a call"
    return letter.encode() + bytes(values)


def create(net=0, x=2, y=1, h=4, n=5, w=2, b=1, kind=0, more=0x55, *rest):
    return call("n", net, x, y, h, 0, n, 0, w, b, kind, more, *rest)


# Masks, de-allocation and sharpened links; masks with content only; the Neural Turing Machine's memory.
VARIANTS = (28, 52, 192)


def variant(kind):
    return create(0, 2, 1, 4, 5, 2, 1, 0, 0x55, 0, 0, 0, 0, 0, 0, 0, 0, 32, kind)


TRAIN, STOP, RESET, DETACH, CHANGED = (call(".", 0, 0, k) for k in range(5))
FORWARD = call("f", 0, 0, 3, 100, 120, 90, 130, 111)  # four steps
STEP = call("f", 0, 1, 3, 100, 120, 90, 130, 111)
BACKWARD = call("b", 0, 100, 120, 90, 130, 111, 1)
STATES = [call("s", 0, 0, field, kind) for kind in range(4) for field in range(9)]
PICTURES = [
    call("p", what, 0, kind, 1, *([0] * 11), 1, 0, index, 0, *([100, 120, 90, 130, 111] * 4), 1, writes)
    for what in range(5) for kind in (0, 0x1F, 0x23) for index in (0,) for writes in (0, 2)
]  # fmt: skip
NUMBERS = (100, 120, 90, 130, 111)
PLAY = [call("T", 0, 0, *NUMBERS, 0, 1)] + [
    call("T", 0, k, *NUMBERS) for k in (3, 3, 2, 4, 5, 7, 0, 5, 6, 8, 9, 0, 11, 4, 5)
]
PROGRAMS = {
    "lstm": [create(), TRAIN, FORWARD, STEP, *STATES, BACKWARD, *STATES, RESET, FORWARD, DETACH, STOP, STEP, CHANGED],
    "feedforward": [create(kind=1), TRAIN, FORWARD, *STATES, BACKWARD, *STATES, STEP],
    "learned": [create(kind=0x15, more=0x2A), TRAIN, FORWARD, BACKWARD, call("w", 0), call("r", 0, 1, 7), STEP],
    "constant": [create(kind=8, more=0x6A), TRAIN, STEP, STEP, BACKWARD, FORWARD, BACKWARD, *STATES],
    "updates": [create(), TRAIN]
    + [
        update
        for algorithm in range(4)
        for update in (
            call("o", 0, 0, algorithm, 128, 128, 128),
            FORWARD,
            BACKWARD,
            call("u", 0, 0),
            call("S", 0, 0, 1),
        )
    ]
    + [call("L", 1, 0, 1), call("w", 0, 0, 2, 0, 1), call("u", 0, 0)],
    "clones": [
        create(),
        TRAIN,
        FORWARD,
        call("c", 0, 1, 0, 0),
        call("c", 0, 2, 0, 1),
        BACKWARD,
        call("f", 1, 0, 2),
        STEP,
    ],
    "sizes": [create(), TRAIN, FORWARD, call("r", 0, 1, 30), STEP, call("r", 0, 0, 1), FORWARD, BACKWARD, call("e", 0)],
    # 513 slots, whose links two threads share; one that doesn't start.
    "threads": [
        create(n=244, b=0, more=0x95),
        TRAIN,
        call("f", 0, 0, 1, *NUMBERS, 0, 0, 208),
        call("f", 0, 0, 2, *NUMBERS, 0, 1),
        BACKWARD,
        call("f", 0, 0, 3, *NUMBERS, 0, 1),
        BACKWARD,
        STOP,
        STEP,
    ],
    "pictures": [create(more=0x56), TRAIN, FORWARD, *PICTURES[:14]],
    "more_pictures": [create(b=2, kind=1), TRAIN, FORWARD, *PICTURES[14:], DETACH, *PICTURES[12:15]],
    "faults": [
        create(),
        TRAIN,
        call("f", 0, 0, 3, *NUMBERS, 0, 224),
        FORWARD,
        call("S", 0, 2, 0, 210),
        call("S", 0, 2, 0, 192),
    ]
    + [call("S", 0, 2, 1, 0, 208 + k) for k in range(6)]
    + [call("p", 2, *([0] * 40), 224 + k) for k in range(3)],
    "told": [
        create(),
        call("P"),
        FORWARD,
        TRAIN,
        FORWARD,
        BACKWARD,
        call("P", 0, 0, 1, 2),
        FORWARD,
        STEP,
        STEP,
        BACKWARD,
    ],
    "watched": [
        create(0, 2, 1, 4, 5, 2, 1, 0, 0x55, 0, 0, 0, 0, 0, 0, 0, 3),
        TRAIN,
        call("w", 0, 0, 1, 0, 1, *[250] * 5, 1),
        FORWARD,
    ],
    **{
        f"variants_{kind}": [
            variant(kind),
            TRAIN,
            FORWARD,
            STEP,
            *STATES,
            BACKWARD,
            *STATES,
            *PICTURES[3:9],
            STOP,
            STEP,
        ]
        for kind in VARIANTS
    },
    "two_networks": [
        create(),
        create(1),
        TRAIN,
        FORWARD,
        BACKWARD,
        *[call("2", 0, 1, what, 0, 2) for what in range(5)],
        FORWARD,
        *[call("2", 0, 0, what, 0, 1) for what in range(5)],
        call("S", 0, 2, 1, 1, 1),
        call("S", 0, 2, 1, 1, 0),
    ],
    "loss": [call("l", 2, 1, 3, 0, kind, *NUMBERS * 3) for kind in range(4)] + [call("g", 0), call("v", 0)],
}
TASKS = 9  # the first names of calls.c
for task in range(TASKS):
    PROGRAMS[f"task_{task}"] = [call("t", 0, task, 0, task, 0, 5), *PLAY]
# Inputs that broke something.
REGRESSIONS = {
    "batch_too_large": [
        call("t", 0, 4, 0, 5, 0, 5),
        call("T", 0, 0, *NUMBERS, 0, 0),
        call("T", 0, 0, *NUMBERS, 0, 3, 224),
    ],
    "title_cut_in_two": [call("p", 0, 0, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 15, 29)],
    "diverged_episode": [
        create(),
        *[call("w", 0, 0, tensor, 0, 1, *[250] * 5, 1) for tensor in range(7)],
        TRAIN,
        call("f", 0, 0, 3, *NUMBERS),
        call("p", 1, 0, 0, 1, *([0] * 11), 1, 0, 0, 0, *NUMBERS * 4),
    ],
}


def write(kind, name, program):
    folder = HERE / kind / "calls"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"\n".join(program) + b"\n")


def without_checksums(path):
    """What the fuzzer changes then is not refused for that alone."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = re.sub(rb',"(?:data|metadata).crc32":"\d+"', b"", data[8 : 8 + length])
    path.write_bytes(len(header).to_bytes(8, "little") + header + data[8 + length :])


def main():
    for name, program in PROGRAMS.items():
        write("corpus", name, program)
    for name, program in REGRESSIONS.items():
        write("regressions", name, program)
    folder = HERE / "corpus" / "checkpoint"
    folder.mkdir(parents=True, exist_ok=True)
    for name, fields in NETWORKS.items():
        net = Net(**{**TINY, **fields})
        net.save(folder / name)
        if name != "lstm":
            without_checksums(folder / name)
    for name in ("lstm", "ntm"):
        net = Net(**{**TINY, **NETWORKS[name]})
        net.step(net.inputs(1)[0])
        (folder / f"{name}_state").write_bytes(encoded(net, flags=c.DNC_CHECKPOINT_STATE))
        without_checksums(folder / f"{name}_state")
    for name, algorithm in ALGORITHMS.items():
        net = Net(**TINY)
        optimizer = Optimizer(net, algorithm=algorithm)
        net.train().step(net.inputs(1)[0])
        net.backward(net.output_gradients(1))
        optimizer.step(net)
        net.save(folder / name, optimizer)
        without_checksums(folder / name)
    counted = (folder / "adam").read_bytes()
    length = int.from_bytes(counted[:8], "little")
    header = counted[8 : 8 + length].replace(
        b'"optimizer.step_count":"1"', b'"optimizer.step_count":"%d"' % (2**64 - 1)
    )
    folder = HERE / "regressions" / "checkpoint"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "last_update").write_bytes(len(header).to_bytes(8, "little") + header + counted[8 + length :])
    # Its weightings start at more than 1 in all.
    Net(**{**TINY, "initial_state": c.DNC_INITIAL_CONSTANT, "initial_value": 1}).save(folder / "starts_at_one")


if __name__ == "__main__":
    main()
