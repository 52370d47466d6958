"""One serial port by URL: a device path, `socket://host:port`, `spy://...`, `loop://`.

`rfc2217://` is refused: pyserial opens it only after up to 8 s and without a limit on writes.
Foreign errors end here: what comes out is `DeviceUnavailableError` or `DeviceLostError`.
`in_waiting` is never asked: on a closed peer it raises for ttys and lies for sockets.
"""

import errno
import select
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

import serial
from serial.urlhandler import protocol_socket

from drivers.base import READ_TIMEOUT_S, DeviceConfigError, DeviceLostError, DeviceUnavailableError

READ_BYTES: Final = 4096  # the size of the kernel's tty buffer: one read takes all of it
CONNECT_S: Final = 0.8  # of a TCP connection, so that stopping takes < 1 s
REMEDIES: Final = {
    errno.ENOENT: "not found (is it plugged in? see /dev/serial/by-id)",
    errno.EACCES: "not allowed (add this account to the group dialout)",
    errno.EAGAIN: "in use by another program (stop it, or choose another port)",
    errno.EBUSY: "in use by another program (stop it, or choose another port)",
    errno.ENOTTY: "not a serial port",
    errno.ECONNREFUSED: "refused the connection (is the serial server running?)",
}
protocol_socket.POLL_TIMEOUT = CONNECT_S  # nothing but how long it waits for a connection: 5 s


class Port:
    """An open port; one thread reads, writes and closes it."""

    def __init__(self, line: serial.SerialBase, device: str) -> None:
        self._line = line
        self._device = device
        self._fd = _descriptor(line)

    def read(self, timeout_s: float) -> bytes:
        """Return the bytes that are there, waiting at most `timeout_s` for the first.

        Raises:
            DeviceLostError: The link is gone.
        """
        try:
            if self._fd is None:
                return self._read_plain(timeout_s)
            ready, _, _ = select.select([self._fd], [], [], timeout_s)
            return bytes(self._line.read(READ_BYTES)) if ready else b""
        except (OSError, ValueError, TypeError) as error:
            raise DeviceLostError(self._device, "the link broke (unplugged?)") from error

    def write(self, data: bytes) -> None:
        """Send `data`.

        Raises:
            DeviceLostError: The link is gone or takes nothing more.
        """
        try:
            self._line.write(data)
        except (OSError, ValueError, TypeError) as error:
            raise DeviceLostError(self._device, "the link takes nothing (unplugged?)") from error

    def close(self) -> None:
        """Close; may be called twice and raises nothing."""
        self._fd = None
        with suppress(OSError):
            self._line.close()

    def _read_plain(self, timeout_s: float) -> bytes:
        """Read from a line that cannot be selected on, such as `loop://`."""
        self._line.timeout = timeout_s
        first = bytes(self._line.read(1))
        self._line.timeout = 0
        return first + bytes(self._line.read(READ_BYTES)) if first else b""


def open_port(url: str, *, baud: int, timeout_s: float = READ_TIMEOUT_S, device: str = "") -> Port:
    """Open `url` for this process alone.

    Args:
        url: Device path or pyserial URL.
        baud: Line rate; ignored by network URLs.
        timeout_s: Longest wait of a write.
        device: Name for the errors; the URL when empty.

    Raises:
        DeviceUnavailableError: Missing, in use or refused; nothing stays open.
        DeviceConfigError: The URL or the rate is not one.
    """
    name = device or url
    _check(name, url)
    try:
        line = serial.serial_for_url(
            url, baudrate=baud, timeout=0, write_timeout=timeout_s, exclusive=True
        )
    except OSError as error:
        raise DeviceUnavailableError(name, f"{url}: {_remedy(error)}") from error
    except (ValueError, KeyError) as error:  # KeyError: of an option in the URL
        raise DeviceConfigError(name, f"port {url!r} cannot be used ({error})") from error
    with suppress(OSError):  # a pty and many adapters have no modem lines (ENOTTY)
        line.dtr = True
        line.rts = True
    return Port(line, name)


def _check(name: str, url: str) -> None:
    """Refuse what can never be a port, before anything is opened."""
    if not url or not url.isprintable():
        raise DeviceConfigError(name, f"port {url!r} is neither a path nor a URL")
    if url.startswith("rfc2217:"):
        raise DeviceConfigError(
            name, "port rfc2217:// cannot be used (set its server to raw TCP: socket://host:port)"
        )
    if url.startswith("socket:"):
        with suppress(ValueError):
            where = urlsplit(url)
            if where.hostname and where.port:
                return
        raise DeviceConfigError(name, f"port {url!r} must be socket://host:port")


def _remedy(error: OSError) -> str:
    """Return what is wrong and what to do, in one line; pyserial hides the cause in a chain."""
    cause: BaseException | None = error
    while cause is not None:
        code = cause.args[0] if cause.args else None  # termios.error has no errno
        if code in REMEDIES:
            return REMEDIES[code]
        cause = cause.__context__
    return f"cannot be opened ({' '.join(str(error).split())})"


def _descriptor(line: serial.SerialBase) -> int | None:
    """Return what `select` can wait on, or None."""
    try:
        return int(line.fileno())
    except (OSError, ValueError, AttributeError):
        return None
