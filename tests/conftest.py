"""What every test shares: hypothesis without a stopwatch, the long first, files in memory."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings

# How fast examples come says how busy the machine is, not whether the code is right.
settings.register_profile("kiosk", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kiosk")

_BEGAN = pytest.StashKey[float]()

LONG = (
    "tests/journeys/",
    "tests/daemon/test_ending.py",
    "tests/cli/test_scores.py",
    "tests/core/test_visit_world.py",
    "tests/daemon/test_health.py",
    "tests/stage/test_play",
    "tests/hub/test_server.py",
)
"""Files that take half a minute or more: whoever begins one last keeps everybody waiting."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take `--seconds`, the bound for a share of the battery."""
    parser.addoption(
        "--seconds", type=float, default=0, help="start no test after this long (0: no limit)"
    )


def pytest_sessionstart(session: pytest.Session) -> None:
    """Remember when the run began; let programs under test hear Ctrl-C.

    A shell has what it starts in the background ignore SIGINT, and children inherit that.
    """
    session.config.stash[_BEGAN] = time.monotonic()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let workers begin with the long ones; else the order stays the random one.

    A share of the battery, which has no workers, would never come to the others.
    """
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: not item.nodeid.startswith(LONG))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what would start too late."""
    limit = item.config.getoption("--seconds")
    if limit and time.monotonic() - item.config.stash[_BEGAN] > limit:
        pytest.skip(f"the {limit:.0f} s for this share of the battery are used up")


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """Yield a directory in memory, where there is some: flushing costs nothing there."""
    place = Path("/", "dev", "shm")
    if not os.access(place, os.W_OK):
        yield tmp_path
        return
    with TemporaryDirectory(dir=place) as directory:
        yield Path(directory)
