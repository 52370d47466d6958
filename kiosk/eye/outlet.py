"""The eye's socket: everything said goes to every listener; a slow or gone one is dropped.

It never blocks and never listens to what it is told: nothing can be asked of the eye.
"""

import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from drivers.base import DeviceUnavailableError
from drivers.unix_socket import listen_at

LISTENERS_MAX: Final = 8
ACCESS: Final = 0o660  # as far as the umask leaves it: owner only, unless the unit adds its group
NAME: Final = "eye"


class Outlet:
    """A listening Unix socket; one thread only."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._listener: socket.socket | None = None
        self._lines: list[socket.socket] = []

    def open(self) -> None:
        """Listen; a socket that a dead eye left behind is taken over.

        Raises:
            DeviceUnavailableError: Another eye listens there, or the path cannot be written.
        """
        if self._is_answered():
            raise DeviceUnavailableError(NAME, f"another eye listens on {self._path} (stop it)")
        try:
            self._listener = listen_at(self._path, LISTENERS_MAX, ACCESS)
        except OSError as error:
            why = error.strerror or str(error)
            raise DeviceUnavailableError(NAME, f"cannot listen on {self._path}: {why}") from error
        self._listener.setblocking(False)

    def greet(self, word: Callable[[], bytes]) -> None:
        """Take in whoever came; each hears `word` first."""
        if self._listener is None:
            return
        with suppress(BlockingIOError):
            while True:
                line, _ = self._listener.accept()
                line.setblocking(False)
                if len(self._lines) < LISTENERS_MAX and _said(line, word()):
                    self._lines.append(line)
                else:
                    line.close()

    def say(self, words: bytes) -> None:
        """Say whole lines to everybody; who cannot take all of it at once is hung up on."""
        for line in tuple(self._lines):
            if not _said(line, words):
                self._lines.remove(line)
                line.close()

    def close(self) -> None:
        """Hang up and take the socket away; may be called twice."""
        for line in self._lines:
            line.close()
        self._lines = []
        if self._listener is not None:
            self._listener.close()
            self._listener = None
            self._path.unlink(missing_ok=True)

    def _is_answered(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.setblocking(False)
            try:
                probe.connect(str(self._path))
            except BlockingIOError:  # somebody listens, and has many callers
                return True
            except OSError:
                return False
        return True


def _said(line: socket.socket, words: bytes) -> bool:
    try:
        return line.send(words, socket.MSG_NOSIGNAL) == len(words)
    except OSError:
        return False
