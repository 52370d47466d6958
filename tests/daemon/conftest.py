"""A gate in this process for the tests of the daemon's rooms."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.daemon.gatehouse import Gatehouse
from tests.patience import patient_s


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """Yield a directory in memory, where there is some: flushing costs nothing there."""
    place = Path("/", "dev", "shm")
    if not os.access(place, os.W_OK):
        yield tmp_path
        return
    with TemporaryDirectory(dir=place) as directory:
        yield Path(directory)


@pytest.fixture
def gate(memory: Path) -> Iterator[Gatehouse]:
    """Yield a gate with everything in place and nobody there."""
    house = Gatehouse(memory)
    yield house
    house.close()


@pytest.fixture
def until() -> Callable[..., None]:
    """Wait until a condition holds; fail after the limit."""

    def wait(condition: Callable[[], object], limit_s: float = 10.0) -> None:
        ends = time.monotonic() + patient_s(limit_s)
        while not condition():
            assert time.monotonic() < ends, "the condition did not come true in time"
            time.sleep(0.005)

    return wait
