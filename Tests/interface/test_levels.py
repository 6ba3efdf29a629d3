"""The kernels of the CPU levels: which run, and that no instruction of a level strays out of its kernels."""

import os
import platform
import re
import subprocess
import sys

import pytest
from support import CHECKOUT
from test_build import needs

pytestmark = pytest.mark.any_level  # each test chooses its levels itself

LEVELS = {"x86_64": ["plain", "x86-64-v3", "x86-64-v4"], "aarch64": ["plain", "neon"]}[platform.machine()]

# Instructions that x86-64-v2 lacks: AVX and later, BMI, LZCNT, MOVBE.
NEW = re.compile(r"v[a-z]|andn|bextr|bls|tzcnt|lzcnt|movbe|bzhi|mulx|pdep|pext|rorx|sarx|shlx|shrx|k[a-z]+[bwdq] ")

PROGRAM = """
import json, sys
sys.path.insert(0, {bindings!r})
from dnc import _c as c
assert c.dnc_self_test() == 0, c.dnc_last_error()
print(json.loads(c.dnc_build_info())["kernels"])
"""


def kernels(wanted):
    environment = {name: value for name, value in os.environ.items() if name != "DNC_CPU"}
    if wanted is not None:
        environment["DNC_CPU"] = wanted
    program = PROGRAM.format(bindings=str(CHECKOUT / "bindings" / "python"))
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return run.stdout.strip()


def test_the_environment_chooses_a_level_up_to_that_of_the_cpu():
    highest = kernels(None)
    assert highest in LEVELS
    for level in LEVELS:
        assert kernels(level) == min(level, highest, key=LEVELS.index)
    assert kernels("nonsense") == highest


V3 = "sse4_1 sse4_2 ssse3 cx16 popcnt lahf_lm avx avx2 bmi1 bmi2 f16c fma abm movbe"
V4 = "avx512f avx512bw avx512cd avx512dq avx512vl"


@pytest.mark.skipif(platform.machine() != "x86_64", reason="all 64-bit Arm processors have NEON")
def test_the_level_is_the_highest_whose_instructions_the_system_reports():
    """Linux leaves out what it does not keep the registers of."""
    with open("/proc/cpuinfo") as file:
        flags = {*next(line for line in file if line.startswith("flags")).split()}
    has = [True, {*V3.split()} <= flags, {*V3.split(), *V4.split()} <= flags]
    assert kernels(None) == LEVELS[max(i for i in range(3) if has[i])]


@pytest.fixture(scope="module")
def unstripped():
    library = CHECKOUT / ".build-embedded" / "release" / "libdnc.so"
    if not library.exists():
        pytest.skip("only where the library was built")
    return library


def instructions(library):
    """Each function's name with its disassembly, line by line."""
    listing = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", library], capture_output=True, text=True, check=True
    ).stdout
    function = ""
    for line in listing.splitlines():
        if match := re.match(r"[0-9a-f]+ <(.+)>:", line):
            function = match.group(1)
        elif "\t" in line:
            yield function, line.split("\t", 1)[1]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="all 64-bit Arm processors have NEON")
@needs("objdump")
def test_no_level_leaves_its_kernels(unstripped):
    wide = {"V3": 0, "V4": 0}
    for function, instruction in instructions(unstripped):
        if re.search(r"%zmm|%k[1-7]\b", instruction):
            assert "KernelsV4" in function, f"{function}: {instruction}"
            wide["V4"] += 1
        elif re.match(r"v[a-z]", instruction) and not instruction.startswith("verr"):
            assert "KernelsV" in function, f"{function}: {instruction}"
            wide["V3"] += "KernelsV3" in function
    assert wide["V3"] > 1000
    assert wide["V4"] > 1000


@pytest.mark.skipif(platform.machine() != "x86_64", reason="all 64-bit Arm processors have NEON")
@needs("objdump")
def test_what_asks_for_a_level_runs_on_every_cpu(unstripped):
    """Though it is compiled for the level."""
    asked = {}
    for function, instruction in instructions(unstripped):
        if found := re.search(r"Kernels(V\d)\d+(name|runsHere)|(dnc_level_runs_here)", function):
            asked.setdefault(found[0], []).append(instruction)
    assert len(asked) >= 3, list(asked)
    for function, lines in asked.items():
        assert not [line for line in lines if NEW.match(line)], function


@needs("nm")
def test_no_weak_symbols(unstripped):
    listing = subprocess.run(["nm", "--defined-only", unstripped], capture_output=True, text=True, check=True).stdout
    assert not [line for line in listing.splitlines() if line.split()[-2] in "WwVv"]
