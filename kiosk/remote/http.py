"""One HTTP client per peer: a total deadline, a size cap, no redirects, no proxies, no cookies.

The timeouts of `requests` hold for each read, so a slow drip outlives them, and it takes an answer
whose headers were cut for a good one; here neither passes.
"""

import http.client
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Final
from urllib.parse import urlsplit

import orjson
import requests
import urllib3

from kiosk.remote.deadline import Watch, adapter
from kiosk.remote.errors import (
    BadAnswerError,
    NoAddressError,
    RefusedError,
    RemoteError,
    TimedOutError,
    UnreachableError,
)

DEADLINE_S: Final = 1.2  # DESIGN 5: a check may take 1.5 s in all
MAX_BYTES: Final = 1 << 20
CHUNK_BYTES: Final = 1 << 16
MAX_REASON: Final = 200
MAX_RETRY_S: Final = 86_400
WORKERS: Final = 4  # DESIGN 5: at most four workers a peer, so four kept connections
NO_ADDRESS: Final = (
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
)

_BODILESS: Final = frozenset({204, 304})
_LENGTH: Final = re.compile(r"[0-9]{1,18}")
_RETRY_DIGITS: Final = len(str(MAX_RETRY_S)) + 1  # a longer number is above the most we wait


@dataclass(frozen=True, slots=True)
class Ask:
    """One request; every request to our peers may be sent twice with the effect of one.

    Attributes:
        path: Below the peer's address, escaped, with its query.
    """

    method: str
    path: str
    body: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer, of any status.

    Attributes:
        headers: Names in lower case.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def media_type(self) -> str:
        """Type of the body without its parameters, "" when none was given."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class HttpClient:
    """A client of one peer; up to four threads may call it at once.

    Args:
        base_url: Address of the peer, `http://host:port` or `https://host`.
        token: Bearer token, "" for none.
        deadline_s: Bound of each call from start to last byte, on the monotonic clock. Only the
            lookup of a name can outlast it: the system's resolver cannot be interrupted.
        max_bytes: Largest body taken.
    """

    def __init__(
        self,
        base_url: str,
        token: str = "",
        *,
        deadline_s: float = DEADLINE_S,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._deadline_s = deadline_s
        self._max_bytes = max_bytes
        self._addresses = 0
        self._session = _Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        self._session.headers.clear()
        # A compressed body could grow past the cap while it is unpacked.
        self._session.headers.update({"User-Agent": "kiosk", "Accept-Encoding": "identity"})
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter(WORKERS))

    def call(self, ask: Ask, deadline_s: float | None = None) -> Reply:
        """Return the peer's whole answer, whatever its status.

        Raises:
            UnreachableError: No connection, or it broke before the answer.
            TimedOutError: The deadline passed first.
            BadAnswerError: The answer was cut, oversized, compressed or not HTTP.
        """
        ends = time.monotonic() + (self._deadline_s if deadline_s is None else deadline_s)
        try:
            return self._once(ask, ends)
        except _DroppedError:
            # A kept connection may be closed by the peer while the request is on its way.
            return self._once(ask, ends)

    def refused(self, reply: Reply) -> RefusedError:
        """Return the error for an answer with an error status."""
        return RefusedError(self.base_url, reply.status, reason_of(reply), retry_after_s(reply))

    def bad(self, what: str) -> BadAnswerError:
        """Return the error for an answer that is not what was asked."""
        return BadAnswerError(self.base_url, what)

    def close(self) -> None:
        """Close the kept connections; no other thread may be in a call."""
        self._session.close()

    def _once(self, ask: Ask, ends: float) -> Reply:
        left_s = ends - time.monotonic()
        if left_s <= 0:
            raise TimedOutError(self.base_url, "no answer in time")
        outcome: Reply | RemoteError
        with Watch(left_s) as watch:
            try:
                outcome = self._exchange(ask, left_s)
            except BadAnswerError as error:
                outcome = error
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
                outcome = self._explain(error)
        if watch.late:
            raise TimedOutError(self.base_url, "no answer in time")
        if isinstance(outcome, RemoteError):
            raise outcome
        return outcome

    def _exchange(self, ask: Ask, left_s: float) -> Reply:
        with self._session.request(
            ask.method,
            self.base_url + ask.path,
            data=ask.body,
            headers=dict(ask.headers),
            timeout=self._timeouts(left_s),
            allow_redirects=False,
            stream=True,
        ) as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            self._check_frame(ask, response.status_code, headers)
            return Reply(response.status_code, headers, self._body(response))

    def _timeouts(self, left_s: float) -> tuple[float, float]:
        """Share the time to connect among a name's addresses: each is tried after the other."""
        if not self._addresses:
            self._addresses = _count_addresses(self.base_url)
        return left_s / max(self._addresses, 1), left_s

    def _check_frame(self, ask: Ask, status: int, headers: Mapping[str, str]) -> None:
        if "content-encoding" in headers:
            raise self.bad("the answer is compressed though that was not offered")
        length = headers.get("content-length", "")
        if length and _LENGTH.fullmatch(length) is None:
            raise self.bad("the answer's length is no number")
        if length and int(length) > self._max_bytes:
            raise self.bad(f"the answer is larger than {self._max_bytes} bytes")
        framed = bool(length) or "chunked" in headers.get("transfer-encoding", "").lower()
        if not framed and status not in _BODILESS and ask.method != "HEAD":
            # Measured: a header cut in the middle reads as 200 with an empty body.
            raise self.bad("the answer names no length: it may be cut")

    def _body(self, response: requests.Response) -> bytes:
        body = bytearray()
        for chunk in response.raw.stream(CHUNK_BYTES, decode_content=False):
            body += chunk
            if len(body) > self._max_bytes:
                raise self.bad(f"the answer is larger than {self._max_bytes} bytes")
        return bytes(body)

    def _explain(self, error: Exception) -> RemoteError:
        """Return our error for one of `requests`, `urllib3` or the socket."""
        inner = _innermost(error)
        if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
            return TimedOutError(self.base_url, "no answer in time")
        if isinstance(inner, ConnectionResetError | BrokenPipeError):
            return _DroppedError(self.base_url, "the connection broke before the answer")
        if isinstance(inner, http.client.HTTPException | urllib3.exceptions.IncompleteRead):
            return self.bad("the answer is cut or is not HTTP")
        if isinstance(error, requests.exceptions.SSLError):
            return UnreachableError(self.base_url, "its TLS certificate is not accepted")
        if isinstance(error, NO_ADDRESS):
            return NoAddressError(self.base_url, "is no address: want http://HOST:PORT")
        return UnreachableError(self.base_url, "nobody answers; is it started and reachable?")


class _Session(requests.Session):
    """Does not look where a redirect leads: only to see that, all of its body would be read."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return nothing."""
        del resp


class _DroppedError(UnreachableError):
    """The connection ended where an answer should begin."""


def reason_of(reply: Reply) -> str:
    """Return why the peer refused as one printable line, "" when it gave no reason."""
    if reply.media_type.endswith("json"):
        text = _detail(reply.body)
    elif reply.media_type.startswith("text/"):
        text = reply.body[: 4 * MAX_REASON].decode("utf-8", errors="replace")
    else:
        return ""
    line = text.strip().partition("\n")[0]
    return "".join(letter for letter in line if letter.isprintable())[:MAX_REASON]


def retry_after_s(reply: Reply) -> int | None:
    """Return the seconds the peer asked to wait, at most a day; None when it did not say.

    A date is judged against the peer's own `Date`: no clock of ours takes part.
    """
    text = reply.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return min(int(text.lstrip("0")[:_RETRY_DIGITS] or "0"), MAX_RETRY_S)
    try:
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(reply.headers.get("date", ""))
    except (TypeError, ValueError):
        return None
    return min(max(int(wait.total_seconds()), 0), MAX_RETRY_S)


def _detail(body: bytes) -> str:
    """Return the `detail` of a problem document (RFC 9457 section 3.1.4), "" without one."""
    try:
        fields: object = orjson.loads(body)
    except ValueError:
        return ""
    detail = fields.get("detail") if isinstance(fields, dict) else ""
    return detail if isinstance(detail, str) else ""


def _innermost(error: BaseException) -> BaseException:
    """Return the error that the others were wrapped around."""
    parts = (*error.args, getattr(error, "reason", None))
    nested = next((part for part in parts if isinstance(part, BaseException)), None)
    return error if nested is None else _innermost(nested)


def _count_addresses(base_url: str) -> int:
    """Return how many addresses a connection may try, 0 when the name cannot be looked up."""
    try:
        address = urlsplit(base_url)
        return len(socket.getaddrinfo(address.hostname, address.port, type=socket.SOCK_STREAM))
    except (OSError, ValueError):
        return 0
