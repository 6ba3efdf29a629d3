"""The library in hosts that do what one does not expect (hosts.c, unloading.c)."""

import os
import subprocess
from pathlib import Path

import pytest
from programs import needs, run
from support import LIBRARY

HERE = Path(__file__).parent


@pytest.fixture
def host(built, tmp_path):
    program = built(HERE / "hosts.c", "-std=gnu11", "-pthread", "-ldl")
    return lambda kind, **environment: run(program, kind, tmp_path, env={**os.environ, **environment})


@needs("gcc")
@pytest.mark.parametrize("kind", ["traps", "rounds", "limited", "calls", "realtime"] + [
    pytest.param(kind, marks=pytest.mark.any_level) for kind in ("quiet", "streams", "alarms", "crowd")
])  # fmt: skip
def test_host(host, kind):
    """As hosts.c says."""
    assert host(kind) == ""


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@needs("gcc")
def test_what_the_host_has_is_untouched(host):
    assert host("untouched", LC_ALL="C.UTF-8") == "C.UTF-8 .\n"


@pytest.mark.any_level
@needs("gcc", "localedef")
def test_a_decimal_comma(host, tmp_path, tmp_path_factory):
    """Checkpoints, options, lessons, logs, and figures with their numbers are the same in a German program."""
    locales = tmp_path_factory.mktemp("locales")
    command = ["localedef", "-i", "de_DE", "-f", "UTF-8", str(locales / "de_DE.UTF-8")]
    if subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("no German here")
    host("untouched", LC_ALL="C.UTF-8")
    expected = files(tmp_path)
    for name in expected:
        (tmp_path / name).unlink()
    assert host("untouched", LC_ALL="de_DE.UTF-8", LOCPATH=str(locales)) == "de_DE.UTF-8 ,\n"
    assert len(expected) > 10 and files(tmp_path) == expected


@needs("gcc")
def test_little_stack(host):
    """64 KiB are more than enough."""
    training, everything = map(int, host("stack").split())
    assert training < 40_000 and everything < 48_000


@pytest.mark.any_level
@pytest.mark.real_machine
@needs("gcc")
def test_forks(host):
    host("forks")


@pytest.mark.any_level
@needs("gcc")
@pytest.mark.skipif(os.geteuid() != 0, reason="changing the root is for root")
def test_without_proc_and_sys(host):
    if host("chroot"):
        pytest.skip("no right to change the root")


@pytest.mark.any_level
@pytest.mark.real_machine
@needs("gcc")
def test_unloading(built, tmp_path):
    """Three hundred times."""
    run(built(HERE / "unloading.c", "-ldl", "-std=gnu11"), LIBRARY, 300, tmp_path / "file")


@pytest.mark.any_level
@pytest.mark.real_machine
@needs("gcc")
def test_first_use_by_several_threads(built, tmp_path):
    """What the library finds out only once is found out once."""
    program = built(HERE / "hosts.c", "-std=gnu11", "-pthread", "-ldl")
    for _ in range(30):
        run(program, "crowd", tmp_path)
