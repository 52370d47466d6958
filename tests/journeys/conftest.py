"""Processes of the journeys run as they do in a shop: nobody counts their lines."""

from collections.abc import Iterator

import pytest

from tests.environment import environment


@pytest.fixture(scope="module", autouse=True)
def _unmeasured() -> Iterator[None]:
    """Start processes without coverage: it doubles their start, and the other rooms count all."""
    with environment(COVERAGE_PROCESS_CONFIG=None):
        yield
