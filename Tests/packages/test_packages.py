"""What users get who do not build: the static library, a release archive, a wheel. `make test-packages` builds them."""

import hashlib
import os
import platform
import re
import subprocess
import sys
import tarfile
import zipfile

import numpy
import pytest
from programs import needs, run
from support import CHECKOUT, HEADER
from support import c as interface

MACHINE = platform.machine()
VERSION = interface.DNC_VERSION_STRING
EXAMPLES = CHECKOUT / "bindings" / "c" / "examples"
ARCHIVE = CHECKOUT / "build" / "dist" / f"libdnc-{VERSION}-linux-{MACHINE}.tar.gz"
WHEEL = CHECKOUT / "build" / "wheels" / f"dnc-{VERSION}-py3-none-manylinux_2_17_{MACHINE}.whl"
SYMBOLS = (CHECKOUT / "Tests" / "interface" / "symbols.txt").read_text().split()

pytestmark = pytest.mark.skipif(
    not (ARCHIVE.exists() and WHEEL.exists()), reason="not built: make dist wheels, or make test-packages"
)


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    with tarfile.open(ARCHIVE) as files:
        files.extractall(folder)
    return folder / ARCHIVE.name.removesuffix(".tar.gz")


@pytest.fixture(scope="module")
def installed(unpacked, tmp_path_factory):
    """Where the archive was installed: the three places, with spaces in them."""
    top = tmp_path_factory.mktemp("installed")
    places = {"PREFIX": top / "a prefix", "LIBDIR": top / "a prefix" / "lib 64", "INCLUDEDIR": top / "headers"}
    install(unpacked, "install", **places)
    return places


def install(unpacked, *words, **places):
    return run(
        unpacked / "install.sh", *words, env={**os.environ, **{name: str(path) for name, path in places.items()}}
    )


def steps(program, **environment):
    return len(run(program, env={**os.environ, **environment}).splitlines())


# ------------------------------------------------------------------------------ static library --


@needs("nm", "ar")
def test_the_archive_exports_the_interface_and_nothing_else(unpacked):
    library = unpacked / "lib" / "libdnc.a"
    assert len(run("ar", "t", library).split()) == 1
    listing = [line.split() for line in run("nm", "-g", library).splitlines() if line.startswith((" ", "0"))]
    assert sorted(words[-1] for words in listing if words[-2] != "U") == sorted(SYMBOLS)
    missing = [words[-1] for words in listing if words[-2] == "U"]
    assert "pthread_create" in missing, "what is only wanted if it is there, no static libc gives"
    assert not [name for name in missing if "@" in name or name.startswith(("png_", "deflate", "dnc_"))]


@needs("gcc")
@pytest.mark.parametrize("flags", [["-static"], ["-static-pie"], []], ids=["static", "static-pie", "dynamic"])
def test_programs_with_the_library_inside(unpacked, tmp_path, flags):
    """They draw, too: libpng is inside. None of them needs a library of ours."""
    library = unpacked / "lib" / "libdnc.a"
    for name in ("step", "copy_task"):
        source = EXAMPLES / f"{name}.c"
        run("gcc", *flags, "-I", HEADER.parent, source, "-o", tmp_path / name, library, "-lm", "-pthread")
    assert steps(tmp_path / "step") == 5
    run(tmp_path / "copy_task", "--iterations", 2, "--output", tmp_path / "demo", expect=1)
    assert (tmp_path / "demo" / "film.png").read_bytes().startswith(b"\x89PNG")


@needs("gcc", "musl-gcc")
def test_programs_with_the_library_and_musl_inside(unpacked, tmp_path):
    """Pictures, checkpoints and threads work with another libc than the one that the library was compiled for."""
    library, compiler = unpacked / "lib" / "libdnc.a", run("gcc", "-print-libgcc-file-name").strip()
    source = EXAMPLES / "copy_task.c"
    run("musl-gcc", "-static", "-I", HEADER.parent, source, "-o", tmp_path / "copy_task", library, compiler, "-lm")
    run(tmp_path / "copy_task", "--iterations", 2, "--output", tmp_path / "demo", expect=1)
    assert (tmp_path / "demo" / "film.png").read_bytes().startswith(b"\x89PNG")


# ---------------------------------------------------------------------------- release archives --


def test_what_an_archive_has(unpacked):
    there = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if not path.is_dir()}
    assert {
        "LICENSE",
        "NOTICES",
        "install.sh",
        "include/dnc.h",
        "include/dnc_ffi.h",
        "lib/libdnc.a",
        f"lib/libdnc.so.{VERSION}",
    } <= there
    assert os.readlink(unpacked / "lib" / "libdnc.so") == "libdnc.so.0"
    assert (unpacked / "lib" / "libdnc.so").resolve().name == f"libdnc.so.{VERSION}"
    notices = (unpacked / "NOTICES").read_text()
    assert "PNG Reference Library License version 2" in notices and "Jean-loup Gailly and Mark Adler" in notices


def test_the_checksums_are_those_of_the_archives():
    sums = (ARCHIVE.parent / "SHA256SUMS").read_text()
    assert f"{hashlib.sha256(ARCHIVE.read_bytes()).hexdigest()}  {ARCHIVE.name}\n" in sums


def test_the_same_library_gives_the_same_bytes():
    before = ARCHIVE.read_bytes()
    run(CHECKOUT / "tools" / "dist.sh", MACHINE, VERSION, cwd=CHECKOUT)
    assert ARCHIVE.read_bytes() == before


@needs("objdump", "readelf")
def test_the_library_needs_nothing_but_an_old_glibc(unpacked):
    library = unpacked / "lib" / "libdnc.so"
    needed = re.findall(r"\(NEEDED\).*\[(.+)\]", run("readelf", "-d", library))
    assert set(needed) == {"libc.so.6", "libm.so.6"}
    listing = run("objdump", "-T", library)
    versions = {tuple(map(int, found.split("."))) for found in re.findall(r"\bGLIBC_([\d.]+)", listing)}
    assert max(versions) <= (2, 17)
    assert sorted(re.findall(r" DNC_0 .*\b(dnc_\w+)$", listing, re.M)) == sorted(SYMBOLS)
    assert "png_" not in listing, "hidden from the host, which may have another libpng"


@needs("musl-gcc")
def test_programs_of_musl_with_the_shared_library(unpacked, tmp_path):
    """Its loader takes its own libc for glibc's."""
    calls, library = CHECKOUT / "Tests" / "interface", unpacked / "lib" / "libdnc.so.0"
    for source in (EXAMPLES / "copy_task.c", calls / "threads.c", calls / "abuse.c"):
        run("musl-gcc", "-std=gnu11", "-I", HEADER.parent, source, "-o", tmp_path / source.stem, library, "-lm",
            f"-Wl,-rpath,{library.parent}")  # fmt: skip
    run(tmp_path / "copy_task", "--iterations", 2, "--output", tmp_path / "demo", expect=1)
    assert (tmp_path / "demo" / "film.png").read_bytes().startswith(b"\x89PNG")
    run(tmp_path / "threads")
    run(tmp_path / "abuse", tmp_path)


@needs("gcc", "pkg-config")
def test_an_installed_archive_with_pkg_config(installed, tmp_path):
    environment = {**os.environ, "PKG_CONFIG_PATH": str(installed["LIBDIR"] / "pkgconfig"), "LIBRARY_PATH": ""}
    command = f'eval "cc {EXAMPLES}/step.c -o step $(pkg-config --cflags --libs dnc)"'
    run("sh", "-c", command, cwd=tmp_path, env=environment)
    assert steps(tmp_path / "step", LD_LIBRARY_PATH=str(installed["LIBDIR"])) == 5


CMAKE = """cmake_minimum_required(VERSION 3.16)
project(reader C)
find_package(dnc {version} REQUIRED)
add_executable(step {examples}/step.c)
target_link_libraries(step PRIVATE dnc::dnc)
add_executable(alone {examples}/step.c)
target_link_libraries(alone PRIVATE dnc::static)
"""


@needs("gcc", "cmake")
def test_an_installed_archive_with_cmake(installed, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(CMAKE.format(version=VERSION, examples=EXAMPLES))
    run("cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-Ddnc_DIR={installed['LIBDIR']}/cmake/dnc")
    run("cmake", "--build", tmp_path / "build")
    assert steps(tmp_path / "build" / "step") == steps(tmp_path / "build" / "alone") == 5


@needs("cmake")
@pytest.mark.parametrize("wanted", ["0.99", "1.0"])
def test_cmake_refuses_other_versions(installed, tmp_path, wanted):
    (tmp_path / "CMakeLists.txt").write_text(CMAKE.format(version=wanted, examples=EXAMPLES))
    command = ["cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-Ddnc_DIR={installed['LIBDIR']}/cmake/dnc"]
    found = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert found.returncode != 0 and f"version: {VERSION}" in found.stderr


def test_the_loader_s_note(unpacked, tmp_path):
    assert f"The loader does not look into {tmp_path}/lib" in install(unpacked, "install", PREFIX=tmp_path)
    assert install(unpacked, "install", PREFIX="/usr/local", DESTDIR=f"{tmp_path}/stage") == ""


def test_uninstalling_leaves_what_others_installed(unpacked, tmp_path):
    stage = tmp_path / "the stage"
    places = {"DESTDIR": stage, "PREFIX": "/opt/my libraries"}
    install(unpacked, "install", **places)
    other = stage / "opt" / "my libraries" / "lib" / "libother.so"
    other.touch()
    install(unpacked, "uninstall", **places)
    assert [path for path in stage.rglob("*") if not path.is_dir()] == [other]


# -------------------------------------------------------------------------------------- wheels --


@needs("objdump")
def test_a_wheel_carries_the_library_of_the_archive(unpacked):
    with zipfile.ZipFile(WHEEL) as files:
        assert files.read("dnc/libdnc.so") == (unpacked / "lib" / "libdnc.so").read_bytes()
        assert files.read("dnc/NOTICES") == (CHECKOUT / "NOTICES").read_bytes()
        (tag,) = re.findall(r"^Tag: (.+)$", files.read(f"dnc-{VERSION}.dist-info/WHEEL").decode(), re.M)
    assert tag == f"py3-none-manylinux_2_17_{MACHINE}"


def test_auditwheel_agrees():
    said = run(sys.executable, "-m", "auditwheel", "show", WHEEL)
    assert f'platform tag: "manylinux_2_17_{MACHINE}"' in " ".join(said.split())


def test_a_wheel_installs_without_a_compiler(tmp_path):
    """Into a fresh environment, with NumPy from this one, and with nothing in the PATH."""
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    nothing = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    run(python, "-m", "pip", "install", "-q", "--no-index", "--no-deps", WHEEL, env=nothing)
    site = os.path.dirname(os.path.dirname(numpy.__file__))
    program = (
        f"import sys; sys.path.append({site!r}); import dnc; assert '/venv/' in dnc.__file__, dnc.__file__; "
        "print(dnc.DNC(3, 2, memory_slots=4).forward([[[1, 0, 1]]]).shape)"
    )
    assert run(python, "-c", program, env=nothing, cwd=tmp_path) == "(1, 1, 2)\n"
