"""The package as pip gets it."""

import os
import shutil
import subprocess
import sys
import tarfile

import pytest

BUILD = [sys.executable, "setup.py", "-q"]
INSTALL = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-build-isolation"]


@pytest.fixture
def unpacked(repository, tmp_path):
    """The source distribution."""
    command = [*BUILD, "egg_info", "--egg-base", tmp_path, "sdist", "--dist-dir", tmp_path / "dist"]
    subprocess.run(command, cwd=repository / "bindings" / "python", check=True, capture_output=True)
    (archive,) = (tmp_path / "dist").iterdir()
    with tarfile.open(archive) as files:
        files.extractall(tmp_path)
    return tmp_path / archive.name.removesuffix(".tar.gz")


def test_the_source_distribution_installs(unpacked, repository, tmp_path):
    """It carries all that the library is built from; building it is spared here."""
    within = unpacked / "libdnc"
    sources = {path.relative_to(repository) for path in (repository / "Sources").rglob("*")}
    assert {path.relative_to(within) for path in (within / "Sources").rglob("*")} == sources
    for name in ("Makefile", "Package.swift", "dnc.map", "include/dnc.h", "tools/setup.sh"):
        assert (within / name).read_bytes() == (repository / name).read_bytes(), name
    library = os.environ.get("DNC_LIBRARY", repository / "build" / "libdnc.so")
    (within / "build").mkdir()
    shutil.copyfile(library, within / "build" / "libdnc.so")
    subprocess.run([*INSTALL, "--target", tmp_path / "site", unpacked], check=True, capture_output=True)
    alone = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    alone.pop("DNC_LIBRARY", None)
    program = "import dnc; print(dnc.__file__, dnc.get_include()); dnc.Task('copy').sample(1)"
    run = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=alone, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    package = tmp_path / "site" / "dnc"
    assert run.stdout.split() == [str(package / "__init__.py"), str(package / "include")]
    assert (package / "include" / "dnc.h").read_bytes() == (repository / "include" / "dnc.h").read_bytes()
