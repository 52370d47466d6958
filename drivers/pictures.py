"""Pictures out of files: a video, a folder of stills; and what every capture of cv2 has in common.

No threading here: `drivers.camera.Camera` calls a source from its own thread.
"""

import time
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from drivers import options as option
from drivers.base import DeviceLostError, DeviceUnavailableError
from drivers.camera import Picture
from drivers.vision import VISION_FAULTS, Gray, Image, cv2

SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".webp")
MIN_FPS: Final = 2.0  # a slower source would hold up stopping
MAX_FPS: Final = 120.0
FOLDER_FPS: Final = 15.0


class VideoCapture(Protocol):
    """The part of `cv2.VideoCapture` that is used.

    Whether it is open is not asked: an unplugged camera says yes (measured).
    """

    def read(self) -> tuple[bool, Image | None]:
        """Return whether there was a picture, and the picture."""

    def get(self, prop: int, /) -> float:
        """Return a property."""

    def set(self, prop: int, value: float, /) -> bool:
        """Set a property; the answer is not to be trusted, so read it back."""

    def release(self) -> None:
        """Close."""


def read_capture(capture: VideoCapture) -> Image | None:
    """Return the next picture of a capture; None when it gave none, whatever the reason."""
    try:
        ok, picture = capture.read()
    except VISION_FAULTS:
        return None
    return picture if ok else None


def luma(name: str, picture: Image) -> Gray:
    """Return the grey picture in what a camera delivers: GREY, YUYV or BGR; contiguous uint8.

    Raises:
        DeviceLostError: Something else, such as a compressed picture.
    """
    match picture.shape:
        case (height, _) if height > 1:
            gray = picture
        case (_, _, 2):  # YUYV: every other byte is luma
            gray = cv2.extractChannel(picture, 0)
        case (_, _, 3):
            gray = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        case shape:
            raise DeviceLostError(name, f"pictures of shape {shape} cannot be used")
    return gray.astype(np.uint8, order="C", copy=False)


class FileSource:
    """A video file, at its own pace or at `fps`; from the start again at its end.

    Options: device (the path), fps, loop (true).
    """

    live = False

    def __init__(self, name: str, options: option.Options) -> None:
        self._name = name
        self._path = option.text(name, options, "device")
        self._fps = _rate(name, options)
        self._loop = option.fact(name, options, "loop", default=True)
        self._capture: VideoCapture | None = None
        self._pause_s = 0.0
        self.format = "not open"

    def open(self) -> None:
        """Open the file.

        Raises:
            DeviceUnavailableError: Not there, or not a video.
        """
        capture = cv2.VideoCapture(self._path)
        picture = read_capture(capture)
        if picture is None:
            capture.release()
            raise DeviceUnavailableError(self._name, f"{self._path} is not there or not a video")
        capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
        rate = self._fps or capture.get(cv2.CAP_PROP_FPS)
        self._pause_s = 1 / max(rate, MIN_FPS) if rate > 0 else 1 / MAX_FPS
        self.format = f"{picture.shape[1]}x{picture.shape[0]} file"
        self._capture = capture

    def read(self) -> Picture | None:
        """Return the next picture, at the file's pace; None at its end, before it begins again.

        Raises:
            DeviceLostError: The end, when `loop` is off.
        """
        if self._capture is None:
            raise DeviceLostError(self._name, "the file is not open")
        time.sleep(self._pause_s)
        picture = read_capture(self._capture)
        if picture is not None:
            return Picture(luma(self._name, picture), time.monotonic())
        if not self._loop:
            raise DeviceLostError(self._name, "the file has ended")
        self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
        return None

    def close(self) -> None:
        """Close; may be called twice and raises nothing."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None


class FolderSource:
    """The pictures of a folder in the order of their names, each for `hold_s`, again and again.

    Options: device (the folder), fps, hold_s (1). Pictures may be added and taken away meanwhile.
    """

    live = False
    format = "folder"

    def __init__(self, name: str, options: option.Options) -> None:
        self._name = name
        self._folder = Path(option.text(name, options, "device"))
        self._hold_s = option.number(name, options, "hold_s", 1.0, 3600.0)
        self._pause_s = 1 / (_rate(name, options) or FOLDER_FPS)
        self._waiting: list[Path] = []
        self._gray: Gray | None = None
        self._until = 0.0

    def open(self) -> None:
        """Look for pictures.

        Raises:
            DeviceUnavailableError: No such folder, or no picture in it.
        """
        if not self._pictures():
            raise DeviceUnavailableError(self._name, f"{self._folder} holds no picture")

    def read(self) -> Picture | None:
        """Return the picture of the moment; None while there is none that can be read."""
        time.sleep(self._pause_s)
        now = time.monotonic()
        if self._gray is None or now >= self._until:
            self._gray = self._next_picture()
            self._until = now + self._hold_s
        return None if self._gray is None else Picture(self._gray, now)

    def close(self) -> None:
        """Forget the pictures; may be called twice and raises nothing."""
        self._waiting, self._gray = [], None

    def _pictures(self) -> list[Path]:
        try:
            found = [path for path in self._folder.iterdir() if path.suffix.lower() in SUFFIXES]
        except OSError:
            return []
        return sorted(found)

    def _next_picture(self) -> Gray | None:
        """Return the next picture that can be read; None when there is none in the folder."""
        self._waiting = self._waiting or self._pictures()
        while self._waiting:
            gray = read_gray(self._waiting.pop(0))
            if gray is not None:
                return gray
        return None


def read_gray(path: Path) -> Gray | None:
    """Return a picture file in grey; None when it is not there or not a picture."""
    try:
        picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    except VISION_FAULTS:
        return None
    return None if picture is None else picture.astype(np.uint8, copy=False)


def _rate(name: str, options: option.Options) -> float | None:
    if options.get("fps") is None:
        return None
    return max(MIN_FPS, option.number(name, options, "fps", 1.0, MAX_FPS))
