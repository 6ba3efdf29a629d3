"""Fixtures of all Python tests. `dnc` is the installed package, or else the checkout's."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from small import SIZES, T

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


@pytest.fixture
def net():
    import dnc

    with dnc.DNC(**SIZES, seed=7) as net:
        yield net


@pytest.fixture
def inputs():
    return np.random.default_rng(1).standard_normal((T, SIZES["batch_size"], SIZES["input_size"])).astype(np.float32)
