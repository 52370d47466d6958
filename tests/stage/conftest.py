"""One running play for the tests of the stage that need one; each leaves the gate empty."""

from collections.abc import Iterator

import pytest

from kiosk.stage.plot import Script
from kiosk.stage.theatre import Theatre, opened
from tests.stage.scripts import script


@pytest.fixture(scope="session")
def day() -> Script:
    """Return the script of the shared play, without steps."""
    return script()


@pytest.fixture(scope="session")
def theatre(tmp_path_factory: pytest.TempPathFactory, day: Script) -> Iterator[Theatre]:
    """Yield a running play."""
    with opened(tmp_path_factory.mktemp("theatre") / "state", day) as running:
        yield running
