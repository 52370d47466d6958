"""What the tests of the camera share: scripted sources, a clock that moves, a wait for a loss."""

import itertools
import threading
import time
from collections.abc import Callable

import numpy as np

from drivers.base import DeviceLostError
from drivers.camera import Camera, Picture
from drivers.sim.v4l2 import SimV4l2
from drivers.v4l2 import V4l2Source
from drivers.vision import SELECT_TIMEOUT_S, Gray

Until = Callable[..., None]
FPS = 100


def noise(seed: int, level: int = 120) -> Gray:
    spread = np.random.default_rng(seed).normal(level, 10, (64, 64))
    return np.clip(spread, 0, 255).astype(np.uint8)


class Clock:
    """Monotonic seconds that a test can move forward."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return time.monotonic() + self.ahead_s


class Scripted:
    """A source whose every step is a function of the test; it notes the threads that called."""

    format = "scripted"

    def __init__(self, read: Callable[[], Picture | None], *, live: bool = True) -> None:
        self.live = live
        self.read_next = read
        self.open_first: Callable[[], None] = lambda: None
        self.threads: set[str] = set()
        self.is_open = False
        self.closed = 0

    def open(self) -> None:
        """Do as the script says."""
        self.threads.add(threading.current_thread().name)
        self.open_first()
        self.is_open = True

    def read(self) -> Picture | None:
        """Do as the script says, 500 times a second."""
        self.threads.add(threading.current_thread().name)
        time.sleep(0.002)
        return self.read_next()

    def close(self) -> None:
        """Note it."""
        self.threads.add(threading.current_thread().name)
        self.is_open = False
        self.closed += 1


def numbered(clock: Clock) -> Callable[[], Picture]:
    """Pictures that are all different, taken now."""
    seeds = itertools.count()
    return lambda: Picture(noise(next(seeds)), clock())


def lost(camera: Camera, until: Until) -> str:
    """Wait until the camera says that it is lost; return what it says."""
    told: list[str] = []

    def is_lost() -> bool:
        try:
            camera.latest(10**9, 0.02)
        except DeviceLostError as error:
            told.append(str(error))
        return bool(told)

    until(is_lost)
    return told[0]


def simulated(select_timeout_s: float = SELECT_TIMEOUT_S) -> tuple[Camera, SimV4l2]:
    seeds = itertools.count()
    device = SimV4l2(lambda: noise(next(seeds)), (64, 64), FPS, select_timeout_s=select_timeout_s)
    source = V4l2Source("cam", {"device": "/dev/video0"}, device.open_capture)
    return Camera("cam", source), device


def camera_threads() -> list[str]:
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("camera-")]
