"""Networks of files, and networks with the parameters of others."""

from __future__ import annotations

import ctypes
import os
from ctypes import byref
from typing import TYPE_CHECKING, Any

from . import _c
from ._convert import Path, path_bytes, raw_bytes
from .config import OF_THE_PROCESS
from .errors import InvalidArgument, check
from .network import DNC
from .optimizer import Optimizer

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .config import Options

MODEL = "model.safetensors"  # of a run


def load(path: Path) -> tuple[DNC, Optimizer | None]:
    """The network of a checkpoint, in the state that it holds or else at the start of an episode, and its optimizer, if
    the file holds one.

    With an optimizer, the network's `training` is True, so that the loop that saved them goes on as it is. To use a
    network, `DNC.load` is enough, which records nothing.
    """
    net, optimizer = ctypes.POINTER(_c.dnc)(), ctypes.POINTER(_c.dnc_optimizer)()
    check(_c.dnc_load(path_bytes(path), byref(net), byref(optimizer)))
    return _loaded(net, optimizer)


def from_bytes(checkpoint: bytes) -> tuple[DNC, Optimizer | None]:
    """What `load` gives, of a checkpoint's bytes, as `DNC.to_bytes` makes them."""
    net, optimizer = ctypes.POINTER(_c.dnc)(), ctypes.POINTER(_c.dnc_optimizer)()
    check(_c.dnc_checkpoint_decode(*raw_bytes(checkpoint, "checkpoint"), byref(net), byref(optimizer)))
    return _loaded(net, optimizer)


def _loaded(net: Any, optimizer: Any) -> tuple[DNC, Optimizer | None]:
    loaded = DNC._from_c(net)
    if not optimizer:
        return loaded, None
    loaded.training = True
    return loaded, Optimizer._from_c(optimizer, loaded)


def load_trained(path: Path) -> DNC:
    """The network of a checkpoint, or the best one of a run's folder."""
    return DNC.load(os.path.join(os.fsdecode(path), MODEL) if os.path.isdir(path) else path)


def start_from(path: Path, net: DNC) -> None:
    """Gives the network the parameters of a trained one. InvalidArgument if its tensors have other shapes."""
    trained = load_trained(path)
    try:
        net.copy_parameters(trained)
    except InvalidArgument as error:
        raise InvalidArgument(f"start_from is {path!s}, which doesn't fit: {error}") from None


def with_options(net: DNC, **options: Unpack[Options]) -> DNC:
    """The network, with what belongs to the process set, or, if its other options are not these, one with its
    parameters and these options."""
    for name in OF_THE_PROCESS:
        if name in options:
            setattr(net, name, options[name])
    config = net.config
    if {**config, **options} == config:
        return net
    other = DNC(**{**config, **options})
    other.copy_parameters(net)
    return other
