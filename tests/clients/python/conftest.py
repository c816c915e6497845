"""Where the emulator is, who calls it, and a resource group for each test.

The emulator serves `../seed.yaml`; `ARM_ENDPOINT` says where, `REQUESTS_CA_BUNDLE` whom to trust.
"""

import itertools
import os

import pytest

from place import Place, Principal

COUNT = itertools.count(1)


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
