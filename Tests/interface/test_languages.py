"""The library from LuaJIT, Rust, Go and cffi: the files made from the header, and a network that learns in each."""

import ctypes
import os
import sys

import dnc
import pytest
from programs import needs, run
from support import CHECKOUT, LIBRARY, c

pytestmark = pytest.mark.any_level

BINDINGS = CHECKOUT / "bindings"
UPDATES = 300


def assert_that_of_the_header(name, folder):
    run(sys.executable, CHECKOUT / "tools" / "make_ffi.py", folder, name)
    assert (folder / name).read_text() == (CHECKOUT / name).read_text(), "make ffi writes it anew"


@needs("cc")
def test_the_plain_text_is_that_of_the_header(tmp_path):
    assert_that_of_the_header("include/dnc_ffi.h", tmp_path)


@needs("cc", "bindgen", "rustfmt")
def test_the_declarations_in_rust_are_those_of_the_header(tmp_path):
    """Each bindgen writes them in another way."""
    name = "bindings/rust/src/sys.rs"
    if run("bindgen", "--version").strip() not in (CHECKOUT / name).read_text():
        pytest.skip("another bindgen has written them")
    assert_that_of_the_header(name, tmp_path)


def test_cffi_reads_the_plain_text():
    cffi = pytest.importorskip("cffi")
    ffi = cffi.FFI()
    ffi.cdef((CHECKOUT / "include" / "dnc_ffi.h").read_text())
    library = ffi.dlopen(str(LIBRARY))
    for name in ("dnc_config", "dnc_optimizer_config", "dnc_image_options", "dnc_tensor"):
        assert ffi.sizeof(name) == ctypes.sizeof(getattr(c, name)), name
    config, net = ffi.new("dnc_config *"), ffi.new("dnc **")
    assert library.dnc_config_init(config, ffi.sizeof("dnc_config")) == library.DNC_OK
    config.input_size = config.output_size = 2
    assert library.dnc_create(config, net) == library.DNC_OK
    assert library.dnc_parameter_count(net[0]) > 1000
    library.dnc_free(net[0])


@pytest.fixture(scope="module")
def losses():
    """What the program of each language prints, from Python: the means of the first ten losses and of the last."""
    task = dnc.Task("copy", seed=1, min_length=1, max_length=3)
    sizes = dict(hidden_size=32, memory_slots=8, word_size=8, batch_size=16, seed=1)
    net = dnc.DNC(task.input_size, task.output_size, **sizes)
    net.training = True
    optimizer = dnc.Optimizer(net, learning_rate=0.01)
    found = []
    for _ in range(UPDATES):
        episodes = task.sample(16)
        net.reset()
        value, gradients = task.loss(net.forward(episodes.inputs))
        net.backward(gradients)
        optimizer.step(net)
        found.append(value)
    first, last = sum(found[:10]) / 10, sum(found[-10:]) / 10
    assert last < first / 2
    return f"{first:.4f} {last:.4f}\n"


@pytest.fixture
def environment(tmp_path):
    """Where loaders and linkers find the library under its names."""
    for name in ("libdnc.so", "libdnc.so.0"):
        (tmp_path / name).symlink_to(LIBRARY)
    return {**os.environ, "LD_LIBRARY_PATH": str(tmp_path), "DNC_LIBRARY": str(LIBRARY)}


@needs("luajit")
def test_luajit(losses, environment):
    assert run("luajit", BINDINGS / "lua" / "copy.lua", UPDATES, env=environment) == losses


@needs("luajit")
def test_luajit_raises_what_the_library_says(environment):
    program = 'local dnc = require "dnc"; dnc.made("dnc_task", dnc.task_free, function(out)'
    program += ' return dnc.task_create("nothing", nil, 1, out) end)'
    command = ["sh", "-c", f"luajit -e '{program}' 2>&1"]
    said = run(*command, expect=1, env={**environment, "LUA_PATH": f"{BINDINGS}/lua/?.lua"})
    assert "nothing" in said and "allowed" in said


@needs("cargo")
def test_rust(losses, environment, tmp_path):
    places = {"DNC_LIB_DIR": str(tmp_path), "CARGO_TARGET_DIR": str(tmp_path / "target")}
    command = ["cargo", "run", "-q", "--offline", "--release", "--example", "copy", "--manifest-path"]
    manifest = BINDINGS / "rust" / "Cargo.toml"
    assert run(*command, manifest, "--", UPDATES, env={**environment, **places}) == losses


@needs("go", "gcc")
def test_go(losses, environment, tmp_path):
    flags = {"CGO_CFLAGS": f"-I{CHECKOUT}/include", "CGO_LDFLAGS": f"-L{tmp_path}"}
    command = ["go", "run", "./copy", UPDATES]
    assert run(*command, cwd=BINDINGS / "go", env={**environment, **flags}) == losses
