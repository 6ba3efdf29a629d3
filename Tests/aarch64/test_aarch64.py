"""The library for 64-bit Arm, under QEMU: build/aarch64/libdnc.so, which `make ARCH=aarch64` makes.

Here is what this machine's Python checks: what the library asks for and exports, programs in C, the package's wheel,
and the kernels for NEON beside the plain code. Python for Arm runs the tests of the interface, golden files among them
(tools/python_aarch64.sh).
"""

import json
import os
import re

import numpy as np
import pytest
from on_arm import SELF_TEST, Replayed, compiler, run_arm
from programs import needs, run
from support import CHECKOUT, HEADER, Net, assert_close, c
from test_golden import SLOT_TOLERANCE

LIBRARY = CHECKOUT / "build" / "aarch64" / "libdnc.so"
LEVELS = ["neon", "plain"]

pytestmark = [
    needs("qemu-aarch64", "aarch64-linux-gnu-gcc", "aarch64-linux-gnu-objdump"),
    pytest.mark.skipif(not LIBRARY.exists(), reason="not built: make ARCH=aarch64"),
]


@pytest.fixture(scope="session")
def arm(once):
    return compiler(once, LIBRARY.parent)


def test_no_symbol_is_newer_than_the_first_glibc_for_arm():
    versions = set(re.findall(r"\bGLIBC_[\d.]+", run("aarch64-linux-gnu-objdump", "-T", LIBRARY)))
    assert versions == {"GLIBC_2.17"}


def test_it_exports_what_the_header_declares():
    listing = run("aarch64-linux-gnu-objdump", "-T", LIBRARY)
    exported = {line.split()[-1] for line in listing.splitlines() if " DNC_0 " in line} - {"DNC_0"}
    assert exported == set((CHECKOUT / "Tests" / "interface" / "symbols.txt").read_text().split())


@pytest.mark.parametrize("level", LEVELS)
def test_itself(arm, tmp_path, level):
    """Which kernels run, and that they compute what the plain code computes in double precision."""
    (tmp_path / "self_test.c").write_text(SELF_TEST)
    info = json.loads(run_arm(arm(tmp_path / "self_test.c"), level=level))
    assert info["architecture"] == "arm64" and info["kernels"] == level


def test_every_function_rightly_and_wrongly(arm, tmp_path):
    run_arm(arm("Tests/interface/abuse.c"), tmp_path)


def test_threads(arm):
    run_arm(arm("Tests/interface/threads.c"))


def test_examples(arm, tmp_path):
    assert len(run_arm(arm("bindings/c/examples/step.c")).splitlines()) == 5
    run_arm(arm("bindings/c/examples/copy_task.c"), "--iterations", 2, "--output", tmp_path / "demo", expect=1)
    assert (tmp_path / "demo" / "film.png").stat().st_size > 1000


@pytest.mark.parametrize("kind", ["shared", "static"])
def test_the_library_that_is_packed(tmp_path, kind):
    """With libpng and zlib inside, and without those of the system root."""
    packed, program = CHECKOUT / "build" / "bundled" / "aarch64", tmp_path / "step"
    if not (packed / "libdnc.a").exists():
        pytest.skip("not built: make ARCH=aarch64 dist")
    library = packed / ("libdnc.so" if kind == "shared" else "libdnc.a")
    flags = ["-Wl,--allow-shlib-undefined"] if kind == "shared" else ["-static"]
    source = CHECKOUT / "bindings" / "c" / "examples" / "step.c"
    run("aarch64-linux-gnu-gcc", *flags, "-I", HEADER.parent, source, "-o", program, library, "-lm")
    command = ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu", "-E", f"LD_LIBRARY_PATH={packed}"]
    assert len(run(*command, program).splitlines()) == 5


ROOT = CHECKOUT / "build" / "python-aarch64"
VERSION = c.DNC_VERSION_STRING
WHEEL = CHECKOUT / "build" / "wheels" / f"dnc-{VERSION}-py3-none-manylinux_2_17_aarch64.whl"
COPY = """
import platform, sys, dnc
assert platform.machine() == "aarch64" and dnc.__file__.startswith(sys.argv[1]), dnc.__file__
assert dnc.build_info()["kernels"] == "neon"
dnc.self_test()
task = dnc.Task("copy", seed=1, min_length=1, max_length=2)
net = dnc.DNC(task.input_size, task.output_size, hidden_size=32, memory_slots=8, word_size=8, batch_size=8)
optimizer = dnc.Optimizer(net, learning_rate=0.01)
net.training = True
losses = []
for _ in range(80):
    value, gradients = task.loss(task.play(net))
    net.backward(gradients)
    optimizer.step(net)
    losses.append(value)
assert sum(losses[-10:]) < sum(losses[:10]) / 2, losses
task.play(net)
dnc.figures.film(net).save(sys.argv[1] + "/film.png")
"""


@pytest.mark.skipif(not (ROOT / "installed").exists(), reason="not unpacked: tools/setup.sh python-aarch64")
@pytest.mark.skipif(not WHEEL.exists(), reason="not built: make ARCH=aarch64 wheels")
def test_the_wheel_learns_to_copy(tmp_path):
    """Installed by Arm's pip in a system that has Debian's Python and NumPy and nothing else."""
    python = ["qemu-aarch64", "-L", ROOT, ROOT / "usr" / "bin" / "python3"]
    site, nothing = tmp_path / "site", {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    run(*python, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--target", site, WHEEL, env=nothing)
    run(*python, "-c", COPY, site, env={**nothing, "PYTHONPATH": str(site)}, cwd=tmp_path)
    assert (site / "film.png").read_bytes().startswith(b"\x89PNG")


# ---------------------------------------------------------------------------------- numbers --


# Below and between the sizes of vectors, and ordinary ones.
OPTIONS = [{}, {"content_masks": 1, "link_sharpening": 1, "deallocation": 1}, {"memory": 1}]
SIZES = [(1, 1, 1, 1, 1), (7, 3, 2, 1, 5), (8, 8, 1, 2, 9), (19, 11, 3, 2, 17), (33, 20, 4, 1, 30), (64, 40, 5, 3, 33)]


@pytest.mark.parametrize("slots, word, reads, writes, hidden", SIZES)
@pytest.mark.parametrize("options", OPTIONS, ids=["plain", "extended", "ntm"])
def test_kernels_compute_what_the_plain_code_computes(arm, tmp_path, slots, word, reads, writes, hidden, options):
    net = Net(memory_slots=slots, word_size=word, read_heads=reads, write_heads=writes, hidden_size=hidden,
              input_size=hidden // 2 + 1, output_size=3, batch_size=3, **options)  # fmt: skip
    inputs, gradients = net.inputs(6), net.output_gradients(6)
    kernels, plain = (Replayed(arm, tmp_path, net, inputs, gradients, level) for level in LEVELS)
    assert np.abs(plain.gradients).max() > 0
    for part in ("outputs", "rows", "input_gradients", "gradients"):
        assert_close(getattr(kernels, part), getattr(plain, part), SLOT_TOLERANCE, part)
