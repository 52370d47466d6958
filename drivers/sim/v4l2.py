"""A simulated V4L2 camera with the manners of a real one, as measured on the kernel's own.

Buffered frames grow old, `set` says True whatever comes of it, a stall ends in the select
time-out, and an unplugged camera fails at once and for ever, also after it is plugged in again.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from drivers.vision import SELECT_TIMEOUT_S, Gray, Image, cv2

BUFFERS: Final = 4  # kernel buffers: filled when nobody reads, then frames are lost
BUFFER_SIZE_SAID: Final = 2.0  # get(CAP_PROP_BUFFERSIZE) after it was set to 1
REFUSED: Final = (cv2.CAP_PROP_READ_TIMEOUT_MSEC, cv2.CAP_PROP_OPEN_TIMEOUT_MSEC)


def fourcc(letters: str) -> float:
    """Return a format's number, as `get(CAP_PROP_FOURCC)` gives it."""
    return float(int.from_bytes(letters.encode("ascii"), "little"))


class SimV4l2:
    """The camera at its plug; the script turns its switches from another thread.

    Args:
        draw: The next frame, grey.
        size: Width and height of the only mode it has.
        formats: What it can deliver; the first until told otherwise. GREY, YUYV or BGR3.
        select_timeout_s: After which a stalled read gives up.
    """

    def __init__(
        self,
        draw: Callable[[], Gray],
        size: tuple[int, int] = (640, 480),
        fps: float = 15.0,
        formats: tuple[str, ...] = ("GREY", "YUYV"),
        select_timeout_s: float = SELECT_TIMEOUT_S,
    ) -> None:
        self.draw = draw
        self.size = size
        self.fps = fps
        self.formats = formats
        self.select_timeout_s = select_timeout_s
        self.plugs = 1
        self.is_plugged = True
        self.flowing = threading.Event()
        self.flowing.set()
        self.holder: object | None = None
        self.held_by: set[str] = set()

    def stall(self) -> None:
        """Deliver no more frames, without going away."""
        self.flowing.clear()

    def resume(self) -> None:
        """Deliver frames again."""
        self.flowing.set()

    def unplug(self) -> None:
        """Go away; what is open never comes back."""
        self.is_plugged = False
        self.flowing.set()

    def replug(self) -> None:
        """Come back under the same name."""
        self.plugs += not self.is_plugged
        self.is_plugged = True
        self.holder = None

    def open_capture(self, path: str) -> "SimVideoCapture":
        """Return a capture; one that reads nothing when it is unplugged or in use."""
        del path  # there is one camera
        return SimVideoCapture(self)


class SimVideoCapture:
    """What `cv2.VideoCapture(path, CAP_V4L2)` returns; see `drivers.pictures.VideoCapture`."""

    def __init__(self, camera: SimV4l2) -> None:
        self._camera = camera
        self._plug = camera.plugs
        self._opened = camera.is_plugged and camera.holder is None
        if self._opened:
            camera.holder = self
        self._format = camera.formats[0]
        self._converts = True
        self._ages: deque[float] = deque()
        self._next_at = time.monotonic()
        self._taken_at = 0.0

    def read(self) -> tuple[bool, Image | None]:
        """Return the oldest buffered frame, or wait for the next one."""
        camera = self._camera
        camera.held_by.add(threading.current_thread().name)
        if not self._alive() or not camera.flowing.wait(camera.select_timeout_s):
            return False, None
        self._fill(time.monotonic())
        if not self._ages:
            time.sleep(max(0.0, self._next_at - time.monotonic()))
            self._fill(time.monotonic())
        if not self._alive() or not self._ages:
            return False, None
        self._taken_at = self._ages.popleft()
        return True, self._delivered(camera.draw())

    def get(self, prop: int, /) -> float:
        """Return a property as it really is."""
        width, height = self._camera.size
        return {
            cv2.CAP_PROP_FRAME_WIDTH: float(width),
            cv2.CAP_PROP_FRAME_HEIGHT: float(height),
            cv2.CAP_PROP_FPS: self._camera.fps,
            cv2.CAP_PROP_FOURCC: fourcc(self._format),
            cv2.CAP_PROP_BUFFERSIZE: BUFFER_SIZE_SAID,
            cv2.CAP_PROP_POS_MSEC: self._taken_at * 1000,
        }.get(prop, 0.0)

    def set(self, prop: int, value: float, /) -> bool:
        """Say True; what the camera cannot do does not happen."""
        if prop in REFUSED or not self._alive():
            return False
        if prop == cv2.CAP_PROP_CONVERT_RGB:
            self._converts = bool(value)
        if prop == cv2.CAP_PROP_FOURCC:
            for letters in self._camera.formats:
                if fourcc(letters) == value:
                    self._format = letters
        return True

    def release(self) -> None:
        """Close; the camera may be opened again."""
        self._opened = False
        self._camera.held_by.add(threading.current_thread().name)
        if self._camera.holder is self:
            self._camera.holder = None

    def _alive(self) -> bool:
        camera = self._camera
        return self._opened and camera.is_plugged and camera.plugs == self._plug

    def _fill(self, now: float) -> None:
        """Note the frames taken since the last look; when all buffers are full, frames are lost."""
        step = 1 / self._camera.fps
        while self._next_at <= now:
            if len(self._ages) < BUFFERS:
                self._ages.append(self._next_at)
            self._next_at += step

    def _delivered(self, gray: Gray) -> Image:
        if not self._converts and self._format == "GREY":
            return gray
        if not self._converts and self._format == "YUYV":
            return cv2.merge([gray, gray // 2 + 64])
        return cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)
