"""Where the emulator is, who calls it, and a resource group for each test.

The emulator serves `../seed.yaml`; `ARM_ENDPOINT` says where, `REQUESTS_CA_BUNDLE` whom to trust.
"""

import itertools
import os

import pytest

from left_out import LEFT_OUT
from place import Place, Principal

COUNT = itertools.count(1)


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", help="also what left_out.py leaves out")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--all"):
        return
    out = [item for item in items if LEFT_OUT.keys() & names(item)]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]


def names(item):
    """A test's file, and the test in it."""
    return {item.path.name, f"{item.path.name}::{item.name}"}


def pytest_terminal_summary(terminalreporter, config):
    if not config.getoption("--all"):
        for name, reason in LEFT_OUT.items():
            terminalreporter.write_line(f"left out: {name}: {reason}")


@pytest.fixture(scope="session")
def owner():
    return Principal("22222222-0000-0000-0000-0000000000c1", "the secret of the owner")


@pytest.fixture(scope="session")
def reader():
    return Principal("22222222-0000-0000-0000-0000000000c2", "the secret of the reader")


@pytest.fixture
def place(owner):
    """A resource group of the test's own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with Place(owner, f"python-{worker}-{next(COUNT)}") as place:
        yield place
