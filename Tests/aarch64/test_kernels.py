"""The kernels for NEON alone, under QEMU.

They come from the same source as those for AVX2, which every other test watches, and compute the same bytes. What only
they have is the compiler's work and a few functions of CVector.
"""

import re
import sys
from pathlib import Path

import pytest
from programs import needs, run
from support import CHECKOUT

RELEASE = Path("aarch64-none-none-elf", "release")
BUILDS = [CHECKOUT / folder / RELEASE for folder in (".build-aarch64-lite", ".build-aarch64")]
KERNELS = {
    "KernelsV3": CHECKOUT / ".build-embedded" / "release" / "KernelsV3.build",
    "KernelsNEON": next(filter(Path.exists, BUILDS), BUILDS[0]) / "KernelsNEON.build",
}
ON_ARM = ["--target=aarch64-linux-gnu", "-isystem", "/usr/aarch64-linux-gnu/include", "-L/usr/aarch64-linux-gnu/lib"]
FLAGS = re.search(r"^flags\s*:(.*)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)

pytestmark = [
    needs("clang", "ld.lld", "qemu-aarch64", "aarch64-linux-gnu-objdump"),
    pytest.mark.skipif(not all(map(Path.exists, KERNELS.values())), reason="not built: make all test-neon"),
    pytest.mark.skipif(not FLAGS or " avx2 " not in FLAGS[1], reason="this CPU has no AVX2 to compare with"),
]


def compiled(once, module):
    """The kernels of a level with Tests/aarch64/kernels.c."""
    flags = [f'-DTABLE="$e{len(module)}{module}7kernelsSo0A0ayF"', "-I", CHECKOUT / "Sources" / "CKernels"]
    processor = ON_ARM if module == "KernelsNEON" else []
    return once(f"{module}-aarch64" if processor else module, lambda program: run(
        "clang", *processor, "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", *flags, "-static", "-fuse-ld=lld",
        CHECKOUT / "Tests" / "aarch64" / "kernels.c", *KERNELS[module].glob("*.o"), "-lm", "-o", program,
    ))  # fmt: skip


# Slots, words, read heads, hidden units: between the sizes of vectors, and ordinary ones.
@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (19, 11, 3, 17), (40, 24, 2, 48)])
def test_they_compute_the_bytes_of_those_for_avx2(once, sizes):
    neon = run("qemu-aarch64", compiled(once, "KernelsNEON"), *sizes).splitlines()
    avx2 = run(compiled(once, "KernelsV3"), *sizes).splitlines()
    assert len(neon) == len(avx2) > 30
    assert [line.split()[0] for line, other in zip(neon, avx2) if line != other] == []


def test_no_hot_loop_keeps_a_register_on_the_stack(once):
    counted = run(sys.executable, CHECKOUT / "tools" / "count_instructions.py", compiled(once, "KernelsNEON"))
    lines = counted.splitlines()
    assert len(lines) == 6 and all(line.startswith("neon: ") for line in lines)
    assert not [line for line in lines if not line.endswith(", 0 to the stack")]
