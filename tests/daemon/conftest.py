"""A gate in this process for the tests of the daemon's rooms."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.daemon.gatehouse import Gatehouse
from tests.patience import patient_s


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
