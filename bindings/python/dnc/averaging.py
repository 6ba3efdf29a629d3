"""The mean of the networks of all ranks: `average`."""

from __future__ import annotations

import json

import numpy as np

from .checkpoints import from_bytes
from .network import DNC
from .optimizer import Optimizer
from .ranks import Ranks

# A file without them is read without comparing them.
_CHECKSUMS = ("data.crc32", "metadata.crc32")


def average(ranks: Ranks, net: DNC, optimizer: Optimizer) -> None:
    """Gives all ranks the mean of their parameters and of their optimizers' averages, and the settings and the step
    count of the first.

    What is sent is the data of a checkpoint, added up in place: the parameters, and behind them the averages.
    """
    checkpoint = bytearray(net.to_bytes(optimizer))
    begin = 8 + int.from_bytes(checkpoint[:8], "little")
    values = np.frombuffer(checkpoint, np.float32, offset=begin)
    ranks.take_mean(values)
    header = json.loads(checkpoint[8:begin])
    # A network with one sequence is the smallest that holds them.
    said = {**header["__metadata__"], "config.batch_size": "1"}
    header["__metadata__"] = {name: text for name, text in said.items() if name not in _CHECKSUMS}
    text = ranks.of_first(json.dumps(header, separators=(",", ":")).encode())
    mean, its_optimizer = from_bytes(len(text).to_bytes(8, "little") + text + checkpoint[begin:])
    assert its_optimizer is not None
    with mean:
        net.copy_parameters(mean)
    optimizer._continue(its_optimizer)
