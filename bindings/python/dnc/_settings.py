"""What the library allows for each setting, and what it takes when nothing is said: asked of it, for --help and the
tests."""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Callable
from ctypes import byref
from typing import Any, NamedTuple

from . import _c
from ._convert import CHOICES, defaults, settings_of
from .network import DNC


class Setting(NamedTuple):
    allowed: str
    default: Any


def network() -> dict[str, Setting]:
    """Of a network, by name; `Config` describes them."""

    def refusal(struct: ctypes.Structure) -> int:
        return int(_c.dnc_estimate_bytes(byref(struct), 0, 0, byref(ctypes.c_size_t())))

    config = defaults(_c.dnc_config, _c.dnc_config_init)
    config.input_size = config.output_size = 1
    return _settings(config, refusal)


def optimizer() -> dict[str, Setting]:
    """Of an optimizer, by name; `Settings` describes them."""
    with DNC(1, 1, hidden_size=1, memory_slots=1, word_size=1) as net:

        def refusal(struct: ctypes.Structure) -> int:
            return int(_c.dnc_optimizer_create(net._handle, byref(struct), byref(ctypes.POINTER(_c.dnc_optimizer)())))

        return _settings(defaults(_c.dnc_optimizer_config, _c.dnc_optimizer_config_init), refusal)


def meanings(kind: type) -> dict[str, str]:
    """What `Options` and `Settings` say about each setting behind what is allowed and the default, with the ";" or
    ":" before it; nothing about some."""
    found, name = {}, ""
    for line in (kind.__doc__ or "").splitlines():
        entry = re.match(r"    (\w+) {2,}(\S.*)", line)
        if entry:
            name, text = entry.groups()
            found[name] = text
        elif name:
            found[name] += " " + line.strip()
    ends = {name: re.search(r" \([^()]*\)([;:].*)?$", text) for name, text in found.items()}
    return {name: (end[1] or "").rstrip() if (end := ends.get(name)) else "" for name in kind.__annotations__}


def _settings(struct: ctypes.Structure, refusal: Callable[[ctypes.Structure], int]) -> dict[str, Setting]:
    """`struct` has the defaults."""
    types: dict[str, Any] = {field[0]: field[1] for field in struct._fields_}
    found = {}
    for name, default in settings_of(struct).items():
        if name in CHOICES:
            allowed = " or ".join(CHOICES[name])
        elif isinstance(default, bool):
            allowed = "True or False"
        elif types[name] is ctypes.c_uint64:
            allowed = f"0 to {2**64 - 1}"
        else:
            before = getattr(struct, name)
            setattr(struct, name, math.nan if types[name] is ctypes.c_float else 2**32 - 1)
            sentence = _c.dnc_last_error().decode() if refusal(struct) != _c.DNC_OK else ""
            allowed = sentence.partition(", allowed are ")[2]
            setattr(struct, name, before)
        found[name] = Setting(allowed, default)
    return found
