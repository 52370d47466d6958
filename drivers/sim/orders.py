"""Reading the script's orders to a simulator; a wrong one is a `ValueError` in plain words."""

from collections.abc import Mapping, Sequence
from math import isfinite

Order = Mapping[str, object]


def verb(order: Order, known: Sequence[str]) -> str:
    """Return what to do.

    Raises:
        ValueError: Not one of `known`.
    """
    do = order.get("do")
    if not isinstance(do, str) or do not in known:
        raise ValueError(f"do must be one of {', '.join(known)}")
    return do


def amount(order: Order, key: str, default: float, low: float, high: float) -> float:
    """Return a number within `low`..`high`.

    Raises:
        ValueError: Not a number, or out of range.
    """
    value = order.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError(f"{key} must be a number")
    if not low <= value <= high:
        raise ValueError(f"{key} must be from {low:g} to {high:g}")
    return float(value)


def count(order: Order, key: str, default: int, high: int) -> int:
    """Return a whole number from 1 to `high`.

    Raises:
        ValueError: Not a whole number, or out of range.
    """
    value = order.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= high:
        raise ValueError(f"{key} must be a whole number from 1 to {high}")
    return value


def truth(order: Order, key: str, *, default: bool | None = None) -> bool:
    """Return true or false, or the default when the key is missing.

    Raises:
        ValueError: Neither, or missing without a default.
    """
    value = order.get(key, default)
    if value is True or value is False:
        return value
    raise ValueError(f"{key} must be true or false")


def epcs(order: Order, sizes: range) -> tuple[bytes, ...]:
    """Return the tags of an order, each of a length in `sizes`.

    Raises:
        ValueError: Not a list of hex texts, or a wrong length.
    """
    value = order.get("epcs")
    tags: list[bytes] = []
    for each in value if isinstance(value, list | tuple) else (value,):
        try:
            tag = bytes.fromhex(each) if isinstance(each, str) else b""
        except ValueError:
            tag = b""
        if len(tag) not in sizes:
            raise ValueError(
                f"epcs: {each!r} is not an EPC of {sizes[0]} to {sizes[-1]} bytes in hex"
            )
        tags.append(tag)
    return tuple(tags)
