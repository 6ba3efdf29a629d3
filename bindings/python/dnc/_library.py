"""Where libdnc.so is found."""

import os
from ctypes import CDLL
from pathlib import Path
from typing import Any


def load() -> CDLL:
    """DNC_LIBRARY if it is set; else libdnc.so beside this file (installed) or in build/ of the checkout."""
    here = Path(__file__).resolve().parent
    chosen = os.environ.get("DNC_LIBRARY")
    places = [chosen] if chosen else [here / "libdnc.so", here.parents[2] / "build" / "libdnc.so"]
    tried = []
    for place in places:
        try:
            return CDLL(str(place))
        except OSError as error:
            tried.append(f"{place}: {error}")
    advice = "DNC_LIBRARY is set" if chosen else "run `make` in the checkout, or set DNC_LIBRARY"
    raise ImportError(f"libdnc.so could not be loaded ({advice}); tried\n  " + "\n  ".join(tried))


_library = load()


def function(name: str, result: Any, *arguments: Any) -> Any:
    """A function of the library with its types."""
    try:
        found = getattr(_library, name)
    except AttributeError:
        raise ImportError(f"{_library._name} has no {name}: it is not the libdnc of these bindings") from None
    found.restype = result
    found.argtypes = arguments
    return found
