"""A total deadline for `requests`: a watch shuts the socket of a call down when its time is over.

It reaches the socket in every phase: connecting, TLS handshake, headers and body. The classes
below only hand sockets to the watch of the call that runs on their thread.
"""

import http.client
import io
import socket
import threading
from contextlib import suppress
from contextvars import ContextVar
from types import TracebackType
from typing import Final, Self, cast

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

STRIKE_S: Final = 0.02  # a socket that did not exist yet is shut down at the next strike


class Watch:
    """Bounds one call from `with` to its end; for the thread that enters it.

    Args:
        left_s: Monotonic seconds that the call may take.
    """

    def __init__(self, left_s: float) -> None:
        self._left_s = left_s
        self._kept: HTTPConnection | None = None
        self._opened: list[socket.socket] = []
        self._late = threading.Event()
        self._done = threading.Event()
        self._guard = threading.Thread(target=self._strike, name="http-deadline", daemon=True)

    @property
    def late(self) -> bool:
        """Whether the deadline passed before the call ended."""
        return self._late.is_set()

    def __enter__(self) -> Self:
        self._outer = _WATCH.set(self)
        self._guard.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._guard.join()
        _WATCH.reset(self._outer)
        for line in self._opened:
            line.close()

    def takes(self, kept: HTTPConnection) -> None:
        """Watch a connection from the pool."""
        self._kept = kept

    def opens(self, sock: socket.socket) -> None:
        """Watch a new socket; the copy outlives the wrapping that TLS does to the original."""
        self._opened.append(sock.dup())

    def _strike(self) -> None:
        if self._done.wait(self._left_s):
            return
        self._late.set()
        while True:
            kept = getattr(self._kept, "sock", None)
            for line in (*self._opened, *([] if kept is None else [kept])):
                with suppress(OSError):
                    # SSLSocket.shutdown would also drop its TLS state under the reader's feet.
                    socket.socket.shutdown(line, socket.SHUT_RDWR)
            if self._done.wait(STRIKE_S):
                return


_WATCH: Final[ContextVar[Watch]] = ContextVar("watch")


def adapter(connections: int) -> HTTPAdapter:
    """Return a transport whose sockets obey the watch of their call, keeping some open."""
    transport = HTTPAdapter(pool_maxsize=connections)
    transport.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
    return transport


class _Reader(io.BufferedReader):
    def read(self, size: int | None = -1, /) -> bytes:
        # A chunk of -1 bytes asks for all there is, past every cap and deadline.
        if size is None or size < 0:
            raise http.client.HTTPException("nothing is read without a bound")
        return super().read(size)


class _Response(http.client.HTTPResponse):
    def __init__(
        self,
        sock: socket.socket,
        debuglevel: int = 0,
        method: str | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        self.fp = _Reader(self.fp.detach())


class _PlainConnection(HTTPConnection):
    response_class = _Response

    def _new_conn(self) -> socket.socket:
        return _opened(super()._new_conn())


class _TlsConnection(HTTPSConnection):
    response_class = _Response

    def _new_conn(self) -> socket.socket:
        return _opened(super()._new_conn())


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection

    def _get_conn(self, timeout: float | None = None) -> HTTPConnection:
        return _taken(super()._get_conn(timeout))


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection

    def _get_conn(self, timeout: float | None = None) -> HTTPConnection:
        return _taken(super()._get_conn(timeout))


def _opened(sock: socket.socket) -> socket.socket:
    _WATCH.get().opens(sock)
    return sock


def _taken(connection: object) -> HTTPConnection:
    kept = cast("HTTPConnection", connection)
    _WATCH.get().takes(kept)
    return kept
