"""A server on a real socket that answers each request with one planned fault."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import BinaryIO

STEP_S = 0.05  # between two bytes of a drip: far below any per-read timeout
PATIENCE_S = 20.0  # a drip that nobody ends stops by itself


@dataclass(frozen=True)
class Request:
    """What arrived: the request line, the headers in lower case and the body."""

    line: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """Path and query."""
        return self.line.split(" ")[1]


NO_REQUEST = Request("", {}, b"")


@dataclass
class Peer:
    """One accepted connection, as a fault sees it."""

    sock: socket.socket
    request: Request
    stopping: threading.Event
    gone: threading.Event = field(default_factory=threading.Event)

    def send(self, data: bytes) -> None:
        """Send all of `data`, noting when the client is gone."""
        try:
            self.sock.sendall(data)
        except OSError:
            self.gone.set()

    def drip(self, data: bytes) -> None:
        """Send byte by byte until the client is gone."""
        for at in range(len(data)):
            if self.gone.is_set() or self.stopping.wait(STEP_S):
                return
            self.send(data[at : at + 1])

    def hang(self) -> None:
        """Say nothing until the client is gone."""
        self.sock.settimeout(PATIENCE_S)
        with suppress(OSError):
            while self.sock.recv(1024):
                pass
        self.gone.set()


Fault = Callable[[Peer], None]


def response(
    body: bytes, status: str = "200 OK", headers: Mapping[str, str] | None = None
) -> bytes:
    """A well-formed answer that closes the connection."""
    fields = {"Content-Length": str(len(body)), "Connection": "close", **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


def answers(body: bytes, status: str = "200 OK", headers: Mapping[str, str] | None = None) -> Fault:
    """No fault: the whole answer at once."""
    return lambda peer: peer.send(response(body, status, headers))


def drips_headers(peer: Peer) -> None:
    """Each header byte arrives in time; all of them never do."""
    peer.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Filler: x\r\n" * 1000)


def drips_body(peer: Peer) -> None:
    """The headers at once, the body byte by byte."""
    whole = response(b"x" * 1000)
    head, _, body = whole.partition(b"\r\n\r\n")
    peer.send(head + b"\r\n\r\n")
    peer.drip(body)


def drips_unframed_body(peer: Peer) -> None:
    """A body without a length, byte by byte: shutting the socket down looks like its end."""
    peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    peer.drip(b"1\r\nx\r\n" * 1000)


def hangs(peer: Peer) -> None:
    """Takes the request and never answers."""
    peer.hang()


def resets(peer: Peer) -> None:
    """Closes with a reset instead of an answer."""
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def closes(peer: Peer) -> None:
    """Closes without an answer."""
    del peer


def sends(data: bytes) -> Fault:
    """Exactly these bytes, then the end."""
    return lambda peer: peer.send(data)


cuts_header = sends(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Le")
cuts_header_after_length = sends(b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\nX-Mo")
cuts_body = sends(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"payload":')
cuts_chunk = sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\nabc")
empty_200 = answers(b"")
garbage = sends(b"\x00\x16\x03\x01 this is not HTTP\r\n\r\n")
error_500 = answers(b"no", "500 Internal Server Error")
busy_503 = answers(b"", "503 Service Unavailable", {"Retry-After": "7"})
redirect = answers(b"", "302 Found", {"Location": "http://127.0.0.1:1/elsewhere"})
oversized = answers(b"x" * (3 << 20))
compressed = answers(b"\x1f\x8b", headers={"Content-Encoding": "gzip"})


NEVER_ENDING = b"10000\r\n" + b"x" * 65536 + b"\r\n"


def without_end(head: bytes, more: bytes = NEVER_ENDING) -> Fault:
    """A head, then the same again and again until the client is gone."""

    def floods(peer: Peer) -> None:
        peer.send(head)
        while not peer.gone.is_set() and not peer.stopping.is_set():
            peer.send(more)

    return floods


def head(*lines: bytes, status: bytes = b"200 OK") -> bytes:
    """The beginning of an answer, with these header lines."""
    return b"\r\n".join([b"HTTP/1.1 " + status, *lines, b"", b""])


CHUNKED = b"Transfer-Encoding: chunked"
FOUND = b"302 Found"
deep_reason = answers(b"[" * 16_000, "500 No", {"Content-Type": "application/json"})
endless_retry = answers(b"", "503 Busy", {"Retry-After": "1" * 5000})
endless_length = sends(head(b"Content-Length: " + b"1" * 5000) + b"{}")
negative_length = sends(head(b"Content-Length: -2") + b"{}")
negative_chunk = sends(head(CHUNKED) + b"-5\r\nabc")
all_there_is = without_end(head(CHUNKED) + b"-1\r\n", b"x" * 65536)
redirect_without_end = without_end(head(b"Location: /", CHUNKED, status=FOUND))
redirect_nowhere = answers(b"", "302 Found", {"Location": "http://["})
redirect_garbled = sends(head(b"Location: /\xff", b"Content-Length: 0", status=FOUND))
oversized_without_saying = without_end(head(CHUNKED))


class FaultyServer:
    """A listener on the loopback whose every connection meets the fault set at that time.

    With `keep` a connection serves request after request; without it only one. With `raw` the
    fault meets the connection before a request was read.
    """

    def __init__(self, fault: Fault, *, keep: bool = False, raw: bool = False) -> None:
        self.fault = fault
        self.requests: list[Request] = []
        self.peers: list[Peer] = []
        self._keep = keep
        self._raw = raw
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, name="faulty-accept")
        self._accepting.start()

    @property
    def url(self) -> str:
        """Address for a client."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def stop(self) -> None:
        """Close the listener and every connection, and wait for the threads."""
        self._stopping.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in tuple(self.peers):
            with suppress(OSError):
                peer.sock.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(sock,), name="faulty-serve")
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, sock.makefile("rb") as stream, suppress(OSError):
            sock.settimeout(PATIENCE_S)
            while (request := NO_REQUEST if self._raw else _read_request(stream)) is not None:
                peer = Peer(sock, request, self._stopping)
                self.requests.append(request)
                self.peers.append(peer)
                self.fault(peer)
                if not self._keep:
                    return


def _read_request(stream: BinaryIO) -> Request | None:
    line = stream.readline().decode().strip()
    if not line:
        return None
    headers: dict[str, str] = {}
    for raw in stream:
        name, _, value = raw.decode().strip().partition(":")
        if not name:
            break
        headers[name.lower()] = value.strip()
    length = int(headers.get("content-length", "0"))
    body = stream.read(length)
    return Request(line, headers, body)


@contextmanager
def serving(fault: Fault, *, keep: bool = False, raw: bool = False) -> Iterator[FaultyServer]:
    """A server with this fault, stopped at the end."""
    server = FaultyServer(fault, keep=keep, raw=raw)
    try:
        yield server
    finally:
        server.stop()


def closed_port() -> int:
    """A port of the loopback on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def as_json(value: object) -> Fault:
    """Answer with this value as JSON."""
    return answers(json.dumps(value).encode(), headers={"Content-Type": "application/json"})
