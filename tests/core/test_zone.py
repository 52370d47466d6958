"""A zone has one name wherever a time is told."""

import pytest

from kiosk.core.zone import zone_name


@pytest.mark.parametrize(
    ("offset_min", "name"),
    [(0, "UTC"), (60, "UTC+1"), (-210, "UTC-3:30"), (345, "UTC+5:45"), (-30, "UTC-0:30")],
)
def test_a_zone_is_named(offset_min: int, name: str) -> None:
    assert zone_name(offset_min) == name
