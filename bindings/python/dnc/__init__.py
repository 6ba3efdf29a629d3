"""The Differentiable Neural Computer (Graves et al. 2016) with NumPy arrays in and out.

    import dnc

    task = dnc.Task("copy", seed=1)
    net = dnc.DNC(task.input_size, task.output_size, hidden_size=32, read_heads=2, batch_size=16)
    optimizer = dnc.Optimizer(net, max_gradient_norm=10)
    net.training = True
    for _ in range(10_000):
        value, gradients = task.loss(task.play(net))
        net.backward(gradients)
        optimizer.step(net)

Shapes are written in these letters: T steps, B batch_size, X and Y input_size and output_size, H and L hidden_size
and num_layers, N and W memory_slots and word_size, R and K read_heads and write_heads. `Options` lists what a network
is made of, `Settings` those of an optimizer. What the library itself says of all this stands in the header, dnc.h in
`get_include()`; `dnc._c` is that header in ctypes.
"""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path
from typing import Any

from . import _c, figures
from .batches import Padded, pad
from .checkpoints import from_bytes, load
from .config import Config, Options, estimate_bytes
from .dataset import Dataset
from .errors import (
    BadFormat,
    Cancelled,
    Error,
    FileError,
    InternalError,
    InvalidArgument,
    InvalidState,
    NotFinite,
    OutOfMemory,
    check,
)
from .evaluation import Score, capacity, evaluate
from .fitting import fit
from .network import DNC
from .optimizer import Optimizer, Settings, loss
from .own_data import DataTask
from .plan import Plan
from .tasks import Episodes, Lesson, Metric, Task, TaskOption, Tokens
from .trainer import Trainer
from .updates import Diverged

__version__ = _c.DNC_VERSION_STRING


def version() -> str:
    """The version of the library, "0.1.0"."""
    return str(_c.dnc_version().decode())


def build_info() -> dict[str, Any]:
    """How the library was built: version, kernels in use, compiler, architecture."""
    return dict(json.loads(_c.dnc_build_info()))


def get_include() -> str:
    """The folder of the C header dnc.h, for programs that are compiled against the library."""
    here = Path(__file__).resolve().parent
    installed = here / "include"
    return str(installed if installed.exists() else here.parents[2] / "include")  # of the checkout


def self_test() -> None:
    """Checks the library on this CPU, in less than two seconds: the gradients of small networks against central
    differences, single precision against double, a save and a load. An InternalError names what disagrees."""
    check(_c.dnc_self_test())


def _check_level() -> None:
    """Warns of a level of the kernels that nothing here has: the library can't."""
    wanted = os.environ.get("DNC_CPU")
    if wanted and wanted != (active := build_info()["kernels"]):
        warnings.warn(f"DNC_CPU is {wanted!r}, but the kernels here are {active!r}", RuntimeWarning, stacklevel=3)


_check_level()

__all__ = [
    "DNC",
    "BadFormat",
    "Cancelled",
    "Config",
    "DataTask",
    "Dataset",
    "Diverged",
    "Episodes",
    "Error",
    "FileError",
    "InternalError",
    "InvalidArgument",
    "InvalidState",
    "Lesson",
    "Metric",
    "NotFinite",
    "Optimizer",
    "Options",
    "OutOfMemory",
    "Padded",
    "Plan",
    "Score",
    "Settings",
    "Task",
    "TaskOption",
    "Tokens",
    "Trainer",
    "build_info",
    "capacity",
    "estimate_bytes",
    "evaluate",
    "figures",
    "fit",
    "from_bytes",
    "get_include",
    "load",
    "loss",
    "pad",
    "self_test",
    "version",
]
