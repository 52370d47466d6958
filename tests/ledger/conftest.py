"""A shelf for every test that wants one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ledger.shelf import Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path)
    yield shelf
    shelf.close()
