"""Canonical JSON agrees with RFC 8785 and accepts no second form."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, cast

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from kiosk.core.canonical import MAX_DEPTH, CanonicalError, decode, encode
from kiosk.core.values import MAX_JSON_INTEGER, CoreError, Json, Way

ASCII = st.text(st.characters(max_codepoint=127), max_size=12)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
INTEGERS = st.integers(-MAX_JSON_INTEGER, MAX_JSON_INTEGER)
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ASCII, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_the_bytes_are_those_of_rfc_8785(value: Json) -> None:
    assert encode(value) == rfc8785.dumps(cast("Any", value))


@given(VALUES)
def test_what_was_encoded_decodes_to_itself(value: Json) -> None:
    assert decode(encode(value)) == value


@given(VALUES)
def test_another_form_of_the_same_value_is_refused(value: Json) -> None:
    spaced = json.dumps(value, indent=1).encode()
    if spaced == encode(value):
        spaced += b" "
    with pytest.raises(CanonicalError):
        decode(spaced)


@given(st.binary(max_size=40))
def test_no_bytes_make_decode_fail_in_another_way(data: bytes) -> None:
    try:
        value = decode(data)
    except CanonicalError:
        return
    assert encode(value) == data


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1}\n',
        b"\xef\xbb\xbf{}",
        b"1.0",
        b"1e3",
        b"-0",
        b"01",
        b"NaN",
        b"Infinity",
        b"9007199254740992",
        b"18446744073709551616",
        b'"\\u0041"',
        b'"\\/"',
        b'"\\u000A"',
        b'"\\ud800"',
        b'"\xff"',
        b'{"\xc3\xa9":1}',
        b"",
        b"[" * 100_000,
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
    ],
    ids=lambda data: repr(data[:20]),
)
def test_a_second_form_is_refused(data: bytes) -> None:
    with pytest.raises(CanonicalError):
        decode(data)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (1.5, "$: a float"),
        ({"a": [1, {"b": 2.0}]}, "$.a[1].b: a float"),
        ({"a": 2**53}, "$.a: beyond 53 bits"),
        ({"a": -(2**53)}, "$.a: beyond 53 bits"),
        ({"é": 1}, "$: key 'é'"),
        ({1: 1}, "$: key 1"),
        ([b"x"], "$[0]: a bytes"),
        ([bytearray(b"x")], "$[0]: a bytearray"),
        ({"s": {1, 2}}, "$.s: a set"),
        ("\ud800", "no canonical JSON"),
    ],
)
def test_what_has_no_form_is_named_by_its_place(value: Json, place: str) -> None:
    with pytest.raises(CanonicalError) as caught:
        encode(value)
    assert str(caught.value).startswith(place)
    assert isinstance(caught.value, CoreError)


def test_an_error_quotes_no_value() -> None:
    with pytest.raises(CanonicalError) as caught:
        encode({"secret": 2**53})
    assert str(2**53) not in str(caught.value)


def test_the_edges_of_integers_pass() -> None:
    assert decode(encode([MAX_JSON_INTEGER, -MAX_JSON_INTEGER])) == [
        MAX_JSON_INTEGER,
        -MAX_JSON_INTEGER,
    ]


def test_the_deepest_nesting_passes_and_one_more_does_not() -> None:
    deepest: Json = []
    for _ in range(MAX_DEPTH - 1):
        deepest = [deepest]
    assert decode(encode(deepest)) == deepest
    with pytest.raises(CanonicalError, match="nested deeper"):
        encode([deepest])


def test_frozen_mappings_tuples_and_words_are_written_like_plain_ones() -> None:
    frozen: Mapping[str, Any] = MappingProxyType({"way": Way.SCORE, "at": (1, range(2))})
    assert encode(frozen) == b'{"at":[1,[0,1]],"way":"score"}'
