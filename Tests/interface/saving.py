"""Saves where that must fail, in a process of its own that gives up its rights.

    python saving.py protected FOLDER    FOLDER can't be written
    python saving.py full PATH           the disk takes 200 bytes

Prints [[status, message] of dnc_save, of dnc_image_write, of dnc_episode_image_write] as JSON.
"""

import json
import os
import resource
import sys
from pathlib import Path

import conftest  # noqa: F401
import numpy as np
from support import Net, c, f32, floats, last_error


def main(kind, place):
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
