"""The faults of tools/faults, as far as that costs nothing: `make faults` puts them into the code."""

import re
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "faults"))

from catalogue import Fault, faults  # noqa: E402
from schemata import write  # noqa: E402


@pytest.mark.parametrize("fault", faults(), ids=lambda fault: fault.name)
def test_is_still_possible(fault):
    """Who changes a line that a fault is in, changes it in tools/faults too."""
    assert fault.problem() is None
    for tests in fault.tests:
        kind, _, path = tests.rpartition(" ")
        assert kind == "swift" or (ROOT / path.split("::")[0]).exists(), tests


def test_every_folder_has_three():
    counts = Counter(str(Path(fault.path).parent) for fault in faults())
    # Modules of C, links to Kernels, and what only tests and benchmarks use.
    others = {"CDNC", "CPNG", "CPlatform", "CVector", "CKernels", "Autodiff"}
    folders = {path.name for path in (ROOT / "Sources").iterdir() if path.is_dir() and not path.is_symlink()} - others
    for folder in [*(f"Sources/{name}" for name in folders), "bindings/python/dnc"]:
        assert counts[folder] >= 3, folder
    assert len({fault.name for fault in faults()}) == len(faults())


def test_the_page_has_them_all():
    page = (ROOT / "docs" / "reliability.md").read_text()
    names = {fault.name for fault in faults()}
    assert set(re.findall(r"^\| `(\w+)`: ", page, re.MULTILINE)) == names
    assert f"describes {len(names)} mistakes" in page


def test_what_is_in_no_source_is_said(tmp_path):
    fault = Fault(1, "gone", "Sources/Basics/Real.swift", "no such line", "such", "other", "", ())
    assert "occurs 0 times" in fault.problem()
    fault = Fault(1, "twice", "Sources/Basics/Real.swift", "static var saturation", "saturation", "", "", ())
    assert "occurs 3 times" in fault.problem()


def test_the_copy_has_both_and_the_sources_neither(tmp_path):
    write(tmp_path, faults())
    for fault in faults():
        copy = (tmp_path / fault.path).read_text()
        switch = f'"{fault.number}"' if fault.path.endswith(".py") else f"isFaulty({fault.number})"
        assert copy.count(switch) == 1 and copy.count(fault.right) >= 1
        assert "isFaulty" not in (ROOT / fault.path).read_text()
    python = tmp_path / "bindings" / "python" / "dnc"
    for path in python.glob("*.py"):
        compile(path.read_text(), str(path), "exec")
