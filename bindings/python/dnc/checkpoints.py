"""Networks of files, and networks with the parameters of others."""

from __future__ import annotations

import ctypes
from ctypes import byref
from typing import TYPE_CHECKING

from . import _c
from ._convert import Path, path_bytes
from .errors import check
from .network import DNC
from .optimizer import Optimizer

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .config import Options


def load(path: Path) -> tuple[DNC, Optimizer | None]:
    """The network of a checkpoint, at the start of an episode, and its optimizer, if the file holds one.

    With an optimizer, the network's `training` is True, so that the loop that saved them goes on as it is. To use a
    network, `DNC.load` is enough, which records nothing.
    """
    net, optimizer = ctypes.POINTER(_c.dnc)(), ctypes.POINTER(_c.dnc_optimizer)()
    check(_c.dnc_load(path_bytes(path), byref(net), byref(optimizer)))
    loaded = DNC._from_c(net)
    if not optimizer:
        return loaded, None
    loaded.training = True
    return loaded, Optimizer._from_c(optimizer, loaded)


def with_options(net: DNC, **options: Unpack[Options]) -> DNC:
    """The network, or, if its options are not these, one with its parameters and these options."""
    config = net.config
    if {**config, **options} == config:
        return net
    other = DNC(**{**config, **options})
    other.flat_parameters[...] = net.flat_parameters
    return other
