"""What a network is made of: `Options`, `Config`."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from ctypes import byref
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from . import _c
from ._convert import defaults, fill, flag, within
from ._fields import require_count
from .errors import check

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Options(TypedDict, total=False):
    """Everything about a network but its input and output size: keyword arguments of `DNC`. Ranges, and defaults in
    brackets:

    controller        "lstm", "feedforward", "gru" or "rnn" ("lstm")
    activation        "tanh" or "relu" ("tanh"); of a feedforward controller or an RNN
    hidden_size       H, 1 to 65536 (64)
    num_layers        L, 1 to 64 (1)
    memory_slots      N, 1 to 65536 (64)
    word_size         W, 1 to 65536 (16)
    read_heads        R, 1 to 256 (1)
    write_heads       K, 1 to 64 (1)
    batch_size        B, 1 to 65536 (1)
    usage_gradient    "full" or "stopped" ("full"); stopped: none from the usage to the write weightings before
    initial_state     "zeros", "constant" or "learned" ("zeros"): everything 0, as in the paper; memory, usage,
                      weightings and read vectors at initial_value; memory, read vectors and read weightings as
                      parameters, and of memory="ntm" write weightings, too
    initial_value     0 to 1 (1e-06); of initial_state="constant"
    clip_value        0 (no clamping) and above, finite (0.0); clamps hidden, cell and output to +-clip_value
    num_threads       0 to 1024 (1); 0: one per core. Any number gives the same bytes
    seed              0 to 18446744073709551615 (0); the parameters are drawn from it. None draws one, which is in
                      `DNC.config` then
    max_record_bytes  0 to 18446744073709551615 (0); what the state and the record of a training network may take: to
                      stay below, backward computes more again. 0: no limit
    check_finite      True or False (False); end at the first number that is not finite, and name it
    input_scale       0 to 1000 (10.0); of the controller's drawn weights of the inputs
    interface_scale   0 to 1000 (3.0); of the drawn interface weights
    memory            "dnc", "ntm" or "none" ("dnc"); ntm: the Neural Turing Machine's, whose slots stay alike unless
                      initial_state is "learned"; none: the controller alone, whatever the sizes of the memory
    temporal_links    True or False (True); False: no links and no read modes, every read head reads by content
    content_masks     True or False (False); each head compares only what its mask lets through
    mask_minimum      0 to below 1 (0.0)
    deallocation      True or False (False); what the free gates free is erased, too
    link_sharpening   True or False (False); each read head sharpens its forward and backward weightings
    controller_norm   True or False (False); layer normalization in the controller
    interface_norm    True or False (False); layer normalization of the interface vector
    """

    controller: Literal["lstm", "feedforward", "gru", "rnn"]
    activation: Literal["tanh", "relu"]
    hidden_size: int
    num_layers: int
    memory_slots: int
    word_size: int
    read_heads: int
    write_heads: int
    batch_size: int
    usage_gradient: Literal["full", "stopped"]
    initial_state: Literal["zeros", "constant", "learned"]
    initial_value: float
    clip_value: float
    num_threads: int
    seed: int | None
    max_record_bytes: int
    check_finite: bool
    input_scale: float
    interface_scale: float
    memory: Literal["dnc", "ntm", "none"]
    temporal_links: bool
    content_masks: bool
    mask_minimum: float
    deallocation: bool
    link_sharpening: bool
    controller_norm: bool
    interface_norm: bool


# The options that belong to the process: no checkpoint holds them.
OF_THE_PROCESS = ("num_threads", "max_record_bytes", "check_finite")


class Config(Options):
    """A whole configuration, `DNC(**config)`: the `Options`, and

    input_size        X, 1 to 65536
    output_size       Y, 1 to 65536
    """

    input_size: int
    output_size: int


def to_c(config: Mapping[str, Any]) -> _c.dnc_config:
    struct = defaults(_c.dnc_config, _c.dnc_config_init)
    fill(struct, {name: value for name, value in config.items() if (name, value) != ("seed", None)})
    return struct


def estimate_bytes(steps: int = 0, training: bool = False, **config: Unpack[Config]) -> int:
    """Bytes of memory that `DNC(**config)` takes; with `training`, together with the record of `steps` steps.

    They are those of steps that come in one `forward`; recorded one by one with `step`, they take at most a
    quarter more than the most that so many steps, or fewer, take. Allocates nothing. InvalidArgument for a
    configuration that `DNC` would refuse, OutOfMemory when no number can count the bytes.
    """
    size, struct = ctypes.c_size_t(), to_c(config)
    number = within(steps, "steps")
    require_count(steps, "steps", least=0)
    status = _c.dnc_estimate_bytes(byref(struct), number, flag(training, "training"), byref(size))
    check(status, steps=steps, **config)
    return size.value
