"""A code reader made of a camera and the decode ladder; only texts in the token grammar leave it.

Every other text is counted and dropped, unread by anybody: what a picture holds is whatever a
stranger printed.
"""

from collections.abc import Sequence

from drivers.base import READ_TIMEOUT_S, CodeRead, Health
from drivers.camera import Camera, FrameSource
from drivers.options import Options
from drivers.pictures import FileSource, FolderSource
from drivers.qr import Ladder
from drivers.qr_token import is_token
from drivers.v4l2 import V4l2Source


class CodeCamera:
    """A `CodeReader` over frames; one thread opens, polls and closes it."""

    def __init__(self, name: str, frames: FrameSource, ladder: Ladder | None = None) -> None:
        self.name = name
        self._frames = frames
        self._ladder = Ladder(wanted=is_token) if ladder is None else ladder
        self._seq = 0
        self._decoded = 0
        self._rejected = 0

    def open(self) -> None:
        """Open the camera.

        Raises:
            DeviceUnavailableError: Not there or busy; nothing stays open.
        """
        self._frames.open()

    def poll(self, timeout_s: float) -> Sequence[CodeRead]:
        """Return the tokens in the newest frame; empty when no new frame or token came in time.

        Raises:
            DeviceLostError: The camera is gone; close and open again.
        """
        frame = self._frames.latest(self._seq, min(timeout_s, READ_TIMEOUT_S))
        if frame is None:
            return ()
        self._seq = frame.seq
        texts = self._ladder.read(frame.gray, frame.at)
        reads = [CodeRead(text, frame.at, self.name) for text in texts if is_token(text)]
        self._decoded += len(reads)
        self._rejected += len(texts) - len(reads)
        return reads

    def close(self) -> None:
        """Close; may be called twice and raises nothing."""
        self._frames.close()

    def health(self) -> Health:
        """State and counters: opens, frames, stale, decoded, rejected, extra (rungs), faults."""
        health = self._frames.health()
        counters = dict(health.counters) | {
            "decoded": self._decoded,
            "rejected": self._rejected,
            "extra": self._ladder.extra,
            "faults": self._ladder.faults,
        }
        return Health(health.ok, health.detail, health.last_seen, counters)


def v4l2_frames(name: str, options: Options) -> Camera:
    """Return the frames of a USB camera; options as of `drivers.v4l2.V4l2Source`."""
    return Camera(name, V4l2Source(name, options))


def file_frames(name: str, options: Options) -> Camera:
    """Return the frames of a video file; options as of `drivers.pictures.FileSource`."""
    return Camera(name, FileSource(name, options))


def folder_frames(name: str, options: Options) -> Camera:
    """Return the frames of a folder; options as of `drivers.pictures.FolderSource`."""
    return Camera(name, FolderSource(name, options))


def v4l2_reader(name: str, options: Options) -> CodeCamera:
    """Return a code reader on a USB camera."""
    return CodeCamera(name, v4l2_frames(name, options))


def file_reader(name: str, options: Options) -> CodeCamera:
    """Return a code reader on a video file."""
    return CodeCamera(name, file_frames(name, options))


def folder_reader(name: str, options: Options) -> CodeCamera:
    """Return a code reader on a folder of pictures."""
    return CodeCamera(name, folder_frames(name, options))
