"""A USB camera through V4L2: what it delivers, how old it is, and when it is gone.

Written from measurements on a camera of the kernel; `drivers.sim.camera` behaves the same way.
"""

import time
from collections.abc import Callable
from typing import Final

from drivers import options as option
from drivers.base import DeviceLostError, DeviceUnavailableError
from drivers.camera import Picture
from drivers.pictures import VideoCapture, luma, read_capture
from drivers.vision import SELECT_TIMEOUT_S, Gray, cv2

DEFAULTS: Final[dict[str, object]] = {"width": 640, "height": 480, "fps": 15}
MAX_SIDE: Final = 4096
MAX_FPS: Final = 120
LUMA_FORMATS: Final = ("GREY", "YUYV")  # the grey picture lies in them as it is
FAILURES_MAX: Final = 5  # an unplugged camera fails at once, for ever, and still says it is open
FAILURE_PAUSE_S: Final = 0.02
STALL_S: Final = SELECT_TIMEOUT_S / 2  # a read that took so long and failed was a time-out
FOREIGN_CLOCK_S: Final = 60.0  # frame times further off are not of the monotonic clock
MANUAL_EXPOSURE: Final = 1  # V4L2_EXPOSURE_MANUAL
EXPOSURE_UNIT_MS: Final = 0.1  # V4L2_CID_EXPOSURE_ABSOLUTE counts in 100 us


def open_v4l2(path: str) -> VideoCapture:
    """Return a capture of a V4L2 device, open or not."""
    return cv2.VideoCapture(path, cv2.CAP_V4L2)


class V4l2Source:
    """A USB camera by its device path; prefer /dev/v4l/by-id/..., which survives replugging.

    Options: device, width, height, fps, fourcc (YUYV), exposure_ms (automatic when not set).
    """

    live = True

    def __init__(
        self,
        name: str,
        options: option.Options,
        open_capture: Callable[[str], VideoCapture] = open_v4l2,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        given = DEFAULTS | {key: value for key, value in options.items() if value is not None}
        self._name = name
        self._path = option.text(name, given, "device")
        self._width = option.whole(name, given, "width", 1, MAX_SIDE)
        self._height = option.whole(name, given, "height", 1, MAX_SIDE)
        self._fps = option.whole(name, given, "fps", 1, MAX_FPS)
        self._fourcc = option.text(name, given, "fourcc", LUMA_FORMATS[1])
        self._exposure_ms = _exposure(name, given)
        self._open_capture = open_capture
        self._clock = clock
        self._capture: VideoCapture | None = None
        self._failures = 0
        self.format = "not open"

    def open(self) -> None:
        """Open the device, set it up and see one picture.

        Raises:
            DeviceUnavailableError: Not there, in use, of a format that cannot be used, or a CSI
                camera, which opens but never gives a picture.
        """
        capture = self._open_capture(self._path)
        try:
            self._configure(capture)
            height, width = self._first_picture(capture).shape
        except DeviceUnavailableError:
            capture.release()
            raise
        self.format = f"{width}x{height} {_four_letters(capture.get(cv2.CAP_PROP_FOURCC))}"
        self._capture, self._failures = capture, 0

    def read(self) -> Picture | None:
        """Return the next picture with the time at which the driver took it; None after a failure.

        Raises:
            DeviceLostError: Unplugged, stalled, or of a format that cannot be used.
        """
        if self._capture is None:
            raise DeviceLostError(self._name, "the camera is not open")
        began_at = self._clock()
        picture = read_capture(self._capture)
        now = self._clock()
        if picture is None:
            self._count_failure(now - began_at)
            return None
        self._failures = 0
        taken_at = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if taken_at <= 0 or not 0 <= now - taken_at < FOREIGN_CLOCK_S:
            taken_at = now
        return Picture(luma(self._name, picture), taken_at)

    def close(self) -> None:
        """Close; may be called twice and raises nothing."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def _configure(self, capture: VideoCapture) -> None:
        """Ask for the format; what came of it is read back, since `set` says True regardless."""
        capture.set(cv2.CAP_PROP_FOURCC, _fourcc_number(self._fourcc))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._height)
        capture.set(cv2.CAP_PROP_FPS, self._fps)
        if self._exposure_ms is not None:
            capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, MANUAL_EXPOSURE)
            capture.set(cv2.CAP_PROP_EXPOSURE, self._exposure_ms / EXPOSURE_UNIT_MS)
        if _four_letters(capture.get(cv2.CAP_PROP_FOURCC)) in LUMA_FORMATS:
            capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)

    def _first_picture(self, capture: VideoCapture) -> Gray:
        picture = read_capture(capture)
        if picture is None:
            raise DeviceUnavailableError(
                self._name,
                f"{self._path} gives no picture (not there, in use by another program, or a "
                "CSI camera: those need picamera2)",
            )
        try:
            return luma(self._name, picture)
        except DeviceLostError as error:
            why = f"{self._path}: pictures of shape {picture.shape} cannot be used (set fourcc)"
            raise DeviceUnavailableError(self._name, why) from error

    def _count_failure(self, took_s: float) -> None:
        self._failures += 1
        if took_s >= STALL_S:
            raise DeviceLostError(self._name, f"no picture within {took_s:.1f} s")
        if self._failures >= FAILURES_MAX:
            raise DeviceLostError(self._name, "no more pictures come (unplugged?)")
        time.sleep(FAILURE_PAUSE_S)


def _exposure(name: str, options: option.Options) -> float | None:
    if options.get("exposure_ms") is None:
        return None
    return option.number(name, options, "exposure_ms", 1.0, 1000.0)


def _fourcc_number(letters: str) -> int:
    return int.from_bytes(letters.encode("ascii", "replace")[:4].ljust(4), "little")


def _four_letters(number: float) -> str:
    """Return a format's name; bit 31 is the kernel's mark of big-endian pixels."""
    return (int(number) & 0x7FFF_FFFF).to_bytes(4, "little").decode("ascii", "replace")
