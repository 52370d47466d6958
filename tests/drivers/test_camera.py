"""The camera's thread: the newest fresh frame, and nothing of it left when it is closed."""

import itertools
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from drivers.base import DeviceLostError
from drivers.camera import (
    DARK_S,
    STALE_S,
    STUCK_S,
    WARM_UP_FRAMES,
    WARM_UP_S,
    Camera,
    Picture,
    PictureWatch,
)
from tests.drivers.scripted_camera import (
    Clock,
    Scripted,
    Until,
    noise,
    numbered,
)
from tests.patience import patient_s


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
    assert 0.04 < time.monotonic() - began < patient_s(0.5)


def test_the_thread_that_opens_the_device_reads_and_closes_it(until: Until, clock: Clock) -> None:
    source = Scripted(numbered(clock))
    camera = Camera("front", source, clock)
    camera.open()
    until(lambda: camera.latest(0, 0.1))
    was_open = source.is_open
    camera.close()
    assert (was_open, source.is_open, source.closed) == (True, False, 1)
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
    numbers: list[int] = []
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
