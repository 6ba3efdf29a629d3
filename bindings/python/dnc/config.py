"""What a network is made of: `Options`, `Config`."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from ctypes import byref
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from . import _c
from ._convert import defaults, fill, integer
from .errors import check

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Options(TypedDict, total=False):
    """Everything about a network but its input and output size. Ranges and defaults stand in dnc.h."""

    controller: Literal["lstm", "feedforward"]  # "lstm"
    activation: Literal["tanh", "relu"]  # of a feedforward controller; "tanh"
    hidden_size: int  # H; 64
    num_layers: int  # L; 1
    memory_slots: int  # N; 64
    word_size: int  # W; 16
    read_heads: int  # R; 1
    write_heads: int  # K; 1
    batch_size: int  # B; 1
    usage_gradient: Literal["full", "stopped"]  # "full"
    initial_state: Literal["zeros", "constant", "learned"]  # "zeros"
    initial_value: float  # for initial_state="constant"; 1e-6
    clip_value: float  # clamps hidden, cell and output; 0: no clamping
    num_threads: int  # 1; 0: one per core
    seed: int  # the parameters are drawn from it; 0
    max_record_bytes: int  # of a training network; 0: no limit
    check_finite: bool  # end at the first number that is not finite, and name it; False
    input_scale: float  # of the controller's drawn weights of the inputs; 1
    interface_scale: float  # of the drawn interface weights; 1


class Config(Options):
    """A whole configuration: `DNC(**config)`."""

    input_size: int  # X
    output_size: int  # Y


def to_c(config: Mapping[str, Any]) -> _c.dnc_config:
    struct = defaults(_c.dnc_config, _c.dnc_config_init)
    fill(struct, config)
    return struct


def estimate_bytes(steps: int = 0, training: bool = False, **config: Unpack[Config]) -> int:
    """Bytes of memory that `DNC(**config)` takes; with `training`, together with the record of `steps` steps."""
    size = ctypes.c_size_t()
    check(_c.dnc_estimate_bytes(byref(to_c(config)), integer(steps, "steps"), training, byref(size)))
    return size.value
