"""A program that was compiled against the committed interface (Tests/abi) runs with this library too."""

import subprocess
import sys

import pytest
from programs import needs
from support import CHECKOUT, HEADER

pytestmark = pytest.mark.any_level

ABI = CHECKOUT / "Tests" / "abi"
COMMITTED = ABI / "libdnc.so.0.abi"


def describe(output, header=HEADER):
    subprocess.run([sys.executable, ABI / "describe.py", output, header], check=True)
    return output


def compare(before, after):
    result = subprocess.run([sys.executable, ABI / "compare.py", before, after], capture_output=True, text=True)
    return result.returncode, result.stdout


@needs("gcc", "abidw")
def test_nothing_that_was_there_is_missing(tmp_path):
    """Where something was added on purpose, `make abi` renews the description."""
    status, report = compare(COMMITTED, describe(tmp_path / "now.abi"))
    assert status == 0, report


@needs("gcc", "abidw")
def test_the_description_is_up_to_date(tmp_path):
    """What has been added is kept from now on too: `make abi`."""
    status, report = compare(describe(tmp_path / "now.abi"), COMMITTED)
    assert status == 0, report


CHANGES = {
    "a function more": (
        "dnc_status dnc_reset(dnc *instance);",
        "dnc_status dnc_reset(dnc *instance); int dnc_more(void);",
        True,
    ),
    "a field at the end": ("} dnc_config;", "uint64_t more; } dnc_config;", True),
    "a constant more": ("DNC_INTERNAL = 8", "DNC_INTERNAL = 8, DNC_MORE = 9", True),
    "another tag of a struct without fields": (
        "typedef struct dnc_task dnc_task;",
        "typedef struct task dnc_task;",
        True,
    ),
    "a function less": ("dnc_status dnc_reset(dnc *instance);", "", False),
    "another parameter": ("int enabled", "long enabled", False),
    "another result": ("size_t dnc_recorded_steps", "uint32_t dnc_recorded_steps", False),
    "a field between others": ("uint32_t word_size;", "uint32_t more; uint32_t word_size;", False),
    "another type": ("float clip_value;", "int32_t clip_value;", False),
    "a struct without size that grows": ("double sum, count, chance;", "double sum, count, chance, more;", False),
    "another number": ("DNC_BAD_FORMAT = 5", "DNC_BAD_FORMAT = 15", False),
    "another number without a type": ("DNC_CLONE_SHARE_PARAMETERS = 1", "DNC_CLONE_SHARE_PARAMETERS = 2", False),
    "another callback": ("void *context, size_t done", "void *context, int done", False),
}


@needs("gcc", "abidw")
@pytest.mark.parametrize("before, after, is_allowed", CHANGES.values(), ids=CHANGES)
def test_changes_are_seen(before, after, is_allowed, tmp_path):
    text = HEADER.read_text()
    assert before in text
    (tmp_path / "dnc.h").write_text(text.replace(before, after, 1))
    status, report = compare(COMMITTED, describe(tmp_path / "changed.abi", tmp_path / "dnc.h"))
    assert (status == 0) == is_allowed, report
