"""What a shop does without is always well."""

import pytest

from drivers.absent import NoIndicator, NoScreen


@pytest.mark.parametrize("device", [NoScreen("screen", {}), NoIndicator("lamps", {})])
def test_a_device_that_is_not_fitted_does_nothing_well(device: NoScreen | NoIndicator) -> None:
    device.open()
    if isinstance(device, NoScreen):
        device.show("Welcome", ["to nobody"])
    else:
        device.show("granted")
    device.close()
    device.close()
    assert device.health().ok
    assert device.health().detail == "not fitted"
