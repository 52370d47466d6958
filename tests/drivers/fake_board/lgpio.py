"""A stand-in for the lgpio module that keeps a trace of what each line was told.

Its calls have the names, defaults and order of arguments of lgpio 0.2.2.0; the rest is
a model of one chip. With KIOSK_FAKE_LGPIO_TRACE set, the trace is also appended to that file.
"""

import os
from collections.abc import Callable
from pathlib import Path

SET_ACTIVE_LOW = 4
SET_OPEN_DRAIN = 8
SET_OPEN_SOURCE = 16
SET_PULL_UP = 32
SET_PULL_DOWN = 64
SET_PULL_NONE = 128
RISING_EDGE = 1
FALLING_EDGE = 2
BOTH_EDGES = 3
IS_OUT = 2

TRACE: list[tuple[str, int, int]] = []
MODES: dict[int, int] = {}
LEVELS: dict[int, int] = {}
FAILS: dict[str, str] = {}
CALLBACKS: dict[int, Callable[..., None]] = {}


class error(Exception):  # noqa: N801, N818 - lgpio's name
    """What lgpio raises."""


def _note(call: str, gpio: int, level: int = -1) -> int:
    if call in FAILS:
        raise error(FAILS[call])
    TRACE.append((call, gpio, level))
    path = os.environ.get("KIOSK_FAKE_LGPIO_TRACE")
    if path:
        with Path(path).open("a", encoding="ascii") as file:
            file.write(f"{call} {gpio} {level}\n")
    return 0


def gpiochip_open(gpiochip: int) -> int:
    return _note("open", gpiochip)


def gpiochip_close(handle: int) -> int:
    return _note("close", handle)


def gpio_claim_input(handle: int, gpio: int, flags: int = 0) -> int:
    del handle
    MODES[gpio] = flags
    return _note("claim_input", gpio)


def gpio_claim_output(handle: int, gpio: int, level: int = 0, flags: int = 0) -> int:
    del handle
    _note("claim_output", gpio, level)
    MODES[gpio] = IS_OUT | flags
    LEVELS[gpio] = level
    return 0


def gpio_claim_alert(handle: int, gpio: int, edges: int, flags: int = 0) -> int:
    del handle, edges
    MODES[gpio] = flags
    return _note("claim_alert", gpio)


def gpio_free(handle: int, gpio: int) -> int:
    del handle
    return _note("free", gpio)


def gpio_read(handle: int, gpio: int) -> int:
    del handle
    if "read" in FAILS:
        raise error(FAILS["read"])
    pulled_up = bool(MODES.get(gpio, 0) & SET_PULL_UP)
    return LEVELS.get(gpio, int(pulled_up))


def gpio_write(handle: int, gpio: int, level: int) -> int:
    del handle
    _note("write", gpio, int(level))
    LEVELS[gpio] = int(level)
    return 0


def gpio_get_mode(handle: int, gpio: int) -> int:
    del handle
    return MODES.get(gpio, 0)


class _Callback:
    def __init__(self, gpio: int, func: Callable[..., None]) -> None:
        self._gpio = gpio
        CALLBACKS[gpio] = func

    def cancel(self) -> None:
        CALLBACKS.pop(self._gpio, None)


def callback(
    handle: int, gpio: int, edge: int = RISING_EDGE, func: Callable[..., None] | None = None
) -> _Callback:
    del handle, edge
    assert func is not None
    return _Callback(gpio, func)


def fire(gpio: int, level: int) -> None:
    """Let the world outside change an input line."""
    LEVELS[gpio] = level
    if gpio in CALLBACKS:
        CALLBACKS[gpio](0, gpio, level, 1_000_000_000)
