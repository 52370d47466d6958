"""A shelf for every test that wants one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ledger.shelf import Shelf


@pytest.fixture
def shelf(memory: Path) -> Iterator[Shelf]:
    shelf = Shelf(memory)
    yield shelf
    shelf.close()
