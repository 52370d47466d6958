"""A thread that owns a camera and keeps only its newest frame.

Somebody has to take pictures all the time: a camera that nobody reads for 3 s hands out frames
that are 2.9 s old when it is asked again, whatever buffer size was set.
"""

import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from drivers.base import DeviceLostError, DeviceUnavailableError, DriverError, Health
from drivers.vision import SELECT_TIMEOUT_S, VISION_FAULTS, Gray

STALE_S: Final = 0.3  # a fresh frame is 0.02 s old, a buffered one up to 2.9 s
WARM_UP_FRAMES: Final = 8  # exposure settles within 5 to 10 frames,
WARM_UP_S: Final = 1.0  # or a second of a slow camera
OPEN_S: Final = 5.0  # first frame of a USB camera, select time-out included
CLOSE_S: Final = 0.9  # a read that stalls longer is left to end by itself: stopping takes < 1 s
SILENT_S: Final = SELECT_TIMEOUT_S + 3.0  # no read takes longer, unless the kernel hangs
STUCK_S: Final = 30.0  # live pictures carry noise: two in a row are never the same
DARK_S: Final = 10.0  # a hand passes quicker
DARK_MEAN: Final = 8.0  # grey level
FLAT_SPREAD: Final = 2.0  # grey levels of standard deviation: a covered lens
DARK: Final = "the picture is dark: lens covered, or no light"
SAMPLE: Final = 8  # stride of the pixels that are looked at


@dataclass(frozen=True, slots=True)
class Picture:
    """What a source reads: a grey picture and the monotonic second when it was taken."""

    gray: Gray
    at: float


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture with its number; numbers rise by one a picture, over openings too."""

    seq: int
    at: float
    gray: Gray


class PictureSource(Protocol):
    """What the camera's thread opens, reads and closes; no other thread touches it.

    Attributes:
        live: Whether it is a camera: frames grow stale, warm up, and never repeat.
        format: What it delivers, such as "640x480 YUYV"; known once open.
    """

    live: bool
    format: str

    def open(self) -> None:
        """Open the source.

        Raises:
            DeviceUnavailableError: Not there, busy or without a picture; nothing stays open.
        """

    def read(self) -> Picture | None:
        """Return the next picture, waiting for it; None when it could not be used.

        Raises:
            DeviceLostError: No more pictures will come.
        """

    def close(self) -> None:
        """Close; may be called twice and raises nothing."""


class FrameSource(Protocol):
    """Newest frames, for a thread of the caller."""

    def open(self) -> None:
        """Open the source and start taking pictures."""

    def latest(self, after: int, timeout_s: float) -> Frame | None:
        """Return the newest frame numbered above `after`, or None when none comes in time."""

    def close(self) -> None:
        """Stop and close."""

    def health(self) -> Health:
        """State and counters: frames, stale."""


class PictureWatch:
    """Notices a picture that is dark, covered or stuck; numbers in, facts out."""

    def __init__(self) -> None:
        self._crc: int | None = None
        self.changed_at: float | None = None
        self.dark_since: float | None = None
        self.brightness = 0.0

    def look(self, gray: Gray, at: float) -> None:
        """Take in a picture."""
        sample = gray[::SAMPLE, ::SAMPLE]
        self.brightness = float(sample.mean())
        dark = self.brightness < DARK_MEAN or float(sample.std()) < FLAT_SPREAD
        if not dark:
            self.dark_since = None
        elif self.dark_since is None:
            self.dark_since = at
        crc = zlib.crc32(sample.tobytes())
        if crc != self._crc or dark:  # black is black: a covered lens is not a stuck camera
            self._crc, self.changed_at = crc, at

    def is_stuck(self, at: float) -> bool:
        """Return whether the very same picture has come for `STUCK_S`."""
        return self.changed_at is not None and at - self.changed_at > STUCK_S

    def is_dark(self, at: float) -> bool:
        """Return whether nothing could be seen for `DARK_S`."""
        return self.dark_since is not None and at - self.dark_since > DARK_S


class Camera:
    """The frame source over a picture source; one caller opens, reads and closes it.

    Args:
        source: Opened, read and closed by the camera's own thread only.
        clock: Monotonic seconds.
        open_s: How long opening may take.
        close_s: How long closing may take; a thread that still waits for the camera closes it
            by itself as soon as its read ends.
    """

    def __init__(
        self,
        name: str,
        source: PictureSource,
        clock: Callable[[], float] = time.monotonic,
        *,
        open_s: float = OPEN_S,
        close_s: float = CLOSE_S,
    ) -> None:
        self.name = name
        self._source = source
        self._clock = clock
        self._open_s = open_s
        self._close_s = close_s
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._is_open = False
        self._error: DriverError | None = None
        self._frame: Frame | None = None
        self._seq = 0
        self._opens = 0
        self._stale = 0
        self._heard_at = self._opened_at = 0.0
        self._watch = PictureWatch()

    def open(self) -> None:
        """Start the thread and wait until it has the camera open; an open one is opened anew.

        Raises:
            DeviceUnavailableError: Not there, busy, or still held by a read that hangs.
        """
        self.close()
        if self._thread is not None:
            raise DeviceUnavailableError(self.name, "the camera is still held by an earlier read")
        self._stop = threading.Event()
        self._is_open, self._error, self._frame = False, None, None
        self._heard_at = self._opened_at = self._clock()
        self._watch = PictureWatch()
        self._thread = threading.Thread(
            target=self._run, args=(self._stop,), name=f"camera-{self.name}", daemon=True
        )
        self._thread.start()
        with self._news:
            self._news.wait_for(lambda: self._is_open or self._error is not None, self._open_s)
        if not self._is_open:
            self.close()
            raise DeviceUnavailableError(self.name, self._why_not())
        self._opens += 1

    def latest(self, after: int, timeout_s: float) -> Frame | None:
        """Return the newest frame numbered above `after`; None when none comes in time.

        Raises:
            DeviceLostError: The camera is gone, stalled or stuck; close and open again.
        """
        if self._thread is None:
            raise DeviceLostError(self.name, "the camera is not open")
        with self._news:
            self._news.wait_for(
                lambda: (
                    self._error is not None or (self._frame is not None and self._frame.seq > after)
                ),
                timeout_s,
            )
            error, frame = self._error, self._frame
        if error is not None:
            raise DeviceLostError(self.name, self._why_not()) from error
        if self._clock() - self._heard_at > SILENT_S:
            raise DeviceLostError(self.name, "the camera's driver hangs")
        if frame is None or frame.seq <= after or self._is_stale(frame.at):
            return None
        return frame

    def close(self) -> None:
        """Stop the thread, which closes the camera; returns within `close_s` whatever it does."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(self._close_s)
            if not self._thread.is_alive():
                self._thread = None
        self._is_open = False

    def health(self) -> Health:
        """State and counters: opens, frames (since the start), stale (dropped for their age)."""
        counters = {"opens": self._opens, "frames": self._seq, "stale": self._stale}
        last_seen = None if self._frame is None else self._frame.at
        complaint = self._complaint(last_seen)
        detail = complaint or f"taking pictures, {self._source.format}"
        return Health(not complaint, detail, last_seen, counters)

    def _complaint(self, last_seen: float | None) -> str:
        """Return what is wrong with the camera; empty when nothing is."""
        now = self._clock()
        if self._error is not None:
            return self._why_not()
        if not self._is_open:
            return "closed"
        if now - max(last_seen or 0.0, self._opened_at) > SILENT_S:
            return "no fresh picture"
        if self._watch.is_dark(now):
            return DARK
        return ""

    def _why_not(self) -> str:
        """Return the error without the device's name in front."""
        if self._error is None:
            return "the camera does not answer"
        return str(self._error).removeprefix(f"{self.name}: ")

    def _is_stale(self, at: float) -> bool:
        return self._source.live and self._clock() - at > STALE_S

    def _run(self, stop: threading.Event) -> None:
        """Own the camera until stopped or lost; anything that goes wrong is told to the caller."""
        error: DriverError = DeviceLostError(self.name, "the camera's thread ended by a fault")
        try:
            self._source.open()
            with self._news:
                self._is_open = not stop.is_set()
                self._news.notify_all()
            self._take(stop)
        except DriverError as raised:
            error = raised
        except VISION_FAULTS as raised:
            error = DeviceLostError(
                self.name, f"the camera library failed: {type(raised).__name__}"
            )
        finally:
            self._source.close()
            with self._news:
                if not stop.is_set():
                    self._error = error
                self._news.notify_all()

    def _take(self, stop: threading.Event) -> None:
        """Take pictures until stopped; the first ones of a camera are not yet well exposed."""
        opened_at, dropped = self._clock(), 0
        while not stop.is_set():
            picture = self._source.read()
            self._heard_at = now = self._clock()
            if picture is None or stop.is_set():
                continue
            if self._source.live and dropped < WARM_UP_FRAMES and now - opened_at < WARM_UP_S:
                dropped += 1
            elif self._is_stale(picture.at):
                self._stale += 1
            else:
                self._publish(picture, now)

    def _publish(self, picture: Picture, now: float) -> None:
        self._watch.look(picture.gray, now)
        if self._source.live and self._watch.is_stuck(now):
            raise DeviceLostError(self.name, f"the picture has been the same for {STUCK_S:.0f} s")
        with self._news:
            self._seq += 1
            self._frame = Frame(self._seq, picture.at, picture.gray)
            self._news.notify_all()
