"""Client of the hub: upload of the log, signed documents, the payment feed."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from itertools import pairwise
from typing import Annotated, Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from kiosk.core.money import MAX_MINOR
from kiosk.core.values import Epc, Payment, VisitId
from kiosk.remote.http import MAX_RETRY_S, Ask, HttpClient, Reply, reason_of, retry_after_s
from kiosk.remote.orders import Count, PaymentOrder, PaymentsPage, RecordedPayment

DEADLINE_S: Final = 10.0  # a batch of 256 events over a slow line; nobody waits at the door for it
MAX_BYTES: Final = 16 << 20  # a catalogue of 100,000 articles
RETRY_S: Final = 30  # when the hub says "later" without a time
JSON: Final = {"Content-Type": "application/json"}
NDJSON: Final = {"Content-Type": "application/x-ndjson"}
_SIZE: Final = re.compile(rb"[0-9]{1,15}\n?")


@dataclass(frozen=True, slots=True)
class Accepted:
    """The hub holds the log durably up to `size`; send more after `next_after_s`."""

    size: int
    next_after_s: int


@dataclass(frozen=True, slots=True)
class Gap:
    """The hub holds `size` entries: go on from there."""

    size: int


@dataclass(frozen=True, slots=True)
class Forked:
    """The hub holds another history under this name; uploading must stop and say so."""

    detail: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The hub will never take this batch as it is: unknown log, bad entry, too large."""

    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class RetryLater:
    """The hub has no room now; send the same again after `after_s`."""

    after_s: int


SyncReply = Accepted | Gap | Forked | Rejected | RetryLater


_Seconds = Annotated[int, msgspec.Meta(ge=0, le=MAX_RETRY_S)]


class _AcceptedBody(msgspec.Struct):
    size: Count
    next_after_s: _Seconds = 60


class _PaymentBody(msgspec.Struct):
    number: Count
    visit: str
    currency: str
    key: str
    epcs: tuple[str, ...] = ()
    amount_minor: Annotated[int, msgspec.Meta(ge=0, le=MAX_MINOR)] = 0


class _PageBody(msgspec.Struct):
    payments: tuple[_PaymentBody, ...]
    next: Count


_Body = TypeVar("_Body", _AcceptedBody, _PageBody, RecordedPayment)


class HubClient:
    """Client of one hub; up to four threads may use it at once.

    Args:
        base_url: Address of the hub.
        token: Kiosk or staff token; documents and the log need none.
        deadline_s: Total bound of each call; long polls add their wait to it.
    """

    def __init__(self, base_url: str, token: str = "", *, deadline_s: float = DEADLINE_S) -> None:
        self._http = HttpClient(base_url, token, deadline_s=deadline_s, max_bytes=MAX_BYTES)
        self._deadline_s = deadline_s

    def document(self, kind: str, version: int = 0) -> bytes | None:
        """Return the envelope of the policy, keys or catalogue; None when none is newer.

        Args:
            kind: "policy", "keys" or "catalogue".
            version: The one already held, 0 for none.

        Raises:
            RemoteError: Not known whether there is a newer one.
        """
        held = {"If-None-Match": f'"{version}"'} if version else {}
        reply = self._http.call(Ask("GET", f"/v1/documents/{quote(kind, safe='')}", headers=held))
        if reply.status in {HTTPStatus.NOT_MODIFIED, HTTPStatus.NOT_FOUND}:
            return None
        return self._expect(reply, HTTPStatus.OK).body

    def put_document(self, kind: str, envelope: bytes) -> bool:
        """Publish a document that the owner signed; False when it was published before.

        Raises:
            RefusedError: 409 the version does not rise, 422 it breaks the rules of its kind.
            RemoteError: Not known to be published.
        """
        path = f"/v1/documents/{quote(kind, safe='')}"
        reply = self._http.call(Ask("PUT", path, envelope, JSON))
        return self._expect(reply, HTTPStatus.OK, HTTPStatus.CREATED).status == HTTPStatus.CREATED

    def check_policy(self, payload: bytes) -> None:
        """Return when the hub would publish this policy now; it is not signed, and not kept.

        Raises:
            RefusedError: Why it would not.
            RemoteError: Not known.
        """
        ask = Ask("POST", "/v1/documents/policy/check", payload, JSON)
        self._expect(self._http.call(ask), HTTPStatus.OK)

    def upload(
        self, log: str, start: int, body: bytes, deadline_s: float | None = None
    ) -> SyncReply:
        """Return what the hub says to a batch that begins at entry `start` of `log`.

        Args:
            log: Origin of the log, "shop/kiosk".
            body: NDJSON: at most 256 entries, one a line, then the checkpoint that covers them.
            deadline_s: Bound of this call where it is not the client's.

        Raises:
            RemoteError: Not known to be held, or an answer that would have the same sent at once
                again and again: send the same again later.
        """
        path = f"{_log_path(log)}/entries?{urlencode({'from': start})}"
        reply = self._sync_reply(self._http.call(Ask("POST", path, body, NDJSON), deadline_s))
        match reply:
            case Accepted(size=size) if size <= start:
                raise self._http.bad("it takes a batch and holds no more than before")
            case Gap(size=size) if size == start:
                raise self._http.bad("it asks for the very batch that it was sent")
            case _:
                return reply

    def checkpoint(self, log: str) -> str | None:
        """Return the hub's last note of `log`, None when it holds nothing of it.

        Raises:
            RemoteError: Not known.
        """
        reply = self._http.call(Ask("GET", f"{_log_path(log)}/checkpoint"))
        if reply.status == HTTPStatus.NOT_FOUND:
            return None
        return self._expect(reply, HTTPStatus.OK).body.decode("utf-8", errors="replace")

    def payments(self, kiosk: str, after: int, wait_s: int = 0) -> PaymentsPage:
        """Return the payments of `kiosk` after cursor `after`, waiting up to `wait_s` for one.

        Raises:
            RemoteError: Not known; the cursor has not moved.
        """
        query = urlencode({"kiosk": kiosk, "after": after, "wait_s": wait_s})
        reply = self._http.call(Ask("GET", f"/v1/payments?{query}"), self._deadline_s + wait_s)
        page = self._read(self._expect(reply, HTTPStatus.OK), _PageBody)
        numbers = [after, *(row.number for row in page.payments)]
        if page.next != numbers[-1] or any(low >= high for low, high in pairwise(numbers)):
            raise self._http.bad("the payment feed is not in order")
        return PaymentsPage(tuple(_payment(row) for row in page.payments), page.next)

    def record_payment(self, order: PaymentOrder) -> RecordedPayment:
        """Return the payment as it is in the feed; a repeat returns the same number.

        Raises:
            RefusedError: 401 not a staff token, 409 the key was used for another payment.
            RemoteError: Not known to be recorded: send the same order again.
        """
        covers = {"epcs": order.epcs} if order.epcs else {"amount_minor": order.amount_minor}
        fields = {
            "key": order.key,
            "kiosk": order.kiosk,
            "visit": order.visit,
            "currency": order.currency,
            "method": order.method,
            **covers,
        }
        reply = self._http.call(Ask("POST", "/v1/payments", msgspec.json.encode(fields), JSON))
        return self._read(self._expect(reply, HTTPStatus.OK, HTTPStatus.CREATED), RecordedPayment)

    def close(self) -> None:
        """Close the kept connections; no other thread may be in a call."""
        self._http.close()

    def _sync_reply(self, reply: Reply) -> SyncReply:
        match reply.status:
            case 200:
                body = self._read(reply, _AcceptedBody)
                return Accepted(body.size, body.next_after_s)
            case 409 if reply.media_type == "text/x.tlog.size":
                return Gap(self._size(reply.body))
            case 409 if reply.media_type == "application/problem+json":
                return Forked(reason_of(reply))
            case 400 | 401 | 403 | 404 | 410 | 413 | 422:
                return Rejected(reply.status, reason_of(reply))
            case 429 | 503:
                wait_s = retry_after_s(reply)
                return RetryLater(RETRY_S if wait_s is None else wait_s)
            case _:
                raise self._http.refused(reply)

    def _size(self, body: bytes) -> int:
        if not _SIZE.fullmatch(body):
            raise self._http.bad("the size of the log is not a number")
        return int(body)

    def _expect(self, reply: Reply, *statuses: int) -> Reply:
        if reply.status not in statuses:
            raise self._http.refused(reply)
        return reply

    def _read(self, reply: Reply, shape: type[_Body]) -> _Body:
        try:
            return msgspec.json.decode(reply.body, type=shape, strict=True)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise self._http.bad("the answer is not what the hub's protocol says") from error


def _log_path(log: str) -> str:
    return f"/v1/logs/{quote(log.replace('/', '~'), safe='~')}"


def _payment(row: _PaymentBody) -> Payment:
    epcs = tuple(Epc(epc) for epc in row.epcs)
    return Payment(row.number, VisitId(row.visit), epcs, row.amount_minor, row.currency, row.key)
