"""What a start is given is understood or refused in one line; a listener has an address."""

import re
import socket

import pytest

from kiosk.core.signing import b64encode, public_of
from kiosk.scoring.errors import ListenError, ScoringError
from kiosk.scoring.server import listen, parse_address, parse_owner, url_of
from tests.scoring.documents import OWNER, verify_key


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8090", ("127.0.0.1", 8090)),
        ("0.0.0.0:0", ("0.0.0.0", 0)),  # noqa: S104 - the case in question
        ("[::1]:65535", ("::1", 65535)),
    ],
)
def test_an_address_is_a_number_and_a_port(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text", ["8090", "", ":8090", "localhost:8090", "127.0.0.1:", "127.0.0.1:65536", "1:2:3"]
)
def test_an_address_that_is_none_is_named(text: str) -> None:
    with pytest.raises(ListenError, match="want address and port, such as") as caught:
        parse_address(text)
    assert caught.value.exit_code == 2
    assert repr(text) in str(caught.value)


def test_the_owners_key_is_read_from_base64url() -> None:
    assert parse_owner(b64encode(public_of(OWNER))) == verify_key(OWNER, "owner")


@pytest.mark.parametrize(
    ("text", "says"),
    [("AAAA", "3 bytes, want 32; copy all of it"), ("A=", "not base64url"), ("", "0 bytes")],
)
def test_a_key_that_is_none_is_named(text: str, says: str) -> None:
    with pytest.raises(ScoringError, match=f"^--owner-key: {re.escape(says)}"):
        parse_owner(text)


def test_an_address_of_others_is_named() -> None:
    with pytest.raises(ListenError, match="choose another with --listen"):
        listen("192.0.2.1", 0)


def test_an_address_in_use_is_named_and_nothing_stays_open() -> None:
    with (
        listen("127.0.0.1", 0) as taken,
        pytest.raises(ListenError, match="Address already in use"),
    ):
        listen("127.0.0.1", taken.getsockname()[1])


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104 - the case in question
        ("::1", "[::1]"),
        ("::", "[::1]"),
    ],
)
def test_a_listener_is_reached_at_its_address(host: str, reached: str) -> None:
    if ":" in host and not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with listen(host, 0) as listener:
        port = listener.getsockname()[1]
        assert url_of(listener) == f"http://{reached}:{port}"
        assert listener.proto == socket.IPPROTO_TCP, "else asyncio leaves Nagle on"
