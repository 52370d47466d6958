"""The V4L2 source on a simulated camera: formats, ages, failures, and settings read back."""

import itertools
import os
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from drivers.base import DeviceConfigError, DeviceLostError, DeviceUnavailableError
from drivers.sim.v4l2 import BUFFERS, SimV4l2, SimVideoCapture
from drivers.v4l2 import FAILURES_MAX, FOREIGN_CLOCK_S, V4l2Source, open_v4l2
from drivers.vision import Gray, Image, cv2

SIZE = (64, 48)
OPTIONS = {"device": "/dev/v4l/by-id/usb-cam", "width": 64, "height": 48, "fps": 100}
Until = Callable[..., None]


def pattern() -> Gray:
    return np.arange(64 * 48, dtype=np.uint32).reshape(48, 64).astype(np.uint8)


def camera(formats: tuple[str, ...] = ("GREY", "YUYV")) -> SimV4l2:
    return SimV4l2(pattern, SIZE, 100, formats, select_timeout_s=0.1)


@pytest.fixture
def opened() -> Iterator[Callable[..., V4l2Source]]:
    """Open a source on a camera; close it when the test ends."""
    sources: list[V4l2Source] = []

    def start(device: SimV4l2, **options: object) -> V4l2Source:
        source = V4l2Source("cam", OPTIONS | options, device.open_capture)
        source.open()
        sources.append(source)
        return source

    yield start
    for source in sources:
        source.close()


@pytest.mark.parametrize(
    ("formats", "expected"),
    [
        (("GREY",), "64x48 GREY"),
        (("YUYV",), "64x48 YUYV"),
        (("BGR3",), "64x48 BGR3"),
        (("GREY", "YUYV"), "64x48 YUYV"),
        (("MJPG", "YUYV"), "64x48 YUYV"),
    ],
    ids=str,
)
def test_the_grey_picture_is_taken_out_of_every_format(
    opened: Callable[..., V4l2Source], formats: tuple[str, ...], expected: str
) -> None:
    source = opened(camera(formats=formats))
    picture = source.read()
    assert picture is not None
    assert source.format == expected
    assert picture.gray.dtype == np.uint8
    assert picture.gray.flags.c_contiguous
    assert np.array_equal(picture.gray, pattern())


@pytest.mark.parametrize("number", [-1.0, 0.0, float(0x8000_0000 | 0x20363159), 4294967295.0])
def test_a_format_with_any_number_is_named(number: float) -> None:
    class Odd(SimVideoCapture):
        """A capture of a format that OpenCV tells by this number."""

        def get(self, prop: int, /) -> float:
            """Return the number for the format."""
            return number if prop == cv2.CAP_PROP_FOURCC else super().get(prop)

    source = V4l2Source("cam", OPTIONS, lambda _path: Odd(camera()))
    source.open()
    assert source.format.startswith("64x48 ")
    source.close()


def test_the_format_is_read_back_since_set_says_true_regardless(
    opened: Callable[..., V4l2Source],
) -> None:
    device = camera(formats=("BGR3",))
    capture = device.open_capture("x")
    assert capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    capture.release()
    assert opened(device, fourcc="MJPG").format == "64x48 BGR3"


def test_the_wanted_format_is_asked_for(opened: Callable[..., V4l2Source]) -> None:
    assert opened(camera(formats=("YUYV", "GREY")), fourcc="GREY").format == "64x48 GREY"


def test_the_age_of_a_frame_is_that_of_the_driver(opened: Callable[..., V4l2Source]) -> None:
    source = opened(camera())
    picture = source.read()
    assert picture is not None
    assert 0 <= time.monotonic() - picture.at < 0.2


def test_frames_that_lay_in_the_buffers_are_old(
    opened: Callable[..., V4l2Source], until: Until
) -> None:
    source = opened(camera())
    began = time.monotonic()
    until(lambda: time.monotonic() > began + 0.25)
    ages = []
    for _ in range(BUFFERS + 1):
        picture = source.read()
        assert picture is not None
        ages.append(time.monotonic() - picture.at)
    assert min(ages[:BUFFERS]) > 0.15
    assert ages[BUFFERS] < 0.1


class Stamped(SimVideoCapture):
    """A camera whose frame times are of another clock."""

    stamp_ms = 0.0

    def get(self, prop: int, /) -> float:
        """Return the planted frame time."""
        return self.stamp_ms if prop == cv2.CAP_PROP_POS_MSEC else super().get(prop)


@pytest.mark.parametrize(
    "stamp_s",
    [0.0, -5.0, 1_795_429_908.0, 9_999.0],
    ids=["none", "negative", "wall clock", "ahead"],
)
def test_frame_times_of_another_clock_are_not_believed(stamp_s: float) -> None:
    def capture(_path: str) -> Stamped:
        stamped = Stamped(camera())
        stamped.stamp_ms = stamp_s * 1000
        return stamped

    now = FOREIGN_CLOCK_S * 100  # 6,000 s after the start of the machine
    source = V4l2Source("cam", OPTIONS, capture, lambda: now)
    source.open()
    picture = source.read()
    assert picture is not None
    assert picture.at == now
    source.close()


def test_a_single_failure_is_forgiven(opened: Callable[..., V4l2Source]) -> None:
    device = camera()
    source = opened(device)
    for _ in range(3):
        device.stall()
        assert source.read() is None
        device.resume()
        assert source.read() is not None


def test_failures_in_a_row_mean_unplugged(opened: Callable[..., V4l2Source]) -> None:
    device = camera()
    source = opened(device)
    device.unplug()
    for _ in range(FAILURES_MAX - 1):
        assert source.read() is None
    with pytest.raises(DeviceLostError, match=r"unplugged\?"):
        source.read()


def test_a_read_that_took_long_and_failed_was_a_stall() -> None:
    device = camera()
    times = itertools.chain([0.0, 2.0], itertools.repeat(2.0))
    source = V4l2Source("cam", OPTIONS, device.open_capture, lambda: next(times))
    source.open()
    device.unplug()
    with pytest.raises(DeviceLostError, match=r"no picture within 2\.0 s"):
        source.read()
    source.close()


class Raising(SimVideoCapture):
    """A camera whose library raises."""

    def read(self) -> tuple[bool, Image | None]:
        """Raise."""
        raise cv2.error


def test_a_library_that_raises_is_a_failure() -> None:
    source = V4l2Source("cam", OPTIONS, lambda _path: Raising(camera()))
    with pytest.raises(DeviceUnavailableError, match="gives no picture"):
        source.open()


class Compressed(SimVideoCapture):
    """A camera that hands out compressed bytes as if they were a picture."""

    def read(self) -> tuple[bool, Image | None]:
        """Return one row of bytes."""
        return True, np.zeros((1, 5000), dtype=np.uint8)


def test_a_format_that_cannot_be_used_is_told_on_opening_and_the_device_is_let_go() -> None:
    device = camera()
    source = V4l2Source("cam", OPTIONS, lambda _path: Compressed(device))
    with pytest.raises(DeviceUnavailableError, match=r"shape \(1, 5000\) cannot be used"):
        source.open()
    assert device.holder is None


def test_a_missing_camera_is_unavailable_and_a_csi_camera_is_explained() -> None:
    device = camera()
    device.unplug()
    source = V4l2Source("cam", OPTIONS, device.open_capture)
    with pytest.raises(DeviceUnavailableError) as caught:
        source.open()
    assert "not there" in str(caught.value)
    assert "picamera2" in str(caught.value)


def test_a_path_without_a_camera_is_unavailable_for_real_and_nothing_is_printed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    source = V4l2Source("cam", OPTIONS | {"device": "/dev/no-such-camera"})
    with pytest.raises(DeviceUnavailableError):
        source.open()
    assert capfd.readouterr() == ("", "")


def test_a_closed_source_has_no_pictures_and_closing_twice_is_once() -> None:
    device = camera()
    source = V4l2Source("cam", OPTIONS, device.open_capture)
    with pytest.raises(DeviceLostError, match="not open"):
        source.read()
    source.open()
    source.close()
    source.close()
    assert device.holder is None


class Noting(SimVideoCapture):
    """Notes what was set."""

    def __init__(self, device: SimV4l2) -> None:
        super().__init__(device)
        self.given: dict[int, float] = {}

    def set(self, prop: int, value: float, /) -> bool:
        """Note it."""
        self.given[prop] = value
        return super().set(prop, value)


def test_size_rate_and_exposure_are_asked_for() -> None:
    capture = Noting(camera())
    source = V4l2Source("cam", OPTIONS | {"exposure_ms": 8}, lambda _path: capture)
    source.open()
    source.close()
    assert capture.given[cv2.CAP_PROP_FRAME_WIDTH] == 64
    assert capture.given[cv2.CAP_PROP_FRAME_HEIGHT] == 48
    assert capture.given[cv2.CAP_PROP_FPS] == 100
    assert capture.given[cv2.CAP_PROP_AUTO_EXPOSURE] == 1
    assert capture.given[cv2.CAP_PROP_EXPOSURE] == pytest.approx(80)


def test_exposure_is_left_to_the_camera_when_not_set() -> None:
    capture = Noting(camera())
    source = V4l2Source("cam", OPTIONS, lambda _path: capture)
    source.open()
    source.close()
    assert cv2.CAP_PROP_EXPOSURE not in capture.given


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({}, "device"),
        ({"device": 3}, "device"),
        ({"device": "x", "width": 0}, "width"),
        ({"device": "x", "height": "tall"}, "height"),
        ({"device": "x", "fps": 1000}, "fps"),
        ({"device": "x", "fourcc": 7}, "fourcc"),
        ({"device": "x", "exposure_ms": -1}, "exposure_ms"),
    ],
    ids=str,
)
def test_a_wrong_option_is_named(options: dict[str, object], key: str) -> None:
    with pytest.raises(DeviceConfigError, match=key):
        V4l2Source("cam", options)


def test_options_that_are_not_set_take_the_defaults(opened: Callable[..., V4l2Source]) -> None:
    assert opened(camera(), width=None, height=None, fps=None).read() is not None


def test_the_select_timeout_is_set_before_the_library_is_loaded() -> None:
    assert os.environ["OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"] == "2"


def test_the_real_library_opens_by_path() -> None:
    capture = open_v4l2("/dev/no-such-camera")
    assert capture.read() == (False, None)
    capture.release()
    names = [
        cv2.videoio_registry.getBackendName(b) for b in cv2.videoio_registry.getStreamBackends()
    ]
    assert "V4L2" in names
