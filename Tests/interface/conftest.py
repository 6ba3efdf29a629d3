"""Finds the library and its ctypes mirror: DNC_LIBRARY, else build/libdnc.so of this checkout."""

import os
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
os.environ.setdefault("DNC_LIBRARY", str(CHECKOUT / "build" / "libdnc.so"))
sys.path.insert(0, str(CHECKOUT / "bindings" / "python"))

from programs import built, once  # noqa: E402, F401


def pytest_configure(config):
    config.addinivalue_line("markers", "any_level: checks nothing that depends on the kernels")
    config.addinivalue_line(
        "markers", "real_machine: watches memory, threads or time, and would see those of an emulator"
    )
