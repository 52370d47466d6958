"""The simulated camera behaves as the kernel's did when it was measured."""

import time
from collections.abc import Callable

import numpy as np
import pytest

from drivers.sim.v4l2 import BUFFER_SIZE_SAID, BUFFERS, SimV4l2, fourcc
from drivers.vision import Gray, cv2
from tests.patience import patient_s

Until = Callable[..., None]


def pattern() -> Gray:
    return np.arange(48 * 64, dtype=np.uint32).reshape(48, 64).astype(np.uint8)


@pytest.fixture
def camera() -> SimV4l2:
    return SimV4l2(pattern, (64, 48), fps=100, select_timeout_s=0.1)


def age(camera_time_ms: float) -> float:
    return time.monotonic() - camera_time_ms / 1000


def test_frames_come_at_the_rate_of_the_camera(camera: SimV4l2) -> None:
    capture = camera.open_capture("x")
    began = time.monotonic()
    assert all(capture.read()[0] for _ in range(20))
    assert 0.15 < time.monotonic() - began < patient_s(1.0)


def test_a_frame_that_is_read_in_time_is_fresh(camera: SimV4l2) -> None:
    capture = camera.open_capture("x")
    for _ in range(5):
        capture.read()
    assert age(capture.get(cv2.CAP_PROP_POS_MSEC)) < 0.05


def test_after_an_idle_time_four_old_frames_come_at_once(camera: SimV4l2, until: Until) -> None:
    capture = camera.open_capture("x")
    capture.read()
    idle_from = time.monotonic()
    until(lambda: time.monotonic() > idle_from + 0.2)
    began = time.monotonic()
    ages = []
    for _ in range(BUFFERS + 1):
        capture.read()
        ages.append(age(capture.get(cv2.CAP_PROP_POS_MSEC)))
    assert min(ages[:BUFFERS]) > 0.12
    assert ages[BUFFERS] < 0.05
    assert time.monotonic() - began < patient_s(0.1)


def test_a_buffer_size_of_one_is_accepted_and_changes_nothing(
    camera: SimV4l2, until: Until
) -> None:
    capture = camera.open_capture("x")
    assert capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    assert capture.get(cv2.CAP_PROP_BUFFERSIZE) == BUFFER_SIZE_SAID
    idle_from = time.monotonic()
    until(lambda: time.monotonic() > idle_from + 0.1)
    capture.read()
    assert age(capture.get(cv2.CAP_PROP_POS_MSEC)) > 0.05


def test_a_stall_blocks_for_the_select_timeout_and_fails(camera: SimV4l2) -> None:
    capture = camera.open_capture("x")
    assert capture.read()[0]
    camera.stall()
    began = time.monotonic()
    assert capture.read() == (False, None)
    assert 0.09 < time.monotonic() - began < patient_s(0.5)
    camera.resume()
    assert capture.read()[0]


def test_an_unplugged_camera_fails_at_once_and_for_ever(camera: SimV4l2) -> None:
    capture = camera.open_capture("x")
    assert capture.read()[0]
    camera.unplug()
    began = time.monotonic()
    assert [capture.read() for _ in range(50)] == [(False, None)] * 50
    assert time.monotonic() - began < patient_s(0.1)
    camera.replug()
    assert capture.read() == (False, None)
    assert camera.open_capture("x").read()[0]


def test_unplugging_ends_a_stalled_read(camera: SimV4l2) -> None:
    capture = camera.open_capture("x")
    camera.stall()
    camera.unplug()
    assert capture.read() == (False, None)


def test_a_missing_camera_opens_nothing(camera: SimV4l2) -> None:
    camera.unplug()
    capture = camera.open_capture("x")
    assert capture.read() == (False, None)
    assert not capture.set(cv2.CAP_PROP_FPS, 5)
    capture.release()


def test_a_second_opening_while_streaming_reads_nothing(camera: SimV4l2) -> None:
    first, second = camera.open_capture("x"), camera.open_capture("x")
    assert first.read()[0]
    assert second.read() == (False, None)
    second.release()
    assert first.read()[0]
    first.release()
    assert first.read() == (False, None)
    assert camera.open_capture("x").read()[0]


def test_replugging_a_plugged_camera_changes_nothing_but_the_holder(camera: SimV4l2) -> None:
    capture = camera.open_capture("x")
    camera.replug()
    assert capture.read()[0]


def test_set_says_true_and_the_format_stays(camera: SimV4l2) -> None:
    capture = camera.open_capture("x")
    assert capture.set(cv2.CAP_PROP_FOURCC, fourcc("MJPG"))
    assert capture.get(cv2.CAP_PROP_FOURCC) == fourcc("GREY")
    assert capture.set(cv2.CAP_PROP_FOURCC, fourcc("YUYV"))
    assert capture.get(cv2.CAP_PROP_FOURCC) == fourcc("YUYV")


def test_a_read_timeout_is_refused(camera: SimV4l2) -> None:
    assert not camera.open_capture("x").set(cv2.CAP_PROP_READ_TIMEOUT_MSEC, 500)


def test_the_size_is_the_cameras_own(camera: SimV4l2) -> None:
    capture = camera.open_capture("x")
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, 9999)
    assert capture.get(cv2.CAP_PROP_FRAME_WIDTH) == 64
    assert capture.get(cv2.CAP_PROP_FRAME_HEIGHT) == 48
    assert capture.get(cv2.CAP_PROP_FPS) == 100
    assert capture.get(cv2.CAP_PROP_GAIN) == 0


@pytest.mark.parametrize(
    ("letters", "converts", "shape"),
    [
        ("GREY", False, (48, 64)),
        ("YUYV", False, (48, 64, 2)),
        ("YUYV", True, (48, 64, 3)),
        ("GREY", True, (48, 64, 3)),
    ],
    ids=str,
)
def test_pictures_have_the_shape_of_their_format(
    camera: SimV4l2, letters: str, *, converts: bool, shape: tuple[int, ...]
) -> None:
    capture = camera.open_capture("x")
    capture.set(cv2.CAP_PROP_FOURCC, fourcc(letters))
    capture.set(cv2.CAP_PROP_CONVERT_RGB, converts)
    _, picture = capture.read()
    assert picture is not None
    assert picture.shape == shape
