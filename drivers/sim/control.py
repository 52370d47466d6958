"""The socket on which a script tells the simulators what happens: JSON lines, one reply each.

`{"device": NAME, "do": VERB, ...}` -> `{"ok": true, ...}` or `{"ok": false, "error": "..."}`.
"""

import json
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread
from typing import Final

from drivers.base import DeviceUnavailableError, DriverError, SimDevice
from drivers.unix_socket import listen_at

BACKLOG: Final = 8
LINE_BYTES: Final = 65_536
POLL_S: Final = 0.2


class SimServer:
    """Serves orders while the daemon runs; `stop` ends every connection."""

    def __init__(self, path: Path, devices: Sequence[SimDevice]) -> None:
        self._path = path
        self._devices = {device.name: device for device in devices}
        self._listener: socket.socket | None = None
        self._talks: dict[socket.socket, Thread] = {}
        self._guard = Lock()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Listen on the socket, for this account alone.

        Raises:
            DeviceUnavailableError: The path is too long or cannot be written.
        """
        try:
            listener = listen_at(self._path, BACKLOG)
        except OSError as error:
            raise DeviceUnavailableError("simulators", f"{self._path}: {error}") from error
        self._listener = listener
        self._thread = Thread(target=self._accept, args=(listener,), name="sim control")
        self._thread.start()

    def stop(self) -> None:
        """Stop; may be called twice and raises nothing."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # wakes accept
        if self._thread is not None:
            self._thread.join()
        listener.close()
        with self._guard:
            talks = dict(self._talks)
        for line, thread in talks.items():
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            thread.join()
        self._path.unlink(missing_ok=True)

    def obey(self, line: str | bytes) -> Mapping[str, object]:
        """Carry out one line; return the reply."""
        try:
            order = json.loads(line)
        except (ValueError, RecursionError):
            return {"ok": False, "error": "an order is one JSON object on one line"}
        if not isinstance(order, dict):
            return {"ok": False, "error": "an order is one JSON object on one line"}
        device = self._devices.get(str(order.get("device")))
        if device is None:
            known = ", ".join(sorted(self._devices)) or "none"
            return {"ok": False, "error": f"no such device (known: {known})"}
        try:
            return {"ok": True, **device.obey(order)}
        except (ValueError, DriverError) as error:
            return {"ok": False, "error": str(error)}

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            thread = Thread(target=self._talk, args=(line,), name="sim talk")
            with self._guard:
                self._talks[line] = thread
            thread.start()

    def _talk(self, line: socket.socket) -> None:
        with line, line.makefile("rwb") as stream, suppress(OSError):
            while order := stream.readline(LINE_BYTES):
                stream.write(json.dumps(self.obey(order)).encode() + b"\n")
                stream.flush()
        with self._guard:
            self._talks.pop(line, None)


class SimClient:
    """The other end: one connection, one order at a time."""

    def __init__(self, path: Path, timeout_s: float = 10.0) -> None:
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._line.settimeout(timeout_s)
        try:
            self._line.connect(str(path))
        except OSError as error:
            self._line.close()
            raise DeviceUnavailableError("simulators", f"{path}: {error}") from error
        self._stream = self._line.makefile("rwb")

    def tell(self, device: str, do: str, **arguments: object) -> Mapping[str, object]:
        """Send one order; return the reply without its `ok`.

        Raises:
            ValueError: The simulator refused the order.
            DeviceUnavailableError: The server is gone.
        """
        order = {"device": device, "do": do, **arguments}
        try:
            self._stream.write(json.dumps(order).encode() + b"\n")
            self._stream.flush()
            reply = json.loads(self._stream.readline(LINE_BYTES) or b"null")
        except OSError as error:
            raise DeviceUnavailableError("simulators", f"no reply ({error})") from error
        if not isinstance(reply, dict):
            raise DeviceUnavailableError("simulators", "the control socket closed")
        if not reply.pop("ok", False):
            raise ValueError(str(reply.get("error", "refused")))
        return reply

    def close(self) -> None:
        """Close; may be called twice and raises nothing."""
        with suppress(OSError):
            self._stream.close()
        self._line.close()
