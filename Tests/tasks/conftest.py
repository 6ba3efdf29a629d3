"""Finds the library, its ctypes mirror, and what the tests of the interface stand on."""

import os
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
os.environ.setdefault("DNC_LIBRARY", str(CHECKOUT / "build" / "libdnc.so"))
sys.path[:0] = [str(CHECKOUT / "bindings" / "python"), str(CHECKOUT / "Tests" / "interface")]
