"""The camera's thread: the newest fresh frame, and nothing of it left when it is closed."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from drivers.base import DeviceLostError, DeviceUnavailableError, DriverError
from drivers.camera import (
    CLOSE_S,
    DARK_S,
    SILENT_S,
    STALE_S,
    STUCK_S,
    WARM_UP_FRAMES,
    WARM_UP_S,
    Camera,
    Picture,
    PictureWatch,
)
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


def test_only_the_newest_frame_is_kept(
    opened: Callable[[Camera], Camera], until: Until, clock: Clock
) -> None:
    camera = opened(Camera("cam", Scripted(numbered(clock)), clock))
    until(lambda: camera.health().counters["frames"] > 20)
    frame = camera.latest(0, 1.0)
    assert frame is not None
    assert frame.seq > 20
    newer = camera.latest(frame.seq, 1.0)
    assert newer is not None
    assert newer.seq > frame.seq
    assert not np.array_equal(newer.gray, frame.gray)


def test_no_new_frame_in_time_is_none(opened: Callable[[Camera], Camera], clock: Clock) -> None:
    camera = opened(Camera("cam", Scripted(lambda: None), clock))
    began = time.monotonic()
    assert camera.latest(0, 0.05) is None
    assert 0.04 < time.monotonic() - began < 0.5


def test_the_thread_that_opens_the_device_reads_and_closes_it(until: Until, clock: Clock) -> None:
    source = Scripted(numbered(clock))
    camera = Camera("front", source, clock)
    camera.open()
    until(lambda: camera.latest(0, 0.1))
    assert source.is_open
    camera.close()
    assert not source.is_open
    assert source.closed == 1
    assert source.threads == {"camera-front"}


def test_a_stale_frame_is_dropped_and_counted(
    opened: Callable[[Camera], Camera], until: Until, clock: Clock
) -> None:
    pictures = numbered(clock)
    source = Scripted(lambda: Picture(pictures().gray, clock() - STALE_S - 0.05))
    camera = opened(Camera("cam", source, clock))
    until(lambda: camera.health().counters["stale"] > 3)
    assert camera.latest(0, 0.02) is None
    assert camera.health().counters["frames"] == 0


def test_a_camera_that_is_not_called_live_hands_out_stale_frames(
    opened: Callable[[Camera], Camera], until: Until, clock: Clock
) -> None:
    pictures = numbered(clock)
    source = Scripted(lambda: Picture(pictures().gray, clock() - 2.9), live=False)  # the mutant
    camera = opened(Camera("cam", source, clock))
    until(lambda: camera.latest(0, 0.02))


def test_a_frame_that_grew_old_in_the_slot_is_not_handed_out(
    opened: Callable[[Camera], Camera], until: Until, clock: Clock
) -> None:
    gate = threading.Event()
    pictures = numbered(clock)

    def read() -> Picture | None:
        return None if gate.is_set() else pictures()

    camera = opened(Camera("cam", Scripted(read), clock))
    until(lambda: camera.latest(0, 0.02))
    gate.set()
    clock.ahead_s += STALE_S + 0.1
    assert camera.latest(0, 0.02) is None


def test_the_first_frames_are_not_well_exposed_and_are_dropped(
    opened: Callable[[Camera], Camera], until: Until, clock: Clock
) -> None:
    taken = itertools.count()
    source = Scripted(lambda: Picture(np.full((9, 9), next(taken) % 200, np.uint8), clock()))
    camera = opened(Camera("cam", source, clock))
    first: list[int] = []

    def has_first() -> bool:
        frame = camera.latest(0, 0.02)
        if frame is not None:
            first.append(int(frame.gray[0, 0]))
        return bool(first)

    until(has_first)
    assert first[0] >= WARM_UP_FRAMES


def test_a_slow_camera_warms_up_for_a_second_at_most(
    opened: Callable[[Camera], Camera], until: Until, clock: Clock
) -> None:
    pictures = numbered(clock)

    def slow() -> Picture:
        clock.ahead_s += WARM_UP_S / 2
        return pictures()

    camera = opened(Camera("cam", Scripted(slow), clock))
    until(lambda: camera.latest(0, 0.02))
    assert camera.latest(0, 0.02) is not None


def test_a_file_does_not_warm_up(
    opened: Callable[[Camera], Camera], until: Until, clock: Clock
) -> None:
    still = Picture(noise(1), 0.0)
    camera = opened(Camera("cam", Scripted(lambda: still, live=False), clock))
    until(lambda: camera.latest(0, 0.02))
    assert camera.latest(0, 0.02) is not None


def test_the_same_picture_for_half_a_minute_is_a_stuck_camera(
    opened: Callable[[Camera], Camera], until: Until, clock: Clock
) -> None:
    camera = opened(Camera("cam", Scripted(lambda: Picture(noise(1), clock())), clock))
    until(lambda: camera.latest(0, 0.02))
    clock.ahead_s += STUCK_S + 0.5
    assert lost(camera, until) == "cam: the picture has been the same for 30 s"


def test_a_still_picture_of_a_folder_is_not_stuck(
    opened: Callable[[Camera], Camera], until: Until, clock: Clock
) -> None:
    source = Scripted(lambda: Picture(noise(1), clock()), live=False)
    camera = opened(Camera("cam", source, clock))
    until(lambda: camera.latest(0, 0.02))
    clock.ahead_s += STUCK_S + 1
    seen = camera.health().counters["frames"]
    until(lambda: camera.health().counters["frames"] > seen + 5)
    assert camera.health().ok


def test_a_covered_lens_is_told_and_is_not_taken_for_a_stuck_camera(
    opened: Callable[[Camera], Camera], until: Until, clock: Clock
) -> None:
    black = np.full((64, 64), 3, np.uint8)
    camera = opened(Camera("cam", Scripted(lambda: Picture(black, clock())), clock))
    until(lambda: camera.latest(0, 0.02))
    assert camera.health().ok
    for _ in range(5):
        clock.ahead_s += DARK_S
        seen = camera.health().counters["frames"]
        until(lambda seen=seen: camera.health().counters["frames"] > seen + 2)
    health = camera.health()
    assert not health.ok
    assert health.detail == "the picture is dark: lens covered, or no light"
    assert camera.brightness == pytest.approx(3)


def test_a_read_that_hangs_is_told_and_the_thread_is_left_alone(until: Until, clock: Clock) -> None:
    hang, hangs, pictures = threading.Event(), threading.Event(), numbered(clock)
    reads = itertools.count()

    def read() -> Picture:
        if next(reads) == WARM_UP_FRAMES + 2:
            hangs.set()
            hang.wait(10)
        return pictures()

    camera = Camera("cam", Scripted(read), clock, close_s=0.05)
    camera.open()
    until(hangs.is_set)
    clock.ahead_s += SILENT_S + 0.1
    assert lost(camera, until) == "cam: the camera's driver hangs"
    assert camera.health().detail == "no fresh picture"
    camera.close()
    with pytest.raises(DeviceUnavailableError, match="still held"):
        camera.open()
    hang.set()
    until(lambda: not _camera_threads())
    camera.open()
    until(lambda: camera.latest(0, 0.02))
    camera.close()
    assert not _camera_threads()


def _camera_threads() -> list[str]:
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("camera-")]


def test_an_opening_that_hangs_is_given_up_and_not_counted(until: Until, clock: Clock) -> None:
    hang = threading.Event()
    source = Scripted(numbered(clock))
    source.open_first = lambda: hang.wait(10) and None
    camera = Camera("cam", source, clock, open_s=0.05, close_s=0.05)
    with pytest.raises(DeviceUnavailableError, match="cam: the camera does not answer"):
        camera.open()
    hang.set()
    until(lambda: not _camera_threads())
    health = camera.health()
    assert not health.ok
    assert health.counters["opens"] == 0


def test_what_the_source_says_on_opening_is_what_the_caller_hears(clock: Clock) -> None:
    source = Scripted(numbered(clock))

    def refuse() -> None:
        raise DeviceUnavailableError("cam", "no such device")

    source.open_first = refuse
    camera = Camera("cam", source, clock)
    with pytest.raises(DeviceUnavailableError) as caught:
        camera.open()
    assert str(caught.value) == "cam: no such device"
    assert not _camera_threads()


def test_a_library_that_raises_is_a_lost_device(
    opened: Callable[[Camera], Camera], until: Until, clock: Clock
) -> None:
    def broken() -> Picture:
        raise ValueError

    camera = opened(Camera("cam", Scripted(broken), clock))
    assert lost(camera, until) == "cam: the camera library failed: ValueError"
    assert camera.health().detail == "the camera library failed: ValueError"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_ours_in_the_thread_is_a_lost_device_too(
    opened: Callable[[Camera], Camera], until: Until, clock: Clock
) -> None:
    def faulty() -> Picture:
        raise KeyError

    camera = opened(Camera("cam", Scripted(faulty), clock))
    assert lost(camera, until) == "cam: the camera's thread ended by a fault"


def test_a_closed_camera_has_no_frames_and_closing_twice_is_once(clock: Clock) -> None:
    source = Scripted(numbered(clock))
    camera = Camera("cam", source, clock)
    camera.close()
    with pytest.raises(DeviceLostError, match="not open"):
        camera.latest(0, 0.01)
    camera.open()
    camera.close()
    camera.close()
    assert source.closed == 1
    assert camera.health().detail == "closed"


def test_numbers_of_frames_rise_over_openings(until: Until, clock: Clock) -> None:
    camera = Camera("cam", Scripted(numbered(clock)), clock)
    numbers = []
    for _ in range(3):
        camera.open()
        until(lambda: camera.latest(max(numbers, default=0), 0.1))
        frame = camera.latest(max(numbers, default=0), 0.5)
        assert frame is not None
        numbers.append(frame.seq)
        camera.close()
    assert numbers == sorted(set(numbers))


def test_no_thread_is_left_by_a_hundred_openings(clock: Clock) -> None:
    before = set(threading.enumerate())
    camera = Camera("cam", Scripted(numbered(clock)), clock)
    for _ in range(100):
        camera.open()
        camera.close()
    assert set(threading.enumerate()) <= before


def simulated(**how: float) -> tuple[Camera, SimV4l2]:
    seeds = itertools.count()
    device = SimV4l2(lambda: noise(next(seeds)), (64, 64), FPS, **how)
    source = V4l2Source("cam", {"device": "/dev/video0"}, device.open_capture)
    return Camera("cam", source), device


def test_an_unplugged_camera_is_lost_at_once(
    opened: Callable[[Camera], Camera], until: Until
) -> None:
    camera, device = simulated()
    opened(camera)
    until(lambda: camera.latest(0, 0.1))
    device.unplug()
    began = time.monotonic()
    assert "unplugged" in lost(camera, until)
    assert time.monotonic() - began < 1.0


def test_a_stalled_camera_is_lost_after_the_select_timeout(
    opened: Callable[[Camera], Camera], until: Until
) -> None:
    camera, device = simulated(select_timeout_s=SELECT_TIMEOUT_S)
    opened(camera)
    until(lambda: camera.latest(0, 0.1))
    device.stall()
    began = time.monotonic()
    assert lost(camera, until) == "cam: no picture within 2.0 s"
    assert time.monotonic() - began < SELECT_TIMEOUT_S + 0.5


def test_a_camera_that_stalls_cannot_be_opened_until_it_goes_on(
    opened: Callable[[Camera], Camera], until: Until
) -> None:
    camera, device = simulated(select_timeout_s=0.1)
    device.stall()
    with pytest.raises(DeviceUnavailableError):
        camera.open()
    device.resume()
    opened(camera)
    until(lambda: camera.latest(0, 0.1))


def test_stopping_a_stalled_camera_is_bounded_by_the_select_timeout(until: Until) -> None:
    camera, device = simulated(select_timeout_s=0.3)
    camera.open()
    until(lambda: camera.latest(0, 0.1))
    device.stall()
    began = time.monotonic()
    camera.close()
    assert time.monotonic() - began < CLOSE_S
    assert not _camera_threads()


def test_a_camera_that_comes_back_must_be_opened_again(
    opened: Callable[[Camera], Camera], until: Until
) -> None:
    camera, device = simulated()
    opened(camera)
    until(lambda: camera.latest(0, 0.1))
    device.unplug()
    device.replug()
    assert "unplugged" in lost(camera, until)
    camera.open()
    until(lambda: camera.latest(0, 0.1))
    assert camera.health().counters["opens"] == 2


def test_two_cameras_cannot_hold_one_device(opened: Callable[[Camera], Camera]) -> None:
    camera, device = simulated()
    opened(camera)
    second = Camera("second", V4l2Source("second", {"device": "x"}, device.open_capture))
    with pytest.raises(DriverError, match="in use by another program"):
        second.open()
    assert camera.latest(0, 1.0) is not None


def test_the_watch_measures_brightness_and_needs_time_to_call_it_dark() -> None:
    watch = PictureWatch()
    watch.look(np.zeros((32, 32), np.uint8), 0.0)
    assert watch.brightness == 0
    assert not watch.is_dark(DARK_S)
    assert watch.is_dark(DARK_S + 0.1)
    watch.look(noise(1), DARK_S + 0.2)
    assert not watch.is_dark(DARK_S + 60)


@pytest.mark.parametrize("level", [0, 60, 255])
def test_the_watch_calls_a_picture_without_any_contrast_dark(level: int) -> None:
    watch = PictureWatch()
    watch.look(np.full((32, 32), level, np.uint8), 0.0)
    assert watch.is_dark(DARK_S + 0.1)


def test_the_watch_forgets_a_stuck_picture_when_it_changes() -> None:
    watch = PictureWatch()
    assert not watch.is_stuck(1000.0)
    watch.look(noise(1), 0.0)
    watch.look(noise(1), STUCK_S)
    assert not watch.is_stuck(STUCK_S)
    assert watch.is_stuck(STUCK_S + 0.1)
    watch.look(noise(2), STUCK_S + 0.2)
    assert not watch.is_stuck(STUCK_S + 0.3)
