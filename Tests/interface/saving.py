"""Saves where that must fail, in a process of its own that gives up its rights.

    python saving.py protected FOLDER    FOLDER can't be written
    python saving.py full PATH           the disk takes 200 bytes
    python saving.py full-disk FOLDER    that is a disk of 64 KiB

Prints [[status, message] of dnc_save, of dnc_image_write, of dnc_episode_image_write] as JSON.
"""

import json
import os
import resource
import sys
from pathlib import Path

import conftest  # noqa: F401
import numpy as np
from support import Net, c, f32, floats, image_options, last_error


def full_disk(folder):
    """What was there before stays, beginnings don't, and what fits can be saved afterwards."""
    path = folder / "net"
    small, large = Net(), Net(hidden_size=100, memory_slots=200)
    values = f32(np.random.default_rng(0).random((300, 300)))
    small.save(path)
    before = path.read_bytes()
    for call in (
        lambda: c.dnc_save(large.handle, None, os.fsencode(path)),
        lambda: c.dnc_image_write(os.fsencode(path), *values.shape, floats(values), image_options(cell_pixels=1)),
    ):
        assert call() == c.DNC_IO_ERROR
        assert str(path) in last_error() and "No space left on device" in last_error()
        assert path.read_bytes() == before and os.listdir(folder) == ["net"]
    small.save(path)
    assert path.read_bytes() == before


def main(kind, place):
    if kind == "full-disk":
        return full_disk(Path(place))
    net, values = Net(), f32(np.random.default_rng(0).random((40, 40)))
    inputs = net.inputs(1)
    if kind == "protected":
        path = Path(place) / "file"
        if os.geteuid() == 0:  # nothing is protected from root
            os.setgid(65534)
            os.setuid(65534)
    else:
        path = Path(place)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
    name = os.fsencode(path)
    results = []
    for call in (
        lambda: c.dnc_save(net.handle, None, name),
        lambda: c.dnc_image_write(name, 40, 40, floats(values), None),
        lambda: c.dnc_episode_image_write(name, net.handle, 0, 1, floats(inputs), None, None, None),
    ):
        results.append((call(), last_error()))
    print(json.dumps(results))


if __name__ == "__main__":
    main(*sys.argv[1:])
