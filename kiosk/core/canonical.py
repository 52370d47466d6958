"""Canonical JSON: one value, one sequence of bytes, so that signatures and hashes agree.

RFC 8785 restricted to no floats, integers of at most 53 bits and ASCII keys; in that profile
sorted `orjson` output is the canonical form.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeGuard, cast

import orjson

from kiosk.core.values import MAX_JSON_INTEGER, CoreError, Json

MAX_DEPTH: Final = 32
"""Deepest nesting; the documents and events here need five levels."""

# Built once, since every event passes here; the plain types come first, they are the quick ones.
_ATOMS: Final = (str, bool)
_OBJECTS: Final = (dict, Mapping)
_LISTS: Final = (list, tuple)


class CanonicalError(CoreError):
    """The value has no canonical form, or the bytes are not the canonical form of a value."""


def encode(value: Json) -> bytes:
    """Return the canonical bytes of `value`.

    Raises:
        CanonicalError: A float, a number beyond 53 bits, a key that is not ASCII text, text that
            is not Unicode, or nesting beyond `MAX_DEPTH`; the message names the place.
    """
    fault = _fault(value, 0)
    if fault:
        raise CanonicalError(f"${fault}")
    try:
        return orjson.dumps(value, default=_plain, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise CanonicalError(f"no canonical JSON: {error}") from error


def decode(data: bytes) -> Json:
    """Return the value whose canonical bytes are exactly `data`.

    Raises:
        CanonicalError: Any other bytes: spaces, duplicate keys, floats, other escapes or order.
    """
    try:
        value: Json = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise CanonicalError(f"not JSON: {error}") from error
    if encode(value) != data:
        raise CanonicalError("not canonical JSON: keys sorted and once, no spaces, plain escapes")
    return value


def _fault(value: object, depth: int) -> str:
    """Return "" or the place and the reason why `value` has no form; no value is quoted."""
    if value is None or isinstance(value, _ATOMS):
        return ""
    if isinstance(value, int):
        return "" if abs(value) <= MAX_JSON_INTEGER else ": beyond 53 bits; send it as text"
    if depth >= MAX_DEPTH:
        return f": nested deeper than {MAX_DEPTH} levels"
    if isinstance(value, _OBJECTS):
        return _fault_in_object(value, depth + 1)
    if isinstance(value, _LISTS) or _is_sequence(value):
        return _fault_in_list(value, depth + 1)
    return f": a {type(value).__name__} has no canonical form"


def _fault_in_object(value: Mapping[object, object], depth: int) -> str:
    for key, item in value.items():
        if not isinstance(key, str) or not key.isascii():
            return f": key {key!r} is not ASCII text"
        if type(item) is str or (type(item) is int and abs(item) <= MAX_JSON_INTEGER):
            continue  # what nearly every value is, without a call
        fault = _fault(item, depth)
        if fault:
            return f".{key}{fault}"
    return ""


def _fault_in_list(value: Sequence[object], depth: int) -> str:
    for at, item in enumerate(value):
        fault = _fault(item, depth)
        if fault:
            return f"[{at}]{fault}"
    return ""


def _is_sequence(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview)


def _plain(value: object) -> object:
    """Return what `orjson` does not write natively as what it does."""
    return dict(value) if isinstance(value, Mapping) else list(cast("Sequence[object]", value))
