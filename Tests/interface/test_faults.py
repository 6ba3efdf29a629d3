"""The n-th allocation, thread or system call fails, for every n, in every function of the header (faults.c)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from programs import needs, run
from support import CHECKOUT

pytestmark = pytest.mark.any_level

HERE = Path(__file__).parent

# What a host may call where nothing may be allocated.
WITHOUT_MEMORY = {
    "set_training", "reset", "detach", "step", "forward", "forward_threads", "backward", "set_progress",
    "parameters_changed",
    "zero_gradients", "get_state", "get_trace", "set_state", "get_state_gradient", "get_state_rows", "set_state_rows",
    "get_state_gradient_rows", "get_last_trace", "loss_evaluate", "loss_evaluate_classes", "set_check_finite",
    "tensor_named", "optimizer_step",
    "task_read", "task_next", "task_loss", "task_score", "task_seek", "task_set_lesson", "task_set_evaluating",
}  # fmt: skip
# Larger room that isn't needed yet, a block cut to its size, and what libpng does without.
SURVIVES_ONE = {"step_recorded", "forward_recorded", "forward_recorded_watched", "forward_packed_recorded"}
WITH_FILES = {
    "save", "save_linked", "save_new", "checkpoint_write_state", "load", "load_without_optimizer",
    "task_graph_file", "task_babi", "task_load",
    "image_write", "episode_image_write", "state_image_write", "film_write", "film_write_files",
    "film_write_files_again", "training_image_encode", "training_image_write", "capacity_image_write",
}  # fmt: skip


@pytest.fixture
def faults(built, tmp_path):
    """{call: (faults, how many it got over)}"""
    program = built(HERE / "faults.c", "-std=gnu11", "-pthread", "-ldl")

    def inject(*arguments):
        lines = run(program, *arguments, tmp_path).splitlines()
        return {name: (int(all), int(survived)) for name, all, survived in map(str.split, lines)}

    return inject


@needs("gcc")
@pytest.mark.parametrize("kind", ["memory", "persistent"])
def test_memory(faults, kind):
    """One allocation fails, or all from one on."""
    found = faults(kind)
    assert {name for name, (count, _) in found.items() if count == 0} == WITHOUT_MEMORY
    for name, (_, survived) in found.items():
        if "image" in name or "film" in name:
            assert survived <= 3, name
        else:
            assert survived == (kind == "memory" and name in SURVIVES_ONE), name
    assert found["film_encode"][0] > 40, "libpng's are among them"


@needs("gcc")
def test_threads_that_do_not_start(faults):
    """Fewer threads do the work, with the same result."""
    found = faults("threads")
    assert found.pop("forward_threads") == (3, 3)
    assert not any(count for count, _ in found.values())


@needs("gcc")
@pytest.mark.parametrize("error", ["EIO", "ENOSPC", "EMFILE"])
def test_files(faults, error):
    """What is written must not be lost unseen; what closing a file says doesn't matter any more, nor who can't stay its
    owner."""
    found = faults("files", error)
    assert {name for name, (count, _) in found.items() if count} == WITH_FILES
    assert found["save"] == (13, 2)
    assert all(survived <= 4 for _, survived in found.values()), "three files are closed, one has an owner"


@needs("gcc")
def test_interrupted_system_calls(faults):
    """They are made again. rename, fstat, stat, lstat, faccessat and readdir can't be interrupted, and are not."""
    found = faults("files", "EINTR")
    assert found["save"] == (13, 9) and found["load"] == (23, 22) and found["task_load"] == (4, 3)


@needs("gcc")
def test_half_of_the_bytes(faults):
    """Reads and writes that do less than they were asked to are continued."""
    found = faults("files", "half")
    assert found["save"][0] == 4 and found["load"][0] > 8
    assert all(count == survived for count, survived in found.values())


@needs("gcc", "valgrind")
def test_under_valgrind(built, tmp_path):
    """Nothing is lost or read after its end on the way out of a failure."""
    program = built(HERE / "faults.c", "-std=gnu11", "-pthread", "-ldl")
    for call in ("create", "clone", "load", "film_encode"):
        command = ["valgrind", "--quiet", "--soname-synonyms=somalloc=none", "--error-exitcode=99", "--leak-check=full",
                   "--errors-for-leak-kinds=definite,indirect,possible"]  # fmt: skip
        run(*command, program, "memory", tmp_path, call)


@needs("objdump")
def test_nothing_is_on_the_heap_of_swift():
    """Swift ends the process when its own allocations fail: no array, string, class or escaping closure may be left."""
    library = CHECKOUT / ".build-embedded" / "release" / "libdnc.so"
    if not library.exists():
        pytest.skip("the library is not stripped only where it was built")
    callers, function = set(), ""
    for line in run("objdump", "-d", "--no-show-raw-insn", library).splitlines():
        if line.endswith(">:"):
            function = line.split("<")[1]
        elif "call" in line and ("<swift_allocObject" in line or "<swift_slowAlloc" in line):
            callers.add(function)
    assert not callers


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="mounting is for root")
def test_a_full_disk(tmp_path):
    """A disk of 64 KiB that is full for real: see saving.py."""
    script = f'mount -t tmpfs -o size=64k none "$1" && exec "{sys.executable}" "$2" full-disk "$1"'
    result = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", str(tmp_path), str(HERE / "saving.py")],
        capture_output=True, text=True,
    )  # fmt: skip
    if "permission denied" in result.stderr.lower() or "not permitted" in result.stderr.lower():
        pytest.skip("no right to mount")
    assert result.returncode == 0, result.stderr
