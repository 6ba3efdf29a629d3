"""What these tests share with those of the interface."""

import os
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
os.environ.setdefault("DNC_LIBRARY", str(CHECKOUT / "build" / "libdnc.so"))
for folder in ("bindings/python", "Tests/interface"):
    sys.path.insert(0, str(CHECKOUT / folder))

from programs import once  # noqa: E402, F401
