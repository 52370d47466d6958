"""A device's options from the configuration, read once and typed; wrong ones name the key."""

from collections.abc import Mapping, Sequence
from math import isfinite

from drivers.base import DeviceConfigError

Options = Mapping[str, object]
"""One device's section; keys that belong to other rooms are ignored here."""


def text(name: str, options: Options, key: str, default: str | None = None) -> str:
    """Return a text option.

    Raises:
        DeviceConfigError: Not a text, or missing without a default.
    """
    value = options.get(key)
    if value is None:
        value = default
    if not isinstance(value, str):
        raise DeviceConfigError(name, f"{key} must be a text (set {key})")
    return value


def whole(
    name: str, options: Options, key: str, low: int, high: int, default: int | None = None
) -> int:
    """Return a whole number within `low`..`high`.

    Raises:
        DeviceConfigError: Missing without a default, not a whole number or out of range.
    """
    value = options.get(key)
    if value is None:
        value = default
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise DeviceConfigError(name, f"{key} must be a whole number from {low} to {high}")
    return value


def number(name: str, options: Options, key: str, default: float, high: float) -> float:
    """Return a number above zero and at most `high`.

    Raises:
        DeviceConfigError: Not a number or out of range.
    """
    value = options.get(key)
    if value is None:
        value = default
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DeviceConfigError(name, f"{key} must be a number")
    if not isfinite(value) or not 0 < value <= high:
        raise DeviceConfigError(name, f"{key} must be above 0 and at most {high:g}")
    return float(value)


def fact(name: str, options: Options, key: str, *, default: bool) -> bool:
    """Return a true-or-false option.

    Raises:
        DeviceConfigError: Neither true nor false.
    """
    value = options.get(key)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise DeviceConfigError(name, f"{key} must be true or false")
    return value


def choice(name: str, options: Options, key: str, known: Sequence[str]) -> str | None:
    """Return one of `known`, matched without regard to case; None when it is not set.

    Raises:
        DeviceConfigError: Set to something else.
    """
    value = options.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        for word in known:
            if word.lower() == value.lower():
                return word
    raise DeviceConfigError(name, f"{key} must be one of {', '.join(known)}")
