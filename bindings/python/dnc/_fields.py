"""What the fields of a dataclass may be, as far as their declarations say it."""

from __future__ import annotations

import dataclasses
import numbers
from collections.abc import Mapping
from typing import Any

from ._handle import Resource
from .errors import InvalidArgument

_KINDS: dict[str, tuple[type, str]] = {
    "str": (str, "text"),
    "int": (numbers.Integral, "a whole number"),
    "float": (numbers.Real, "a real number"),
    "dict": (Mapping, "a dictionary"),
    "Options": (Mapping, "a dictionary"),
}


def require_kinds(thing: Any) -> None:
    """Refuses fields that are not of their declared kind, as those of a file may be."""
    for field in dataclasses.fields(thing):
        kind, _, none = str(field.type).partition(" | ")
        value = getattr(thing, field.name)
        if not (none and value is None):
            require_kind(value, field.name, kind.partition("[")[0])


def require_kind(value: Any, name: str, kind: str) -> None:
    """kind is "str", "int", "float" or "dict"."""
    allowed, words = _KINDS[kind]
    if not isinstance(value, allowed) or isinstance(value, bool):
        raise InvalidArgument(f"{name} is {value!r}, needed is {words}")


def require_instance(value: Any, name: str, kind: type) -> None:
    """A TypeError for an object of another class, unless it stands for one, as a proxy does."""
    if isinstance(value, kind):
        return
    if isinstance(value, Resource) or not hasattr(value, "_handle"):
        raise TypeError(f"{name} is {value!r:.60}, needed is a dnc.{kind.__name__}")


def require_number(value: Any, name: str) -> None:
    """Refuses what is no real number, and NaN."""
    require_kind(value, name, "float")
    if value != value:
        raise InvalidArgument(f"{name} is nan, needed is a real number")


def require_count(value: Any, name: str, least: int = 1) -> None:
    """Refuses what is no number of updates, epochs or the like."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < least:
        raise InvalidArgument(f"{name} is {value!r}, needed is a whole number of at least {least}")
