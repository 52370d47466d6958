"""The far end of a serial line: a thread behind a pseudo terminal with a name of its own."""

import os
import select
import time
import tty
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Final

from drivers.base import DeviceUnavailableError
from drivers.sim.field import Field
from drivers.sim.rfid_mind import Mind, flip_sum

TICK_S: Final = 0.005
PIECE_S: Final = 0.003  # a USB adapter hands a frame over in pieces some ms apart
READ_BYTES: Final = 4096


class PtyPeer:
    """Lives at `path`, a symlink to the terminal's slave; the real driver opens that path."""

    def __init__(self, name: str, path: Path, mind: Mind, field: Field) -> None:
        self.name = name
        self.path = path
        self._mind = mind
        self._field = field
        self._guard = Lock()
        self._thread: Thread | None = None
        self._stop = Event()
        self._fds: tuple[int, int] | None = None

    def start(self) -> None:
        """Plug the line in: a new terminal under the same path; nothing when it is in.

        Raises:
            DeviceUnavailableError: No terminal is to be had, or the path cannot be written.
        """
        with self._guard:
            if self._fds is not None:
                return
            try:
                master, slave = os.openpty()
            except OSError as error:
                raise DeviceUnavailableError(self.name, f"no pseudo terminal ({error})") from error
            try:
                tty.setraw(slave)
                os.set_blocking(master, False)
                self._link(os.ttyname(slave))
            except OSError as error:
                os.close(master)
                os.close(slave)
                raise DeviceUnavailableError(self.name, f"{self.path}: {error.strerror}") from error
            self._fds = (master, slave)
            self._stop = Event()
            self._thread = Thread(
                target=self._run, args=(master, self._stop), name=f"sim {self.name}", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Pull the line out: the terminal closes and its path goes; nothing when it is out."""
        with self._guard:
            fds, self._fds = self._fds, None
            if fds is None:
                return
            self._stop.set()
            if self._thread is not None:
                self._thread.join()
            with suppress(OSError):
                if str(self.path.readlink()) == os.ttyname(fds[1]):
                    self.path.unlink()
            for fd in fds:
                os.close(fd)

    def _link(self, terminal: str) -> None:
        """Put the symlink in place in one step."""
        fresh = self.path.with_name(f".{self.path.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(terminal)
        fresh.replace(self.path)

    def _run(self, master: int, stop: Event) -> None:
        while not stop.is_set():
            ready, _, _ = select.select([master], [], [], TICK_S)
            now = time.monotonic()
            data = os.read(master, READ_BYTES) if ready else b""  # no EIO: a slave is open
            if self._field.silent:
                continue
            if data:
                self._mind.hear(data, now)
            self._send(master, self._mind.speak(now))

    def _send(self, master: int, frames: Sequence[bytes]) -> None:
        whole = b""
        for frame in frames:
            spoiled = flip_sum(frame) if self._field.take("bad_checksum") else frame
            noise = self._field.noise() if self._field.take("noise") else b""
            if self._field.take("split"):
                _write(master, whole + noise)
                whole = b""
                for at in range(0, len(spoiled), 5):
                    _write(master, spoiled[at : at + 5])
                    time.sleep(PIECE_S)
            else:
                whole += noise + spoiled
        _write(master, whole)


def _write(master: int, data: bytes) -> None:
    """Write what fits; a line that nobody reads loses the rest, as a real one does."""
    if data:
        with suppress(BlockingIOError):
            os.write(master, data)
