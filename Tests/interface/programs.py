"""C programs that the tests compile and run."""

import shutil
import subprocess
from pathlib import Path

import pytest
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
def built(tmp_path_factory):
    """Compiles a C source against this checkout's header and library, once."""
    folder = tmp_path_factory.mktemp("programs")
    (folder / "libdnc.so.0").symlink_to(LIBRARY)

    def compile(source, *flags):
        program = folder / Path(source).stem
        if not program.exists():
            run("gcc", "-std=c99", "-O1", "-g", *WARNINGS, "-I", HEADER.parent, source, "-o", program, *flags,
                folder / "libdnc.so.0", f"-Wl,-rpath,{folder}", "-lm")  # fmt: skip
        return program

    return compile


def valgrind(*command, expect=0, **options):
    return run(
        "valgrind", "--quiet", "--leak-check=full", "--show-leak-kinds=all", "--errors-for-leak-kinds=all",
        "--error-exitcode=99", *command, expect=expect, **options,
    )  # fmt: skip
