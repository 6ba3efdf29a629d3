"""Reading what `DNC.save` has written."""

from __future__ import annotations

import ctypes
from ctypes import byref

from . import _c
from ._convert import Path, path_bytes
from .errors import check
from .network import DNC
from .optimizer import Optimizer


def load(path: Path) -> tuple[DNC, Optimizer | None]:
    """The network of a checkpoint, at the start of an episode, and its optimizer, if the file holds one."""
    net, optimizer = ctypes.POINTER(_c.dnc)(), ctypes.POINTER(_c.dnc_optimizer)()
    check(_c.dnc_load(path_bytes(path), byref(net), byref(optimizer)))
    return DNC._from_c(net, training=False), Optimizer._from_c(optimizer) if optimizer else None
