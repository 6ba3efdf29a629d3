"""Whether two builds of the library compute the same bytes: `tools/same_bytes.py OLD.so NEW.so`.

For a change of structure, which must not change a number. Both libraries run the same episodes at every level that the
CPU has: the golden files, random configurations, and the trained models on their tasks. Outputs, gradients, states,
traces, updates, checkpoints and pictures are compared by their digests. Ends with 1 and the first differences.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LEVELS = ["plain", "x86-64-v3", "x86-64-v4"]
MODELS = {
    "copy": ("copy", "min_length=1,max_length=12"),
    "repeat_copy": ("repeat_copy", "min_length=2,max_length=4,min_repeats=2,max_repeats=3"),
    "associative_recall": ("associative_recall", "min_blocks=2,max_blocks=6"),
    "graph_traversal": ("graph_traversal", "nodes=6,out_degree=2,path=3"),
}
# Of these models.
TRACES = ["write_weights", "read_weights", "usage", "allocation_gates", "write_gates", "free_gates", "read_modes"]
EPISODES = 10
CONFIGURATIONS = 120


def main():
    if sys.argv[1] == "--digests":
        return print(json.dumps(dict(digests())))
    differences = []
    for level in LEVELS:
        old, new = (run(library, level) for library in sys.argv[1:3])
        if old.pop("kernels") != level:
            new.pop("kernels")
            print(f"{level}: not on this CPU")
            continue
        new.pop("kernels")
        wrong = [key for key in old | new if old.get(key) != new.get(key)]
        print(f"{level}: {len(old)} digests, {len(wrong)} differ")
        differences += [f"{level}: {key}" for key in wrong]
    print("\n".join(differences[:20]))
    return int(bool(differences))


def run(library, level):
    environment = os.environ | {"DNC_LIBRARY": str(Path(library).resolve()), "DNC_CPU": level}
    command = [sys.executable, __file__, "--digests"]
    return json.loads(subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout)


def digests():
    """(what, digest) of everything."""
    sys.path[:0] = [str(ROOT / "bindings" / "python"), str(ROOT / "Tests" / "interface")]
    import dnc
    import support
    import test_golden

    yield "kernels", json.loads(support.c.dnc_build_info())["kernels"]
    for name in sorted(test_golden.CASES):
        metadata, expected = test_golden.read(name)
        net = test_golden.create(metadata["config"])
        for key, (values, _) in net.tensors().items():
            values[...] = expected[f"param.{key}"]
        yield from episode(f"golden {name}", net, expected["inputs"], expected["output_gradients"])
    for number in range(CONFIGURATIONS):
        yield from random_configuration(number)
    for name, (task, options) in MODELS.items():
        net, _ = dnc.load(ROOT / "models" / f"{name}.safetensors")
        net.training = True
        source = dnc.Task(task, seed=5, **dict(pair.split("=") for pair in options.split(",")))
        for number in range(EPISODES):
            outputs = source.play(net)
            yield f"model {name} {number}", digest(outputs, *(net.trace(key) for key in TRACES))
            if number == 0:
                drawn = source.read()
                for panels in (True, False):
                    figure = dnc.figures.episode(net, *drawn[:2], outputs, mask=drawn.mask, sort_slots=panels)
                    yield f"model {name}, episode {panels}", digest(figure.png)
                yield f"model {name}, state", digest(dnc.figures.state(net, step=len(outputs) // 2).png)
                yield f"model {name}, film", digest(dnc.figures.film(net).png)
            value, gradients = source.loss(outputs)
            yield f"model {name} {number}, loss", digest(gradients, value.hex())
            yield f"model {name} {number}, inputs", digest(net.backward(gradients, input_gradients=True))
            yield f"model {name} {number}, gradients", digest(net.flat_gradients)
    for path in sorted((ROOT / "models").glob("*.jsonl")):
        yield f"log {path.name}", digest(dnc.figures.training(path).png)


def random_configuration(number):
    import numpy as np
    import support

    draw = np.random.default_rng(number)
    config = {
        "input_size": draw.integers(1, 20), "output_size": draw.integers(1, 20),
        "controller": draw.integers(0, 2), "activation": draw.integers(0, 2),
        "hidden_size": draw.integers(1, 40), "num_layers": draw.integers(1, 4),
        "memory_slots": draw.choice([1, 2, 7, 8, 16, 19, 33, 64, 100, 520], p=[0.1] * 9 + [0.1]),
        "word_size": draw.integers(1, 40), "read_heads": draw.integers(1, 5), "write_heads": draw.integers(1, 4),
        "batch_size": draw.integers(1, 6), "usage_gradient": draw.integers(0, 2),
        "initial_state": draw.integers(0, 3), "initial_value": draw.choice([1e-6, 0.1]),
        "clip_value": draw.choice([0, 0, 0.1, 20]), "num_threads": draw.integers(1, 4), "seed": number,
        "check_finite": draw.integers(0, 4) == 0,
    }  # fmt: skip
    if number % 3 == 0:
        config["max_record_bytes"] = 1 << 26
    net = support.Net(**{key: value.item() if hasattr(value, "item") else value for key, value in config.items()})
    net.parameters[...] *= draw.choice([1, 3])
    name = f"random {number}"
    steps = 3 if config["memory_slots"] > 500 else int(draw.integers(1, 30))
    yield f"{name}, without training", digest(net.forward(net.inputs(2, seed=7)), *net.states().values())
    optimizer = support.Optimizer(net, algorithm=int(draw.integers(0, 4)), max_gradient_norm=float(draw.choice([0, 1])))
    for turn in range(2):
        gradients = net.output_gradients(steps, seed=turn)
        yield from episode(f"{name}, {turn}", net, net.inputs(steps, seed=turn), gradients, cut=turn == 1)
        yield f"{name}, {turn}, update", digest(updated(optimizer, net), net.parameters)
    yield f"{name}, checkpoint", digest(saved(net, optimizer))


def updated(optimizer, net):
    """The gradients' norm, or why there is no update."""
    import support

    try:
        return optimizer.step(net).hex()
    except support.Refused as refusal:
        net.zero_gradients()
        return refusal.message


def saved(net, optimizer):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.safetensors"
        net.save(path, optimizer)
        return path.read_bytes()


def episode(name, net, inputs, output_gradients, cut=False):
    """Forward in two calls and a few single steps, backward, and with `cut` the steps after that."""
    import numpy as np

    net.train()
    if not cut:
        net.reset()
    half = len(inputs) // 2
    outputs = [net.step(row)[None] for row in inputs[:2]]
    for part in (inputs[2:half], inputs[max(half, 2) :]):
        if len(part):
            outputs.append(net.forward(part))
    yield f"{name}, outputs", digest(np.concatenate(outputs))
    yield f"{name}, states", digest(*net.states().values())
    yield f"{name}, traces", digest(*(net.trace(key) for key in net.traces))
    yield f"{name}, inputs", digest(net.backward(output_gradients))
    yield f"{name}, gradients", digest(net.gradients)
    yield f"{name}, state gradients", digest(*(net.state_gradient(field) for field in net.fields))


def digest(*parts):
    found = hashlib.sha256()
    for part in parts:
        found.update(part if isinstance(part, bytes) else part.encode() if isinstance(part, str) else part.tobytes())
    return found.hexdigest()[:16]


if __name__ == "__main__":
    sys.exit(main())
