"""Builds libdnc with the checkout's Makefile; the wheel carries it as dnc/libdnc.so, and its header as
dnc/include/dnc.h.

DNC_WHEEL_LIBRARY names a library that is there already, with libpng and zlib inside: `make wheels` builds so for other
systems than this one. Otherwise building takes Linux, Swift 6.3, make, a C compiler and libpng's headers."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from description import description  # noqa: E402 - a module beside this one

# A source distribution carries what the library is built from.
CHECKOUT = HERE / "libdnc" if (HERE / "libdnc").exists() else HERE.parents[1]
SOURCES = [
    "LICENSE",
    "Makefile",
    "NOTICES",
    "Package.swift",
    "Sources",
    "dnc.map",
    "dnc.pc.in",
    "include",
    "tools/setup.sh",
]
HEADER = CHECKOUT / "include" / "dnc.h"


def version() -> str:
    if not HEADER.exists():
        raise SystemExit(f"{HEADER} is missing: the package is built from a checkout of libdnc")
    return re.search(r'#define DNC_VERSION_STRING "(.+)"', HEADER.read_text()).group(1)


class BuildWithLibrary(build_py):
    def run(self) -> None:
        super().run()
        library = os.environ.get("DNC_WHEEL_LIBRARY")
        if library is None:
            subprocess.run(["make", "-C", str(CHECKOUT), "build/libdnc.so"], check=True)
        if not self.editable_mode:  # an editable install finds the library in the checkout
            package = Path(self.build_lib, "dnc")
            shutil.copyfile(library or CHECKOUT / "build" / "libdnc.so", package / "libdnc.so")
            if library is not None:
                shutil.copyfile(CHECKOUT / "NOTICES", package / "NOTICES")
            (package / "include").mkdir(exist_ok=True)
            shutil.copyfile(HEADER, package / "include" / HEADER.name)


class SdistWithSources(sdist):
    def make_release_tree(self, base_dir: str, files: list) -> None:
        super().make_release_tree(base_dir, files)
        for name in SOURCES:
            source, copy = CHECKOUT / name, Path(base_dir, "libdnc", name)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, copy, symlinks=True)  # the kernels of one level are a link to those of another
            else:
                shutil.copy2(source, copy)
        for module in HERE.glob("*.py"):
            shutil.copy2(module, base_dir)


class AnyPython(bdist_wheel):
    """The wheel depends on the platform, but on no version of Python: the library is loaded with ctypes."""

    def get_tag(self) -> tuple:
        return ("py3", "none", super().get_tag()[2])


class WithLibrary(Distribution):
    def has_ext_modules(self) -> bool:
        return True


setup(
    version=version(),
    long_description=description(),
    long_description_content_type="text/markdown",
    cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": AnyPython, "sdist": SdistWithSources},
    distclass=WithLibrary,
)
