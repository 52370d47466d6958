"""One call ends at its deadline with a whole answer or a named error, whatever the peer does."""

import contextlib
import itertools
import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from kiosk.remote.errors import (
    BadAnswerError,
    RefusedError,
    RemoteError,
    TimedOutError,
    UnreachableError,
)
from kiosk.remote.http import MAX_RETRY_S, Ask, HttpClient, Reply, reason_of, retry_after_s
from tests.environment import environment
from tests.remote import faulty_server as faults
from tests.remote.faulty_server import Fault, Peer, serving

GET = Ask("GET", "/thing")
SLACK_S = 1.0  # a loaded machine may schedule us this late
LIMIT_S = 5.0  # for conditions that must come true


@contextlib.contextmanager
def client(url: str, token: str = "", *, deadline_s: float = 1.2) -> Iterator[HttpClient]:
    """A client that is closed at the end."""
    http = HttpClient(url, token, deadline_s=deadline_s, max_bytes=1 << 20)
    try:
        yield http
    finally:
        http.close()


def call(fault: Fault, *, deadline_s: float = 5.0) -> Reply:
    """The reply of a server with this fault."""
    with serving(fault) as server, client(server.url, deadline_s=deadline_s) as http:
        return http.call(GET)


def test_a_whole_answer_comes_out_with_lower_case_header_names() -> None:
    reply = call(faults.answers(b"hello", headers={"ETag": '"3"', "Content-Type": "Text/Plain; x"}))
    assert (reply.status, reply.body, reply.headers["etag"]) == (200, b"hello", '"3"')
    assert reply.media_type == "text/plain"


def test_a_chunked_answer_comes_out_whole() -> None:
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    assert call(faults.sends(chunked)).body == b"abcde"


def test_an_error_status_is_a_reply_and_not_an_exception() -> None:
    assert call(faults.error_500).status == 500


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_a_status_without_a_body_needs_no_length(status: str) -> None:
    reply = call(faults.sends(f"HTTP/1.1 {status}\r\nConnection: close\r\n\r\n".encode()))
    assert reply.body == b""


DRIPS = {
    "headers": faults.drips_headers,
    "body": faults.drips_body,
    "chunks": faults.drips_unframed_body,
}


@pytest.mark.parametrize("fault", DRIPS.values(), ids=DRIPS.keys())
def test_t7_a_drip_ends_at_the_total_deadline_and_its_socket_is_shut_down(fault: Fault) -> None:
    with serving(fault) as server, client(server.url) as http:
        began = time.monotonic()
        with pytest.raises(TimedOutError):
            http.call(GET)
        took_s = time.monotonic() - began
        # The server was still dripping: it is the client that left.
        assert server.peers[0].gone.wait(LIMIT_S)
    assert took_s < 1.2 + SLACK_S


@pytest.mark.parametrize("drips", ["headers", "body"])
def test_t7_mutant_timeouts_of_each_read_are_fooled_by_the_same_drip(drips: str) -> None:
    whole = faults.response(b"ok") if drips == "headers" else faults.response(b"o" * 40)
    at_once = b"" if drips == "headers" else whole[: whole.index(b"\r\n\r\n") + 4]

    def slow(peer: Peer) -> None:
        peer.send(at_once)
        peer.drip(whole[len(at_once) :])

    with serving(slow) as server:
        began = time.monotonic()
        fooled = requests.get(server.url, timeout=(0.5, 0.5))
        assert fooled.status_code == 200
        assert time.monotonic() - began > 1.2, "it took longer than the deadline and never noticed"
    with pytest.raises(TimedOutError):
        call(slow, deadline_s=0.5)


def test_t7_mutant_plain_requests_takes_a_cut_header_for_an_empty_200() -> None:
    with serving(faults.cuts_header) as server:
        believed = requests.get(server.url, timeout=5)
    assert (believed.status_code, believed.content) == (200, b"")
    with pytest.raises(BadAnswerError):
        call(faults.cuts_header)


ERRORS: dict[str, tuple[Fault, type[RemoteError]]] = {
    "closes": (faults.closes, UnreachableError),
    "resets": (faults.resets, UnreachableError),
    "cut header": (faults.cuts_header, BadAnswerError),
    "cut header after the length": (faults.cuts_header_after_length, BadAnswerError),
    "cut body": (faults.cuts_body, BadAnswerError),
    "cut chunk": (faults.cuts_chunk, BadAnswerError),
    "not HTTP": (faults.garbage, BadAnswerError),
    "too large, as it says": (faults.oversized, BadAnswerError),
    "too large, without saying": (faults.oversized_without_saying, BadAnswerError),
    "compressed": (faults.compressed, BadAnswerError),
    "a length of 5000 digits": (faults.endless_length, BadAnswerError),
    "a length below nothing": (faults.negative_length, BadAnswerError),
    "a chunk below nothing": (faults.negative_chunk, BadAnswerError),
}


@pytest.mark.parametrize(("fault", "error"), ERRORS.values(), ids=ERRORS.keys())
def test_t7_a_fault_is_an_error_of_its_kind(fault: Fault, error: type[RemoteError]) -> None:
    with pytest.raises(error) as caught:
        call(fault)
    assert caught.value.exit_code == 4
    assert str(caught.value).startswith("http://127.0.0.1:")


FLOODS = {
    "chunks": faults.oversized_without_saying,
    "a redirect": faults.redirect_without_end,
    "a chunk of all there is": faults.all_there_is,
}


@pytest.mark.parametrize("fault", FLOODS.values(), ids=FLOODS.keys())
def test_t7_a_flood_is_cut_off_at_the_size_cap_and_not_kept_until_the_deadline(
    fault: Fault,
) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(BadAnswerError):
            call(fault)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 8 << 20, "eight times the cap"


def test_silence_ends_at_the_deadline() -> None:
    with pytest.raises(TimedOutError):
        call(faults.hangs, deadline_s=0.3)


def test_a_refused_connection_is_unreachable() -> None:
    with (
        client(f"http://127.0.0.1:{faults.closed_port()}") as http,
        pytest.raises(UnreachableError),
    ):
        http.call(GET)


@pytest.mark.parametrize("url", ["http://127.0.0.1:port", "http://", "ftp://127.0.0.1", "hub"])
def test_an_address_that_is_none_is_unreachable_and_told_so(url: str) -> None:
    with client(url) as http, pytest.raises(UnreachableError, match="is no address") as caught:
        http.call(GET)
    assert caught.value.exit_code == 2


def test_a_connection_that_nobody_accepts_ends_at_the_deadline() -> None:
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):  # the queue of the listener is full: further SYNs are dropped
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        http = stack.enter_context(
            client(f"http://127.0.0.1:{listener.getsockname()[1]}", deadline_s=0.3)
        )
        with pytest.raises(TimedOutError):
            http.call(GET)


def test_a_deadline_that_passed_asks_nothing() -> None:
    with serving(faults.empty_200) as server, client(server.url) as http:
        with pytest.raises(TimedOutError):
            http.call(GET, 0.0)
        assert server.requests == []


def test_t7_a_dripping_tls_handshake_ends_at_the_deadline() -> None:
    record = b"\x16\x03\x03\x40\x00" + b"\x02" * 16_384
    with (
        serving(lambda peer: peer.drip(record), raw=True) as server,
        client(server.url.replace("http:", "https:"), deadline_s=0.4) as http,
    ):
        with pytest.raises(TimedOutError):
            http.call(GET)
        assert server.peers[0].gone.wait(LIMIT_S)


def test_a_peer_that_speaks_no_tls_is_unreachable_over_https() -> None:
    with (
        serving(faults.empty_200, raw=True) as server,
        client(server.url.replace("http:", "https:")) as http,
        pytest.raises(RemoteError),
    ):
        http.call(GET)


REDIRECTS = [faults.redirect, faults.redirect_nowhere, faults.redirect_garbled]


@pytest.mark.parametrize("fault", REDIRECTS)
def test_redirects_are_not_followed_wherever_they_lead(fault: Fault) -> None:
    with serving(fault) as server, client(server.url) as http:
        assert http.call(GET).status == 302
        assert len(server.requests) == 1


def test_proxies_of_the_environment_are_not_used() -> None:
    proxy = f"http://127.0.0.1:{faults.closed_port()}"
    with environment(http_proxy=proxy, no_proxy=""):
        assert call(faults.answers(b"direct")).body == b"direct"


def test_cookies_are_not_kept() -> None:
    sets_cookie = faults.answers(b"", headers={"Set-Cookie": "session=1; Path=/"})
    with serving(sets_cookie) as server, client(server.url) as http:
        http.call(GET)
        http.call(GET)
        assert all("cookie" not in request.headers for request in server.requests)


def test_the_token_is_sent_and_never_told() -> None:
    with serving(faults.answers(b"{}")) as server, client(server.url, "s3cret") as http:
        http.call(Ask("POST", "/thing", b"body", {"Content-Type": "text/plain"}))
        request = server.requests[0]
    assert request.headers["authorization"] == "Bearer s3cret"
    assert (request.line, request.body) == ("POST /thing HTTP/1.1", b"body")
    with client("http://127.0.0.1:1", "s3cret") as http, pytest.raises(RemoteError) as caught:
        http.call(Ask("GET", "/private/path"))
    assert "s3cret" not in str(caught.value)
    assert "private" not in str(caught.value)


def test_a_connection_is_kept_for_the_next_call() -> None:
    kept = faults.sends(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    with serving(kept, keep=True) as server, client(server.url) as http:
        assert [http.call(GET).body for _ in range(3)] == [b"ok"] * 3
        assert len({peer.sock for peer in server.peers}) == 1


def test_a_kept_connection_that_broke_is_replaced_once() -> None:
    turns = itertools.count()

    def breaks_second(peer: Peer) -> None:
        if next(turns) == 1:
            peer.sock.shutdown(socket.SHUT_RDWR)
        else:
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with serving(breaks_second, keep=True) as server, client(server.url) as http:
        assert [http.call(GET).body for _ in range(2)] == [b"ok"] * 2
        assert len(server.requests) == 3


def test_a_late_call_leaves_the_others_alone() -> None:
    def slow_or_quick(peer: Peer) -> None:
        if peer.request.path == "/slow":
            peer.hang()
        else:
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    failures: list[RemoteError] = []

    def ask_slow(http: HttpClient) -> None:
        try:
            http.call(Ask("GET", "/slow"), 0.3)
        except RemoteError as error:
            failures.append(error)

    with serving(slow_or_quick, keep=True) as server, client(server.url) as http:
        slow = [threading.Thread(target=ask_slow, args=(http,)) for _ in range(3)]
        for thread in slow:
            thread.start()
        while any(thread.is_alive() for thread in slow):
            assert http.call(GET).body == b"ok"
        for thread in slow:
            thread.join()
    assert [type(error) for error in failures] == [TimedOutError] * 3


def test_no_watch_outlives_its_call() -> None:
    call(faults.answers(b""))
    assert not [one for one in threading.enumerate() if one.name == "http-deadline"]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 0 "}, 0),
        ({"retry-after": "9" * 30}, MAX_RETRY_S),
        ({"retry-after": "9" * 5000}, MAX_RETRY_S),
        ({"retry-after": "0" * 5000 + "7"}, 7),
        (
            {
                "retry-after": "Fri, 31 Dec 1999 23:59:59 GMT",
                "date": "Fri, 31 Dec 1999 23:59:29 GMT",
            },
            30,
        ),
        (
            {
                "retry-after": "Fri, 31 Dec 1999 23:59:59 GMT",
                "date": "Sat, 01 Jan 2000 00:00:00 GMT",
            },
            0,
        ),
        ({"retry-after": "Fri, 31 Dec 1999 23:59:59 GMT"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "soon", "date": "now"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_by_the_peers_own_clock(
    headers: dict[str, str], seconds: int | None
) -> None:
    assert retry_after_s(Reply(503, headers, b"")) == seconds


@pytest.mark.parametrize(
    ("media_type", "body", "reason"),
    [
        ("application/problem+json", b'{"detail":"no such log"}', "no such log"),
        ("application/json; charset=utf-8", b'{"detail":[1]}', ""),
        ("application/json", b"[]", ""),
        ("application/json", b"{", ""),
        ("application/json", b"[" * 16_000, ""),
        ("text/plain", b"first line\nsecond", "first line"),
        ("text/plain", b"bell\x07 and \x1b[31mred\xff", "bell and [31mred\ufffd"),
        ("text/html", b"<h1>" + b"x" * 1000, "<h1>" + "x" * 196),
        ("image/png", b"no", ""),
    ],
)
def test_a_reason_is_one_printable_line(media_type: str, body: bytes, reason: str) -> None:
    assert reason_of(Reply(400, {"content-type": media_type}, body)) == reason


@given(st.binary(max_size=400), st.sampled_from(["application/json", "text/plain", ""]))
def test_any_body_gives_a_printable_reason(body: bytes, media_type: str) -> None:
    reason = reason_of(Reply(400, {"content-type": media_type}, body))
    assert reason == "" or reason.isprintable()


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_retry_after_is_a_bounded_number_or_nothing(text: str, date: str) -> None:
    seconds = retry_after_s(Reply(429, {"retry-after": text, "date": date}, b""))
    assert seconds is None or 0 <= seconds <= MAX_RETRY_S


def test_a_refusal_carries_status_reason_and_wait() -> None:
    with client("http://127.0.0.1:1") as http:
        reply = Reply(503, {"content-type": "text/plain", "retry-after": "5"}, b"full")
        error = http.refused(reply)
    assert isinstance(error, RefusedError)
    assert (error.status, error.reason, error.retry_after_s) == (503, "full", 5)
    assert str(error) == "http://127.0.0.1:1: refused with status 503: full"
    for status, code in ((401, 2), (409, 2), (422, 2), (429, 4), (500, 4), (503, 4)):
        assert RefusedError("peer", status, "").exit_code == code
