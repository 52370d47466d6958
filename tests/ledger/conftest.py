"""A shelf for every test that wants one."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.ledger.shelf import Shelf


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory, where there is some: flushing costs nothing there."""
    place = Path("/", "dev", "shm")
    if not os.access(place, os.W_OK):
        yield tmp_path
        return
    with TemporaryDirectory(dir=place) as directory:
        yield Path(directory)


@pytest.fixture
def shelf(memory: Path) -> Iterator[Shelf]:
    shelf = Shelf(memory)
    yield shelf
    shelf.close()
