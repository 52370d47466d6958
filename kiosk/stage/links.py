"""How the stage talks to a running daemon: its control socket, asked one line at a time."""

import json
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from kiosk.stage.errors import ProcessError

LOOK_S: Final = 0.02
CALL_S: Final = 6.0


class Control:
    """One connection to `control.sock`.

    Args:
        path: The socket in the daemon's state directory.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._line: socket.socket | None = None
        self._stream: Any = None

    def ask(self, do: str, **arguments: object) -> Mapping[str, Any]:
        """Return the answer to one question.

        Raises:
            ProcessError: The daemon is gone or did not answer.
        """
        if self._stream is None:
            self._connect()
        try:
            self._stream.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
            self._stream.flush()
            answer = json.loads(self._stream.readline() or b"null")
        except (OSError, ValueError) as error:
            self.close()
            raise ProcessError(f"{self._path}: the daemon did not answer {do}") from error
        if not isinstance(answer, dict):
            self.close()
            raise ProcessError(f"{self._path}: the daemon hung up on {do}")
        return answer

    def alive(self) -> bool:
        """Whether the daemon answers."""
        try:
            return bool(self.ask("status").get("ok"))
        except ProcessError:
            return False

    def close(self) -> None:
        """Hang up; the next question connects again."""
        if self._stream is not None:
            with suppress(OSError):  # what was not sent cannot be sent to a daemon that is gone
                self._stream.close()
        if self._line is not None:
            self._line.close()
        self._line = self._stream = None

    def _connect(self) -> None:
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(CALL_S)
        try:
            line.connect(str(self._path))
        except OSError as error:
            line.close()
            raise ProcessError(f"{self._path}: no daemon there; start kiosk run first") from error
        self._line, self._stream = line, line.makefile("rwb")


def wait_for(seen: Callable[[], bool], limit_s: float) -> bool:
    """Return whether `seen` came true within the limit, looking often."""
    ends = time.monotonic() + limit_s
    while not seen():
        if time.monotonic() > ends:
            return False
        time.sleep(LOOK_S)
    return True
