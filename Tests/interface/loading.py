"""Loads damaged checkpoints in a process of its own, so that a crash is a failed test and nothing else.

    python loading.py FOLDER truncations FILE
    python loading.py FOLDER corruptions FILE COUNT SEED
    python loading.py FOLDER files FILE...

Prints {"case": [status, message]} as JSON; FOLDER/case holds the name of the case at work.
"""

import json
import random
import resource
import sys
from pathlib import Path

resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))

import conftest  # noqa: E402, F401
from support import Net, Refused, c, load  # noqa: E402


def attempt(path):
    """Loads a file and, when it loads, uses what came out of it."""
    try:
        net, optimizer = load(path)
    except Refused as refused:
        return refused.status, refused.message
    size = net.config
    # A damaged limit on the record is a limit.
    little = size.batch_size * size.memory_slots * (size.memory_slots + size.word_size) < 10**6
    if little and not size.max_record_bytes:
        net.train().step(net.inputs(1)[0])
        net.backward(net.output_gradients(1))
        if optimizer:
            try:
                optimizer.step(net)
            except Refused as refused:
                assert refused.status == c.DNC_NOT_FINITE, refused
    return c.DNC_OK, ""


def truncations(data):
    for length in range(len(data)):
        yield f"first {length} bytes", data[:length]


def corruptions(data, count, seed):
    """Damage of many kinds, half of it in the header, where it hurts."""
    header = 8 + int.from_bytes(data[:8], "little")
    for case in range(count):
        chance = random.Random(seed * 1_000_003 + case)
        damaged = bytearray(data)
        for _ in range(chance.choice((1, 1, 1, 2, 5, 20))):
            end = header if chance.random() < 0.6 else len(damaged)
            at = chance.randrange(min(end, len(damaged)))
            kind = chance.randrange(8)
            if kind == 0:
                damaged[at] ^= 1 << chance.randrange(8)
            elif kind == 1:
                damaged[at] = chance.randrange(256)
            elif kind == 2:
                damaged[at] = ord(chance.choice('0123456789-.eE"\\{}[]:,ntfu '))
            elif kind == 3:
                del damaged[at : at + chance.choice((1, 4, 50))]
            elif kind == 4:
                damaged[at:at] = bytes(chance.randrange(256) for _ in range(chance.choice((1, 4, 50))))
            elif kind == 5:
                length, source = chance.choice((1, 4, 30)), chance.randrange(len(damaged))
                damaged[at : at + length] = damaged[source : source + length]
            elif kind == 6:
                damaged[at : at + 4] = b"\xff" * 4
            else:
                digits = [i for i in range(at, min(header, len(damaged))) if 48 <= damaged[i] <= 57]
                if digits:
                    damaged[digits[0]] = chance.randrange(48, 58)
        if chance.random() < 0.5:  # a header length that fits, so that the damage is reached
            end = bytes(damaged).find(b"\n") if b"\n" in damaged else header + len(damaged) - len(data)
            damaged[:8] = max(0, end - 8).to_bytes(8, "little")
        yield f"corruption {case} of seed {seed}", bytes(damaged)


def main(folder, kind, *arguments):
    folder, results = Path(folder), {}
    damaged = folder / "damaged.safetensors"
    if kind == "files":
        cases = ((Path(name).name, None) for name in arguments)
    else:
        data = Path(arguments[0]).read_bytes()
        cases = truncations(data) if kind == "truncations" else corruptions(data, *map(int, arguments[1:]))
    with open(folder / "case", "w") as log:
        for index, (name, data) in enumerate(cases):
            log.seek(0)
            log.truncate()
            log.write(name)
            log.flush()
            if data is not None:
                damaged.write_bytes(data)
            results[name] = attempt(arguments[index] if data is None else damaged)
    assert Net().step(Net().inputs(1)[0]).size, "the library still works"
    print(json.dumps(results))


if __name__ == "__main__":
    main(*sys.argv[1:])
