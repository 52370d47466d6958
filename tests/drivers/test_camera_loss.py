"""How a camera is lost: unplugged, stalled, stuck, hanging; told in bounded time, and let go."""

import itertools
import threading
import time
from collections.abc import Callable

import pytest

from drivers.base import DeviceUnavailableError, DriverError
from drivers.camera import (
    SILENT_S,
    STUCK_S,
    WARM_UP_FRAMES,
    Camera,
    Picture,
    PictureWatch,
)
from drivers.v4l2 import V4l2Source
from drivers.vision import SELECT_TIMEOUT_S
from tests.drivers.scripted_camera import (
    Clock,
    Scripted,
    Until,
    camera_threads,
    lost,
    noise,
    numbered,
    simulated,
)
from tests.patience import patient_s


def test_the_same_picture_for_half_a_minute_is_a_stuck_camera(
    opened: Callable[[Camera], Camera], until: Until, clock: Clock
) -> None:
    camera = opened(Camera("cam", Scripted(lambda: Picture(noise(1), clock())), clock))
    until(lambda: camera.latest(0, 0.02))
    clock.ahead_s += STUCK_S + 0.5
    assert lost(camera, until) == "cam: the picture has been the same for 30 s"


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
    until(lambda: not camera_threads())
    camera.open()
    until(lambda: camera.latest(0, 0.02))
    camera.close()
    assert not camera_threads()


def test_an_opening_that_hangs_is_given_up_and_not_counted(until: Until, clock: Clock) -> None:
    hang = threading.Event()
    source = Scripted(numbered(clock))

    def wait() -> None:
        hang.wait(10)

    source.open_first = wait
    camera = Camera("cam", source, clock, open_s=0.05, close_s=0.05)
    with pytest.raises(DeviceUnavailableError, match="cam: the camera does not answer"):
        camera.open()
    hang.set()
    until(lambda: not camera_threads())
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
    assert not camera_threads()


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


def test_an_unplugged_camera_is_lost_at_once(
    opened: Callable[[Camera], Camera], until: Until
) -> None:
    camera, device = simulated()
    opened(camera)
    until(lambda: camera.latest(0, 0.1))
    device.unplug()
    began = time.monotonic()
    assert "unplugged" in lost(camera, until)
    assert time.monotonic() - began < patient_s(1.0)


def test_a_stalled_camera_is_lost_after_the_select_timeout(
    opened: Callable[[Camera], Camera], until: Until
) -> None:
    camera, device = simulated(select_timeout_s=SELECT_TIMEOUT_S)
    opened(camera)
    until(lambda: camera.latest(0, 0.1))
    device.stall()
    began = time.monotonic()
    assert lost(camera, until) == "cam: no picture within 2.0 s"
    assert time.monotonic() - began < patient_s(SELECT_TIMEOUT_S + 0.5)


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


def test_stopping_a_stalled_camera_takes_less_than_a_second_and_its_thread_ends_by_itself(
    until: Until,
) -> None:
    camera, device = simulated(select_timeout_s=SELECT_TIMEOUT_S)
    camera.open()
    until(lambda: camera.latest(0, 0.1))
    device.stall()
    began = time.monotonic()
    camera.close()
    assert time.monotonic() - began < patient_s(1.0)
    assert not camera.health().ok
    until(lambda: not camera_threads())
    device.resume()
    camera.open()
    until(lambda: camera.latest(0, 0.1))
    camera.close()


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


def test_the_watch_forgets_a_stuck_picture_when_it_changes() -> None:
    watch = PictureWatch()
    assert not watch.is_stuck(1000.0)
    watch.look(noise(1), 0.0)
    watch.look(noise(1), STUCK_S)
    assert not watch.is_stuck(STUCK_S)
    assert watch.is_stuck(STUCK_S + 0.1)
    watch.look(noise(2), STUCK_S + 0.2)
    assert not watch.is_stuck(STUCK_S + 0.3)
