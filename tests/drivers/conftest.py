"""What the drivers' tests share: waiting for a condition, and a cleaned-up device."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Protocol

import pytest

from drivers.camera import Camera
from tests.drivers.scripted_camera import Clock
from tests.patience import patient_s


class Closable(Protocol):
    """A device."""

    def close(self) -> None:
        """End it."""


@pytest.fixture
def until() -> Callable[..., None]:
    """Wait until a condition holds; fail after the limit."""

    def wait(condition: Callable[[], object], limit_s: float = 5.0) -> None:
        end = time.monotonic() + patient_s(limit_s)
        while not condition():
            assert time.monotonic() < end, "the condition did not come true in time"
            time.sleep(0.002)

    return wait


@pytest.fixture
def closing() -> Iterator[Callable[[Closable], None]]:
    """Close what was registered when the test ends, last first."""
    devices: list[Closable] = []
    yield devices.append
    for device in reversed(devices):
        device.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened() -> Iterator[Callable[[Camera], Camera]]:
    """Open a camera, and close it when the test ends; no thread may be left."""
    before = set(threading.enumerate())
    cameras: list[Camera] = []

    def start(camera: Camera) -> Camera:
        cameras.append(camera)
        camera.open()
        return camera

    yield start
    for camera in cameras:
        camera.close()
    assert set(threading.enumerate()) <= before
