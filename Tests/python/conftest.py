"""Fixtures of all Python tests. `dnc` is the installed package, or else the checkout's."""

import importlib.util
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

if importlib.util.find_spec("dnc") is None:
    sys.path.insert(0, str(REPOSITORY / "bindings" / "python"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The top of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def header() -> Path:
    """include/dnc.h"""
    return REPOSITORY / "include" / "dnc.h"
