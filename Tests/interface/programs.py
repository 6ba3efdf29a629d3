"""C programs that the tests compile and run."""

import shutil
import subprocess
from pathlib import Path

import pytest
from filelock import FileLock
from support import HEADER, LIBRARY

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def needs(*tools):
    missing = [tool for tool in tools if shutil.which(tool) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def run(*command, expect=0, timeout=300, **options):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=timeout, **options)
    assert result.returncode == expect, f"{command}\n{result.stdout[-3000:]}{result.stderr[-3000:]}"
    return result.stdout


@pytest.fixture(scope="session")
def once(tmp_path_factory, worker_id):
    """Makes a thing once for all of pytest's processes: once("name", make) calls make(path) where there is none."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "once"  # the parent is that of all workers
    folder.mkdir(exist_ok=True)

    def get(name, make):
        with FileLock(folder / f"{name}.lock"):
            if not (folder / name).exists():
                make(folder / name)
        return folder / name

    return get


@pytest.fixture(scope="session")
def built(once):
    """Compiles a C or C++ source against this checkout's header and library, once."""

    def link(folder):
        folder.mkdir()
        (folder / "libdnc.so.0").symlink_to(LIBRARY)

    def compile(source, *flags):
        folder = once("linked", link)
        compiler = ["g++", "-std=c++11"] if Path(source).suffix == ".cpp" else ["gcc", "-std=c99"]
        return once(Path(source).stem, lambda program: run(
            *compiler, "-O1", "-g", *WARNINGS, "-I", HEADER.parent, source, "-o", program, *flags,
            folder / "libdnc.so.0", f"-Wl,-rpath,{folder}", "-lm",
        ))  # fmt: skip

    return compile


def valgrind(*command, expect=0, **options):
    return run(
        "valgrind", "--quiet", "--leak-check=full", "--show-leak-kinds=all", "--errors-for-leak-kinds=all",
        "--error-exitcode=99", *command, expect=expect, **options,
    )  # fmt: skip
