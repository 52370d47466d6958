"""The eye's socket as a code reader: codes decoded in a process of its own, behind a wall."""

import select
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from drivers import options as option
from drivers.base import (
    READ_TIMEOUT_S,
    CodeRead,
    DeviceLostError,
    DeviceUnavailableError,
    Health,
)
from drivers.eye_lines import EVERY_S, LINE_BYTES, Seeing, decode

CONNECT_S: Final = 1.0
SILENT_S: Final = 4 * EVERY_S  # an eye that says nothing for so long hangs
STALE_S: Final = 1.0  # a code that lay in the socket longer is no longer in view
CHUNK_BYTES: Final = 65_536


class EyeSocket:
    """Reads codes from the eye; see `drivers.base.CodeReader`. One thread only.

    Options: device (the path of the socket).
    """

    def __init__(
        self, name: str, options: option.Options, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = name
        self._path = option.text(name, options, "device")
        self._clock = clock
        self._socket: socket.socket | None = None
        self._rest = b""
        self._heard_at = 0.0
        self._seeing: Seeing | None = None
        self._counts = {"opens": 0, "frames": 0, "decoded": 0, "stale": 0, "rejected": 0}
        self._frames_before = 0

    def open(self) -> None:
        """Connect, and hear that the eye has its camera.

        Raises:
            DeviceUnavailableError: No eye, or an eye without a camera; nothing stays open.
        """
        self.close()
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(CONNECT_S)
        try:
            line.connect(self._path)
        except OSError as error:
            line.close()
            why = error.strerror or type(error).__name__
            raise DeviceUnavailableError(
                self.name, f"no eye at {self._path}: {why} (does kiosk eye run?)"
            ) from error
        self._socket, self._rest, self._seeing = line, b"", None
        self._frames_before = self._counts["frames"]
        self._heard_at = self._clock()
        try:
            self._await_camera()
        except DeviceLostError as error:
            self.close()
            raise DeviceUnavailableError(self.name, _bare(error)) from error
        self._counts["opens"] += 1

    def poll(self, timeout_s: float) -> Sequence[CodeRead]:
        """Return the codes said since the last call, without those that came too late.

        Raises:
            DeviceLostError: The eye is gone, silent, or lost its camera.
        """
        codes = self._hear(min(timeout_s, READ_TIMEOUT_S))
        if self._seeing is not None and not self._seeing.is_open:
            raise DeviceLostError(self.name, f"the eye has no camera: {self._seeing.health.detail}")
        fresh = [code for code in codes if self._clock() - code.at <= STALE_S]
        self._counts["stale"] += len(codes) - len(fresh)
        self._counts["decoded"] += len(fresh)
        return fresh

    def close(self) -> None:
        """Hang up; may be called twice and raises nothing."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def health(self) -> Health:
        """State and counters: opens, frames (as the eye says), decoded, stale, rejected lines."""
        if self._socket is None:
            return Health(ok=False, detail="closed", counters=dict(self._counts))
        if self._seeing is None:
            return Health(ok=False, detail="the eye is silent", counters=dict(self._counts))
        said = self._seeing.health
        return Health(said.ok, said.detail, said.last_seen, dict(self._counts))

    def _await_camera(self) -> None:
        """Wait for the first word about the camera; codes before it are not lost, they repeat."""
        limit = self._clock() + CONNECT_S
        while self._seeing is None and self._clock() < limit:
            self._hear(READ_TIMEOUT_S)
        if self._seeing is None:
            raise DeviceLostError(self.name, "the eye is silent")
        if not self._seeing.is_open:
            raise DeviceLostError(self.name, f"the eye has no camera: {self._seeing.health.detail}")

    def _hear(self, timeout_s: float) -> list[CodeRead]:
        """Return the codes in what the eye says within the time; remember how it says it is."""
        if self._socket is None:
            raise DeviceLostError(self.name, "the eye's socket is not open")
        ready, _, _ = select.select([self._socket], [], [], timeout_s)
        if not ready:
            if self._clock() - self._heard_at > SILENT_S:
                raise DeviceLostError(self.name, "the eye is silent")
            return []
        try:
            chunk = self._socket.recv(CHUNK_BYTES)
        except OSError as error:
            raise DeviceLostError(self.name, "the eye is gone") from error
        if not chunk:
            raise DeviceLostError(self.name, "the eye is gone")
        self._heard_at = self._clock()
        return list(self._said(chunk))

    def _said(self, chunk: bytes) -> Iterator[CodeRead]:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > LINE_BYTES:
            raise DeviceLostError(self.name, "the eye says a line that never ends")
        for line in lines:
            said = decode(line, self.name)
            if isinstance(said, CodeRead):
                yield said
            elif isinstance(said, Seeing):
                self._seeing = said
                frames = self._frames_before + said.health.counters.get("frames", 0)
                self._counts["frames"] = max(self._counts["frames"], frames)
            else:
                self._counts["rejected"] += 1


def _bare(error: DeviceLostError) -> str:
    return str(error).removeprefix(f"{error.device}: ")
